"""Targets: business days in Eastern time, federal holidays, months, and the amounts of a policy version."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.rules import clock
from cases.rules.events import EVENTS
from cases.rules.window import EASTERN


def eastern(*parts: int) -> datetime:
    """An instant in UTC from US Eastern wall time."""
    return datetime(*parts, tzinfo=EASTERN).astimezone(UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2026, 11, 23), True),  # a Monday
        (date(2026, 11, 21), False),  # a Saturday
        (date(2026, 11, 26), False),  # Thanksgiving
        (date(2026, 7, 3), False),  # Independence Day observed: the 4th is a Saturday
        (date(2026, 6, 19), False),  # Juneteenth
        (date(2027, 12, 31), False),  # New Year's Day 2028 observed: the 1st is a Saturday
        (date(2027, 7, 5), False),  # Independence Day observed: the 4th is a Sunday
        (date(2028, 2, 29), True),
    ],
)
def test_business_days(day: date, open_: bool) -> None:
    """Weekends and federal holidays, observed ones included, are none."""
    assert clock.is_business_day(day) is open_


@pytest.mark.parametrize(
    ("since", "count", "due"),
    [
        (eastern(2026, 11, 23, 9), 3, eastern(2026, 11, 27, 17)),  # over Thanksgiving
        (eastern(2026, 11, 20, 23, 59), 1, eastern(2026, 11, 23, 17)),  # late on a Friday
        (eastern(2026, 11, 21, 12), 1, eastern(2026, 11, 23, 17)),  # a Saturday
        (eastern(2026, 3, 6, 9), 1, eastern(2026, 3, 9, 17)),  # over the change to summer time
        (eastern(2028, 2, 28, 9), 2, eastern(2028, 3, 1, 17)),  # over 29 February
        (eastern(2026, 12, 31, 9), 1, eastern(2027, 1, 4, 17)),  # over New Year
    ],
)
def test_due_at_the_close_of_business(since: datetime, count: int, due: datetime) -> None:
    """17:00 Eastern of the n-th business day after."""
    assert clock.add_business_days(since, count) == due


def test_an_evening_in_utc_is_still_the_same_eastern_day() -> None:
    """02:00 UTC on Tuesday is Monday evening in Washington."""
    assert clock.add_business_days(datetime(2026, 11, 24, 2, tzinfo=UTC), 1) == eastern(2026, 11, 24, 17)


def test_months_keep_the_eastern_hour() -> None:
    """The last day where the day does not exist; summer time does not move the hour."""
    assert clock.add_months(eastern(2026, 8, 31, 10), 6) == eastern(2027, 2, 28, 10)
    assert clock.add_months(eastern(2027, 8, 29, 10), 6) == eastern(2028, 2, 29, 10)
    assert clock.add_months(eastern(2026, 6, 15, 10), 6) == eastern(2026, 12, 15, 10)


def test_amounts_come_from_the_policy_version() -> None:
    """Its own where it names one, else the table's."""
    since = eastern(2026, 11, 23, 9)
    assert clock.due_at("partner_offer", since) == since + timedelta(days=7)
    assert clock.due_at("partner_offer", since, {"partner_offer": 2}) == since + timedelta(days=2)
    assert clock.due_at("partner_offer", since, {"acknowledge": 2}) == since + timedelta(days=7)
    assert clock.due_at("incident_report", since) == since + timedelta(hours=24)
    assert clock.due_at("acknowledge", since, {"acknowledge": 1}) == eastern(2026, 11, 24, 17)
    assert clock.due_at("label_review", since) == eastern(2027, 5, 23, 9)


def test_the_defaults_of_the_programme() -> None:
    """The table of domain.md, written down a second time."""
    assert clock.defaults() == {
        "acknowledge": 3, "completeness": 10, "partner_offer": 7, "consultation": 5, "question": 3,
        "incident_report": 24, "foia_objection": 10, "close_out": 10, "label_review": 6,
    }  # fmt: skip


def test_clocks_of_access_name_events_that_exist() -> None:
    """What starts and ends the clocks of this room stands in the event table."""
    for id in ("partner_offer", "close_out"):
        assert {clock.CLOCKS[id].starts, *clock.CLOCKS[id].ends} <= set(EVENTS)


@given(st.integers(0, 4 * 365 * 24 * 60), st.integers(1, 15))
def test_business_days_only_go_forward(minutes: int, count: int) -> None:
    """The due day is open, lies after the start, and one more day is later still."""
    since = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    due = clock.add_business_days(since, count)
    assert clock.is_business_day(due.astimezone(EASTERN).date())
    assert since < due < clock.add_business_days(since, count + 1)
