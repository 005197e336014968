"""What waits for whom about incidents, for the homes, and the open incidents that the security manager looks after."""

from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import User
from cases.incidents.models import Incident
from cases.register.waiting import Waiting
from cases.rules import severity

SHOWN: Final = 50


def waiting(user: User, now: datetime) -> list[Waiting]:
    """First reports to write; answers that the security manager asked of the developer or of a partner."""
    roles = {a.role for a in user.appointments_at(now)}
    found: list[Waiting] = []
    if "security_manager" in roles:
        found += _first_reports(user, now)
    asked = _open(user, now)
    if roles & {"liaison", "developer_signatory"}:
        rows = asked.filter(developer_asked_at__isnull=False).order_by("developer_asked_at", "pk")
        found += [_answer(row, row.developer_asked_at, row.case.tracking_number) for row in rows[:SHOWN]]
    if "partner_representative" in roles:
        rows = asked.filter(reporter_asked_at__isnull=False).order_by("reporter_asked_at", "pk")
        found += [_answer(row, row.reporter_asked_at, "") for row in rows[:SHOWN]]
    return found


def _open(user: User, now: datetime) -> QuerySet[Incident]:
    seen = Incident.objects.visible_to(user, now).filter(closed_at__isnull=True)
    return seen.select_related("case__model_version__model")


def _first_reports(user: User, now: datetime) -> list[Waiting]:
    rows = _open(user, now).filter(first_report_at__isnull=True).order_by("first_report_due_at", "pk")[:SHOWN]
    return [
        Waiting.on(
            row.case, "Write the first report", url=reverse("cases:incident_first_report", args=[row.pk]),
            since=row.reported_at, until=row.first_report_due_at,
            detail=f"{row.reference}, {row.get_severity_display().lower()}",
        )
        for row in rows
    ]  # fmt: skip


def _answer(row: Incident, since: datetime | None, tracking_number: str) -> Waiting:
    """No hour presses: a question changes nothing for the case. A partner reads no tracking number."""
    return Waiting(
        "Answer about an incident", row.case.number, tracking_number, str(row.case.model_version),
        since or row.reported_at, None, reverse("cases:incident_note", args=[row.pk]), row.reference, row.case.marking,
    )  # fmt: skip


def open_incidents(user: User, now: datetime) -> list[Incident]:
    """The open incidents this person sees, gravest first, then oldest."""
    rows = list(_open(user, now).order_by("noticed_at", "pk")[: 4 * SHOWN])
    return sorted(rows, key=lambda row: -severity.RANK[row.severity])[:SHOWN]
