"""The next step of a case: one sentence, whose it is, and until when; it follows from the stage and from facts.

A row of a stage is a question to the facts with the step that follows when it is answered yes; the first row counts.
To change what a stage asks for next, change its rows.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from accounts.models import User
from cases.rules import lifecycle, visibility
from cases.rules.facts import awaited, evaluated, holds

if TYPE_CHECKING:
    from cases.register.models import Case

LIAISON: Final = "Developer liaison"
OFFICER: Final = "Case officer"
EVALUATORS: Final = "Evaluators"
OFFICIAL: Final = "Determining official"
BOTH: Final = "Signing officials of both sides"
DEVELOPER_SIGNER: Final = "Developer's signing official"
AGENCY_SIGNER: Final = "Agency's signing official"


class Step(NamedTuple):
    """What comes next, whose it is, and until when where that is set."""

    sentence: str
    owed_by: str
    until: datetime | None = None


Question = Callable[["Case", datetime], bool]
Row = tuple[Question, Step]


def _fact(name: str) -> Question:
    return lambda case, now: holds(case, name, now)


def _not(name: str) -> Question:
    return lambda case, now: not holds(case, name, now)


def _has_evidence(case: "Case", now: datetime) -> bool:
    return holds(case, "accepted_run", now) or holds(case, "checked_pointer", now)


def _always(case: "Case", now: datetime) -> bool:
    return True


_ALONE: Final = " Benchmarking on documents alone is possible too."
STEPS: Final[dict[str, tuple[Row, ...]]] = {
    lifecycle.DRAFT: (
        (_always, Step("The developer's liaison completes the draft and submits it.", LIAISON)),
    ),
    lifecycle.RECEIVED: ((_always, Step("A case officer acknowledges the submission.", OFFICER)),),
    lifecycle.SCOPING: (
        (_fact("developer_offers"), Step(
            "The developer has signed the access agreement; the agency's signing official signs it next.", AGENCY_SIGNER)),
        (_fact("agency_offers"), Step(
            "The agency has signed the access agreement; the developer's signing official signs it next." + _ALONE,
            DEVELOPER_SIGNER)),
        (_fact("offered_agreement"), Step("Both sides sign the access agreement." + _ALONE, BOTH)),
        (_always, Step("The case officer drafts the access agreement, which both sides sign." + _ALONE, OFFICER)),
    ),
    lifecycle.ACCESS: (
        (_fact("open_grant"), Step("The agency uses its access; the case officer then begins benchmarking.", OFFICER)),
        (_always, Step("No grant is open. The case officer issues one, or begins benchmarking.", OFFICER)),
    ),
    lifecycle.BENCHMARKING: (
        (_has_evidence, Step("Evidence is accepted. The case officer begins labeling when it suffices.", OFFICER)),
        (lambda case, now: not evaluated(case), Step("The case officer assigns an evaluator.", OFFICER)),
        (_always, Step("Evaluators import and accept runs; the case officer then begins labeling.", EVALUATORS)),
    ),
    lifecycle.LABELING: (
        (_fact("open_consultation"), Step("", "")),  # `_consulting` words it
        (lambda case, now: not (holds(case, "determination", now) or holds(case, "consultation", now)), Step(
            "The case officer asks the offices that the policy names, if any; the determining official signs after them.", OFFICER)),
        (_not("determination"), Step("No required answer is open. The determining official signs.", OFFICIAL)),
        (_not("disclosure"), Step(
            "The determination is signed. The case officer records what of it is disclosed to the developer.", OFFICER)),
        (_fact("open_grant"), Step("Everything is recorded. The case officer closes the case once no grant is open.", OFFICER)),
        (_always, Step("Everything is recorded. The case officer closes the case.", OFFICER)),
    ),
}  # fmt: skip
GOVERNMENT_SCOPING: Final = Step(
    "The case officer begins benchmarking; a case the government opened has no access.", OFFICER
)
# What the developer reads where the agency works: nothing of who has answered what.
DEVELOPER_READS: Final = Step("The agency completes its review. Nothing is asked of you.", "Agency")
DEVELOPER_TOLD: Final = Step(
    "What is disclosed to you stands under Decisions, and you may respond. Nothing is asked of you.", "Agency"
)


def next_step(case: "Case", user: User, now: datetime) -> Step:
    """What comes next, who owes it, and until when. `user` decides only how much of the agency's work is told."""
    if case.is_terminal:
        reason = lifecycle.CLOSED_REASONS.get(case.closed_reason, "withdrawn by the developer")
        return Step(f"The case has ended: {reason}. It never reopens.", "")
    if case.stage == lifecycle.SCOPING and case.origin == "government":
        return GOVERNMENT_SCOPING
    if case.stage in (lifecycle.BENCHMARKING, lifecycle.LABELING) and not visibility.inside(user, case, now):
        told = case.stage == lifecycle.LABELING and holds(case, "disclosure", now)
        return DEVELOPER_TOLD if told else DEVELOPER_READS
    step = next(step for asks, step in STEPS[case.stage] if asks(case, now))
    if case.stage == lifecycle.RECEIVED:
        return step._replace(until=case.acknowledge_due_at)
    return step if step.sentence else _consulting(case)


def _consulting(case: "Case") -> Step:
    """Which offices owe their view, and until when the first of them."""
    waited = awaited(case)
    offices = ", ".join(dict.fromkeys(office for office, _ in waited))
    return Step(
        "Required views are open; the determining official signs after them.",
        offices,
        waited[0][1] if waited else None,
    )
