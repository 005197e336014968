"""The next step follows from what is there, for each side in its words."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.access.actions import sign_agreement
from cases.labels.actions import answer_consultation, open_consultations
from cases.register.actions import move_case
from cases.register.models import Case
from cases.rules.facts import with_facts
from cases.rules.steps import next_step
from tests import walk
from tests.cast import Cast

Walk = Callable[..., Any]


def _signed_by(who: str) -> Walk:
    def walked(cast: Cast, now: datetime) -> Case:
        case = walk.acknowledged(cast, now, release_at=now + walk.ANCHOR_AFTER)
        version = walk.agreement(cast, case, now)
        sign_agreement(agreement=version, digest=version.text_digest, by=cast.people[who], now=now)
        return case

    return walked


def _drafted(cast: Cast, now: datetime) -> Case:
    case = walk.acknowledged(cast, now, release_at=now + walk.ANCHOR_AFTER)
    walk.agreement(cast, case, now)
    return case


def _unassigned(cast: Cast, now: datetime) -> Case:
    case = move_case(case=walk.submitted(cast, now), name="acknowledge", by=cast.officer, now=now)
    return move_case(case=case, name="documents_only", by=cast.officer, now=now)


# what was done: who owes the next step, a word of the agency's sentence, and a word of the developer's
STEPS: dict[str, tuple[Walk, str, str, str]] = {
    "nothing drafted": (walk.acknowledged, "Case officer", "drafts the access agreement", "drafts"),
    "drafted": (_drafted, "Signing officials of both sides", "Both sides sign", "Both sides"),
    "developer signed": (_signed_by("signatory"), "Agency's signing official", "developer has signed", "has signed"),
    "agency signed": (_signed_by("lead"), "Developer's signing official", "The agency has signed", "has signed"),
    "agreed": (walk.agreed, "Case officer", "No grant is open", "No grant"),
    "granted": (walk.granted, "Case officer", "uses its access", "uses its access"),
    "no evaluator": (_unassigned, "Case officer", "assigns an evaluator", "Nothing is asked of you"),
    "evaluating": (walk.benchmarking, "Evaluators", "import and accept runs", "Nothing is asked of you"),
    "measured": (walk.measured, "Case officer", "Evidence is accepted", "Nothing is asked of you"),
    "unasked": (walk.labeling, "Case officer", "asks the offices", "Nothing is asked of you"),
    "asked": (walk.asked, "CISA", "Required views are open", "completes its review"),
    "consulted": (walk.consulted, "Determining official", "The determining official signs", "completes its review"),
    "determined": (walk.determined, "Case officer", "records what of it is disclosed", "completes its review"),
    "disclosed": (walk.labelled, "Case officer", "Everything is recorded", "you may respond"),
}  # fmt: skip


@pytest.mark.parametrize("done", STEPS)
def test_the_step_follows_from_the_facts(done: str, cast: Cast, now: datetime) -> None:
    """Loaded with the case or asked one by one, the answer is the same; loaded it costs nothing more."""
    walked, owed_by, inside, outside = STEPS[done]
    plain = Case.objects.get(pk=walked(cast, now).pk)
    loaded = with_facts(Case.objects.all(), now).get(pk=plain.pk)
    cast.officer.appointments_at(now), cast.liaison.appointments_at(now)
    with CaptureQueriesContext(connection) as asked:
        step = next_step(loaded, cast.officer, now)
        told = next_step(loaded, cast.liaison, now)
    assert len(asked) == 0
    assert (inside in step.sentence, step.owed_by) == (True, owed_by)
    assert outside in told.sentence
    assert step == next_step(plain, cast.officer, now)
    due = plain.consultations.filter(required=True, answer="").values_list("due_at", flat=True)
    assert step.until == next(iter(due), None)


def test_the_first_office_due_sets_the_hour_and_the_developer_reads_none(cast: Cast, now: datetime) -> None:
    """An answer given leaves the other; neither office nor hour is told outside."""
    case = walk.labeling(cast, now)
    for one in open_consultations(case=case, question="?", by=cast.officer, now=now):
        if not one.required:
            answer_consultation(consultation=one, answer="no_view", by=cast.consultee2, now=now)
    step = next_step(case, cast.auditor, now)
    assert (step.owed_by, step.until) == (
        cast.office.short_name,
        case.consultations.get(required=True).due_at,
    )
    assert next_step(case, cast.liaison, now).until is None
    assert cast.office.short_name not in str(next_step(case, cast.liaison, now))
