"""People of a case, release dates and notes: actions, their refusals, and who gets which page."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actions import appoint
from cases.register.actions import assign, move_case, recuse, state_release, unassign, write_note
from cases.register.models import Assignment, Case, Note, ReleaseMilestone
from portal.audit.models import Entry
from portal.kit.refusal import Refused
from portal.notify.models import Notice
from tests import walk
from tests.cast import Cast

ClientOf = Callable[[Any], Client]


def url(name: str, case: Case) -> str:
    """A page of the case."""
    return reverse(f"cases:{name}", args=[case.pk])


# -- assignments ----------------------------------------------------------------------------------------------------


def test_assigning_opens_the_case_to_an_evaluator(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Before it the evaluator sees nothing; after it the case; after its end nothing again. Told, and in the log."""
    case, officer = walk.acknowledged(cast, now), client_of(cast.officer)
    assert not Case.objects.visible_to(cast.evaluator2, now).exists()
    response = officer.post(url("assign", case), {"whom": f"evaluator:{cast.evaluator2.pk}"})
    assert response.status_code == 302
    assert Case.objects.visible_to(cast.evaluator2, now).filter(pk=case.pk).exists()
    assert Notice.objects.filter(kind="case.assigned", recipient=cast.evaluator2).exists()
    entry = Entry.objects.filter(kind="case.assigned").latest("id")
    assert entry.data == {"person": cast.evaluator2.name, "role": "evaluator"}
    again = officer.post(url("assign", case), {"whom": f"evaluator:{cast.evaluator2.pk}"})
    assert again.status_code == 409
    assert "already assigned" in again.content.decode()
    assignment = Assignment.objects.get(person=cast.evaluator2)
    assert officer.post(reverse("cases:unassign", args=[assignment.pk])).status_code == 302
    assert not Case.objects.visible_to(cast.evaluator2, now).exists()
    assert officer.post(reverse("cases:unassign", args=[assignment.pk])).status_code == 409


def test_choices_are_people_with_a_live_appointment(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Officers and evaluators of the agency; nobody else, and nobody whose appointment has ended or who is recused."""
    case = walk.acknowledged(cast, now)
    recuse(case=case, person=cast.evaluator2, reason="shares", by=cast.officer, now=now)
    page = client_of(cast.officer).get(url("assign", case))
    keys = {key for _, group in page.context["form"].fields["whom"].choices[1:] for key, _ in group}
    assert keys == {f"case_officer:{cast.officer.pk}", f"evaluator:{cast.evaluator.pk}"}
    posted = client_of(cast.officer).post(url("assign", case), {"whom": f"evaluator:{cast.liaison.pk}"})
    assert posted.status_code == 422


def test_what_assigning_refuses(cast: Cast, now: datetime) -> None:
    """No appointment in the role, recused, another role, an ended case, somebody else's permission."""
    case = walk.acknowledged(cast, now)

    def said(person: Any, role: str = "evaluator", by: Any = cast.officer) -> str:
        with pytest.raises(Refused) as found:
            assign(case=case, person=person, role=role, by=by, now=now)
        return found.value.sentence

    assert "has no live appointment as evaluator" in said(cast.liaison)
    assert "as case officer or evaluator" in said(cast.official, "determining_official")
    recuse(case=case, person=cast.evaluator2, reason="former employer", by=cast.lead, now=now)
    assert "is recused" in said(cast.evaluator2)
    assert "Assign people to a case" in said(cast.evaluator2, by=cast.lead)
    move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    assert "has ended" in said(cast.evaluator2)


def test_unassigning_is_the_officers(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Others who see the case are refused; who does not see it gets 404, as for an assignment that does not exist."""
    case = walk.acknowledged(cast, now)
    assignment = case.assignments.get(role="evaluator")
    address = reverse("cases:unassign", args=[assignment.pk])
    for who, status in {
        "lead": 403,
        "liaison": 403,
        "auditor": 403,
        "stranger": 404,
        "partner": 404,
        "evaluator2": 404,
    }.items():
        assert client_of(cast.people[who]).post(address).status_code == status, who
    assert client_of(cast.officer).get(address).status_code == 405
    with pytest.raises(Refused):
        unassign(assignment=assignment, by=cast.lead, now=now)
    assignment.refresh_from_db()
    assert assignment.until is None


# -- recusals -------------------------------------------------------------------------------------------------------


def test_recusal_takes_every_read_at_once(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The page of the case and its documents answer 404 from then on; open assignments have ended."""
    case = walk.acknowledged(cast, now)
    document = case.documents.first()
    evaluator = client_of(cast.evaluator)
    assert evaluator.get(document.get_absolute_url()).status_code == 200
    data = {"whom": str(cast.evaluator.pk), "reason": "Holds shares of the developer."}
    assert client_of(cast.officer).post(url("recuse", case), data).status_code == 302
    assert evaluator.get(document.get_absolute_url()).status_code == 404
    assert evaluator.get(case.get_absolute_url()).status_code == 404
    assert not case.assignments.filter(person=cast.evaluator, until__isnull=True).exists()
    entry = Entry.objects.get(kind="case.recusal_recorded")
    assert "shares" not in str(entry.data) + entry.reason
    again = client_of(cast.officer).post(url("recuse", case), data)
    assert again.status_code in (409, 422)


def test_recusing_oneself_leads_home(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The case is gone for that person, so the page after it is its home."""
    case, client = walk.acknowledged(cast, now), client_of(cast.officer)
    response = client.post(url("recuse", case), {"whom": str(cast.officer.pk), "reason": "former employer"})
    assert response.headers["Location"] == reverse("cases:home")
    assert client.get(url("recuse", case)).status_code == 404


def test_who_gets_the_pages_about_people(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Assign: the officer; recuse: officer and lead; others 403 where they see the case, else 404."""
    case = walk.acknowledged(cast, now)
    sees = {
        "liaison",
        "signatory",
        "lead",
        "officer",
        "evaluator",
        "official",
        "security",
        "records",
        "auditor",
    }
    for name, allowed in (("assign", {"officer"}), ("recuse", {"officer", "lead"})):
        for who, person in cast.people.items():
            expected = 200 if who in allowed else 403 if who in sees else 404
            assert client_of(person).get(url(name, case)).status_code == expected, (name, who)


# -- release dates --------------------------------------------------------------------------------------------------


def test_release_dates_are_the_developers(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The liaison states, statements stay, the agency is told and only reads."""
    case, liaison = walk.acknowledged(cast, now), client_of(cast.liaison)
    data = {"kind": "general_release", "state": "planned", "at": "2027-02-01T09:00"}
    assert liaison.post(url("release", case), data).status_code == 302
    stated = ReleaseMilestone.objects.filter(model_version=case.model_version).order_by("stated_at")
    assert [m.at.isoformat() for m in stated][-1] == "2027-02-01T14:00:00+00:00"
    assert stated.count() == 2
    assert Notice.objects.filter(kind="release.stated", recipient=cast.officer).exists()
    for who in ("signatory", "officer", "lead", "auditor"):
        client = client_of(cast.people[who])
        assert "release date: this is done by" in client.get(url("release", case)).content.decode(), who
        assert client.post(url("release", case), data).status_code == 403, who
    for who in ("stranger", "partner", "consultee"):
        assert client_of(cast.people[who]).get(url("release", case)).status_code == 404, who
    assert stated.count() == 2


def test_what_stating_a_date_refuses(cast: Cast, now: datetime) -> None:
    """A plan in the past, a fact in the future, no model version."""
    case = walk.acknowledged(cast, now)

    def said(state: str, at: datetime, about: Case = case) -> str:
        with pytest.raises(Refused) as found:
            state_release(case=about, kind="general_release", state=state, at=at, by=cast.liaison, now=now)
        return found.value.sentence

    assert "A planned release lies ahead" in said("planned", now)
    assert "An actual release lies in the past" in said("actual", now + timedelta(seconds=1))
    from cases.register.actions import draft_case

    assert "Name the model version first" in said(
        "planned", now + timedelta(1), draft_case(by=cast.liaison, now=now)
    )


def test_a_statement_is_never_changed(cast: Cast, now: datetime) -> None:
    """The database refuses to change or remove a statement."""
    from django.db import IntegrityError, connection, transaction

    walk.drafted(cast, now)
    for sql in ("UPDATE cases_releasemilestone SET at = now()", "DELETE FROM cases_releasemilestone"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


# -- notes ----------------------------------------------------------------------------------------------------------

READ_NOTES = {"lead", "officer", "evaluator", "official"}
WRITE_NOTES = {"lead", "officer", "evaluator"}


def test_notes_do_not_exist_outside_the_agency(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Every person of the cast: page, text on it, and writing."""
    case = walk.acknowledged(cast, now)
    write_note(case=case, text="An inward thought.", by=cast.officer, now=now)
    for who, person in cast.people.items():
        client = client_of(person)
        page = client.get(url("note", case))
        assert page.status_code == (200 if who in READ_NOTES else 404), who
        assert ("An inward thought." in page.content.decode()) == (who in READ_NOTES), who
        posted = client.post(url("note", case), {"text": "More."})
        expected = 302 if who in WRITE_NOTES else 403 if who in READ_NOTES else 404
        assert posted.status_code == expected, who
    assert Note.objects.count() == 1 + len(WRITE_NOTES)
    assert (
        not Notice.objects.filter(kind="note.written")
        .exclude(recipient__in=[cast.officer, cast.lead, cast.evaluator])
        .exists()
    )
    entry = Entry.objects.filter(kind="note.written").first()
    assert entry is not None
    assert "inward" not in str(entry.data) + entry.reason


def test_an_appointment_in_the_future_is_no_choice(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Somebody appointed from tomorrow cannot be assigned today."""
    case = walk.acknowledged(cast, now)
    appoint(
        person=cast.records, organisation=cast.agency, role="evaluator", by=cast.admin, now=now,
        starts_at=now + timedelta(days=1),
    )  # fmt: skip
    with pytest.raises(Refused, match="has no live appointment"):
        assign(case=case, person=cast.records, role="evaluator", by=cast.officer, now=now)
