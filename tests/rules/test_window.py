"""The 30-day window: every boundary to the microsecond, leap day, daylight saving, and properties of the arithmetic."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.rules import window
from cases.rules.window import EASTERN, LIMIT, Span

ANCHOR = datetime(2027, 1, 2, 15, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# close together, in steps of half an hour, so that edges meet
instants = st.integers(0, 80 * 48).map(lambda steps: ANCHOR - 80 * DAY + steps * HOUR / 2)
lengths = st.integers(0, 32 * 48).map(lambda steps: steps * HOUR / 2)
spans = st.builds(lambda start, length: Span(start, start + length), instants, lengths)


# -- periods --------------------------------------------------------------------------------------------------------


def test_thirty_days_to_the_microsecond() -> None:
    """720 hours up to the anchor are agreed to; a microsecond earlier, or past the anchor, is not."""
    assert window.period_refusal(Span(ANCHOR - LIMIT, ANCHOR), ANCHOR, []) is None
    assert "Move the opening" in str(window.period_refusal(Span(ANCHOR - LIMIT - TICK, ANCHOR), ANCHOR, []))
    assert "after the planned release" in str(
        window.period_refusal(Span(ANCHOR - DAY, ANCHOR + TICK), ANCHOR, [])
    )
    assert "before it opens" in str(window.period_refusal(Span(ANCHOR, ANCHOR), ANCHOR, []))


def test_the_sentence_says_what_why_and_what_now() -> None:
    """The length that was asked, the limit, and the earliest opening in both zones."""
    said = str(window.period_refusal(Span(ANCHOR - LIMIT - 26 * HOUR, ANCHOR), ANCHOR, []))
    assert said == (
        "This window would open 31 days 2 hours before the planned release; the limit is 30 days. "
        "Move the opening to 3 Dec 2026, 10:00 EST (15:00 UTC) or later."
    )


def test_the_total_over_re_openings() -> None:
    """Earlier periods count, suspended or not; exactly 720 hours in all are agreed to."""
    earlier = [Span(ANCHOR - 30 * DAY, ANCHOR - 20 * DAY), Span(ANCHOR - 60 * DAY, ANCHOR - 50 * DAY)]
    assert window.period_refusal(Span(ANCHOR - 10 * DAY, ANCHOR), ANCHOR, earlier) is None
    said = window.period_refusal(Span(ANCHOR - 10 * DAY - HOUR, ANCHOR), ANCHOR, earlier)
    assert said == (
        "Government access would total 30 days 1 hour over all windows; the limit is 30 days. 10 days are left."
    )
    assert "overlap" in str(
        window.period_refusal(Span(ANCHOR - 21 * DAY, ANCHOR - 15 * DAY), ANCHOR, earlier)
    )


@pytest.mark.parametrize(
    ("anchor", "opens"),
    [
        (
            datetime(2026, 3, 20, 10, tzinfo=EASTERN),
            datetime(2026, 2, 18, 9, tzinfo=EASTERN),
        ),  # an hour is skipped
        (
            datetime(2026, 11, 20, 10, tzinfo=EASTERN),
            datetime(2026, 10, 21, 11, tzinfo=EASTERN),
        ),  # an hour comes twice
        (
            datetime(2028, 3, 15, 10, tzinfo=EASTERN),
            datetime(2028, 2, 14, 9, tzinfo=EASTERN),
        ),  # 29 Feb, and spring
        (datetime(2028, 3, 1, 10, tzinfo=EASTERN), datetime(2028, 1, 31, 10, tzinfo=EASTERN)),  # 29 Feb alone
    ],
)
def test_days_of_24_hours_across_clock_changes_and_leap_days(anchor: datetime, opens: datetime) -> None:
    """30 days are 720 hours, whatever the wall clock says meanwhile."""
    at, earliest = anchor.astimezone(UTC), opens.astimezone(UTC)
    assert at - earliest == LIMIT
    assert window.period_refusal(Span(earliest, at), at, []) is None
    assert window.period_refusal(Span(earliest - TICK, at), at, []) is not None
    assert window.instant(earliest)[:6] in str(window.period_refusal(Span(earliest - TICK, at), at, []))


# -- grants ---------------------------------------------------------------------------------------------------------


def said_of(span: Span, **changes: object) -> str | None:
    """The refusal of a grant in a ten-day window before the anchor, which is general release."""
    facts = {
        "partner": False,
        "anchor_kind": window.GENERAL_RELEASE,
        "anchor": ANCHOR,
        "release": ANCHOR,
        "periods": [Span(ANCHOR - 10 * DAY, ANCHOR)],
        **changes,
    }
    return window.grant_refusal(span, **facts)  # type: ignore[arg-type]


def test_grants_lie_inside_one_window() -> None:
    """Its very edges included; partners under general release too. Windows that touch are one."""
    whole = Span(ANCHOR - 10 * DAY, ANCHOR)
    for partner in (False, True):
        assert said_of(whole, partner=partner) is None
        assert "inside one access window" in str(said_of(Span(whole.start - TICK, ANCHOR), partner=partner))
    assert "general release" in str(said_of(Span(whole.start, ANCHOR + TICK)))
    assert "before it starts" in str(said_of(Span(ANCHOR, ANCHOR)))
    middle = ANCHOR - 5 * DAY
    touching = [Span(whole.start, middle), Span(middle, ANCHOR)]  # what an amendment leaves and what it sets
    assert said_of(whole, periods=touching) is None
    apart = [Span(whole.start, middle), Span(middle + TICK, ANCHOR)]
    assert "inside one access window" in str(said_of(whole, periods=apart))


def test_partners_under_an_anchor_at_other_partners() -> None:
    """From the anchor to general release; none without one; offices keep to the window."""
    other = {"partner": True, "anchor_kind": window.OTHER_PARTNERS, "periods": []}
    release = ANCHOR + 60 * DAY
    assert said_of(Span(ANCHOR, release), release=release, **other) is None
    assert "starts at the anchor" in str(said_of(Span(ANCHOR - TICK, release), release=release, **other))
    assert "would have no end" in str(said_of(Span(ANCHOR, release), release=None, **other))
    assert "general release" in str(said_of(Span(ANCHOR, release + TICK), release=release, **other))
    office = {**other, "partner": False}
    assert "inside one access window" in str(said_of(Span(ANCHOR, release), release=release, **office))


def test_general_release_is_what_comes_first() -> None:
    """Planned or actual; None where neither is stated."""
    assert window.general_release(ANCHOR, ANCHOR - DAY) == ANCHOR - DAY
    assert window.general_release(ANCHOR, ANCHOR + DAY) == ANCHOR
    assert (window.general_release(None, ANCHOR), window.general_release(ANCHOR, None)) == (ANCHOR, ANCHOR)
    assert window.general_release(None, None) is None


# -- derived words --------------------------------------------------------------------------------------------------


def test_phases() -> None:
    """Not started, open, suspended, ended; an instant equal to an end is outside; between two windows not started."""
    first, second = Span(ANCHOR - 10 * DAY, ANCHOR - 8 * DAY), Span(ANCHOR - 5 * DAY, ANCHOR)
    at = {
        first.start - TICK: "not_started", first.start: "open", first.end - TICK: "open", first.end: "not_started",
        second.start: "open", ANCHOR - TICK: "open", ANCHOR: "ended",
    }  # fmt: skip
    assert {now: window.phase([first, second], now) for now in at} == at
    assert window.phase([first], first.start, suspended=True) == "suspended"
    assert window.phase([first], first.end, suspended=True) == "ended"
    assert window.phase([], ANCHOR) == "none"


def test_states_of_a_grant() -> None:
    """Stored words where they are final or suspended, else derived; the same grid a page shows."""
    span = Span(ANCHOR - DAY, ANCHOR)
    times = (span.start - TICK, span.start, span.end - TICK, span.end)
    table = {
        "proposed": ("proposed",) * 4,
        "agreed": ("scheduled", "active", "active", "ended"),
        "suspended": ("suspended", "suspended", "suspended", "ended"),
        "revoked": ("revoked",) * 4,
        "withdrawn": ("withdrawn",) * 4,
    }
    assert {state: tuple(window.grant_state(state, span, at) for at in times) for state in table} == table
    unread = {
        state: tuple(window.grant_state(state, span, at, accepted=False) for at in times) for state in table
    }
    assert unread == {**table, "agreed": (window.TERMS_OPEN,) * 3 + ("ended",)}
    assert window.grant_state("agreed", span, span.end, accepted=False, ever_started=False) == "expired"
    assert window.grant_state("agreed", span, span.start, end_recorded=True) == "ended"


def test_states_of_an_offer() -> None:
    """An answered offer does not lapse; a retraction is final."""

    def state(both: bool, retracted: bool, now: datetime) -> str:
        return window.offer_state(both=both, retracted=retracted, lapses_at=ANCHOR, now=now)

    assert [state(False, False, at) for at in (ANCHOR - TICK, ANCHOR)] == ["offered", "lapsed"]
    assert [state(True, False, at) for at in (ANCHOR - TICK, ANCHOR)] == ["concurred", "concurred"]
    assert state(False, True, ANCHOR - TICK) == "retracted"


def test_words() -> None:
    """Two units at most, rounded down, never "1 days"."""
    assert window.words(31 * DAY + 2 * HOUR + timedelta(minutes=5)) == "31 days 2 hours"
    assert window.words(DAY + HOUR) == "1 day 1 hour"
    assert window.words(timedelta(seconds=59)) == "less than a minute"


# -- properties -----------------------------------------------------------------------------------------------------


@given(st.lists(spans, max_size=6), st.randoms())
def test_the_union_is_no_more_than_the_sum_and_any_order_gives_it(rows: list[Span], random: object) -> None:
    """Overlaps count once."""
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert window.total(rows) == window.total(shuffled) <= sum((s.length for s in rows), timedelta(0))
    assert window.total(rows) >= max((s.length for s in rows), default=timedelta(0))


@given(st.lists(spans, max_size=6), instants)
def test_a_cut_leaves_nothing_after_it_and_never_adds(rows: list[Span], at: datetime) -> None:
    """Whatever is left lies before the cut and inside what was."""
    left = window.cut(rows, at)
    assert all(span.start < at and span.end <= at for span in left)
    assert window.total(left) <= window.total(rows)
    assert window.cut(left, at) == left


@given(st.lists(spans, max_size=8), instants)
def test_periods_agreed_one_after_another_keep_to_the_law(asked: list[Span], anchor: datetime) -> None:
    """Whatever is asked in whatever order: apart, before the anchor, within its 30 days, 720 hours in all."""
    agreed: list[Span] = []
    for span in asked:
        if window.period_refusal(span, anchor, agreed) is None:
            agreed.append(span)
    assert window.total(agreed) == sum((s.length for s in agreed), timedelta(0)) <= LIMIT
    assert all(anchor - LIMIT <= span.start < span.end <= anchor for span in agreed)


@given(spans, spans, st.booleans())
def test_an_agreed_grant_never_outlives_release_or_window(span: Span, period: Span, partner: bool) -> None:
    """Whatever is asked."""
    facts = {"partner": partner, "anchor": period.end, "release": period.end, "periods": [period]}
    if said_of(span, **facts) is None:
        assert period.start <= span.start < span.end <= period.end
