"""When a question is asked, answered, ended: each guard answers a refusal or None.

Actions raise what a guard answers; pages show the same sentence beside a button that is off. The permission is asked
first. A question comes from `visible_to`, so nobody hears of one that it does not see.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from accounts.models import Appointment, User
from accounts.roles import DEVELOPER
from cases.questions.models import Question
from cases.register.models import Case
from cases.rules import clock, lifecycle, markings, policy, window
from portal.kit.refusal import Refused, conflict

ASK: Final = "question.ask"
ANSWER: Final = "question.answer"
CASE_ENDED: Final = (
    "This case has ended, so nothing is asked or answered on it any more. What was said stays."
)
STALE: Final = (
    "Someone changed this question while you had the page open. Look at what changed, then try again."
)
CLOSED: Final = "This question is closed. Write a message to it, or ask a new one in the thread."
TAKEN_BACK: Final = "This question was taken back, so nothing is said to it any more."


def ask_refusal(user: User, case: Case, now: datetime) -> Refused | None:
    """Why `user` may not ask the developer now. What would not reach the developer is not asked."""
    refused = policy.refused(user, ASK, case, now=now)
    if refused is None and case.stage in lifecycle.TERMINAL:
        return conflict(CASE_ENDED)
    if refused is None and case.origin == "government" and case.disclosed_at is None:
        return conflict("The developer does not know of this case, so nothing of it is asked.")
    if refused is None and DEVELOPER not in markings.MARKINGS[case.marking].readers:
        banner = markings.MARKINGS[case.marking].banner
        return conflict(f"This case is marked {banner}, so a question on it would not reach the developer.")
    return refused


def earliest_due(now: datetime) -> datetime:
    """The earliest hour by which an answer may be asked for: the close of the next business day."""
    return clock.add_business_days(now, 1)


def due_refusal(due_at: datetime, now: datetime) -> Refused | None:
    """Why an answer may not be asked for by this hour."""
    earliest = earliest_due(now)
    if due_at >= earliest:
        return None
    return Refused(
        f"The developer has one business day at least. Ask for the answer by {window.instant(earliest)} or later."
    )


def _answerable(user: User, question: Question, now: datetime) -> Refused | None:
    case = question.thread.case
    refused = policy.refused(user, ANSWER, case, now=now)
    if refused is not None:
        return refused
    if case.stage in lifecycle.TERMINAL:
        return conflict(CASE_ENDED)
    if question.ended_as:
        return conflict(TAKEN_BACK if question.ended_as == "taken_back" else CLOSED)
    return None


def answer_refusal(user: User, question: Question, now: datetime) -> Refused | None:
    """Why `user` may not answer now. After saying that it is not answered the developer may answer all the same."""
    refused = _answerable(user, question, now)
    if refused is None and question.answered_as == "answered":
        return conflict("This question is answered already. Write a message to add or to correct something.")
    return refused


def decline_refusal(user: User, question: Question, now: datetime) -> Refused | None:
    """Why `user` may not say now that the question is not answered."""
    refused = answer_refusal(user, question, now)
    if refused is None and question.answered_as == "declined":
        return conflict("It is said already that this question is not answered.")
    return refused


def speaker(user: User, case: Case, now: datetime) -> Appointment | None:
    """The appointment under which `user` speaks in threads of the case, for either side."""
    return policy.standing(user, ANSWER, case, now) or policy.standing(user, ASK, case, now)


def message_refusal(user: User, question: Question, now: datetime) -> Refused | None:
    """Why `user` may not write a message to the question now."""
    case = question.thread.case
    if policy.refusal(user, ANSWER, case, now=now) is not None:
        refused = policy.refused(user, ASK, case, now=now)
        if refused is not None:
            return refused
    if case.stage in lifecycle.TERMINAL:
        return conflict(CASE_ENDED)
    return conflict(TAKEN_BACK) if question.ended_as == "taken_back" else None


def _endable(user: User, question: Question, now: datetime) -> Refused | None:
    refused = policy.refused(user, ASK, question.thread.case, now=now)
    if refused is None and not question.is_open:
        return conflict(f"This question is {question.get_ended_as_display()} already.")
    return refused


def close_refusal(user: User, question: Question, now: datetime) -> Refused | None:
    """Why `user` may not close the question as answered now."""
    refused = _endable(user, question, now)
    if refused is None and not question.answered_as:
        return conflict("The developer has said nothing to this question yet. Take it back if it is settled.")
    return refused


def take_back_refusal(user: User, question: Question, now: datetime) -> Refused | None:
    """Why `user` may not take the question back now."""
    refused = _endable(user, question, now)
    if refused is None and question.answered_at is not None:
        return conflict("The developer has answered. Close the question as answered instead.")
    return refused


def answer_content_refusal(
    question: Question, whole: bool, text: str, on: date | None, yes: bool | None, documents: Collection[object]
) -> Refused | None:  # fmt: skip
    """What is missing in an answer: a whole one is of the kind that the question asks for, a part may be anything."""
    if not whole:
        said = bool(text or documents or on is not None or yes is not None)
        return None if said else Refused("Write something, or choose a document.")
    missing = {
        "text": ("Write the answer.", bool(text)),
        "document": ("Choose a document. Upload it first where it is not in the case yet.", bool(documents)),
        "date": ("Give the date.", on is not None),
        "yes_no": ("Choose yes or no.", yes is not None),
    }
    sentence, there = missing[question.wants]
    return None if there else Refused(f"{sentence} Or send it as a part, or say that you do not answer.")
