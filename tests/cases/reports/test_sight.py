"""What an organisation can see: the page answers what the portal itself answers, now and as of any past instant."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.actions import add_person, appoint, end_appointment
from accounts.models import Organisation, User
from cases.access import guards
from cases.access.actions import close_out, end_grant, retract, store_credential
from cases.access.models import EndpointCredential, Grant
from cases.documents.actions import mark, share, withdraw
from cases.documents.models import Document
from cases.register.actions import move_case, recuse, write_note
from cases.register.models import Case
from cases.reports import sight_page
from cases.reports.sight import Key, Seen, seen_by
from cases.reports.sight_things import SHOWN, Thing, things
from portal.audit.as_of import as_of, recorded
from portal.audit.models import Entry
from portal.kit.gate import writing
from tests import walk
from tests.cast import Cast
from tests.house.doors import SEE_CASE, World, build

SECOND = timedelta(seconds=1)
ClientOf = Callable[[User], Client]


@pytest.fixture
def world(now: datetime) -> World:
    """The demonstration's labelled case, with papers that are restricted, frozen and closed to all but the agency."""
    world = build(now - 2 * timedelta(minutes=1))
    case, cast, then = Case.objects.get(), world.cast, now - timedelta(minutes=1)
    papers = [walk.paper(case, cast.liaison, then, title=f"Annex {n}") for n in range(3)]
    mark(document=papers[0], marking="CUI_FEDONLY", by=cast.officer, now=then)
    with writing(then):
        papers[1].restricted = True
        papers[1].save()
        papers[1].named_readers.set([cast.signatory, cast.officer])
        papers[2].frozen_at = then
        papers[2].save()
    return world


def _real(client: Client, known: dict[Key, Thing]) -> dict[Key, bool]:
    """Which addresses of things answer this person with their page: 200, or the sentence of its own ended grant."""
    found = {}
    for key, thing in known.items():
        if "#" not in thing.url:
            status = client.get(thing.url).status_code
            found[key] = status == 200 or (key[0] == "grant" and status == 403)
        if key[0] == "document":
            for number in (1, 2):
                address = reverse("cases:document_file", args=[key[1], number])
                found[f"{key[0]} version {number}", key[1]] = client.get(address).status_code == 200
    return found


def _told(seen: Seen, known: dict[Key, Thing]) -> dict[Key, bool]:
    """The same from the answer of the page."""
    found: dict[Key, bool] = {}
    for key, thing in known.items():
        if "#" not in thing.url:
            found[key] = key in seen
        if key[0] == "document":
            for number in (1, 2):
                found[f"{key[0]} version {number}", key[1]] = key in seen and number in seen[key].parts
    return found


def test_the_answer_is_what_the_portal_answers(world: World, now: datetime, client_of: ClientOf) -> None:
    """One of every kind of reader, every thing of the case, every version of every document."""
    case, cast = Case.objects.get(), world.cast
    known: dict[Key, Thing] = {}
    for viewer in (cast.lead, cast.liaison):
        known |= things(case, seen_by(viewer, case, now), titled=True)
    assert {kind for kind, _ in known} == set(SHOWN) - {"certificate", "receipt"} | {
        "case",
        "history",
        "notes",
    }
    for key in (
        "signatory",
        "officer",
        "evaluator",
        "consultee",
        "records",
        "partner",
        "auditor",
        "stranger",
    ):
        person = User.objects.get(pk=cast.people[key].pk)
        seen = seen_by(person, case, now)
        assert _told(seen, known) == _real(client_of(person), known), key
        for (kind, pk), sight in seen.items():
            if kind == "credential":
                stored = EndpointCredential.objects.get(pk=pk)
                assert sight.reads == (guards.reveal_refusal(person, stored.grant, now) is None), key
    shown = {
        key
        for key, person in cast.people.items()
        if "credential" in {k for k, _ in seen_by(person, case, now)}
    }
    assert shown == {*SEE_CASE, "partner"}


def test_as_of_a_past_instant_equals_what_was_asked_then(world: World, now: datetime) -> None:
    """Freeze everybody's answer, change everything that opens or closes a case, and ask as of then."""
    case, cast = Case.objects.get(), world.cast
    partner = case.grants.get(kind="partner")
    joined = add_person(email="new@gridline.example", name="New Hand", by=None, now=now)
    everybody = [*cast.people.values(), joined]

    def answers(at: datetime) -> list[Seen]:
        people = [User.objects.get(pk=person.pk) for person in everybody]
        return [seen_by(person, Case.objects.get(pk=case.pk), at) for person in people]

    before = answers(now)
    later = now + SECOND
    appoint(person=joined, organisation=cast.partner_org, role="partner_representative", by=None, now=later)
    share(document=case.documents.get(kind="red_team_report"), grant=partner, by=cast.liaison, now=later)
    recuse(case=case, person=cast.lead, reason="Was its counsel.", by=cast.officer, now=later)
    end_appointment(appointment=cast.evaluator.appointments.get(), by=None, now=later)
    withdraw(document=case.documents.get(title="Annex 1"), by=cast.liaison, now=later)
    with writing(later):
        Document.objects.get(title="Annex 1").named_readers.remove(cast.signatory)
    between = answers(later)
    end_grant(grant=partner, by=cast.officer, now=later + SECOND)
    mark(
        document=case.documents.get(title="Meridian 5.0 system card"),
        marking="CUI_FEDONLY",
        by=cast.officer,
        now=later + SECOND,
    )
    write_note(case=case, text="Later.", by=cast.officer, now=later + SECOND)
    after = answers(later + SECOND)
    assert before != between != after
    for at, frozen in ((now, before), (later, between), (later + SECOND, after)):
        with as_of(at):
            assert answers(at) == frozen, at
    assert answers(later + SECOND) == after  # nothing of the past is left behind


def test_nothing_leaks_from_the_past_and_nothing_is_written_there(cast: Cast, now: datetime) -> None:
    """The views are gone after the block, also after an error in it; the block only reads."""

    def covered() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relkind = 'v'")
            return int(cursor.fetchone()[0])

    case = walk.drafted(cast, now)
    with as_of(now - timedelta(minutes=30)):
        assert not Case.objects.exists()
        assert covered() >= len(recorded()) - 2
        with pytest.raises(Exception, match="read-only"), transaction.atomic():
            Organisation.objects.raw("UPDATE accounts_organisation SET name = name RETURNING id")[0]
    with pytest.raises(ZeroDivisionError), as_of(now):
        1 / 0  # noqa: B018
    assert Case.objects.get() == case
    assert covered() == 0
    with transaction.atomic(), writing(now):
        case.save()


def test_what_each_viewer_is_told(world: World, now: datetime, client_of: ClientOf) -> None:
    """A developer learns of partners, and of the agency as one reader; nobody reads here what it reads nowhere else."""
    case, cast = Case.objects.get(), world.cast
    url = reverse("cases:sight", args=[case.pk])

    def page(person: User, organisation: Organisation, **more: str) -> str:
        answer = client_of(person).get(url, {"organization": str(organisation.pk), **more})
        assert answer.status_code == 200
        return answer.content.decode()

    listed = {one.organisation.short_name for one in sight_page.choices(case, cast.liaison, now)}
    assert listed == {"Meridian AI", "NSA AISC", "Gridline"}
    listed = {one.organisation.short_name for one in sight_page.choices(case, cast.officer, now)}
    assert listed == {"Meridian AI", "NSA AISC", "Gridline", "CISA", "NIST CAISI", "OIG"}
    assert "Choose an organization from the list" in page(cast.liaison, cast.office)
    assert "Choose an organization from the list" in page(cast.officer, cast.other_partner_org)
    to_developer = page(cast.liaison, cast.agency)
    assert "Its staff for the program" in to_developer
    for secret in (
        "Omar Reyes",
        "Consultation",
        "Determination",
        "High-side",
        "Agency notes",
        "Annex 0",
        "Run",
    ):
        assert secret not in to_developer.split("<main")[1].split("</main")[0], secret
    to_officer = page(cast.officer, cast.agency)
    for seen in ("Omar Reyes", "Consultation", "Determination", "High-side", "Agency notes", "Annex 0"):
        assert seen in to_officer, seen
    assert "Meridian 5.0 system card" not in page(cast.auditor, cast.agency)
    partner = page(cast.liaison, cast.partner_org)
    assert "Priya Raman" in partner
    assert "opens version 1" in partner
    past = page(cast.liaison, cast.partner_org, at="2026-01-05T10:00")
    assert "This case was not there yet" in past
    assert "still to come" in page(cast.liaison, cast.partner_org, at="2999-01-05T10:00")
    # a look that names restricted papers is recorded, for the auditor alone; HEAD leaves nothing
    looks = Entry.objects.filter(kind="sight.opened")
    already = looks.count()
    wanted = {"organization": str(cast.agency.pk)}
    client_of(cast.lead).get(url, wanted)
    client_of(cast.officer).head(url, wanted)
    assert looks.count() == already
    assert client_of(cast.officer).get(url, wanted).status_code == 200
    assert looks.count() == already + 1
    assert looks.order_by("-id")[0].data == {"organization": "NSA AISC", "as_of": ""}
    assert (
        "looked at"
        not in client_of(cast.liaison).get(reverse("cases:history", args=[case.pk])).content.decode()
    )


def test_retracting_and_a_former_employee(cast: Cast, now: datetime) -> None:
    """A partner's people see their grant while named and appointed, and as of then for ever after."""
    case = walk.granted(cast, now - timedelta(minutes=2))
    grant = Grant.objects.get(kind="partner")

    def seen(at: datetime | None) -> list[tuple[str, set[str]]]:
        found = sight_page.answer(case, cast.partner_org, cast.officer, now, at)
        return [
            (one.name, {row.words for row in group.rows}) for group in found.groups for one in group.people
        ]

    assert seen(None) == [("Priya Raman", {"reads it", "reads it and may use it"})]
    end_appointment(appointment=cast.partner.appointments.get(), by=None, now=now - timedelta(minutes=1))
    assert seen(None) == [("Priya Raman", set())]
    assert seen(now - timedelta(minutes=2)) == [("Priya Raman", {"reads it", "reads it and may use it"})]
    retract(nomination=grant.nomination, by=cast.signatory, now=now, reason="")
    assert seen(now - timedelta(seconds=90)) == [("Priya Raman", {"reads it", "reads it and may use it"})]


def test_a_grant_from_its_offer_to_its_certificate(cast: Cast, now: datetime) -> None:
    """What its holder is said to see in each phase; secret, certificate and receipt, and the secret as of before."""
    minutes = [now - timedelta(minutes=number) for number in (6, 5, 4, 3, 2, 1)]
    case = walk.agreed(cast, minutes[0])
    grant = walk.partner_grant(cast, case, minutes[0], accepted=False)

    def told(organisation: Organisation, at: datetime | None = None) -> dict[str, str]:
        found = sight_page.answer(Case.objects.get(pk=case.pk), organisation, cast.signatory, now, at)
        return {row.thing.kind: row.words for group in found.groups for row in group.rows}

    assert told(cast.partner_org) == {"Grant": "reads its offer and terms; nothing is open yet"}
    walk.accepted_terms(grant, cast.partner, minutes[1])
    store_credential(grant=grant, endpoint="https://x.example", secret="s", by=cast.liaison, now=minutes[2])
    live = {
        "Grant": "reads it and may use it",
        "Terms as accepted": "reads it",
        "Endpoint and secret": "may have them shown, for a reason that is kept",
    }
    assert told(cast.partner_org) == live
    assert told(cast.developer)["Endpoint and secret"] == "sees that they are stored"
    move_case(case=case, name="withdraw", by=cast.signatory, now=minutes[4])
    ended = told(cast.partner_org)
    close_out(grant=Grant.objects.get(), statement="destroyed", by=cast.partner, now=minutes[5])
    assert (ended, told(cast.partner_org)) == ({"Grant": "sees that it is there, not its content"}, {})
    after = told(cast.developer)
    assert {"Return or destruction certificate", "Receipt of the withdrawal"} <= set(after)
    assert "Endpoint and secret" not in after
    assert told(cast.partner_org, minutes[3]) == live
