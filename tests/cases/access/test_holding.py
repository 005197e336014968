"""What a holder has and leaves: limits and safeguards, named people, terms frozen as accepted, certificates."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.actions import add_person, appoint
from accounts.models import User
from cases.access import queries
from cases.access.actions import Limits, close_out, end_grant, end_person, name_person, retract
from cases.access.models import Certificate, Grant
from cases.access.terms import grant_terms
from cases.register.actions import move_case
from cases.register.models import Case
from portal.audit.models import Entry
from portal.kit.refusal import Refused
from portal.notify.mail import send_notice
from portal.notify.models import Notice
from tests import walk
from tests.cast import Cast

DAY = timedelta(days=1)
ClientOf = Callable[[User], Client]


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """In access, no grant yet."""
    return walk.agreed(cast, now)


def colleague(cast: Cast, now: datetime) -> User:
    """Another representative of the partner."""
    person = add_person(email="second@gridline.example", name="Petra Second", by=None, now=now)
    appoint(
        person=person, organisation=cast.partner_org, role="partner_representative", by=None,
        now=now, starts_at=now - DAY,
    )  # fmt: skip
    return person


def test_limits_and_safeguards_of_a_grant(cast: Cast, case: Case, now: datetime, client_of: ClientOf) -> None:
    """Numbers with units, a part of the signed safeguards and the grant's own; shown as lists, to its holder too."""
    grant = walk.partner_grant(
        cast, case, now, limits=Limits(requests_per_day=5000, concurrent_requests=4), safeguards=["logging"],
        own_safeguards="No route to the control network\n\nLocked room", tasks_allowed="Triage\nDefensive tests",
    )  # fmt: skip
    assert grant.limits == ["at most 5,000 requests a day", "at most 4 requests at the same time"]
    for person in (cast.partner, cast.officer):
        page = client_of(person).get(grant.get_absolute_url()).content.decode()
        for line in ("at most 5,000 requests a day", "Triage", "Logging of every request", "Locked room"):
            assert f"<li>{line}</li>" in page
        assert "Isolated environment" not in page
    assert walk.office_grant(cast, case, now).safeguards == ["isolation", "logging"]
    with pytest.raises(Refused, match="does not stand in the signed agreement"):
        walk.office_grant(cast, case, now, safeguards=["two_person"])
    with pytest.raises(IntegrityError, match="grant_limits_positive"), transaction.atomic():
        walk.office_grant(cast, case, now, limits=Limits(tokens_per_day=0))


def test_people_are_named_and_ended_on_a_running_grant(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """By the case officer; the person ended loses page, list, notice and mail at that commit; history keeps it."""
    grant, second = walk.partner_grant(cast, case, now), colleague(cast, now)
    client, officer = client_of(second), client_of(cast.officer)
    with pytest.raises(Refused, match="not listed by name"):
        name_person(grant=grant, person=second, by=cast.officer, now=now)
    listed = (cast.partner.name, second.name)
    walk.sign_both(cast, walk.agreement(cast, case, now, by=cast.officer, people=listed), now)
    assert client.get(grant.get_absolute_url()).status_code == 404
    for by in (cast.lead, cast.liaison, cast.partner, cast.auditor):
        with pytest.raises(Refused, match="case officer"):
            name_person(grant=grant, person=second, by=by, now=now)
    with pytest.raises(Refused, match="no live appointment"):
        name_person(grant=grant, person=cast.other_partner, by=cast.officer, now=now)
    people = reverse("cases:grant_people", args=[grant.pk])
    assert officer.post(people, {"person": str(cast.other_partner.pk)}).status_code == 422
    assert officer.post(people, {"person": str(second.pk)}).status_code == 302
    assert officer.post(people, {"person": str(second.pk)}).status_code == 422
    assert client.get(grant.get_absolute_url()).status_code == 200
    notice = Notice.objects.get(kind="grant.person_named", recipient=second)
    ending = reverse("cases:grant_person_end", args=[grant.pk, second.pk])
    assert "1 named on it keep theirs" in officer.get(ending).content.decode()
    assert officer.post(ending, {"confirmed": "on"}).status_code == 302
    assert officer.post(ending, {"confirmed": "on"}).status_code == 404
    with pytest.raises(Refused, match="not named on this grant"):
        end_person(grant=grant, person=second, by=cast.officer, now=now)
    assert client.get(grant.get_absolute_url()).status_code == 404
    assert str(grant.model_version) not in client.get(reverse("cases:grants")).content.decode()
    assert grant.case.number not in client.get(reverse("cases:notices")).content.decode()
    send_notice(str(notice.pk), now=now)
    assert Notice.objects.get(pk=notice.pk).mailed_at is None
    kept = grant.user_permissions.model.history.filter(user=second).order_by("history_id")
    assert [row.history_type for row in kept] == ["+", "-"]
    entry = Entry.objects.get(kind="grant.person_ended", case_id=case.pk)
    assert (entry.data["person"], len(entry.rows)) == (second.name, 1)


def test_the_accepted_terms_are_frozen(cast: Cast, case: Case, now: datetime) -> None:
    """Word for word with digest, capacity and instant; nothing changes them."""
    grant = walk.partner_grant(cast, case, now, accepted=False)
    text = grant_terms(grant)
    assert "Find and mend weaknesses in grid software." in text
    walk.accepted_terms(grant, cast.partner, now)
    kept = grant.acceptance
    assert (kept.text, kept.accepted_by, kept.capacity, kept.accepted_at) == (text, cast.partner, "own", now)
    for sql in ("UPDATE cases_termsacceptance SET text = ''", "DELETE FROM cases_termsacceptance"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            connection.cursor().execute(sql)


@pytest.mark.parametrize(
    ("end", "word", "said"),
    [("retract", "revoked", "a side retracted"), ("end", "revoked", "the grant was revoked"),
     ("withdraw", "withdrawn", "the developer withdrew the case"), ("term", "ended", "")],
)  # fmt: skip
def test_every_end_has_its_word_and_starts_the_certificate(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf, end: str, word: str, said: str
) -> None:
    """For partner and office alike; the database refuses another reason, state or term afterwards."""
    partner, office = walk.partner_grant(cast, case, now), walk.office_grant(cast, case, now)
    at = now + walk.WINDOW if end == "term" else now
    if end == "retract":
        retract(nomination=partner.nomination, by=cast.lead, now=at)
    elif end == "end":
        for grant in (partner, office):
            end_grant(grant=grant, by=cast.officer, now=at)
    elif end == "withdraw":
        move_case(case=case, name="withdraw", by=cast.signatory, now=at)
    ended = [Grant.objects.get(pk=one.pk) for one in ((partner,) if end == "retract" else (partner, office))]
    assert {grant.state_at(at) for grant in ended} == {word}
    assert all(grant.owes_certificate(at) for grant in ended)
    if end != "term":
        page = client_of(cast.officer).get(partner.get_absolute_url()).content.decode()
        assert said in page
        assert "asked for by" in page
        for change in ("state = 'agreed'", "end_reason = 'closed'", "span = tstzrange(now(), NULL)"):
            with pytest.raises(IntegrityError), transaction.atomic():
                connection.cursor().execute(
                    f"UPDATE cases_grant SET {change} WHERE id = %s",
                    [partner.pk],
                )


def test_a_grant_never_accepted_expires_or_ends_and_owes_nothing(
    cast: Cast, case: Case, now: datetime
) -> None:
    """Its term passed unused reads expired; ended before its term it reads by that end."""
    grant = walk.partner_grant(cast, case, now, accepted=False)
    assert grant.state_at(now) == "terms not accepted yet"
    assert grant.state_at(now + walk.WINDOW) == "expired"
    assert not grant.owes_certificate(now + walk.WINDOW)
    end_grant(grant=grant, by=cast.officer, now=now)
    assert Grant.objects.get(pk=grant.pk).state_at(now) == "revoked"


def test_certificates_of_office_and_partner(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """Who filed, in what capacity, before or after the target; overdue waits for the officer and nothing follows."""
    partner, office = walk.partner_grant(cast, case, now), walk.office_grant(cast, case, now)
    end, late = now + walk.WINDOW, now + walk.WINDOW + 11 * DAY

    def verbs(person: User, at: datetime) -> list[str]:
        return [row.verb for row in queries.waiting(person, at)]

    assert verbs(cast.officer, end) == ["File the certificate"]
    assert sorted(verbs(cast.officer, late)) == ["Ask for the overdue certificate", "File the certificate"]
    assert verbs(cast.partner, late) == ["File the certificate"]
    for by in (cast.lead, cast.signatory, cast.partner):
        with pytest.raises(Refused):
            close_out(grant=office, statement="destroyed", by=by, now=end)
    with pytest.raises(Refused, match="not named"):
        close_out(grant=partner, statement="destroyed", by=cast.officer, now=end)
    filed = close_out(grant=office, statement="destroyed", remarks="Wiped.", by=cast.evaluator2, now=end)
    assert (filed.late, filed.capacity, filed.appointment.organisation) == (False, "own", cast.agency)
    assert close_out(grant=partner, statement="returned", by=cast.partner, now=late).late
    assert verbs(cast.officer, late) == verbs(cast.partner, late) == []
    assert Entry.objects.filter(kind="grant.closed_out", case_id=case.pk).count() == 2
    page = client_of(cast.signatory).get(office.get_absolute_url()).content.decode()
    assert "Everything received was destroyed, filed by Edwin Cole, in own capacity" in " ".join(page.split())
    assert "Wiped." in page
    assert "Wiped." not in client_of(cast.auditor).get(office.get_absolute_url()).content.decode()
    for sql in ("UPDATE cases_grant SET close_out = 'returned'", "UPDATE cases_certificate SET remarks = ''"):
        with pytest.raises(IntegrityError), transaction.atomic():
            connection.cursor().execute(sql)
    assert Certificate.objects.count() == 2


def test_somebody_is_named_after_the_end_to_file(cast: Cast, case: Case, now: datetime) -> None:
    """The only named person left; another is named and files. Once closed out nobody is named any more."""
    grant, second = walk.partner_grant(cast, case, now), colleague(cast, now)
    end_person(grant=grant, person=cast.partner, by=cast.officer, now=now)
    end = now + walk.WINDOW
    name_person(grant=grant, person=second, by=cast.officer, now=end)
    assert not Grant.objects.live(end).filter(pk=grant.pk).exists()
    close_out(grant=grant, statement="nothing_kept", by=second, now=end)
    with pytest.raises(Refused, match="closed out"):
        name_person(grant=grant, person=cast.partner, by=cast.officer, now=end)
