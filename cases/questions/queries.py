"""What pages ask about questions: the section of a case, one thread, what may be done in it, what is new."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse

from accounts.models import Appointment, User
from accounts.roles import ROLES
from cases.documents.models import Document
from cases.questions import guards
from cases.questions.models import LastSeen, Question, QuestionDocument, QuestionMessage, QuestionThread
from cases.questions.waiting import waiting
from cases.register.models import Case
from cases.rules import lifecycle, policy, visibility
from portal.kit.refusal import Refused

__all__ = ["page", "section", "waiting", "with_last_seen", "with_questions"]

TONES: Final = {"waits for an answer": "info", "answered in part": "info", "answered": "success"}
FACTS: Final = ("asked_at", "due_at", "answered_at", "ended_at")


def state_of(question: Question, case: Case) -> str:
    """The state of a question in a word."""
    if question.ended_as == "taken_back":
        return "taken back"
    if question.answered_at is None and case.stage in lifecycle.TERMINAL:
        return "ended with the case"
    if question.ended_as or question.answered_as:
        said: str = question.get_answered_as_display()
        return f"{said}, closed" if question.ended_as and question.answered_as != "declined" else said
    return "waits for an answer"


def _late(question: Question, case: Case, now: datetime) -> bool:
    return question.awaited and case.stage not in lifecycle.TERMINAL and question.due_at < now


# -- the section of a case --------------------------------------------------------------------------------------------


def with_last_seen(cases: QuerySet[Any], user: User) -> QuerySet[Any]:
    """Cases with `seen_at`, until when this person has seen each; None where it never said so."""
    mine = LastSeen.objects.filter(case=OuterRef("pk"), person=user)
    return cases.annotate(seen_at=Subquery(mine.values("seen_at")))


def with_questions(cases: QuerySet[Any], user: User, now: datetime) -> QuerySet[Any]:
    """Cases with `seen_threads`, what this person's section shows of them, within the query of the case."""
    asked = Question.objects.filter(thread=OuterRef("pk"))
    said = QuestionMessage.objects.filter(question__thread=OuterRef("pk"))
    facts = {name: name for name in (*FACTS, "answered_as", "ended_as")}
    rows = (
        QuestionThread.objects.visible_to(user, now)
        .filter(case=OuterRef("pk"))
        .annotate(
            asked=ArraySubquery(asked.order_by("number").values(facts=JSONObject(**facts))),
            said_at=_newest(said, "question__thread", "at"),
            told_at=_newest(said.exclude(by=user), "question__thread", "at"),
            asked_at=_newest(asked.exclude(asked_by=user), "thread", "asked_at"),
        )
        .order_by("opened_at", "pk")
    )
    names = ("id", "subject", "title", "asked", "said_at", "told_at", "asked_at")
    return cases.annotate(
        seen_threads=ArraySubquery(rows.values(facts=JSONObject(**{name: name for name in names})))
    )


def _newest(rows: QuerySet[Any], by: str, name: str) -> Subquery:
    """The newest instant of related rows, as a subquery."""
    return Subquery(rows.order_by().values(by).annotate(newest=Max(name)).values("newest"))


@dataclass(frozen=True)
class Row:
    """One thread as the section lists it. `due_at` is that of the question first due among those that wait."""

    thread: QuestionThread
    questions: int
    open: int
    state: str
    tone: str
    due_at: datetime | None
    late: bool
    last_at: datetime
    new: bool


def section(case: Case, user: User, now: datetime) -> dict[str, Any] | None:
    """The threads of a case from `with_questions`. None where there is none to see and none to ask."""
    may_ask = case.submitted_at is not None and policy.standing(user, guards.ASK, case, now) is not None
    seen_at: datetime | None = case.seen_at  # type: ignore[attr-defined]
    inside = visibility.inside(user, case, now)
    rows = [_row(facts, case, seen_at, now, inside) for facts in case.seen_threads]  # type: ignore[attr-defined]
    if not rows and not may_ask:
        return None
    off = guards.ask_refusal(user, case, now) if may_ask else None
    return {
        "case": case,
        "threads": rows,
        "titled": visibility.reads_content(user, case, now),
        "count": len(rows),
        "open": sum(row.open for row in rows),
        "new": sum(row.new for row in rows),
        "may_ask": may_ask,
        "ask_off": off.sentence if off else "",
    }


def _row(facts: dict[str, Any], case: Case, seen_at: datetime | None, now: datetime, inside: bool) -> Row:
    asked = [_question(one) for one in facts["asked"]]
    awaited = [one for one in asked if one.awaited] if case.stage not in lifecycle.TERMINAL else []
    due_at = min((one.due_at for one in awaited), default=None)
    newest = asked[-1]
    state = state_of(min(awaited, key=lambda one: one.due_at) if awaited else newest, case)
    said_at, *told = (
        datetime.fromisoformat(facts[name]) if facts[name] else None
        for name in ("said_at", "told_at", "asked_at")
    )
    return Row(
        QuestionThread(pk=UUID(facts["id"]), subject=facts["subject"], title=facts["title"], case=case),
        len(asked), len(awaited), state, TONES.get(state, "ended"), due_at,
        late=inside and due_at is not None and due_at < now, last_at=max(said_at or newest.asked_at, newest.asked_at),
        new=seen_at is not None and any(at is not None and at > seen_at for at in told),
    )  # fmt: skip


def _question(facts: dict[str, Any]) -> Question:
    return Question(**{
        name: datetime.fromisoformat(value) if name in FACTS and value else value for name, value in facts.items()
    })  # fmt: skip


# -- one thread -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """One message as the thread shows it; words and documents where the reader reads them."""

    row: QuestionMessage
    who: str
    documents: list[Document]
    new: bool


@dataclass(frozen=True)
class Asked:
    """One question as the thread shows it."""

    row: Question
    who: str
    state: str
    tone: str
    late: bool
    new: bool
    said: list[Said] = field(default_factory=list)
    steps: list[dict[str, str]] = field(default_factory=list)


def page(thread: QuestionThread, user: User, now: datetime) -> dict[str, Any]:
    """What the thread's page shows to this person."""
    case = thread.case
    seen_at = LastSeen.objects.filter(case=case, person=user).values_list("seen_at", flat=True).first()
    inside = visibility.inside(user, case, now)
    wide = thread.questions.select_related("asked_by", "appointment__organisation", "ended_by")
    messages = _messages(thread, user, now, seen_at)
    asked = [
        Asked(
            row, _who(row.appointment, row.asked_by.name), (state := state_of(row, case)), TONES.get(state, "ended"),
            late=inside and _late(row, case, now), new=_is_new(row.asked_at, row.asked_by_id, user, seen_at),
            said=messages[row.pk], steps=steps(row, thread, user, now),
        )
        for row in wide.order_by("number")
    ]  # fmt: skip
    may_ask = policy.standing(user, guards.ASK, case, now) is not None
    off = guards.ask_refusal(user, case, now) if may_ask else None
    return {
        "thread": thread,
        "asked": asked,
        "reads": visibility.reads_content(user, case, now),
        "inside": inside,
        "may_ask": may_ask,
        "ask_off": off.sentence if off else "",
    }


def _is_new(at: datetime, by: UUID, user: User, seen_at: datetime | None) -> bool:
    return seen_at is not None and at > seen_at and by != user.pk


def _messages(
    thread: QuestionThread, user: User, now: datetime, seen_at: datetime | None
) -> dict[UUID, list[Said]]:
    papers: dict[UUID, list[Document]] = defaultdict(list)
    attached = QuestionDocument.objects.filter(
        message__question__thread=thread, document__in=Document.objects.visible_to(user, now)
    )
    for one in attached.select_related("document").order_by("document__created_at", "document_id"):
        papers[one.message_id].append(one.document)
    found: dict[UUID, list[Said]] = defaultdict(list)
    rows = QuestionMessage.objects.filter(question__thread=thread).order_by("at", "pk")
    for row in rows.select_related("by", "appointment__organisation"):
        new = _is_new(row.at, row.by_id, user, seen_at)
        found[row.question_id].append(Said(row, _who(row.appointment, row.by.name), papers[row.pk], new))
    return found


def _who(appointment: Appointment, name: str) -> str:
    """Name, capacity and organisation."""
    title = ROLES[appointment.role].title
    if appointment.capacity != "own":
        title = f"{title}, {appointment.get_capacity_display()}"
    return f"{name} ({title}, {appointment.organisation.short_name})"


# -- what may be done -------------------------------------------------------------------------------------------------

Guard = Callable[[User, Question, datetime], Refused | None]
STEPS: Final[tuple[tuple[str, str, Guard, str], ...]] = (
    ("Answer", "cases:question_answer", guards.answer_refusal, "primary"),
    ("Say that you do not answer", "cases:question_decline", guards.decline_refusal, "secondary"),
    ("Close as answered", "cases:question_close", guards.close_refusal, "secondary"),
    ("Take it back", "cases:question_take_back", guards.take_back_refusal, "secondary"),
    ("Write a message", "cases:question_message", guards.message_refusal, "plain"),
)


def steps(question: Question, thread: QuestionThread, user: User, now: datetime) -> list[dict[str, str]]:
    """What this person may do about a question now."""
    question.thread = thread
    return [
        {"label": label, "url": reverse(name, args=[question.pk]), "kind": kind}
        for label, name, guard, kind in STEPS
        if guard(user, question, now) is None
    ]
