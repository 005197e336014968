"""The geometry of the pictures: everything stays inside, in proportion, and nothing is drawn that is not known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kit.charts import BARS_DRAWN, Bar, Count, Interval, WindowLine, bars

OPENS = datetime(2026, 12, 3, 15, tzinfo=UTC)
DAY = timedelta(days=1)


def line(**more: Any) -> WindowLine:
    facts: dict[str, Any] = {"opens": OPENS, "anchor": OPENS + 30 * DAY, "now": OPENS + 9 * DAY}
    return WindowLine(**{**facts, **more})


def interval(**more: Any) -> Interval:
    facts: dict[str, Any] = {"estimate": 0.592, "low": 0.432, "high": 0.739, "threshold": 0.5, "alert": 0.4}
    return Interval(**{"label": "accuracy", "state": "inconclusive", "n": 125, **facts, **more})


def test_now_and_used_stand_in_proportion() -> None:
    drawing = line().drawing
    assert (drawing.now.x, drawing.now.label) == (30.0, "now")
    assert (drawing.used.x, drawing.used.width) == (0.0, 30.0)
    assert (drawing.window.x, drawing.window.width) == (0.0, 100.0)


@pytest.mark.parametrize(
    ("days", "x", "label", "used"),
    [(-2, 0.0, "now (earlier)", 0.0), (0, 0.0, "now", 0.0), (33, 100.0, "now (later)", 100.0)],
)
def test_now_outside_the_window_is_drawn_at_the_edge_and_says_so(
    days: int, x: float, label: str, used: float
) -> None:
    drawing = line(now=OPENS + days * DAY).drawing
    assert (drawing.now.x, drawing.now.label, drawing.used.width) == (x, label, used)


def test_a_grant_beyond_the_anchor_stretches_the_axis_but_not_the_window() -> None:
    drawing = line(bars=[Bar("partner", OPENS + 30 * DAY, OPENS + 60 * DAY, "scheduled")]).drawing
    assert (drawing.anchor.x, drawing.window.width) == (50.0, 50.0)
    assert (drawing.bars[0].x, drawing.bars[0].width) == (50.0, 50.0)


def test_many_grants_are_counted_not_drawn() -> None:
    drawing = line(bars=[Bar(str(number), OPENS, OPENS + DAY, "ended") for number in range(40)]).drawing
    assert (len(drawing.bars), drawing.left_out) == (BARS_DRAWN, 40 - BARS_DRAWN)
    assert drawing.bars[-1].top + 23 <= drawing.height
    assert drawing.now_bottom <= drawing.height


def test_a_window_of_no_length_is_drawn_without_dividing_by_it() -> None:
    assert line(anchor=OPENS, now=OPENS).drawing.window.width == 0.0


instants = st.integers(-10_000, 10_000).map(lambda hours: OPENS + timedelta(hours=hours))


@given(instants, instants, instants, instants, instants)
def test_everything_stays_inside(
    anchor: datetime, now: datetime, start: datetime, end: datetime, cut: datetime
) -> None:
    drawing = line(
        anchor=anchor,
        now=now,
        bars=[Bar("one", start, end, "ended")],
        shaded=[(start, end, "why")],
        cuts=[(cut, "why")],
    ).drawing
    for span in [drawing.used, drawing.window, *drawing.shades, *drawing.bars]:
        assert 0 <= span.x <= 100
        assert span.width >= 0
        assert span.x + span.width <= 100.01
        assert 0 <= span.text_x <= 100.01
    for mark in [drawing.now, drawing.opens, drawing.anchor, *drawing.cuts]:
        assert 0 <= mark.x <= 100


def test_the_interval_stands_on_the_axis() -> None:
    drawing = interval().drawing
    assert drawing.dot is not None
    assert drawing.low is not None
    assert (drawing.dot.x, drawing.low.x, drawing.width) == (59.2, 43.2, 30.7)


def test_labels_at_the_edges_run_inwards_and_the_alert_runs_away_from_the_threshold() -> None:
    drawing = interval(threshold=0.02, alert=0.98).drawing
    assert drawing.threshold is not None
    assert drawing.alert is not None
    assert (drawing.threshold.side, drawing.alert.side) == ("start", "end")
    below, above = (
        interval(threshold=0.5, alert=0.4).drawing.alert,
        interval(threshold=0.5, alert=0.6).drawing.alert,
    )
    assert below is not None
    assert above is not None
    assert (below.side, above.side) == ("end", "start")


@pytest.mark.parametrize("missing", [None, float("nan"), float("inf")])
def test_what_is_not_known_is_not_drawn(missing: float | None) -> None:
    drawing = interval(estimate=missing, low=missing, alert=missing).drawing
    assert (drawing.dot, drawing.low, drawing.alert, drawing.width) == (None, None, None, 0.0)


def test_a_number_beyond_the_axis_is_drawn_at_its_edge() -> None:
    drawing = interval(estimate=1.2, low=-0.1, high=1.4).drawing
    assert drawing.dot is not None
    assert drawing.low is not None
    assert (drawing.dot.x, drawing.low.x, drawing.width) == (100.0, 0.0, 100.0)


@pytest.mark.parametrize(("direction", "sign"), [("at_least", "≥"), ("at_most", "≤")])
def test_the_direction_has_its_sign(direction: str, sign: str) -> None:
    assert interval(direction=direction).sign == sign


def test_bars_are_measured_against_the_largest_and_survive_zero() -> None:
    assert [row.width for row in bars([Count("a", 20), Count("b", 5), Count("c", 0)])] == [100.0, 25.0, 0.0]
    assert [row.width for row in bars([Count("a", 0)])] == [0.0]
    assert bars([]) == []
