"""The pages: who gets which answer, what each shows, and that access ends on read, to the second."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from cases.access import queries
from cases.access.actions import retract, suspend_grant
from cases.access.models import Agreement, Grant, Nomination, Signature
from cases.access.terms import grant_terms
from cases.access.text import text_digest
from cases.documents.actions import mark, share
from cases.register.actions import move_case
from cases.register.models import Case
from portal.kit.clock import database_now
from tests import walk
from tests.cast import Cast
from tests.worker import until

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
ClientOf = Callable[[User], Client]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the one clock: requests are answered as of that instant. Nothing else runs: no worker, no beat."""

    def set_clock(instant: datetime) -> None:
        monkeypatch.setattr("portal.kit.clock.database_now", lambda: instant)

    return set_clock


def wall(instant: datetime) -> str:
    """An instant as a person types it, in US Eastern."""
    from cases.rules.window import EASTERN

    return instant.astimezone(EASTERN).strftime("%Y-%m-%dT%H:%M")


def text_of(client: Client, name: str, *args: Any, status: int = 200) -> str:
    """The page's text, after checking its status."""
    answer = client.get(reverse(f"cases:{name}", args=args))
    assert answer.status_code == status, answer.content[:600]
    return answer.content.decode()


# -- agreement ------------------------------------------------------------------------------------------------------


def _typed(now: datetime, **changes: Any) -> dict[str, Any]:
    opens = (now + DAY).replace(second=0, microsecond=0)
    return {
        "anchor": "general_release", "opens_at": wall(opens), "closes_at": wall(opens + 10 * DAY),
        "scope": "Benchmarks.", "safeguards": ["isolation"],
        "people": "Eve Nakamura\r\n\r\nEdwin Cole", **changes,
    }  # fmt: skip


def test_drafting_and_signing_in_the_browser(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Look at the line without saving, draft, sign twice by different people, begin access."""
    case = walk.acknowledged(cast, now, release_at=now + walk.ANCHOR_AFTER)
    officer, url = client_of(cast.officer), reverse("cases:agreement_new", args=[case.pk])
    first = officer.get(url)
    assert "The window as typed" in first.content.decode()
    proposed = first.context["form"].initial
    assert now < proposed["opens_at"] <= now + timedelta(hours=1)
    looked = officer.post(url, {**_typed(now), "step": "look"})
    assert "As drafted the window lasts 10 days" in looked.content.decode()
    assert not Agreement.objects.exists()
    refused = officer.post(url, _typed(now, closes_at=wall(now + 26 * DAY)))
    assert refused.status_code == 403
    assert "Benchmarks." in refused.content.decode()
    assert officer.post(url, _typed(now, opens_at="")).status_code == 422
    assert officer.post(url, _typed(now)).status_code == 302
    version = Agreement.objects.get()
    assert version.people == ["Eve Nakamura", "Edwin Cole"]
    walk.attested(cast, case, now)
    for person in (cast.signatory, cast.lead):
        client = client_of(person)
        page = text_of(client, "agreement_sign", version.pk)
        assert version.text_digest in page
        assert "own capacity" in page
        sign = reverse("cases:agreement_sign", args=[version.pk])
        assert client.post(sign, {"digest": version.text_digest}).status_code == 422
        assert client.post(sign, {"digest": "0" * 64, "confirmed": "on"}).status_code == 409
        assert client.post(sign, {"digest": version.text_digest, "confirmed": "on"}).status_code == 302
        assert client.post(sign, {"digest": version.text_digest, "confirmed": "on"}).status_code == 409
    assert Case.objects.get(pk=case.pk).stage == "access"
    assert Signature.objects.count() == 2


def test_stale_draft_form(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """A case changed meanwhile: 409, and nothing typed is lost."""
    case = walk.acknowledged(cast, now, release_at=now + walk.ANCHOR_AFTER)
    url = reverse("cases:agreement_new", args=[case.pk])
    answer = client_of(cast.officer).post(url, _typed(now, revision=case.revision - 1))
    assert answer.status_code == 409
    assert "Someone changed this case" in answer.content.decode()
    assert "Eve Nakamura" in answer.content.decode()


def test_who_reads_the_agreement(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Both sides read the text; the auditor its digest alone; strangers and partners nothing."""
    version = walk.granted(cast, now).agreements.get()
    for person in (cast.liaison, cast.signatory, cast.officer, cast.evaluator):
        assert "ACCESS AGREEMENT, VERSION 1" in text_of(client_of(person), "agreement", version.pk)
    for person in (cast.auditor, cast.security):
        page = text_of(client_of(person), "agreement", version.pk)
        assert version.text_digest in page
        assert "ACCESS AGREEMENT" not in page
        assert cast.evaluator2.name not in page
    for person in (
        cast.stranger,
        cast.partner,
        cast.other_partner,
        cast.consultee,
        cast.admin,
        cast.org_admin,
    ):
        text_of(client_of(person), "agreement", version.pk, status=404)
    assert "not in scoping" not in text_of(client_of(cast.signatory), "agreement", version.pk)


# -- partners -------------------------------------------------------------------------------------------------------


def test_nominating_and_concurring_in_the_browser(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Each side's reason is read by that side alone; a second click is a conflict."""
    case = walk.agreed(cast, now)
    url = reverse("cases:nomination_new", args=[case.pk])
    typed = {"partner": cast.partner_org.pk, "purpose": "Mend grids.", "basis": "operator"}
    assert client_of(cast.liaison).post(url, typed).status_code == 302
    assert client_of(cast.liaison).post(url, typed).status_code == 409
    offer = Nomination.objects.get()
    concur = reverse("cases:concur", args=[offer.pk])
    for person, reason in ((cast.signatory, "developer-canary"), (cast.lead, "agency-canary")):
        assert client_of(person).post(concur, {"reason": reason}).status_code == 302
        assert client_of(person).post(concur, {"reason": reason}).status_code == 409
    for person, own, other in (
        (cast.liaison, "developer-canary", "agency-canary"),
        (cast.officer, "agency-canary", "developer-canary"),
    ):
        page = text_of(client_of(person), "nomination", offer.pk)
        assert own in page
        assert other not in page
    audited = text_of(client_of(cast.auditor), "nomination", offer.pk)
    assert "canary" not in audited
    assert "Mend grids." not in audited
    text_of(client_of(cast.partner), "nomination", offer.pk, status=404)
    assert client_of(cast.officer).get(concur).status_code == 403


def test_issuing_in_the_browser(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """First for whom, then the terms; a concurred partner stands in the list until it has a grant."""
    case = walk.agreed(cast, now)
    offer = walk.nominated(cast, case, now)
    officer, url = client_of(cast.officer), reverse("cases:grant_new", args=[case.pk])
    assert f"partner:{offer.pk}" in officer.get(url).content.decode()
    typed = {
        "people": [cast.partner.pk],
        "mode": "developer_api",
        "tasks_allowed": "Mend.",
        "ends_at": wall(now + DAY),
    }
    answer = officer.post(f"{url}?for=partner:{offer.pk}", typed)
    assert answer.status_code == 302, answer.content
    assert officer.post(f"{url}?for=partner:{offer.pk}", typed).status_code == 409
    assert f"partner:{offer.pk}" not in officer.get(url).content.decode()
    assert officer.get(f"{url}?for=office:{cast.partner_org.pk}").status_code == 404
    assert client_of(cast.lead).get(url).status_code == 403
    assert client_of(cast.stranger).get(url).status_code == 404


# -- the partner's grant --------------------------------------------------------------------------------------------


@pytest.fixture
def grant(cast: Cast, now: datetime) -> Grant:
    """A live partner grant for two days, beside an office's and another partner's."""
    case = walk.agreed(cast, now)
    walk.office_grant(cast, case, now)
    other = walk.nominated(cast, case, now, partner=cast.other_partner_org)
    walk.partner_grant(
        cast, case, now, accepted=False, nomination=other, organisation=cast.other_partner_org,
        people=[cast.other_partner],
    )  # fmt: skip
    grant = walk.partner_grant(cast, case, now, ends_at=now + 2 * DAY)
    document = case.documents.filter(kind="system_card").get()
    mark(document=document, marking="PROPIN", by=cast.officer, now=now)
    share(document=document, grant=grant, by=cast.liaison, now=now)
    return grant


def test_the_partner_sees_its_grant_and_nothing_else(cast: Cast, grant: Grant, client_of: ClientOf) -> None:
    """Its terms, its documents; no tracking number, no people, no other partner, no stage."""
    client = client_of(cast.partner)
    pages = text_of(client, "grant", grant.pk) + text_of(client, "grants")
    for shown in (
        str(grant.model_version),
        "Find and mend",
        "Isolated environment",
        "Meridian system card",
        grant.case.number,
    ):
        assert shown in pages
    for hidden in (
        grant.case.tracking_number, "Harbor", cast.evaluator.name, cast.signatory.name, cast.officer.name,
        "Scoping", "red-team report", str(grant.nomination_id),
    ):  # fmt: skip
        assert hidden not in pages
    others = Grant.objects.filter(case=grant.case).exclude(pk=grant.pk)
    for other in others:
        text_of(client, "grant", other.pk, status=404)
    assert client.get(grant.case.get_absolute_url()).status_code == 404
    for name in ("grant_suspend", "grant_resume", "grant_end"):
        assert client.get(reverse(f"cases:{name}", args=[grant.pk])).status_code == 403


def test_access_ends_by_itself_to_the_second(
    cast: Cast, grant: Grant, now: datetime, client_of: ClientOf, at: Callable[[datetime], None]
) -> None:
    """One second before the end all is open; at the end a plain sentence and nothing else; then the certificate."""
    client, end = client_of(cast.partner), now + 2 * DAY
    document = grant.shares.get().document
    at(end - SECOND)
    assert "Meridian system card" in text_of(client, "grant", grant.pk)
    assert client.get(document.get_absolute_url()).status_code == 200
    at(end)
    page = text_of(client, "grant", grant.pk, status=403)
    assert "This grant ended at" in page
    assert "Meridian system card" not in page
    assert client.get(document.get_absolute_url()).status_code == 404
    close = reverse("cases:grant_close_out", args=[grant.pk])
    assert client.post(close, {"statement": "destroyed", "confirmed": "on"}).status_code == 302
    text_of(client, "grant", grant.pk, status=404)
    assert "ended" not in text_of(client, "grants")


def test_access_ends_on_the_real_clock(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """No clock set, no worker, no beat: the database's own time ends it."""
    case = walk.agreed(cast, now)
    offer = walk.nominated(cast, case, now)
    start = database_now()
    end = start + timedelta(seconds=6)
    grant = walk.partner_grant(cast, case, start, nomination=offer, ends_at=end)
    client = client_of(cast.partner)
    text_of(client, "grant", grant.pk)
    until(lambda: database_now() >= end)
    assert "This grant ended at" in text_of(client, "grant", grant.pk, status=403)


def test_deleting_the_permission_row_by_hand_takes_access_away(
    cast: Cast, grant: Grant, client_of: ClientOf
) -> None:
    """The object permission is the access: at the next request grant and document are as if they were not."""
    client, document = client_of(cast.partner), grant.shares.get().document
    assert client.get(document.get_absolute_url()).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_grantuserpermission WHERE content_object_id = %s", [grant.pk])
    text_of(client, "grant", grant.pk, status=404)
    assert client.get(document.get_absolute_url()).status_code == 404
    assert str(grant.model_version) not in text_of(client, "grants")


@pytest.mark.parametrize("how", ["retract", "withdraw", "suspend"])
def test_every_end_is_felt_at_the_next_request(
    cast: Cast, grant: Grant, client_of: ClientOf, how: str
) -> None:
    """Retracted, withdrawn or suspended a moment ago: the very next request is refused."""
    client, document = client_of(cast.partner), grant.shares.get().document
    text_of(client, "grant", grant.pk)
    moment = database_now()
    if how == "retract":
        retract(nomination=grant.nomination, by=cast.lead, now=moment)
    elif how == "withdraw":
        move_case(case=grant.case, name="withdraw", by=cast.signatory, now=moment)
    else:
        incident = walk.incident(cast, grant.case, moment)
        suspend_grant(grant=grant, by=cast.security, now=moment, incident=incident)
    page = text_of(client, "grant", grant.pk, status=403)
    assert "not open to you" in page
    assert "withdrew" not in page
    assert client.get(document.get_absolute_url()).status_code == 404


def test_terms_in_the_browser(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Before they are accepted the offer is seen, and nothing is open."""
    case = walk.agreed(cast, now)
    grant = walk.partner_grant(cast, case, now, accepted=False)
    client, url = client_of(cast.partner), reverse("cases:grant_terms", args=[grant.pk])
    assert "Nothing is open to you before" in text_of(client, "grant", grant.pk)
    page = text_of(client, "grant_terms", grant.pk)
    sent = {"confirmed": "on", "digest": text_digest(grant_terms(grant))}
    assert sent["digest"] in page
    assert "PARTNER TERMS" in page
    assert client.post(url, {}).status_code == 422
    assert client.post(url, {**sent, "digest": "0" * 64}).status_code == 409
    assert client.post(url, sent).status_code == 302
    assert client.post(url, sent).status_code == 409
    assert client.get(url).status_code == 409
    assert client_of(cast.other_partner).get(url).status_code == 404
    assert client_of(cast.officer).get(url).status_code == 403


def test_developer_and_agency_see_the_same_grant_with_more(
    cast: Cast, grant: Grant, client_of: ClientOf
) -> None:
    """Holder, people, terms; buttons of the one who may, with the sentence where they are off."""
    page = text_of(client_of(cast.signatory), "grant", grant.pk)
    assert cast.partner.name in page
    assert "Your side has not suspended this grant" in page
    client = client_of(cast.signatory)
    assert client.post(reverse("cases:grant_suspend", args=[grant.pk]), {}).status_code == 302
    assert client.post(reverse("cases:grant_resume", args=[grant.pk]), {"confirmed": "on"}).status_code == 302
    officer = client_of(cast.officer)
    assert officer.post(reverse("cases:grant_end", args=[grant.pk]), {"confirmed": "on"}).status_code == 302
    assert "revoked" in text_of(officer, "grant", grant.pk)
    assert "Find and mend" not in text_of(client_of(cast.auditor), "grant", grant.pk)


# -- lists ------------------------------------------------------------------------------------------------------------


def _queries(run: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as counted:
        run()
    return len(counted)


def test_lists_and_section_cost_the_same_for_one_and_many(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """The partner's list within twelve queries, the section in three, both flat."""
    case = walk.granted(cast, now)
    client = client_of(cast.partner)
    text_of(client, "grants")
    for person in (cast.officer, cast.signatory, cast.auditor):
        assert _queries(lambda person=person: queries.section(case, person, now)) <= 4
    listed = _queries(lambda: text_of(client, "grants"))
    sections = _queries(lambda: queries.section(case, cast.officer, now))
    for _ in range(4):
        walk.granted(cast, now)
        walk.office_grant(cast, case, now)
    assert _queries(lambda: text_of(client, "grants")) == listed <= 12
    assert _queries(lambda: queries.section(case, cast.officer, now)) == sections


def test_the_section_tells_the_window(cast: Cast, now: datetime) -> None:
    """Line, versions with signatures, nominations, grants; doors for whom they open; none for a government case."""
    case = walk.granted(cast, now)
    shown = queries.section(case, cast.officer, now + DAY)
    assert shown is not None
    assert shown["line"].sentence.startswith("Open: 19 days left")
    assert [len(shown[key]) for key in ("agreements", "nominations", "grants")] == [1, 1, 2]
    assert [s["side"] for s in shown["agreements"][0]["signatures"]] == ["developer", "agency"]
    assert shown["may"] == {"draft": False, "amend": True, "nominate": False, "issue": True, "sight": True}
    suspend_grant(grant=case.grants.first(), by=cast.signatory, now=now + DAY)
    shown = queries.section(case, cast.liaison, now + 2 * DAY)
    assert shown is not None
    assert len(shown["line"].shaded) == 1
    move_case(case=case, name="withdraw", by=cast.signatory, now=now + 9 * DAY)
    shown = queries.section(Case.objects.get(pk=case.pk), cast.liaison, now + 10 * DAY)
    assert shown is not None
    assert shown["line"].cuts == [(now + 9 * DAY, "the developer withdrew the case")]
    assert queries.section(Case(origin="government"), cast.officer, now) is None


def test_what_waits_for_whom(cast: Cast, now: datetime) -> None:
    """Each step is asked of the person whose it is, until it is done."""

    def verbs(person: User, at: datetime = now) -> list[str]:
        return [one.verb for one in queries.waiting(person, at)]

    case = walk.acknowledged(cast, now, release_at=now + walk.ANCHOR_AFTER)
    assert verbs(cast.officer) == ["Draft the access agreement"]
    version = walk.agreement(cast, case, now)
    assert verbs(cast.officer) == []
    assert verbs(cast.signatory) == verbs(cast.lead) == ["Sign the access agreement"]
    case = walk.sign_both(cast, version, now)
    offer = walk.nominated(cast, case, now, both=False)
    assert verbs(cast.signatory) == verbs(cast.lead) == ["Answer the nomination"]
    assert verbs(cast.lead, offer.lapses_at) == []
    walk.concur(nomination=offer, by=cast.lead, now=now)
    walk.concur(nomination=offer, by=cast.signatory, now=now)
    assert verbs(cast.signatory) == verbs(cast.stranger_signatory) == []
    grant = walk.partner_grant(cast, case, now, accepted=False, nomination=offer)
    (row,) = queries.waiting(cast.partner, now)
    assert (row.verb, row.tracking_number) == ("Accept the terms", "")
    assert verbs(cast.other_partner) == []
    walk.accepted_terms(grant, cast.partner, now)
    assert verbs(cast.partner) == []
    assert verbs(cast.partner, now + 18 * DAY) == ["Finish your work: the grant ends"]
    (row,) = queries.waiting(cast.partner, now + walk.WINDOW)
    assert (row.verb, row.until) == ("File the certificate", now + walk.WINDOW + 10 * DAY)
