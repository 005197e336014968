"""When a step of labeling may be taken: each guard answers None or a sentence. Who may take it is `rules.policy`.

Guards look at rows that are already loaded, so that a page asks them for its buttons and an action for its refusal.
"""

from collections.abc import Sequence
from datetime import datetime

from cases.labels import texts
from cases.labels.models import Consultation, Determination, Disclosure
from cases.labels.packets import Packet, has_evidence
from cases.register.models import Case
from cases.rules import lifecycle

COMMENTED = frozenset({"concur_with_comment", "do_not_concur"})
OFFICE_ANSWERS = ("concur", "concur_with_comment", "do_not_concur", "no_view")


def in_labeling(case: Case) -> str | None:
    """Consultations and determinations belong to the stage of labeling."""
    if case.stage == lifecycle.LABELING:
        return None
    stage = lifecycle.STAGES[case.stage].lower()
    return f"This case is in the stage “{stage}”. Offices are asked and determinations signed while it is in labeling."


def in_force(determinations: Sequence[Determination]) -> Determination | None:
    """The determination of a case that is signed and not rescinded."""
    return next((one for one in determinations if one.rescinded_at is None), None)


def asking(case: Case, determinations: Sequence[Determination]) -> str | None:
    """Offices are asked before the determination is signed."""
    if in_force(determinations) is not None:
        return "The determination is signed, so no office is asked any more."
    return in_labeling(case)


def answering(case: Case, consultation: Consultation, determinations: Sequence[Determination]) -> str | None:
    """An office answers once, before the determination, while the case lives."""
    if consultation.answer == "no_response":
        return "This consultation was recorded as no response. Ask the case officer to put it again on a new packet."
    if consultation.answer:
        return (
            "This consultation is answered already. An answer is given once; the case officer can ask again."
        )
    if case.is_terminal:
        return "This case has ended, so no answer is awaited any more."
    if in_force(determinations) is not None:
        return "The determination is signed, so an answer would come after it."
    return None


def comment_missing(answer: str, comment: str) -> str | None:
    """Some answers say nothing without a comment."""
    if answer in COMMENTED and not comment.strip():
        return "Say in a sentence what you comment or why you do not concur."
    return None


def settled(consultation: Consultation) -> str | None:
    """An answered consultation stays as it is."""
    return "This consultation is settled already." if consultation.answer else None


def closing(consultation: Consultation, reason: str, now: datetime) -> str | None:
    """No response is recorded after the due hour, or earlier with a reason."""
    said = settled(consultation)
    if said is not None:
        return said
    if now < consultation.due_at and not reason.strip():
        return "The due hour has not come yet. Give the reason for recording no response before it."
    return None


def open_required(consultations: Sequence[Consultation]) -> list[Consultation]:
    """Required consultations without an answer."""
    return [one for one in consultations if one.required and not one.answer]


def signing(
    case: Case,
    consultations: Sequence[Consultation],
    determinations: Sequence[Determination],
    *,
    roster: bool,
) -> str | None:
    """Signed once, in labeling, after every required office was heard. `roster`: whether the policy names offices."""
    if in_force(determinations) is not None:
        return "A determination of this case is signed and in force. Rescind it first to sign another."
    said = in_labeling(case)
    if said is not None:
        return said
    if roster and not consultations:
        return "No office has been asked yet. The case officer asks them on a frozen packet first."
    waiting = sorted({one.office.short_name for one in open_required(consultations)})
    if waiting:
        return (
            f"Required answers are open: {', '.join(waiting)}. Wait for them, or have no response recorded."
        )
    return None


def outcome(chosen: str, packet: Packet) -> str | None:
    """What may be determined on this evidence."""
    if not has_evidence(packet) and chosen != texts.NO_DETERMINATION:
        return "There is no accepted run and no high-side pointer, so only “no determination” can be signed."
    if chosen == texts.ELSEWHERE and not packet["pointers"]:
        return "Nothing says where it is recorded. Have the high-side pointer recorded first."
    return None


def disclosing(case: Case, determination: Determination, recorded: bool) -> str | None:
    """What is disclosed is recorded once, of a determination in force, and not after the developer withdrew."""
    if case.stage == lifecycle.WITHDRAWN:
        return "This case was withdrawn, so nothing of its determination is disclosed any more. The record stays."
    if determination.rescinded_at is not None:
        return "This determination was rescinded, so nothing of it is disclosed."
    if recorded:
        return "What is disclosed of this determination is recorded already."
    return None


def responding(disclosure: Disclosure) -> str | None:
    """A response is given once."""
    return "A response is recorded already and kept as it is." if disclosure.response else None


def rescinding(determination: Determination) -> str | None:
    """A determination is rescinded once."""
    return "This determination was rescinded already." if determination.rescinded_at else None


def extent(determination: Determination, chosen: str, summary: str, reason: str) -> str | None:
    """What each extent needs beside it."""
    if chosen == "none" and not reason.strip():
        return "Give the reason for disclosing nothing; the agency alone reads it."
    if determination.outcome == texts.DOES_NOT_MEET and summary.strip():
        return f"Outside the agency this outcome reads only “{texts.NO_LABEL}” Leave the summary empty."
    if chosen == "summary" and determination.outcome != texts.DOES_NOT_MEET and not summary.strip():
        return "Write the summary that the developer will read."
    return None
