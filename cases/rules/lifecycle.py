"""The life of a case: its stages and every move between them.

One row a move: from, to, the permission it takes, the guards that must be quiet, the event it leaves. To add a
move, add its row here and its event in events.py. Guards ask the case's own fields and `facts`, and answer None or a
sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cases.rules.facts import holds

if TYPE_CHECKING:
    from cases.register.models import Case

DRAFT: Final = "draft"
RECEIVED: Final = "received"
SCOPING: Final = "scoping"
ACCESS: Final = "access"
BENCHMARKING: Final = "benchmarking"
LABELING: Final = "labeling"
CLOSED: Final = "closed"
WITHDRAWN: Final = "withdrawn"

STAGES: Final = {
    DRAFT: "Draft",
    RECEIVED: "Received",
    SCOPING: "Scoping",
    ACCESS: "Access",
    BENCHMARKING: "Benchmarking",
    LABELING: "Labeling",
    CLOSED: "Closed",
    WITHDRAWN: "Withdrawn",
}
TERMINAL: Final = frozenset({CLOSED, WITHDRAWN})
LIVE: Final = tuple(stage for stage in STAGES if stage not in TERMINAL)
UNDER_REVIEW: Final = tuple(stage for stage in LIVE if stage != DRAFT)

ORIGINS: Final = {
    "developer_inquiry": "Developer's inquiry: is my model covered?",
    "developer_offer": "Developer's offer of pre-release access",
    "government": "Opened by the government",
    "re_evaluation": "Re-evaluation of an earlier case",
}
CLOSED_REASONS: Final = {
    "completed": "review ended",
    "opened_in_error": "opened in error",
    "duplicate": "duplicate of another case",
    "lapsed": "lapsed unsigned; no consequence follows",
    "discarded": "draft discarded",
}

Guard = Callable[["Case", datetime], str | None]


# -- guards ---------------------------------------------------------------------------------------------------------


def has_model_version(case: "Case", now: datetime) -> str | None:
    """A submission names a model version."""
    return (
        None if case.model_version_id else "Name the model version first: a case reviews one model version."
    )


def has_release_date(case: "Case", now: datetime) -> str | None:
    """A submission states when general release is planned."""
    if (
        case.model_version is not None
        and case.model_version.milestones.filter(kind="general_release").exists()
    ):
        return None
    return "State the planned general release date first; you may change it at any time."


def both_signed(case: "Case", now: datetime) -> str | None:
    """Access begins with one agreement version signed by both sides."""
    if holds(case, "signed_agreement", now):
        return None
    return "The access agreement is not signed by both sides yet. Ask the signing official who is missing to sign."


def window_not_started(case: "Case", now: datetime) -> str | None:
    """Access goes back to scoping only before the window starts."""
    if holds(case, "started_window", now):
        return (
            "The access window has started, so the case cannot go back to scoping. Move it on, or close it."
        )
    return None


def no_live_grant(case: "Case", now: datetime) -> str | None:
    """A case is not closed while a grant is not terminal."""
    if holds(case, "open_grant", now):
        return "A grant is still open. End it, or wait for its term, before closing the case."
    return None


def evidence_or_pointer(case: "Case", now: datetime) -> str | None:
    """Labeling needs an accepted run on a fixed suite version, or a high-side pointer that a second person checked."""
    if holds(case, "accepted_run", now) or holds(case, "checked_pointer", now):
        return None
    return (
        "There is no accepted run and no checked high-side pointer yet. Accept a run, or record where the result is "
        "kept and have another evaluator check the cover text."
    )


def determination_signed(case: "Case", now: datetime) -> str | None:
    """Closing from labeling needs a signed determination."""
    if holds(case, "determination", now):
        return None
    return "The determination is not signed yet. The determining official signs it under Decisions."


def nothing_determined(case: "Case", now: datetime) -> str | None:
    """What was determined stays on its evidence: no more is taken in, and no case closes as if undecided."""
    if holds(case, "determination", now):
        return "A determination of this case is in force. Close the case on it, or have it rescinded first."
    return None


def consultations_settled(case: "Case", now: datetime) -> str | None:
    """Every required consultation is answered or stored as an explicit no response."""
    if holds(case, "open_consultation", now):
        return "A required consultation is still open. Wait for the answer, or record it as no response."
    return None


def disclosure_recorded(case: "Case", now: datetime) -> str | None:
    """What the developer is told is decided before the case closes."""
    if holds(case, "disclosure", now):
        return None
    return "Record first what of the determination is disclosed to the developer."


def not_government(case: "Case", now: datetime) -> str | None:
    """A developer cannot withdraw a case the government opened itself."""
    if case.origin == "government":
        return "The government opened this case itself, so it is not the developer's to withdraw."
    return None


def never_signed(case: "Case", now: datetime) -> str | None:
    """Lapsed means only that the developer left a scoping case unsigned."""
    if holds(case, "developer_signature", now):
        return (
            "The developer has signed an agreement, so the case did not lapse. Close it for another reason."
        )
    return None


# -- moves ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Move:
    """One way from one stage to the next, and the permission it takes."""

    name: str
    frm: str
    to: str
    permission: str
    event: str
    label: str
    guards: tuple[Guard, ...] = ()
    confirm: str = ""


def _withdrawals() -> tuple[Move, ...]:
    says = (
        "Every grant ends at once and a withdrawn case never reopens. Submitted documents remain as records."
    )
    return tuple(
        Move("withdraw", stage, WITHDRAWN, "case.withdraw", "case.withdrawn", "Withdraw the case", (not_government,), says)
        for stage in LIVE
    )  # fmt: skip


def _closings() -> tuple[Move, ...]:
    says = "A closed case never reopens."
    early = tuple(
        Move("close_early", stage, CLOSED, "case.close", "case.closed", "Close without a determination",
             (nothing_determined, no_live_grant), says)
        for stage in UNDER_REVIEW
    )  # fmt: skip
    return (
        *early,
        Move("lapse", SCOPING, CLOSED, "case.close", "case.closed", "Record as lapsed", (no_live_grant, never_signed), says),
        Move("close", LABELING, CLOSED, "case.close", "case.closed", "Close the case",
             (determination_signed, consultations_settled, disclosure_recorded, no_live_grant), says),
    )  # fmt: skip


MOVES: Final[tuple[Move, ...]] = (
    Move("submit", DRAFT, RECEIVED, "case.submit", "case.submitted", "Submit", (has_model_version, has_release_date)),
    Move("discard", DRAFT, CLOSED, "case.discard", "case.discarded", "Discard the draft", (), "The draft is kept as a record and never reopens."),
    Move("recall", RECEIVED, DRAFT, "case.recall", "case.recalled", "Recall the submission"),
    Move("acknowledge", RECEIVED, SCOPING, "case.acknowledge", "case.acknowledged", "Acknowledge"),
    Move("begin_access", SCOPING, ACCESS, "agreement.begin_access", "case.moved", "Sign the agreement", (both_signed,)),
    Move("documents_only", SCOPING, BENCHMARKING, "case.advance", "case.moved", "Begin benchmarking on documents alone"),
    Move("rescope", ACCESS, SCOPING, "case.advance", "case.moved", "Return to scoping", (window_not_started,)),
    Move("benchmark", ACCESS, BENCHMARKING, "case.advance", "case.moved", "Begin benchmarking"),
    Move("offer_access", BENCHMARKING, SCOPING, "case.advance", "case.moved", "Return to scoping: access is offered"),
    Move("label", BENCHMARKING, LABELING, "case.advance", "case.moved", "Begin labeling", (evidence_or_pointer,)),
    Move("label_without_evidence", BENCHMARKING, LABELING, "case.advance", "case.moved", "Go to labeling without evidence",
         (), "Only the outcome “no determination” can follow."),
    Move("more_evidence", LABELING, BENCHMARKING, "case.advance", "case.moved", "Return for more evidence", (nothing_determined,)),
    *_closings(),
    *_withdrawals(),
)  # fmt: skip


def move(name: str, stage: str) -> Move | None:
    """The move called `name` out of `stage`, or None."""
    return next((m for m in MOVES if m.name == name and m.frm == stage), None)


def moves_from(stage: str) -> tuple[Move, ...]:
    """Every move out of `stage`, in the order of the table."""
    return tuple(m for m in MOVES if m.frm == stage)


def guard_sentence(the_move: Move, case: "Case", now: datetime) -> str | None:
    """The first guard's sentence, or None when the way is free."""
    return next((said for guard in the_move.guards if (said := guard(case, now))), None)


def stage_choices() -> list[tuple[str, str]]:
    """Choices of the stage field."""
    return list(STAGES.items())


def origin_choices() -> list[tuple[str, str]]:
    """Choices of the origin field."""
    return list(ORIGINS.items())


def closed_reason_choices() -> list[tuple[str, str]]:
    """Choices of the closed-reason field."""
    return list(CLOSED_REASONS.items())
