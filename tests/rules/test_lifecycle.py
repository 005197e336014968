"""The life of a case: every stage × move × person of the cast, and every guard."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from cases.register.models import Case, ModelVersion
from cases.rules import lifecycle, policy
from cases.rules.events import EVENTS
from demo.people import PEOPLE
from portal.kit.gate import writing
from tests import walk
from tests.cast import Cast

# The table of domain.md, written down a second time: move -> {from: to}.
ROUTES = {
    "submit": {"draft": "received"},
    "discard": {"draft": "closed"},
    "recall": {"received": "draft"},
    "acknowledge": {"received": "scoping"},
    "begin_access": {"scoping": "access"},
    "documents_only": {"scoping": "benchmarking"},
    "rescope": {"access": "scoping"},
    "benchmark": {"access": "benchmarking"},
    "offer_access": {"benchmarking": "scoping"},
    "label": {"benchmarking": "labeling"},
    "label_without_evidence": {"benchmarking": "labeling"},
    "more_evidence": {"labeling": "benchmarking"},
    "lapse": {"scoping": "closed"},
    "close": {"labeling": "closed"},
    "close_early": dict.fromkeys(("received", "scoping", "access", "benchmarking", "labeling"), "closed"),
    "withdraw": dict.fromkeys(
        ("draft", "received", "scoping", "access", "benchmarking", "labeling"), "withdrawn"
    ),
}
# Whose move it is; strangers, partners, auditors and administrators make none.
WHO = {
    **dict.fromkeys(("submit", "discard", "recall"), frozenset({"liaison"})),
    **dict.fromkeys(
        (
            "acknowledge", "documents_only", "rescope", "benchmark", "offer_access", "label",
            "label_without_evidence", "more_evidence", "lapse", "close", "close_early",
        ),
        frozenset({"officer"}),
    ),
    "begin_access": {"signatory", "lead"},
    "withdraw": {"signatory"},
}  # fmt: skip
AGENCY_WAITS = {"draft"}  # stages in which nothing is submitted, so the agency stands in no relation


def test_the_moves_are_those_of_the_table() -> None:
    """No move more, none less; each has its event; every stage is reached and every live stage is left."""
    found: dict[str, dict[str, str]] = {}
    for move in lifecycle.MOVES:
        assert move.event in EVENTS
        assert move.frm not in lifecycle.TERMINAL
        assert move.frm not in found.setdefault(move.name, {})
        found[move.name][move.frm] = move.to
    assert found == ROUTES
    assert {to for route in ROUTES.values() for to in route.values()} == set(lifecycle.STAGES)


def _case_in(stage: str, cast: Cast, version: ModelVersion, now: datetime) -> Case:
    """A bare case row in `stage`: what leads there is the business of other tests."""
    submitted = None if stage == "draft" else now
    return Case.objects.create(
        number=f"T-{stage}", origin="developer_offer", stage=stage, stage_since=now, developer=cast.developer,
        model_version=version, policy_version=cast.policy, created_at=now, created_by=cast.liaison,
        submitted_at=submitted, acknowledged_at=submitted, ended_at=now if stage in lifecycle.TERMINAL else None,
        closed_reason="completed" if stage == "closed" else "",
    )  # fmt: skip


def test_every_stage_move_and_person(cast: Cast, now: datetime) -> None:
    """Not one's move: a sentence, 403. One's move in another stage: 409. One's move here: the guards decide."""
    version = walk.drafted(cast, now).model_version
    checked = 0
    for stage in lifecycle.STAGES:
        with writing():
            case = _case_in(stage, cast, version, now)
        for name, route in ROUTES.items():
            for who in PEOPLE:
                refused = policy.move_refusal(cast.people[who], name, case, now)
                waits = stage in AGENCY_WAITS and who in ("officer", "lead")
                allowed = who in WHO[name] and not waits
                if not allowed:
                    assert refused is not None
                    assert refused.status == 403, (stage, name, who)
                elif stage not in route:
                    assert refused is not None
                    assert refused.status == 409, (stage, name, who)
                else:
                    assert lifecycle.move(name, stage).to == route[stage]
                    said = lifecycle.guard_sentence(lifecycle.move(name, stage), case, now)
                    assert (refused.sentence if refused else None) == said, (stage, name, who)
                checked += 1
    assert checked == len(lifecycle.STAGES) * len(ROUTES) * len(PEOPLE)


class _Rows:
    """Stands for a related manager: it finds something or nothing, whatever is asked."""

    def __init__(self, found: bool) -> None:
        self.found = found

    def filter(self, **_: Any) -> "_Rows":
        return self

    def exists(self) -> bool:
        return self.found


def _standin(**facts: Any) -> Any:
    return SimpleNamespace(**{k: _Rows(v) if isinstance(v, bool) else v for k, v in facts.items()})


def _version(dated: bool) -> Any:
    return SimpleNamespace(milestones=_Rows(dated))


NO_EVIDENCE = {"runs": False, "high_side_pointers": False}
QUIET_AND_SAYING = [
    (lifecycle.has_model_version, {"model_version_id": 1}, {"model_version_id": None}),
    (
        lifecycle.has_release_date,
        {"model_version_id": 1, "model_version": _version(True)},
        {"model_version_id": 1, "model_version": _version(False)},
    ),
    (lifecycle.both_signed, {"agreements": True}, {"agreements": False}),
    (lifecycle.window_not_started, {"window_periods": False}, {"window_periods": True}),
    (lifecycle.no_live_grant, {"grants": False}, {"grants": True}),
    (lifecycle.evidence_or_pointer, {"runs": True, "high_side_pointers": False}, NO_EVIDENCE),
    (lifecycle.evidence_or_pointer, {"runs": False, "high_side_pointers": True}, NO_EVIDENCE),
    (lifecycle.nothing_determined, {"determinations": False}, {"determinations": True}),
    (lifecycle.determination_signed, {"determinations": True}, {"determinations": False}),
    (lifecycle.consultations_settled, {"consultations": False}, {"consultations": True}),
    (lifecycle.disclosure_recorded, {"determinations": True}, {"determinations": False}),
    (lifecycle.not_government, {"origin": "developer_offer"}, {"origin": "government"}),
    (lifecycle.never_signed, {"agreements": False}, {"agreements": True}),
]  # fmt: skip


@pytest.mark.parametrize(("guard", "quiet", "saying"), QUIET_AND_SAYING)
def test_every_guard(guard: Any, quiet: dict[str, Any], saying: dict[str, Any]) -> None:
    """Each guard is quiet when the way is free, and else says in a whole sentence what to do."""
    now = datetime(2026, 12, 3, tzinfo=UTC)
    case = _standin(**quiet)
    assert guard(case, now) is None
    said = guard(_standin(**saying), now)
    assert said
    assert said.endswith(".")


def test_every_guard_of_the_table_is_tested() -> None:
    """A new guard needs a row above."""
    used = {guard for move in lifecycle.MOVES for guard in move.guards}
    assert used == {guard for guard, *_ in QUIET_AND_SAYING}


def test_what_each_move_asks_for() -> None:
    """The guards of the moves that decide most, by name."""

    def names(name: str, stage: str) -> list[str]:
        return [guard.__name__ for guard in lifecycle.move(name, stage).guards]

    assert names("submit", "draft") == ["has_model_version", "has_release_date"]
    assert names("close", "labeling") == [
        "determination_signed", "consultations_settled", "disclosure_recorded", "no_live_grant",
    ]  # fmt: skip
    assert all("no_live_grant" in names("close_early", stage) for stage in ROUTES["close_early"])
    assert all(names("withdraw", stage) == ["not_government"] for stage in ROUTES["withdraw"])


@pytest.mark.parametrize("terminal", sorted(lifecycle.TERMINAL))
def test_the_database_refuses_reopening(terminal: str, cast: Cast, now: datetime) -> None:
    """What the law refuses, the database refuses too: an ended case has no other stage any more."""
    from django.db import IntegrityError, transaction

    version = walk.drafted(cast, now).model_version
    with writing():
        case = _case_in(terminal, cast, version, now)
        case.stage, case.ended_at, case.closed_reason = "scoping", None, ""
        with pytest.raises(IntegrityError), transaction.atomic():
            case.save()


def test_silence_moves_nothing(cast: Cast, now: datetime) -> None:
    """A target that is missed by a year leaves the case where it is and the developer's moves open."""
    case = walk.submitted(cast, now)
    later = now + timedelta(days=365)
    case.refresh_from_db()
    assert case.stage == "received"
    assert policy.move_refusal(cast.liaison, "recall", case, later) is None
    assert policy.move_refusal(cast.signatory, "withdraw", case, later) is None
