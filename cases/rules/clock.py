"""Targets: what is due when. Missed targets flag the agency, never the case.

One row a clock, with its default; a policy version may carry other amounts (`PolicyVersion.clocks`). Business days
are counted in US Eastern time and know the federal holidays. To add a clock, add one row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final

import holidays

from cases.rules.window import EASTERN


@dataclass(frozen=True)
class Clock:
    """One target: `amount` of `unit`, started by one event and ended by another."""

    id: str
    label: str
    amount: int
    unit: str  # business_days | days | hours | months
    starts: str
    ends: tuple[str, ...]
    owed_by: str


_ALL: Final = (
    Clock("acknowledge", "Acknowledge the submission", 3, "business_days", "case.submitted",
          ("case.acknowledged", "case.recalled"), "case_officer"),
    Clock("completeness", "Comment on completeness", 10, "business_days", "case.acknowledged",
          ("case.moved",), "case_officer"),
    Clock("partner_offer", "Answer the partner offer", 7, "days", "partner.nominated",
          ("partner.concurred",), "developer_signatory"),
    Clock("consultation", "Answer the consultation", 5, "business_days", "consultation.asked",
          ("consultation.answered", "consultation.closed"), "consultee"),
    Clock("question", "Answer the agency's question", 3, "business_days", "question.asked",
          ("question.answered",), "liaison"),
    Clock("foia_objection", "Answer the submitter notice of a FOIA request", 10, "business_days", "foia.noticed",
          ("foia.objected", "foia.not_objected"), "liaison"),
    Clock("incident_report", "First incident report", 24, "hours", "incident.reported",
          ("incident.first_report",), "security_manager"),
    Clock("close_out", "File the return or destruction certificate", 10, "days", "grant.ended",
          ("grant.closed_out",), "partner_representative"),
    Clock("label_review", "Review the label", 6, "months", "label.effective",
          ("label.rescinded",), "case_officer"),
)  # fmt: skip
CLOCKS: Final[dict[str, Clock]] = {clock.id: clock for clock in _ALL}


@cache
def _federal_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("US", years=year))


def is_business_day(day: date) -> bool:
    """Whether federal offices are open on `day`."""
    return day.weekday() < 5 and day not in _federal_holidays(day.year)


def add_business_days(since: datetime, count: int) -> datetime:
    """The close of business (17:00 Eastern) of the `count`-th business day after `since`, as an instant in UTC."""
    day = since.astimezone(EASTERN).date()
    while count:
        day += timedelta(days=1)
        count -= is_business_day(day)
    return datetime.combine(day, time(17), tzinfo=EASTERN).astimezone(UTC)


def add_months(since: datetime, count: int) -> datetime:
    """The same Eastern hour `count` months later, on the month's last day where the day does not exist."""
    local = since.astimezone(EASTERN)
    month = local.month - 1 + count
    year, month = local.year + month // 12, month % 12 + 1
    for day in range(local.day, 0, -1):
        try:
            return local.replace(year=year, month=month, day=day).astimezone(UTC)
        except ValueError:
            continue
    raise AssertionError("unreachable: every month has a first day")


def due_at(clock_id: str, since: datetime, amounts: Mapping[str, int] | None = None) -> datetime:
    """When the target falls due; `amounts` are those of the case's policy version."""
    clock = CLOCKS[clock_id]
    amount = (amounts or {}).get(clock_id, clock.amount)
    if clock.unit == "business_days":
        return add_business_days(since, amount)
    if clock.unit == "months":
        return add_months(since, amount)
    return since + (timedelta(days=amount) if clock.unit == "days" else timedelta(hours=amount))


def defaults() -> dict[str, int]:
    """Default amounts, for a first policy version."""
    return {clock.id: clock.amount for clock in _ALL}
