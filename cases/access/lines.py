"""The window as a picture: rows of access as a `charts.WindowLine`. Pure, but for the rows passed in."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from cases.access.amending import Effect
from cases.access.models import Agreement, Grant
from cases.rules import window
from portal.kit.charts import Bar, WindowLine


def draft_line(span: window.Span, anchor: datetime, now: datetime) -> WindowLine:
    """The line of a window that is only drafted."""
    sentence = (
        f"As drafted the window lasts {window.words(span.length)} and closes at {window.instant(span.end)}."
    )
    return WindowLine(
        span.start,
        anchor,
        now,
        [Bar("Window as drafted", span.start, span.end, "drafted")],
        sentence=sentence,
    )


def amended_line(effect: Effect, anchor: datetime, now: datetime) -> WindowLine:
    """The line as an amendment signed now would leave it: what was used, the new window, each grant to its new end."""
    bars = [Bar("Government window", one.start, one.end, "ended") for one in effect.behind]
    bars.append(Bar("Window as typed", effect.span.start, effect.span.end, "drafted"))
    ends = [
        *((grant, grant.span.upper, grant.state_at(now)) for grant in effect.kept),
        *((grant, end, "ends earlier") for grant, end in effect.shortened),
        *((grant, max(now, grant.span.lower), "ended") for grant in effect.ended),
    ]
    bars += [Bar(grant.organisation.short_name, grant.span.lower, end, word) for grant, end, word in ends]
    return WindowLine(
        opens=min(span.start for span in (*effect.behind, effect.span)),
        anchor=anchor,
        now=now,
        bars=bars,
        cuts=[(now, "what is left of the window in force would end here")] if effect.rest else [],
        sentence=(
            f"As typed the window lasts {window.words(effect.span.length)} from now or its opening on; "
            f"{effect.used} of the 30 days used before, {effect.left} in no window."
        ),
    )


def grant_line(grant: Grant, state: str, now: datetime) -> WindowLine:
    """The line of one grant alone: what its partner sees."""
    start, end = grant.span.lower, grant.ends_at
    return WindowLine(
        start,
        max(end, start),
        now,
        phase=state,
        sentence=grant_sentence(grant, state, now),
        name="Grant",
        end_name="end",
    )


def grant_sentence(grant: Grant, state: str, now: datetime) -> str:
    """The grant's state and time left in words."""
    if state == "scheduled":
        return f"Access starts in {window.words(grant.span.lower - now)} and ends at {window.instant(grant.ends_at)}."
    if state == "active":
        return f"Active; {window.words(grant.ends_at - now)} left. It ends by itself."
    if state == "suspended":
        return "Suspended; the time runs on meanwhile."
    if state == window.TERMS_OPEN:
        end = window.instant(grant.ends_at)
        return f"Its terms are not accepted yet, and nothing is open before. It ends at {end}."
    return f"Ended at {window.instant(grant.ends_at)}."


def window_line(
    agreement: Agreement, periods: Sequence[Agreement], grants: Iterable[Grant], now: datetime
) -> WindowLine:
    """The line of a case: its newest signed agreement, and every version that set a window (with `window`)."""
    spans = [window.Span(a.window.lower, a.window.upper) for a in periods if not a.window.isempty]  # type: ignore[attr-defined]
    grants = list(grants)
    said = phase(spans, grants, now)
    opens = min([agreement.opens_at, *(span.start for span in spans)])
    bars = [Bar("Government window", span.start, span.end, _period_word(span, now)) for span in spans]
    bars += [
        Bar(g.organisation.short_name, g.span.lower, max(g.ends_at, g.span.lower), g.state_at(now))
        for g in grants
    ]
    return WindowLine(
        opens=opens,
        anchor=agreement.anchor_at,
        now=now,
        bars=bars,
        shaded=[shade for grant in grants for shade in _shades(grant, now)],
        cuts=[(a.cut_at, a.cut_cause) for a in periods if a.cut_at],  # type: ignore[attr-defined]
        phase=window.PHASES[said].lower(),
        sentence=sentence(said, spans, now),
    )


def phase(spans: Sequence[window.Span], grants: Iterable[Grant], now: datetime) -> str:
    """The window's phase; suspended when grants run and every one of them is suspended."""
    running = [g for g in grants if not g.has_ended(now) and g.span.lower <= now]
    return window.phase(spans, now, suspended=bool(running) and all(g.state == "suspended" for g in running))


def sentence(said: str, spans: Sequence[window.Span], now: datetime) -> str:
    """The phase and the time left in words."""
    left = window.LIMIT - window.total(spans)
    rest = f" {window.words(left)} of the 30 days lie in no window." if left else ""
    if said in ("open", "suspended"):
        end = next(span.end for span in spans if span.contains(now))
        word = "Open" if said == "open" else "Suspended, and the time runs on"
        return f"{word}: {window.words(end - now)} left, until {window.instant(end)}.{rest}"
    if said == "not_started":
        start = min(span.start for span in spans if now < span.start)
        return f"The window opens in {window.words(start - now)}, at {window.instant(start)}.{rest}"
    if said == "ended":
        return f"The window ended at {window.instant(max(span.end for span in spans))}.{rest}"
    return "No window is left."


def _period_word(span: window.Span, now: datetime) -> str:
    return window.PHASES[window.phase([span], now)].lower()


def _shades(grant: Grant, now: datetime) -> list[tuple[datetime, datetime, str]]:
    label = f"{grant.organisation.short_name}, suspended by the "
    rows = getattr(grant, "suspended", [])
    return [
        (datetime.fromisoformat(row["since"]), datetime.fromisoformat(row["until"]) if row["until"] else now,
         label + row["side"])
        for row in rows
    ]  # fmt: skip
