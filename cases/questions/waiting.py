"""What waits for whom about questions, for the homes."""

from datetime import datetime
from typing import Final

from django.urls import reverse

from accounts.models import User
from cases.questions.models import Question
from cases.register.waiting import Waiting
from cases.rules import lifecycle, visibility

SHOWN: Final = 50
ASKING: Final = frozenset({"case_officer", "evaluator"})


def waiting(user: User, now: datetime) -> list[Waiting]:
    """Questions to answer, for the developer; answers to read, for who asks."""
    roles = {a.role for a in user.appointments_at(now)}
    found: list[Waiting] = []
    if not roles & (visibility.DEVELOPER_ROLES | ASKING):
        return found
    seen = Question.objects.visible_to(user, now).filter(ended_at__isnull=True)
    open_ = seen.exclude(thread__case__stage__in=lifecycle.TERMINAL)
    wide = open_.select_related("thread__case__model_version__model")
    if roles & visibility.DEVELOPER_ROLES:
        rows = wide.filter(answered_at__isnull=True).order_by("due_at", "pk")[:SHOWN]
        found += [_to_answer(one) for one in rows]
    if roles & ASKING:
        rows = wide.filter(answered_at__isnull=False).order_by("answered_at", "pk")[:SHOWN]
        found += [_to_read(one) for one in rows]
    return found


def _to_answer(one: Question) -> Waiting:
    return Waiting.on(
        one.thread.case, "Answer a question", url=reverse("cases:question_answer", args=[one.pk]), since=one.asked_at,
        until=one.due_at, detail=f"{one.thread.get_subject_display()}; no consequence if later",
    )  # fmt: skip


def _to_read(one: Question) -> Waiting:
    said = "not answered, by the developer's choice" if one.answered_as == "declined" else "answered"
    return Waiting.on(
        one.thread.case, "Read an answer", url=one.thread.get_absolute_url(), since=one.answered_at or one.asked_at,
        detail=f"{one.thread.get_subject_display()}, {said}",
    )  # fmt: skip
