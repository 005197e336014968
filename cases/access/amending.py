"""What an amendment does to terms, window and each open grant. Only reads; its signing does what stands here."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from cases.access import guards
from cases.access.models import Agreement, Grant
from cases.access.text import Terms, safeguard_labels
from cases.register.models import Case
from cases.rules import window


@dataclass
class Effect:
    """What the second signature at one instant would do: the new window, and the grants by what is left of them.

    `over` are those whose term was reached before. `rest` is what it takes of the old window's time still to come,
    `used` what lies behind it, `left` what no window uses of the 30 days afterwards.
    """

    span: window.Span
    behind: list[window.Span]
    rest: list[window.Span]
    used: str
    left: str
    kept: list[Grant] = field(default_factory=list)
    shortened: list[tuple[Grant, datetime]] = field(default_factory=list)
    ended: list[Grant] = field(default_factory=list)
    over: list[Grant] = field(default_factory=list)


def effect_of(case: Case, terms: Terms, grants: Iterable[Grant], now: datetime) -> Effect:
    """The effect of an amendment to `terms` signed at `now` on `grants`, the case's grants without a recorded end."""
    old = guards.spans_of(list(case.window_periods.all()))
    behind, span = window.cut(old, now), guards.amended_span(terms, now)
    periods = [*behind, span]
    effect = Effect(
        span,
        behind=behind,
        rest=[window.Span(max(one.start, now), one.end) for one in old if one.end > now],
        used=window.words(window.total(behind)) if behind else "nothing",
        left=window.words(window.LIMIT - window.total(periods)),
    )
    release = guards.release_of(guards.stated_dates(case))
    for grant in grants:
        if grant.span.upper <= now:
            effect.over.append(grant)
            continue
        end = window.kept_until(
            window.Span(grant.span.lower, grant.span.upper),
            partner=grant.kind == "partner",
            anchor_kind=terms.anchor_kind,
            anchor=terms.anchor_at,
            release=release,
            periods=periods,
            now=now,
        )
        if end is None:
            effect.ended.append(grant)
        elif end < grant.span.upper:
            effect.shortened.append((grant, end))
        else:
            effect.kept.append(grant)
    return effect


def changes(old: Agreement, new: Agreement) -> list[tuple[str, str, str]]:
    """What the terms say differently: (term, in the old version, in the new one)."""
    before, after = _said(old), _said(new)
    return [(name, before[name], after[name]) for name in after if before[name] != after[name]]


def _said(agreement: Agreement) -> dict[str, str]:
    labels = safeguard_labels(agreement.case)
    span = window.Span(agreement.opens_at, agreement.closes_at)
    return {
        "Anchor": f"{agreement.get_anchor_kind_display()}, {window.instant(agreement.anchor_at)}",
        "Window opens": window.instant(span.start),
        "Window closes": window.instant(span.end),
        "Length": window.words(span.length),
        "Scope": agreement.scope,
        "Safeguards": ", ".join(labels.get(id, id) for id in agreement.safeguards) or "none",
        "People with access": ", ".join(agreement.people) or "nobody",
    }
