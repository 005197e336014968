"""Instants, spans of time, sizes and numbers as the words a page, mail or export shows. Pure; add a format here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
SOON = timedelta(hours=72)


@dataclass(frozen=True)
class TimeLeft:
    """The time to an instant in words, and whether it has ended or is nearer than 72 hours."""

    text: str
    soon: bool
    ended: bool


def time_text(at: datetime) -> str:
    """The instant in US Eastern and UTC: "3 Dec 2026, 10:00 EST · 15:00 UTC". Refuses a naive datetime."""
    eastern, utc = zones(at)
    day = "" if eastern.date() == utc.date() else f"{date_text(utc.date())}, "
    return f"{date_text(eastern.date())}, {eastern:%H:%M} {eastern.tzname()} · {day}{utc:%H:%M} UTC"


def short_time_text(at: datetime) -> str:
    """The instant in US Eastern alone, for axes that say the rest beside them: "3 Dec, 10:00 EST"."""
    eastern, _ = zones(at)
    return f"{eastern.day} {eastern:%b}, {eastern:%H:%M} {eastern.tzname()}"


def zones(at: datetime) -> tuple[datetime, datetime]:
    """The same instant in US Eastern and in UTC. Refuses a naive datetime."""
    if at.utcoffset() is None:
        raise ValueError("An instant needs its zone; this datetime is naive.")
    return at.astimezone(EASTERN), at.astimezone(UTC)


def date_text(on: date) -> str:
    """The day: "3 Dec 2026"."""
    return f"{on.day} {on:%b} {on.year}"


def time_left(until: datetime, now: datetime) -> TimeLeft:
    """The time from `now` to `until`; bold is asked for below 72 hours, not at 72 hours."""
    zones(until), zones(now)
    left = until - now
    if left > timedelta():
        return TimeLeft(f"{span_text(left)} left", soon=left < SOON, ended=False)
    return TimeLeft(f"ended {span_text(-left)} ago" if left else "ended just now", soon=False, ended=True)


def span_text(span: timedelta) -> str:
    """A span rounded down: days and hours, below a day hours and minutes; never "1 days"."""
    minutes = int(span.total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = (
        [_many(days, "day"), _many(hours, "hour")] if days else [_many(hours, "hour"), _many(rest, "minute")]
    )
    return " ".join(part for part in parts if part) or "less than a minute"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}" if count else ""


def size_text(count: int) -> str:
    """Bytes in decimal units: "1 byte", "999 bytes", "1.4 MB"."""
    if count < 1000:
        return f"{count} byte{'' if count == 1 else 's'}"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def number_text(value: float | None, digits: int = 3) -> str:
    """A measured share with `digits` decimals, or a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"
