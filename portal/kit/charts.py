"""The geometry of the pictures on the pages: window line, interval and bars; pure numbers, drawn by templates/parts/.

Horizontal places are percent of the width (so text keeps its size on a phone), vertical ones pixels. A new picture
is a dataclass of facts here, a function from facts to a drawing, and a template with the same facts as a table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

BARS_DRAWN = 12
TRACK_TOP, TRACK_HEIGHT, BARS_TOP, BAR_STEP = 26, 18, 74, 30


@dataclass(frozen=True)
class Bar:
    """One grant under the window line; `state` is its state word."""

    label: str
    start: datetime
    end: datetime
    state: str


@dataclass(frozen=True)
class WindowLine:
    """A window from its opening to its anchor: `shaded` (start, end, label) suspended time, `cuts` (at, cause).

    `phase` is the derived phase word, `sentence` says the same as the picture. `until` stretches the axis. `name` and
    `end_name` are the words of the whole and of its end, where it is not a window up to its anchor.
    """

    opens: datetime
    anchor: datetime
    now: datetime
    bars: Sequence[Bar] = ()
    shaded: Sequence[tuple[datetime, datetime, str]] = ()
    cuts: Sequence[tuple[datetime, str]] = ()
    phase: str = ""
    sentence: str = ""
    until: datetime | None = None
    name: str = "Window"
    end_name: str = "anchor"

    @cached_property
    def drawing(self) -> WindowDrawing:
        """Where everything stands."""
        return draw_window(self)


@dataclass(frozen=True)
class Mark:
    """A place on the axis: percent from the left, which way its text runs, its words and instant."""

    x: float
    side: str
    label: str
    at: datetime
    number: int = 0


@dataclass(frozen=True)
class Span:
    """A stretch of the axis: left and width in percent, top in pixels, words and state."""

    x: float
    width: float
    label: str
    state: str = ""
    top: int = 0

    @property
    def side(self) -> str:
        """Which way the label runs from `text_x`."""
        return "start" if self.x <= 50 else "end"

    @property
    def text_x(self) -> float:
        """Where the label begins, or ends when the stretch lies in the right half."""
        return self.x if self.x <= 50 else round(self.x + self.width, 2)


@dataclass(frozen=True)
class WindowDrawing:
    """The window line as places; `left_out` counts the grants that only the table shows."""

    height: int
    used: Span
    window: Span
    now: Mark
    opens: Mark
    anchor: Mark
    shades: list[Span]
    cuts: list[Mark]
    bars: list[Span]
    left_out: int
    now_bottom: int


def draw_window(line: WindowLine) -> WindowDrawing:
    """Places for a window line. The axis runs from the opening to the anchor, or to the last bar's end beyond it."""
    drawn = list(line.bars)[:BARS_DRAWN]
    first = min([line.opens, *(bar.start for bar in drawn)])
    last = line.until or max([line.anchor, *(bar.end for bar in drawn)])
    axis = _Axis(first, last)
    bars = [
        axis.span(bar.start, bar.end, bar.label, bar.state, BARS_TOP + number * BAR_STEP)
        for number, bar in enumerate(drawn)
    ]
    cuts = [axis.mark(at, cause, number) for number, (at, cause) in enumerate(line.cuts, start=1)]
    return WindowDrawing(
        height=BARS_TOP + len(bars) * BAR_STEP - (6 if bars else 10),
        used=axis.span(line.opens, min(max(line.now, line.opens), line.anchor), "used"),
        window=axis.span(line.opens, line.anchor, "window"),
        now=axis.mark(line.now, axis.word(line.now)),
        opens=axis.mark(line.opens, "opens"),
        anchor=axis.mark(line.anchor, "anchor"),
        shades=[axis.span(start, end, label) for start, end, label in line.shaded],
        cuts=cuts,
        bars=bars,
        left_out=len(line.bars) - len(drawn),
        now_bottom=BARS_TOP + len(bars) * BAR_STEP - 7 if bars else TRACK_TOP + TRACK_HEIGHT + 4,
    )


@dataclass(frozen=True)
class _Axis:
    """Maps instants to percent; whatever lies outside is drawn at the edge."""

    first: datetime
    last: datetime

    def place(self, at: datetime) -> float:
        whole = max((self.last - self.first).total_seconds(), 1.0)
        return _percent((at - self.first).total_seconds() / whole)

    def word(self, now: datetime) -> str:
        """What stands at the marker: plainly now, or that now lies beyond the edge where it is drawn."""
        return "now (earlier)" if now < self.first else "now (later)" if now > self.last else "now"

    def mark(self, at: datetime, label: str, number: int = 0) -> Mark:
        x = self.place(at)
        return Mark(x, _side(x), label, at, number)

    def span(self, start: datetime, end: datetime, label: str, state: str = "", top: int = 0) -> Span:
        x = self.place(start)
        return Span(x, round(max(self.place(end) - x, 0.0), 2), label, state, top)


@dataclass(frozen=True)
class Interval:
    """What a rule says of a run, on a 0–1 axis. `direction` is "at_least" or "at_most"; None where nothing is known."""

    label: str
    estimate: float | None
    low: float | None
    high: float | None
    threshold: float
    alert: float | None
    state: str
    n: int
    effective_n: float | None = None
    direction: str = "at_least"
    sentence: str = ""

    @property
    def sign(self) -> str:
        """The direction as a sign."""
        return "≤" if self.direction in {"at_most", "lower", "≤", "<="} else "≥"

    @cached_property
    def drawing(self) -> IntervalDrawing:
        """Where everything stands."""
        return draw_interval(self)


@dataclass(frozen=True)
class Value:
    """A number on the 0–1 axis: its place in percent, which way its text runs, the number."""

    x: float
    side: str
    number: float


@dataclass(frozen=True)
class IntervalDrawing:
    """The interval as places; a part that has no number is None, and nothing is drawn for it."""

    dot: Value | None
    low: Value | None
    high: Value | None
    width: float
    threshold: Value | None
    alert: Value | None
    ticks: list[Value] = field(default_factory=list)


def draw_interval(interval: Interval) -> IntervalDrawing:
    """Places for an interval; numbers outside 0–1 are drawn at the edge, those that are no number left out."""
    low, high = _value(interval.low), _value(interval.high)
    return IntervalDrawing(
        dot=_value(interval.estimate),
        low=low,
        high=high,
        width=round(max(high.x - low.x, 0.0), 2) if low and high else 0.0,
        threshold=_value(interval.threshold),
        alert=_beside(_value(interval.alert), interval.threshold),
        ticks=[Value(x, _side(x), x / 100) for x in (0.0, 25.0, 50.0, 75.0, 100.0)],
    )


def _value(number: float | None) -> Value | None:
    if number is None or not math.isfinite(number):
        return None
    x = _percent(number)
    return Value(x, _side(x), number)


def _beside(alert: Value | None, threshold: float) -> Value | None:
    """The alert with its label running away from the threshold line, where the picture has room for it."""
    if alert is None or alert.side != "middle":
        return alert
    if alert.number <= threshold:
        return Value(alert.x, "end", alert.number) if alert.x > 25 else alert
    return Value(alert.x, "start", alert.number) if alert.x < 75 else alert


def _percent(share: float) -> float:
    """A share as percent, kept within 0 and 100."""
    return round(min(max(share, 0.0), 1.0) * 100, 2)


def _side(x: float) -> str:
    """The text-anchor that keeps a label inside the picture."""
    return "start" if x < 15 else "end" if x > 85 else "middle"


@dataclass(frozen=True)
class Stretch:
    """A row of an agenda: something that opens or closes, its address, and its place in percent once drawn."""

    label: str
    note: str
    url: str
    start: datetime
    end: datetime
    word: str
    marking: str = ""
    x: float = 0.0
    width: float = 0.0

    @property
    def at(self) -> datetime:
        """The instant that the row is about."""
        return self.start if self.word == "opens" else self.end


def agenda(stretches: Sequence[Stretch], first: datetime, last: datetime) -> list[Stretch]:
    """The stretches with their places on one axis from `first` to `last`, cut off at its ends."""
    axis = _Axis(first, last)
    drawn = [(one, axis.span(one.start, one.end, one.label)) for one in stretches]
    return [replace(one, x=place.x, width=place.width) for one, place in drawn]


@dataclass(frozen=True)
class Count:
    """One horizontal bar: how many, and the filtered list it links to."""

    label: str
    value: int
    url: str = ""
    width: float = 0.0


def bars(counts: Sequence[Count]) -> list[Count]:
    """The counts with their widths in percent of the largest."""
    largest = max((one.value for one in counts), default=0)
    return [
        Count(one.label, one.value, one.url, _percent(one.value / largest) if largest else 0.0)
        for one in counts
    ]
