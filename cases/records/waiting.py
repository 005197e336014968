"""What waits for whom about records, for the homes."""

from datetime import datetime
from typing import Final

from django.db.models import Q
from django.urls import reverse

from accounts.models import User
from cases.records.models import FoiaRequest
from cases.register.waiting import Waiting
from cases.rules import visibility

SHOWN: Final = 50


def waiting(user: User, now: datetime) -> list[Waiting]:
    """Notices to send and decisions to record, for the records officer; notices to answer, for the developer."""
    roles = {a.role for a in user.appointments_at(now)}
    found: list[Waiting] = []
    seen = FoiaRequest.objects.visible_to(user, now).filter(decided_at__isnull=True)
    wide = seen.select_related("case__model_version__model")
    if "records_officer" in roles:
        due = Q(notice_at__isnull=True) | ~Q(answer="") | Q(answer_due_at__lte=now)
        found += [_of_officer(one) for one in wide.filter(due).order_by("received_at", "pk")[:SHOWN]]
    if roles & visibility.DEVELOPER_ROLES:
        rows = wide.filter(answer="", answer_due_at__gt=now).order_by("answer_due_at", "pk")
        found += [_of_developer(one) for one in rows[:SHOWN]]
    return found


def _of_officer(one: FoiaRequest) -> Waiting:
    verb = "Record the decision on a FOIA request" if one.notice_at else "See to a FOIA request"
    return Waiting.on(one.case, verb, url=one.get_absolute_url(), since=one.recorded_at, detail=one.number)


def _of_developer(one: FoiaRequest) -> Waiting:
    return Waiting.on(
        one.case, "Answer a submitter notice", url=reverse("cases:foia_answer", args=[one.pk]),
        since=one.notice_at or one.recorded_at, until=one.answer_due_at, detail=f"FOIA request {one.number}",
    )  # fmt: skip
