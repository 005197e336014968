"""A person with two appointments reads what either would read alone, and nothing that only their sum would open."""

from collections.abc import Callable
from datetime import datetime
from itertools import combinations
from typing import Any

import pytest

from accounts.access import give
from accounts.models import Appointment, User
from cases.benchmarks.models import HighSidePointer, Run
from cases.documents.actions import mark, share
from cases.documents.models import Document
from cases.documents.queries import open_refusal, versions
from cases.labels.models import Consultation, Determination, Disclosure, Label
from cases.register.actions import assign, move_case, open_government_case
from cases.register.models import Case
from cases.reports import history
from cases.rules import visibility
from cases.rules.facts import with_people
from portal.kit.gate import writing
from tests import walk
from tests.cast import Cast

# Roles that differ in what they see; the other ones see as one of these, or nothing.
ROLES = (
    "auditor", "case_officer", "consultee", "evaluator", "liaison", "partner_representative", "records_officer",
    "security_manager",
)  # fmt: skip
ASKED: tuple[Callable[..., bool], ...] = (
    visibility.reads_content,
    visibility.reads_titles,
    visibility.inside,
)
TABLES = (Case, Document, Run, HighSidePointer, Consultation, Determination, Disclosure, Label)


@pytest.fixture
def person(cast: Cast, now: datetime) -> User:
    """Somebody with one appointment of every role, each in its own organisation, evaluator of the first case alone."""
    person = User.objects.create_user(email="two@example.com", name="Two Hats")
    for like in Appointment.objects.exclude(person__in=[cast.stranger, cast.stranger_signatory]):
        if not person.appointments.filter(role=like.role).exists():
            with writing():
                Appointment.objects.create(
                    person=person, organisation=like.organisation, role=like.role, span=like.span
                )
    return person


@pytest.fixture
def cases(cast: Cast, now: datetime, person: User) -> list[Case]:
    """Labelled, with the person as evaluator; then asked, granted, withdrawn, the government's own, a draft."""
    mine = walk.labelled(cast, now)
    assign(case=mine, person=person, role="evaluator", by=cast.officer, now=now)
    other = walk.asked(cast, now)
    paper = walk.paper(other, cast.officer, now, "meeting_record", title="Minutes")
    mark(document=paper, marking="CUI_FEDONLY", by=cast.officer, now=now)
    granted = walk.granted(cast, now)
    grant = granted.grants.get(kind="partner")
    with writing():
        give("cases.use_grant", person, grant)
    share(document=granted.documents.all()[0], grant=grant, by=cast.liaison, now=now)
    gone = move_case(case=walk.determined(cast, now), name="withdraw", by=cast.signatory, now=now)
    watched = open_government_case(
        by=cast.lead, now=now, developer=cast.developer, model="Watched", version="1"
    )
    walk.paper(watched, cast.officer, now, "meeting_record", title="Watching")
    return [mine, other, granted, gone, watched, walk.drafted(cast, now)]


def seen(person: User, cases: list[Case], now: datetime) -> set[Any]:
    """Everything the person sees and reads, as one set of facts."""
    found: set[Any] = set()
    for table in TABLES:
        rows = table.objects.visible_to(person, now)
        found |= {(table.__name__, pk) for pk in rows.values_list("pk", flat=True)}
    found |= {("opened", pk) for pk in Document.objects.openable_by(person, now).values_list("pk", flat=True)}
    asked = cases[1].documents.get(kind="system_card")
    if ("Document", asked.pk) in found:
        shown = versions(asked, person, now)
        found |= {("version", one.pk) for one in shown}
        found |= {("opened version", one.pk) for one in shown if open_refusal(person, one, now) is None}
    for case in with_people(Case.objects.visible_to(person, now), "pk"):
        found |= {("entry", pk) for pk in history.entries(case, person, now).values_list("pk", flat=True)}
        found |= {(ask.__name__, case.pk) for ask in ASKED if ask(person, case, now)}
    return found


def test_two_appointments_read_what_either_reads_alone(
    cast: Cast, now: datetime, person: User, cases: list[Case]
) -> None:
    """Every pair of roles. Reading comes from the very appointment that opens the case."""
    held = list(person.appointments.filter(role__in=ROLES).select_related("organisation"))

    def as_holder_of(*appointments: Appointment) -> set[Any]:
        # what `appointments_at` keeps of this instant
        person.__dict__["_appointments"] = (now, list(appointments))
        return seen(person, cases, now)

    alone = {one.role: as_holder_of(one) for one in held}
    assert alone["security_manager"] > {("Case", case.pk) for case in cases[:5]}
    assert ("reads_content", cases[1].pk) in alone["case_officer"] - alone["security_manager"]
    assert ("reads_content", cases[1].pk) not in alone["evaluator"]
    wrong = [
        f"{first.role} and {second.role}: {sorted({kind for kind, _ in both ^ either})}"
        for first, second in combinations(held, 2)
        if (both := as_holder_of(first, second)) != (either := alone[first.role] | alone[second.role])
    ]
    assert not wrong, "\n".join(wrong)
