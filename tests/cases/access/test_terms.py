"""Attested safeguards and people listed by name: who attests, what signing waits for, whom a grant can name."""

import html
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client

from accounts.actions import appoint
from cases.access import queries
from cases.access.actions import attest_safeguard, sign_agreement
from cases.access.models import Agreement, Attestation, ListedPerson
from cases.access.queries import with_signatures
from cases.register.models import Case
from demo.people import SAFEGUARDS
from portal.audit.models import Entry
from portal.kit.gate import writing
from portal.kit.refusal import Refused
from tests import walk
from tests.cast import Cast

DAY = timedelta(days=1)
ClientOf = Callable[[Any], Client]


@pytest.fixture
def scoping(cast: Cast, now: datetime) -> Case:
    """A case in scoping whose release is planned in 25 days."""
    return walk.acknowledged(cast, now, release_at=now + walk.ANCHOR_AFTER)


def attest(cast: Cast, case: Case, now: datetime, **changes: Any) -> Attestation:
    """Isolation attested by the framework lead for ten days."""
    values = {
        "safeguard": "isolation", "document": case.documents.get(kind="system_card"),
        "valid_until": now + 10 * DAY, "by": cast.lead, **changes,
    }  # fmt: skip
    return attest_safeguard(case=case, now=now, **values)


def test_the_seeded_catalogue(cast: Cast) -> None:
    """The nine safeguards of the programme."""
    assert [row["id"] for row in cast.policy.safeguards] == [row["id"] for row in SAFEGUARDS]
    assert {row["id"] for row in SAFEGUARDS} == {
        "isolation", "egress_control", "logging", "two_person", "no_training", "no_derivatives",
        "no_redistribution", "us_persons", "return_destroy",
    }  # fmt: skip


def test_signing_waits_for_every_attestation(cast: Cast, scoping: Case, now: datetime) -> None:
    """For isolation even unnamed, for each one named, again once it ran out; not for a new draft."""
    version = walk.agreement(cast, scoping, now, safeguards=("logging",), attest=False)

    def sign(at: datetime, by: Any = cast.signatory) -> None:
        sign_agreement(agreement=version, digest=version.text_digest, by=by, now=at)

    with pytest.raises(Refused, match="“Isolated environment” is not attested yet"):
        sign(now)
    row = attest(cast, scoping, now)
    assert (row.appointment.role, row.capacity) == ("framework_lead", "own")
    with pytest.raises(Refused, match="“Logging of every request” is not attested yet"):
        sign(now)
    attest(cast, scoping, now, safeguard="logging", valid_from=now + DAY, by=cast.officer)
    with pytest.raises(Refused, match="is valid from"):
        sign(now)
    sign(now + DAY)
    with pytest.raises(Refused, match="ran out at") as refused:
        sign(now + 10 * DAY, cast.lead)
    assert refused.value.conflict
    for safeguard in ("isolation", "logging"):
        attest(cast, scoping, now + 10 * DAY, safeguard=safeguard, valid_until=now + 12 * DAY)
    sign(now + 10 * DAY, cast.lead)
    scoping.refresh_from_db()
    assert scoping.stage == "access"
    assert Entry.objects.filter(kind="agreement.attested", case_id=scoping.pk).count() == 4


def test_who_attests_and_on_what(cast: Cast, scoping: Case, now: datetime) -> None:
    """The case officer or the framework lead, on a paper of this case that both sides see, for a time to come."""
    for person in (cast.signatory, cast.evaluator, cast.partner, cast.auditor):
        with pytest.raises(Refused, match="Attest a safeguard"):
            attest(cast, scoping, now, by=person)
    other = walk.acknowledged(cast, now).documents.get(kind="system_card")
    hidden = scoping.documents.get(kind="red_team_report")
    hidden.restricted = True
    with writing():
        hidden.save()
    for document in (other, hidden):
        with pytest.raises(Refused, match="both sides see"):
            attest(cast, scoping, now, document=document)
    with pytest.raises(Refused, match="run out already"):
        attest(cast, scoping, now, valid_until=now)
    with pytest.raises(Refused, match="catalogue"):
        attest(cast, scoping, now, safeguard="magic")
    assert not Attestation.objects.exists()


def test_people_are_listed_by_name_and_matched_with_the_roster(
    cast: Cast, scoping: Case, now: datetime
) -> None:
    """By name and organization; two of one name are nobody until the organization tells them apart."""
    appoint(person=cast.evaluator, organisation=cast.office, role="evaluator", by=None, now=now)
    lines = (
        f"{cast.evaluator.name}, {cast.agency.short_name}", cast.partner.name, "Nora Nobody, Elsewhere",
        f"{cast.evaluator2.name}, {cast.office.short_name}",
    )  # fmt: skip
    version = walk.agreement(cast, scoping, now, people=lines)
    rows = {row.name: row for row in version.listed.all()}
    assert rows[cast.evaluator.name].person == cast.evaluator
    assert (rows[cast.partner.name].person, rows[cast.partner.name].organisation) == (
        cast.partner,
        cast.partner_org.short_name,
    )
    assert rows["Nora Nobody"].person is None
    assert rows[cast.evaluator2.name].person is None
    assert {row.added_by for row in rows.values()} == {cast.officer}


def test_a_grant_names_only_people_listed(cast: Cast, scoping: Case, now: datetime) -> None:
    """An amendment lists more people; those of a replaced version do not count."""
    version = walk.agreement(cast, scoping, now, people=(cast.evaluator.name,))
    case = walk.sign_both(cast, version, now)
    with pytest.raises(Refused, match=f"{cast.evaluator2.name} is not listed by name"):
        walk.office_grant(cast, case, now)
    walk.office_grant(cast, case, now, people=[cast.evaluator])
    case = walk.amended(cast, case, now, people=(cast.evaluator2.name,))
    walk.office_grant(cast, case, now, people=[cast.evaluator2])
    with pytest.raises(Refused, match=f"{cast.evaluator.name} is not listed by name"):
        walk.office_grant(cast, case, now, people=[cast.evaluator])
    assert ListedPerson.objects.filter(agreement__case=case).count() == 2


def test_attested_in_the_browser(cast: Cast, scoping: Case, now: datetime, client_of: ClientOf) -> None:
    """The page offers papers that both sides see; the agreement shows what is attested and what is missing."""
    version = walk.agreement(cast, scoping, now, attest=False)
    client, path = client_of(cast.lead), f"/cases/{scoping.pk}/attestations/new/"
    papers = client.get(path).context["form"].fields["document"].queryset
    sent = {
        "safeguard": "isolation", "document": str(papers.get(kind="system_card").pk), "valid_from": "",
        "valid_until": f"{now + 9 * DAY:%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    assert client.post(path, sent).status_code == 422  # the box is not marked
    assert client.post(path, {**sent, "document": "x", "confirmed": "on"}).status_code == 422
    assert not Attestation.objects.exists()
    assert client.post(path, {**sent, "confirmed": "on"}).status_code == 302
    said = client.get(version.get_absolute_url()).content.decode()
    assert said.count("not attested yet") == 1 + said.count("is not attested yet")
    assert cast.lead.name in said
    for person, reads in ((cast.signatory, True), (cast.auditor, False)):
        said = client_of(person).get(version.get_absolute_url()).content.decode()
        assert (cast.partner.name in said) is reads


def test_printed_as_a_pdf_with_signatures(
    cast: Cast, scoping: Case, now: datetime, client_of: ClientOf
) -> None:
    """The exact text, digest, people and capacities; an attachment that no cache keeps; not without content."""
    version = walk.agreement(cast, scoping, now)
    sign_agreement(agreement=version, digest=version.text_digest, by=cast.lead, now=now)
    path = f"{version.get_absolute_url()}print/"
    answer = client_of(cast.signatory).get(path)
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer.headers["Cache-Control"]
    said = render_to_string(
        "cases/access/agreement_print.html",
        queries.printed(with_signatures(Agreement.objects.filter(pk=version.pk)).get(), cast.lead, now),
    )
    plain = html.unescape(said)
    for words in (*version.text.strip().split("\n\n"), version.text_digest, cast.lead.name, "own capacity"):
        assert words in plain
    assert client_of(cast.auditor).get(path).status_code == 403
    assert client_of(cast.partner).get(path).status_code == 404
