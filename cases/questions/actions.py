"""What people do with questions: ask, answer or not, write, close, take back; and mark a case as seen."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Model as Row

from accounts.models import Appointment, User
from cases.documents.models import Document
from cases.questions import guards
from cases.questions.models import (
    LastSeen,
    Question,
    QuestionDocument,
    QuestionMessage,
    QuestionThread,
    subject_choices,
    wants_choices,
)
from cases.register.actions import locked
from cases.register.journal import happened
from cases.register.models import Case
from cases.rules import clock, policy
from portal.kit.actions import action
from portal.kit.refusal import Refused, conflict

UNKNOWN = "Something you chose is not among your own documents of this case. Choose again from the list."


def _refuse(refused: Refused | None) -> None:
    if refused is not None:
        raise refused


def default_due(case: Case, now: datetime) -> datetime:
    """The hour by which the case's policy version asks for answers."""
    return clock.due_at("question", now, case.policy_version.clocks)


# -- asking -----------------------------------------------------------------------------------------------------------


@action
def open_thread(
    *, case: Case, subject: str, title: str, text: str, wants: str, by: User, now: datetime,
    due_at: datetime | None = None,
) -> QuestionThread:  # fmt: skip
    """Open a thread with its first question. due_at: by when an answer is asked for; None means the policy's hour."""
    case = locked(case)
    _refuse(guards.ask_refusal(by, case, now))
    appointment = policy.require(by, guards.ASK, case, now=now)
    if subject not in dict(subject_choices()):
        raise Refused("Choose a topic from the list.")
    if Question.objects.filter(thread__case=case, thread__title=title, text=text, asked_by=by).exists():
        raise conflict("You asked this already. It stands among the questions of the case.")
    thread = QuestionThread.objects.create(
        case=case, subject=subject, title=title, opened_at=now, opened_by=by
    )
    _ask(thread, 1, text, wants, due_at, appointment, now, [thread])
    return thread


@action
def ask(
    *, thread: QuestionThread, text: str, wants: str, by: User, now: datetime, due_at: datetime | None = None
) -> Question:
    """Ask another question in a thread."""
    thread.case = locked(thread.case)
    _refuse(guards.ask_refusal(by, thread.case, now))
    appointment = policy.require(by, guards.ASK, thread.case, now=now)
    last = thread.questions.order_by("-number").first()
    if last is not None and (last.text, last.asked_by_id) == (text, by.pk):
        raise conflict("You asked this already. It is the newest question of the thread.")
    return _ask(thread, (last.number if last else 0) + 1, text, wants, due_at, appointment, now, [])


def _ask(
    thread: QuestionThread, number: int, text: str, wants: str, due_at: datetime | None, appointment: Appointment,
    now: datetime, rows: list[Row],
) -> Question:  # fmt: skip
    if wants not in dict(wants_choices()):
        raise Refused("Choose the kind of answer from the list.")
    if due_at is not None:
        _refuse(guards.due_refusal(due_at, now))
    question = Question.objects.create(
        thread=thread, number=number, text=text, wants=wants, asked_at=now, asked_by=appointment.person,
        appointment=appointment, due_at=due_at or default_due(thread.case, now),
    )  # fmt: skip
    _happened("question.asked", question, appointment, now, [*rows, question])
    return question


def _happened(
    kind: str, question: Question, appointment: Appointment, now: datetime, rows: Sequence[Row]
) -> None:
    thread = question.thread
    happened(
        kind, case=thread.case, by=appointment.person, now=now, appointment=appointment, subject=thread, rows=rows
    )  # fmt: skip


def _locked(question: Question) -> Question:
    """The question's row, locked after its case's row."""
    case = locked(question.thread.case)
    fresh = Question.objects.select_for_update(of=("self",)).select_related("thread").get(pk=question.pk)
    fresh.thread.case = case
    return fresh


def _refuse_stale(question: Question, revision: int | None) -> None:
    """Asked after the guards, which say it better where the very step was taken meanwhile."""
    if revision is not None and revision != question.revision:
        raise conflict(guards.STALE)


def _save(question: Question) -> None:
    question.revision += 1
    question.save()


# -- answering --------------------------------------------------------------------------------------------------------


@action
def answer(
    *, question: Question, by: User, now: datetime, text: str = "", on: date | None = None, yes: bool | None = None,
    documents: Sequence[Document] = (), whole: bool = True, revision: int | None = None,
) -> QuestionMessage:  # fmt: skip
    """Answer, whole or in part, with documents of the developer's own in the case."""
    question = _locked(question)
    _refuse(guards.answer_refusal(by, question, now))
    _refuse_stale(question, revision)
    appointment = policy.require(by, guards.ANSWER, question.thread.case, now=now)
    papers = _own_documents(question, documents, appointment, now)
    _refuse(guards.answer_content_refusal(question, whole, text, on, yes, papers))
    rows = _say(
        question, "answer" if whole else "part", text, appointment, now, on=on, yes=yes, papers=papers
    )
    question.answered_as = "answered" if whole else "part"
    question.answered_at = now if whole else None
    _save(question)
    kind = "question.answered" if whole else "question.answered_in_part"
    _happened(kind, question, appointment, now, [question, *rows])
    return rows[0]


@action
def decline(
    *, question: Question, by: User, now: datetime, text: str = "", revision: int | None = None
) -> QuestionMessage:
    """Say that the question is not answered, with a reason or without. Nothing follows from it."""
    question = _locked(question)
    _refuse(guards.decline_refusal(by, question, now))
    _refuse_stale(question, revision)
    appointment = policy.require(by, guards.ANSWER, question.thread.case, now=now)
    rows = _say(question, "declined", text, appointment, now)
    question.answered_as, question.answered_at = "declined", now
    _save(question)
    _happened("question.declined", question, appointment, now, [question, *rows])
    return rows[0]


@action
def write_message(*, question: Question, text: str, by: User, now: datetime) -> QuestionMessage:
    """Write a message to a question: a remark, a correction, something to add. Either side does."""
    question = _locked(question)
    _refuse(guards.message_refusal(by, question, now))
    appointment = guards.speaker(by, question.thread.case, now)
    assert appointment is not None
    rows = _say(question, "message", text, appointment, now)
    _happened("question.messaged", question, appointment, now, rows)
    return rows[0]


def _say(
    question: Question, kind: str, text: str, appointment: Appointment, now: datetime, *, on: date | None = None,
    yes: bool | None = None, papers: Sequence[Document] = (),
) -> list[Any]:  # fmt: skip
    """The message, and the rows of the documents it carries. The same words twice are one message sent twice."""
    by = appointment.person
    last = question.messages.filter(by=by).order_by("-at", "-pk").first()
    if last is not None and text and (last.kind, last.text) == (kind, text):
        raise conflict("You sent this already. It stands in the thread.")
    message = QuestionMessage.objects.create(
        question=question, kind=kind, text=text, on=on, yes=yes, at=now, by=by, appointment=appointment
    )
    attached = [
        QuestionDocument.objects.create(message=message, document=one, attached_at=now) for one in papers
    ]
    return [message, *attached]


def _own_documents(
    question: Question, documents: Sequence[Document], appointment: Appointment, now: datetime
) -> list[Document]:
    wanted = {document.pk for document in documents}
    seen = Document.objects.visible_to(appointment.person, now).filter(
        case=question.thread.case, owner=appointment.organisation, withdrawn_at__isnull=True, pk__in=wanted
    )
    found = list(seen.order_by("created_at", "pk"))
    if len(found) != len(wanted):
        raise Refused(UNKNOWN)
    return found


# -- ending -----------------------------------------------------------------------------------------------------------


@action
def close_question(*, question: Question, by: User, now: datetime, revision: int | None = None) -> Question:
    """Close a question as answered."""
    question = _locked(question)
    _refuse(guards.close_refusal(by, question, now))
    return _end(question, "closed", by, now, revision)


@action
def take_back(*, question: Question, by: User, now: datetime, revision: int | None = None) -> Question:
    """Take a question back; it stays in the record."""
    question = _locked(question)
    _refuse(guards.take_back_refusal(by, question, now))
    return _end(question, "taken_back", by, now, revision)


def _end(question: Question, how: str, by: User, now: datetime, revision: int | None) -> Question:
    _refuse_stale(question, revision)
    appointment = policy.require(by, guards.ASK, question.thread.case, now=now)
    question.ended_as, question.ended_at, question.ended_by = how, now, by
    _save(question)
    kind = "question.closed" if how == "closed" else "question.taken_back"
    _happened(kind, question, appointment, now, [question])
    return question


# -- seen -------------------------------------------------------------------------------------------------------------


@action
def mark_seen(*, case: Case, until: datetime, by: User, now: datetime) -> LastSeen:
    """Keep for `by` alone that it has seen the case as of `until`, the hour of the page. It never goes back."""
    if until > now:
        raise Refused(
            "A case is not seen ahead of time. Open its page again and press once more.", conflict=True
        )
    case = locked(case)
    if not Case.objects.visible_to(by, now).filter(pk=case.pk).exists():
        raise Refused("This case is not open to you.")
    mark = LastSeen.objects.filter(case=case, person=by).first() or LastSeen(
        case=case, person=by, seen_at=until
    )
    mark.seen_at = max(mark.seen_at, until)
    mark.save()
    return mark
