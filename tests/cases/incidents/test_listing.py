"""The list of incidents, and documents attached after the report."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cases.documents.actions import mark, share, withdraw
from cases.incidents.actions import close_incident, record_containment, write_first_report
from cases.incidents.models import Incident
from cases.incidents.papers import attach_documents
from cases.register.actions import recuse
from cases.register.models import Case
from portal.audit.models import Entry
from portal.kit.gate import writing
from portal.kit.refusal import Refused
from tests import walk
from tests.cast import Cast
from tests.house.test_queries import LIST, asked

HOUR = timedelta(hours=1)
LISTED = reverse("cases:incidents")
ClientOf = Callable[[User], Client]


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """In access, with an office's grant and a partner's."""
    return walk.granted(cast, now - HOUR)


def test_the_list(cast: Cast, case: Case, now: datetime, client_of: ClientOf) -> None:
    """Who finds what, by state, severity and case; page by page; empty where nothing is to be seen."""
    grant = case.grants.get(kind="partner")
    other = walk.agreed(cast, now)
    open_ = walk.incident(cast, case, now, cast.partner, under=grant, severity="low")
    contained, closed = walk.incident(cast, case, now), walk.incident(cast, other, now, severity="critical")
    record_containment(incident=contained, text="c", audience="sides", by=cast.security, now=now)
    write_first_report(incident=closed, text="f", audience="sides", by=cast.security, now=now)
    close_incident(incident=closed, outcome="remedied", lessons="", by=cast.security, now=now)
    everything = {open_, contained, closed}

    def found(person: User, **asked_for: str) -> set[Incident]:
        page = client_of(person).get(LISTED, asked_for).content.decode()
        return {one for one in everything if one.get_absolute_url() in page}

    assert {key: found(person) for key, person in cast.people.items()} == {
        key: everything
        if key in ("liaison", "signatory", "lead", "officer", "official", "security", "records", "auditor")
        else {open_, contained, closed} if key == "evaluator"
        else {open_} if key == "partner"
        else set()
        for key in cast.people
    }  # fmt: skip
    for asked_for, rows in (
        ({"state": "open"}, {open_}), ({"state": "contained"}, {contained}), ({"state": "closed"}, {closed}),
        ({"severity": "critical"}, {closed}), ({"severity": "high"}, set()),
        ({"case": case.number.lower()}, {open_, contained}), ({"case": other.tracking_number}, {closed}),
        ({"case": case.number, "state": "open"}, {open_}), ({"case": "CFM"}, set()),
        ({"state": "nonsense", "severity": "'", "cursor": "x"}, everything),
    ):  # fmt: skip
        assert found(cast.security, **asked_for) == rows, asked_for
    assert found(cast.partner, case=case.number) == {open_}
    assert found(cast.partner, case=case.tracking_number) == set()  # it reads no tracking number
    partners = client_of(cast.partner).get(LISTED).content.decode()
    assert case.tracking_number not in partners
    assert case.get_absolute_url() not in partners
    empty = client_of(cast.stranger).get(LISTED).content.decode()
    assert "Incidents will appear here." in empty
    assert LISTED in client_of(cast.security).get("/").content.decode()
    assert LISTED in client_of(cast.liaison).get(case.get_absolute_url()).content.decode()
    recuse(case=case, person=cast.officer, reason="x", by=cast.lead, now=now)
    assert found(cast.officer) == {closed}


def test_its_cost_and_its_pages(cast: Cast, case: Case, now: datetime, client_of: ClientOf) -> None:
    """Sixty incidents cost what one does, and stand on two pages, each once."""
    readers = (cast.security, cast.liaison, cast.partner)
    grant = case.grants.get(kind="partner")
    first = walk.incident(cast, case, now, cast.partner, under=grant)
    one = [asked(person, LISTED) for person in readers]
    with writing(now):
        for number in range(59):
            first.pk, first.reference, first._state.adding = None, f"INC-2026-{number:06}", True
            first.save(force_insert=True)
    assert [asked(person, LISTED) for person in readers] == one
    assert max(one) <= LIST
    client, url, references = client_of(cast.security), LISTED, []
    while url:
        answer = client.get(url)
        references += [row["row"].reference for row in answer.context["rows"]]
        url = f"{LISTED}?cursor={answer.context['page'].older}" if answer.context["page"].older else ""
    assert len(references) == len(set(references)) == 60


def test_documents_come_to_an_open_incident(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """By whoever may write in its timeline, of what each sees; refused when hidden, withdrawn, twice or closed."""
    grant = case.grants.get(kind="partner")
    incident = walk.incident(cast, case, now, cast.partner, under=grant)
    card, report = case.documents.get(kind="system_card"), case.documents.get(kind="red_team_report")
    inside = walk.paper(case, cast.officer, now, "correspondence", title="Inside", file_name="in.pdf")
    gone = walk.paper(case, cast.liaison, now, title="Gone", file_name="gone.pdf")
    mark(document=inside, marking="CUI_FEDONLY", by=cast.officer, now=now)
    withdraw(document=gone, by=cast.liaison, now=now)
    url = reverse("cases:incident_documents", args=[incident.pk])
    partner, liaison, officer = (client_of(one) for one in (cast.partner, cast.liaison, cast.officer))
    assert partner.get(url).status_code == 409  # nothing is shared with it
    share(document=card, grant=grant, by=cast.liaison, now=now)
    shown = partner.get(url).content.decode()
    assert card.title in shown
    assert report.title not in shown
    for wrong in ({}, {"documents": [report.pk]}, {"documents": [inside.pk]}, {"documents": ["x"]}):
        assert partner.post(url, wrong).status_code == 422, wrong
    assert partner.post(url, {"documents": [card.pk]}).status_code == 302
    assert partner.post(url, {"documents": [card.pk]}).status_code == 409
    assert liaison.post(url, {"documents": [inside.pk]}).status_code == 422
    assert liaison.post(url, {"documents": [card.pk]}).status_code == 409
    assert liaison.post(url, {"documents": [gone.pk]}).status_code == 409
    assert liaison.post(url, {"documents": [report.pk]}).status_code == 302
    assert officer.post(url, {"documents": [inside.pk]}).status_code == 302
    for by in (cast.auditor, cast.stranger, cast.other_partner):
        with pytest.raises(Refused):
            attach_documents(incident=incident, documents=[report], by=by, now=now)
    kinds = list(Entry.objects.filter(kind__startswith="incident.documents").values_list("kind", flat=True))
    assert sorted(kinds) == ["incident.documents_attached"] * 2 + ["incident.documents_attached_inside"]
    pages = {key: client_of(cast.people[key]).get(incident.get_absolute_url()).content.decode()
             for key in ("partner", "liaison", "officer")}  # fmt: skip
    titles = (card.title, report.title, inside.title)
    assert {key: [title in page for title in titles] for key, page in pages.items()} == {
        "partner": [True, False, False], "liaison": [True, True, False], "officer": [True, True, True],
    }  # fmt: skip
    assert [page.count("Attached: ") for page in pages.values()] == [1, 2, 3]
    write_first_report(incident=incident, text="f", audience="sides", by=cast.security, now=now)
    close_incident(incident=incident, outcome="remedied", lessons="", by=cast.security, now=now)
    assert liaison.get(url).status_code == 409
    copied = (
        "INSERT INTO cases_incidentdocument (id, incident_id, document_id, attached_at, attached_by_id) "
        "SELECT gen_random_uuid(), incident_id, %s, attached_at, attached_by_id FROM cases_incidentdocument LIMIT 1"
    )
    with pytest.raises(IntegrityError, match="no more entries"), transaction.atomic():
        connection.cursor().execute(copied, [gone.pk])
