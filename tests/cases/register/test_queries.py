"""What the case page's head and the homes are told: stages, next step, moves, people, what waits."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.register import queries
from cases.register.actions import draft_case, move_case, open_government_case, recuse, write_note
from cases.register.models import Case
from cases.rules import lifecycle
from cases.rules.facts import with_facts
from cases.rules.steps import next_step
from tests import walk
from tests.cast import Cast


def seen(case: Case, user: Any, now: datetime) -> Case:
    """The case as its page loads it."""
    visible = queries.with_stage_left(with_facts(Case.objects.visible_to(user, now), now))
    return visible.select_related("model_version__model", "developer", "policy_version").get(pk=case.pk)


def offered(case: Case, user: Any, now: datetime) -> dict[str, bool]:
    """Names of the moves offered, and whether each is open."""
    return {offer.move.name: offer.off is None for offer in queries.moves_for(case, user, now)}


def primary(case: Case, user: Any, now: datetime) -> str | None:
    """The one primary move."""
    found = [offer.move.name for offer in queries.moves_for(case, user, now) if offer.primary]
    assert len(found) <= 1
    return found[0] if found else None


# -- the head -------------------------------------------------------------------------------------------------------


def test_the_stage_bar_of_a_live_case(cast: Cast, now: datetime) -> None:
    """What was, what is, what is to come; without asking the database."""
    case = walk.acknowledged(cast, now)
    with CaptureQueriesContext(connection) as asked:
        bar = queries.stages(case)
    assert not asked.captured_queries
    assert [state for *_, state in bar] == ["done", "done", "now", "later", "later", "later", "later"]
    assert [id for id, *_ in bar] == [stage for stage in lifecycle.STAGES if stage != "withdrawn"]


def test_the_stage_bar_of_an_ended_case(cast: Cast, now: datetime) -> None:
    """It ends where the case ended, with its own word."""
    case = move_case(case=walk.benchmarking(cast, now), name="withdraw", by=cast.signatory, now=now)
    bar = queries.stages(seen(case, cast.liaison, now))
    assert bar[-2:] == [("benchmarking", "Benchmarking", "done"), ("withdrawn", "Withdrawn", "ended")]
    assert queries.stages(case)[-2][0] == "scoping"  # without `with_stage_left`: as its instants tell
    draft = move_case(case=walk.drafted(cast, now), name="discard", by=cast.liaison, now=now)
    assert [id for id, *_ in queries.stages(seen(draft, cast.liaison, now))] == ["draft", "closed"]


def test_the_next_step_of_every_stage(cast: Cast, now: datetime) -> None:
    """A sentence, who owes it, until when; the developer is not told how the agency works."""
    case = walk.submitted(cast, now)
    step = next_step(case, cast.liaison, now)
    assert (step.owed_by, step.until) == ("Case officer", case.acknowledge_due_at)
    for stage in lifecycle.LIVE:
        case.stage = stage
        for person in (cast.liaison, cast.officer, cast.auditor):
            step = next_step(case, person, now)
            assert step.sentence.endswith(".")
            assert step.owed_by
        if stage in ("benchmarking", "labeling"):
            assert "Nothing is asked of you" in next_step(case, cast.liaison, now).sentence
            assert "Nothing is asked of you" not in next_step(case, cast.officer, now).sentence
    case.stage, case.closed_reason = "closed", "completed"
    assert (
        next_step(case, cast.liaison, now).sentence == "The case has ended: review ended. It never reopens."
    )
    case.stage, case.closed_reason = "withdrawn", ""
    assert "withdrawn by the developer" in next_step(case, cast.officer, now).sentence


def test_moves_are_listed_by_role(cast: Cast, now: datetime) -> None:
    """Nobody sees a move that its roles do not carry; one primary at most; far-reaching moves are never primary."""
    case = seen(walk.acknowledged(cast, now), cast.officer, now)
    assert offered(case, cast.officer, now) == {"documents_only": True, "close_early": True, "lapse": True}
    assert primary(case, cast.officer, now) == "documents_only"
    assert offered(case, cast.signatory, now) == {"begin_access": True, "withdraw": True}
    assert primary(case, cast.signatory, now) == "begin_access"
    assert queries.moves_for(case, cast.signatory, now)[0].url.endswith("#access")
    for who in ("liaison", "evaluator", "auditor", "records", "official", "security"):
        assert offered(case, cast.people[who], now) == {}, who


def test_a_move_whose_turn_it_is_not_says_why(cast: Cast, now: datetime) -> None:
    """The button is there, off, with the guard's sentence; it is not primary."""
    case = draft_case(by=cast.liaison, now=now)
    offers = queries.moves_for(seen(case, cast.liaison, now), cast.liaison, now)
    submit = next(offer for offer in offers if offer.move.name == "submit")
    assert submit.off is not None
    assert "Name the model version first" in submit.off
    assert not submit.primary
    whole = walk.drafted(cast, now)
    assert primary(seen(whole, cast.liaison, now), cast.liaison, now) == "submit"
    assert primary(seen(whole, cast.signatory, now), cast.signatory, now) is None


def test_the_head_asks_little(cast: Cast, now: datetime) -> None:
    """Each guard once, no more, in the stage that has most of them."""
    case = walk.benchmarking(cast, now)
    move_case(case=case, name="label_without_evidence", by=cast.officer, now=now)
    case = seen(case, cast.officer, now)
    cast.officer.appointments_at(now)
    with CaptureQueriesContext(connection) as asked:
        queries.moves_for(case, cast.officer, now)
        next_step(case, cast.officer, now)
        queries.stages(case)
    assert len(asked) == 0


# -- the section ----------------------------------------------------------------------------------------------------


def test_the_section_shows_each_side_its_own(cast: Cast, now: datetime) -> None:
    """Assignments and recusals inside only; notes to their readers only; dates and the developer's people to all."""
    case = walk.acknowledged(cast, now)
    recuse(case=case, person=cast.evaluator2, reason="shares", by=cast.officer, now=now)
    write_note(case=case, text="inward", by=cast.officer, now=now)
    for who, inside, notes in (
        ("liaison", False, 0), ("signatory", False, 0), ("officer", True, 1), ("evaluator", True, 1),
        ("auditor", True, 0), ("records", True, 0),
    ):  # fmt: skip
        person = cast.people[who]
        section = queries.section(case, person, now)
        assert len(section["assigned"]) == (2 if inside else 0), who
        assert [p.name for p in section["recused"]] == ([cast.evaluator2.name] if inside else []), who
        assert {p.name for p in section["developer"]} == {cast.liaison.name, cast.signatory.name}
        assert len(section["notes"]) == notes, who
        assert len(section["releases"]) == 1


def test_the_section_costs_three_queries(cast: Cast, now: datetime) -> None:
    """Whatever the number of people, notes and dates."""
    case = walk.acknowledged(cast, now)
    for number in range(5):
        write_note(case=case, text=f"note {number}", by=cast.officer, now=now)
    case = seen(case, cast.officer, now)
    cast.officer.appointments_at(now)
    with CaptureQueriesContext(connection) as asked:
        section = queries.section(case, cast.officer, now)
    assert len(asked) == 3
    assert len(section["notes"]) == 3


# -- what waits -----------------------------------------------------------------------------------------------------


def test_what_waits_for_whom(cast: Cast, now: datetime) -> None:
    """Officers: submissions and cases without an evaluator; liaisons: their own drafts; others nothing here."""
    draft, received = walk.drafted(cast, now), walk.submitted(cast, now)
    scoping = move_case(case=walk.submitted(cast, now), name="acknowledge", by=cast.officer, now=now)
    walk.acknowledged(cast, now)
    officer = {(w.verb, w.case_number): w for w in queries.waiting(cast.officer, now)}
    assert set(officer) == {("Acknowledge", received.number), ("Assign an evaluator", scoping.number)}
    first = officer["Acknowledge", received.number]
    assert first.until == received.acknowledge_due_at
    assert first.url.endswith("/move/acknowledge/")
    assert first.tracking_number == received.tracking_number
    liaison = queries.waiting(cast.liaison, now)
    assert [(w.verb, w.case_number) for w in liaison] == [("Complete and submit", draft.number)]
    for who in ("stranger", "signatory", "lead", "evaluator", "partner", "auditor", "admin"):
        assert queries.waiting(cast.people[who], now) == [], who


@pytest.mark.parametrize("who", ["officer", "liaison"])
def test_waiting_costs_the_same_for_many(who: str, cast: Cast, now: datetime) -> None:
    """Flat in cases."""
    counts = []
    for _ in range(2):
        walk.drafted(cast, now), walk.submitted(cast, now)
        cast.people[who].appointments_at(now)
        with CaptureQueriesContext(connection) as asked:
            queries.waiting(cast.people[who], now)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 2


def test_a_government_case_has_no_access_to_wait_for(cast: Cast, now: datetime) -> None:
    """Its next step in scoping is the officer's alone."""
    case = open_government_case(
        by=cast.lead, now=now, developer=cast.developer, model="Meridian", version="9"
    )
    assert next_step(case, cast.officer, now).owed_by == "Case officer"
