"""The 30-day window: arithmetic and phases, from instants passed in.

The order limits pre-release access to 30 days (EO 14409 § 3(b)(ii)); here that is 30 × 24 hours, exact in UTC. The
limit is fixed in code and the database holds the same rules (see the constraints of `WindowPeriod` and `Grant`).
Intervals are half-open: an instant equal to the end is outside.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

LIMIT: Final = timedelta(hours=30 * 24)
EASTERN: Final = ZoneInfo("America/New_York")

GENERAL_RELEASE: Final = "general_release"
OTHER_PARTNERS: Final = "other_trusted_partners"
ANCHORS: Final = {
    GENERAL_RELEASE: "General release",
    OTHER_PARTNERS: "Release to other trusted partners",
}
PHASES: Final = {
    "none": "No window",
    "not_started": "Not started",
    "open": "Open",
    "suspended": "Suspended",
    "ended": "Ended",
}
TERMS_OPEN: Final = "terms not accepted yet"  # of a partner's grant: nothing is open before
BEFORE_USE: Final = frozenset(
    {"proposed", TERMS_OPEN, "scheduled"}
)  # states in which a holder reads offer and terms


@dataclass(frozen=True)
class Span:
    """A half-open interval [start, end) of instants."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it lasts, never negative."""
        return max(self.end - self.start, timedelta(0))

    def contains(self, at: datetime) -> bool:
        """Whether `at` lies inside."""
        return self.start <= at < self.end

    def overlaps(self, other: "Span") -> bool:
        """Whether the two share an instant."""
        return self.start < other.end and other.start < self.end


def total(spans: Iterable[Span]) -> timedelta:
    """Length of the union of `spans`."""
    return sum((span.length for span in union(spans)), timedelta(0))


def union(spans: Iterable[Span]) -> list[Span]:
    """`spans` in order, those that overlap or touch as one."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda s: s.start):
        if joined and span.start <= joined[-1].end:
            span = Span(joined[-1].start, max(joined.pop().end, span.end))
        joined.append(span)
    return joined


def words(length: timedelta) -> str:
    """A length as a person says it: `31 days 2 hours`."""
    minutes = int(length.total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "day"), (hours, "hour"), (minutes, "minute")]
    said = [f"{n} {unit}{'' if n == 1 else 's'}" for n, unit in parts if n]
    return " ".join(said[:2]) or "less than a minute"


def instant(at: datetime) -> str:
    """An instant in both zones: `3 Dec 2026, 10:00 EST (15:00 UTC)`."""
    eastern = at.astimezone(EASTERN)
    utc = at.astimezone(ZoneInfo("UTC"))
    return f"{eastern.day} {eastern:%b %Y, %H:%M %Z} ({utc:%H:%M} UTC)"


def period_refusal(span: Span, anchor: datetime, others: Sequence[Span]) -> str | None:
    """Why a window period is impossible, or None. `others` are the case's earlier periods (domain rule 4)."""
    if span.start >= span.end:
        return "The window would end before it opens. Move the opening earlier or the end later."
    if span.end > anchor:
        return f"The window would end after the planned release, {instant(anchor)}. End it at that hour or earlier."
    earliest = anchor - LIMIT
    if span.start < earliest:
        return (
            f"This window would open {words(anchor - span.start)} before the planned release; the limit is 30 days. "
            f"Move the opening to {instant(earliest)} or later."
        )
    if any(span.overlaps(other) for other in others):
        return "This window would overlap an earlier one of the same case. Open it after the earlier one has ended."
    together = total([*others, span])
    if together > LIMIT:
        return (
            f"Government access would total {words(together)} over all windows; the limit is 30 days. "
            f"{words(LIMIT - total(others))} are left."
        )
    return None


def grant_refusal(
    span: Span,
    *,
    partner: bool,
    anchor_kind: str,
    anchor: datetime,
    release: datetime | None,
    periods: Sequence[Span],
) -> str | None:
    """Why a grant is impossible, or None. `release` is the planned or actual general release (domain rule 4)."""
    if span.start >= span.end:
        return "The grant would end before it starts. Move its start earlier or its end later."
    if release is not None and span.end > release:
        return (
            f"All grants end at general release, {instant(release)}. End this grant at that hour or earlier."
        )
    if partner and anchor_kind == OTHER_PARTNERS:
        if release is None:
            return "State a planned general release first: without one a partner grant would have no end."
        if span.start < anchor:
            return f"Partner access starts at the anchor, {instant(anchor)}, or later."
        return None
    if not any(period.start <= span.start and span.end <= period.end for period in union(periods)):
        return "The grant must lie inside one access window. Choose a start and an end within it."
    return None


def kept_until(
    span: Span,
    *,
    partner: bool,
    anchor_kind: str,
    anchor: datetime,
    release: datetime | None,
    periods: Sequence[Span],
    now: datetime,
) -> datetime | None:
    """The end that amended terms leave a grant that has not ended: its own, an earlier one, or None for no access.

    A grant never grows and its start never moves; one that would start outside the windows has no place left.
    """
    end = span.end if release is None else min(span.end, release)
    if partner and anchor_kind == OTHER_PARTNERS:
        end = end if release is not None and span.start >= anchor else span.start
    else:
        area = next((area for area in union(periods) if area.contains(span.start)), None)
        end = min(end, area.end) if area else span.start
    return end if end > max(span.start, now) else None


def cut(spans: Iterable[Span], at: datetime) -> list[Span]:
    """What is left of `spans` when everything from `at` on is taken away."""
    return [Span(s.start, min(s.end, at)) for s in spans if s.start < at]


def phase(periods: Sequence[Span], now: datetime, *, suspended: bool = False) -> str:
    """Phase of the window at `now`, derived and never stored. The window does not pause while suspended."""
    if not periods:
        return "none"
    if any(period.contains(now) for period in periods):
        return "suspended" if suspended else "open"
    return "not_started" if any(now < period.start for period in periods) else "ended"


def general_release(planned: datetime | None, actual: datetime | None) -> datetime | None:
    """General release for the law: planned or actual, whichever comes first (domain rule 4)."""
    return min((at for at in (planned, actual) if at is not None), default=None)


def offer_state(*, both: bool, retracted: bool, lapses_at: datetime, now: datetime) -> str:
    """State of a partner's nomination: `both` sides' concurrences are current, or a side retracted (final)."""
    if retracted:
        return "retracted"
    if both:
        return "concurred"
    return "lapsed" if now >= lapses_at else "offered"


def grant_state(
    stored: str,
    span: Span,
    now: datetime,
    *,
    accepted: bool = True,
    ever_started: bool = True,
    end_recorded: bool = False,
) -> str:
    """State of a grant at `now`: the stored word where it is final or suspended, else derived from the range.

    `accepted`: a partner's grant whose terms are not accepted is neither scheduled nor active, wherever `now` lies.
    """
    if stored in ("proposed", "revoked", "withdrawn"):
        return stored
    if now >= span.end or end_recorded:
        return "ended" if ever_started else "expired"
    if stored == "suspended":
        return stored
    if not accepted:
        return TERMS_OPEN
    return "scheduled" if now < span.start else "active"


def anchor_choices() -> list[tuple[str, str]]:
    """Choices of the anchor kind."""
    return list(ANCHORS.items())
