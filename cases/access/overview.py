"""What homes show of access over several cases: their window lines, and the windows that open or close soon."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Case as CaseExpression
from django.db.models import F, Q, When

from accounts.models import User
from cases.access.models import Agreement, Grant, WindowPeriod
from cases.access.queries import drawn_line, with_signatures, with_suspensions
from cases.register.models import Case
from cases.rules import lifecycle
from portal.kit import charts

SOON: Final = timedelta(days=14)
SHOWN: Final = 12


def lines_of(cases: Iterable[Case], now: datetime) -> dict[Any, Any]:
    """The window lines of several visible cases by case id, of those that have one. Two queries."""
    ids = [case.pk for case in cases]
    agreements = with_signatures(Agreement.objects.filter(case__in=ids)).order_by("case", "-number")
    grants = with_suspensions(Grant.objects.filter(case__in=ids)).order_by("case", "issued_at", "pk")
    by_case = {key: list(rows) for key, rows in groupby(grants, key=lambda grant: grant.case_id)}
    found = {
        key: drawn_line(list(rows), by_case.get(key, []), now)
        for key, rows in groupby(agreements, key=lambda agreement: agreement.case_id)
    }
    return {key: line for key, line in found.items() if line is not None}


def windows_soon(user: User, now: datetime) -> list[charts.Stretch]:
    """Windows of the person's cases that open or close within `SOON`, the next first, for one axis. One query."""
    until = now + SOON
    begins = Q(span__startswith__gt=now)
    ends = Q(span__startswith__lte=now, span__endswith__gt=now, span__endswith__lte=until)
    rows = (
        WindowPeriod.objects.visible_to(user, now)
        .filter(begins | ends, span__overlap=DateTimeTZRange(now, until))
        .exclude(case__stage__in=lifecycle.TERMINAL)
        .annotate(at=CaseExpression(When(begins, then=F("span__startswith")), default=F("span__endswith")))
        .select_related("case__model_version__model")
        .order_by("at", "pk")[:SHOWN]
    )
    return [
        charts.Stretch(
            label=str(row.case.model_version),
            note=row.case.number,
            url=f"{row.case.get_absolute_url()}#access",
            start=row.span.lower,
            end=row.span.upper,
            marking=row.case.marking,
            word="opens" if row.span.lower > now else "closes",
        )
        for row in rows
    ]
