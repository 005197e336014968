"""The parts pages are made of, `{% load ui %}`: times, state words, buttons, fields, charts, history; add a part here.

Tags with pictures or more than a line of markup render a template of templates/parts/. Nothing here reads a clock
or the database: instants are passed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import count
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.http import QueryDict
from django.template import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal.kit import charts, widgets, words

register = template.Library()
_numbers = count(1)

TONES = frozenset({"neutral", "info", "success", "warning", "ended"})
KINDS = {
    "primary": "",
    "secondary": " usa-button--outline",
    "danger": " usa-button--secondary",
    "plain": " usa-button--unstyled",
}
STEP_WORDS = {"done": "done", "now": "now", "later": "to come", "ended": "ended here"}
FINDING_TONES = {"met": "info", "not met": "neutral", "inconclusive": "warning", "insufficient": "ended"}
NOT_SET = SafeString('<span class="fv-unset">not set</span>')


def new_id(stem: str) -> str:
    """An id that no other element of the page has."""
    return f"{stem}-{next(_numbers)}"


# --- times, sizes, state words -------------------------------------------------------------------------------------


@register.simple_tag(name="time")
def show_time(at: datetime | None) -> SafeString:
    """`{% time at %}`: the instant in both zones, machine-readable; "not set" for None."""
    if at is None:
        return NOT_SET
    return format_html(
        '<time class="fv-time" datetime="{}">{}</time>', words.zones(at)[1].isoformat(), words.time_text(at)
    )


@register.simple_tag(name="date")
def show_date(on: date | None) -> SafeString:
    """`{% date on %}`: a day without an hour; "not set" for None."""
    if on is None:
        return NOT_SET
    return format_html('<time class="fv-time" datetime="{}">{}</time>', on.isoformat(), words.date_text(on))


@register.simple_tag(name="time_left")
def show_time_left(
    until: datetime | None, now: datetime, word: str = "soon", late: str = "ended"
) -> SafeString:
    """`{% time_left until now %}`: "6 days 4 hours left"; below 72 hours bold with `word`; "ended 3 hours ago".

    `late` is the word for what is over: a target was due, a window ended.
    """
    if until is None:
        return NOT_SET
    left = words.time_left(until, now)
    pattern = '<time class="{}" datetime="{}" title="{}">{}</time>'
    style = "fv-left fv-left--soon" if left.soon else "fv-left fv-left--ended" if left.ended else "fv-left"
    text = (
        format_html("<strong>{}</strong> · {}", left.text, word)
        if left.soon
        else left.text.replace("ended", late)
    )
    return format_html(pattern, style, words.zones(until)[1].isoformat(), words.time_text(until), text)


@register.filter
def short_time(at: datetime) -> str:
    """`{{ at|short_time }}`: "3 Dec, 10:00 EST", for the axis of a picture."""
    return words.short_time_text(at)


@register.filter
def number(value: float | None, digits: int = 3) -> str:
    """`{{ share|number:2 }}`: a measured share with fixed decimals, a dash for None."""
    return words.number_text(value, digits)


@register.simple_tag
def filesize(size: int | None) -> SafeString:
    """`{% filesize n %}`: "1.4 MB", with the exact count in its title."""
    if size is None:
        return NOT_SET
    return format_html('<span class="fv-size" title="{} bytes">{}</span>', f"{size:,}", words.size_text(size))


@register.simple_tag
def tag(word: str, tone: str = "neutral") -> SafeString:
    """`{% tag word tone %}`: a state word; tone is neutral, info, success, warning or ended."""
    return format_html(
        '<span class="fv-tag fv-tag--{}">{}</span>', tone if tone in TONES else "neutral", word
    )


@register.simple_tag
def marking_tag(marking: Any) -> SafeString:
    """`{% marking_tag m %}`: the banner words of one marking, small, beside what it marks."""
    return format_html('<span class="fv-mark fv-marking--{}">{}</span>', *_marking(marking))


@register.simple_tag
def marking_banner(marking: Any = None, place: str = "top") -> SafeString:
    """`{% marking_banner marking "bottom" %}`: the page's banner; UNCLASSIFIED where the page names none."""
    name = "Marking of this page" if place == "top" else "Marking of this page, repeated"
    pattern = '<section class="fv-marking fv-marking--{} fv-marking-{}" aria-label="{}">{}</section>'
    level, banner = _marking(marking)
    return format_html(pattern, level, place, name, banner)


def _marking(marking: Any) -> tuple[str, str]:
    """(level, banner) of an object or mapping with those names."""
    if not marking:
        return "unclassified", "UNCLASSIFIED"
    if isinstance(marking, dict):
        return str(marking["level"]), str(marking["banner"])
    return str(marking.level), str(marking.banner)


@register.simple_tag
def digest(value: str | None) -> SafeString:
    """`{% digest value %}`: a digest shown short; the whole value is the text, so a click selects and copies it."""
    if not value:
        return NOT_SET
    return format_html('<code class="fv-digest" title="{}">{}</code>', value, value)


# --- buttons and forms ---------------------------------------------------------------------------------------------


@register.simple_tag
def button(
    label: str, url: str = "", kind: str = "primary", off: str | None = "", **attributes: str
) -> SafeString:
    """`{% button "Acknowledge" %}` submits; with `url` it is a link; with `off="sentence"` it is off and says why.

    `kind` is primary, secondary, danger or plain; `name`, `value`, `form`, `id` and the like become attributes.
    """
    style = f"usa-button{KINDS.get(kind, '')}"
    if off:
        key = new_id("why")
        pattern = (
            '<span class="fv-off"><button type="button" class="{} fv-button-off" aria-disabled="true" '
            'aria-describedby="{}">{}</button> <span class="fv-off__why" id="{}">{}</span></span>'
        )
        return format_html(pattern, style, key, label, key, off)
    extra = format_html_join(
        "", ' {}="{}"', ((name.replace("_", "-"), value) for name, value in attributes.items())
    )
    if url:
        return format_html('<a class="{}" href="{}"{}>{}</a>', style, url, extra, label)
    return format_html('<button type="submit" class="{}"{}>{}</button>', style, extra, label)


@register.inclusion_tag("parts/field.html")
def field(bound: BoundField, hint: str = "") -> dict[str, Any]:
    """`{% field form.title %}`: label above, hint, what to mend, then the input; an optional field says so."""
    kind = widgets.kind_of(bound)
    widgets.style_widget(bound.field.widget, wrong=bool(bound.errors), label=str(bound.label))
    key, text = bound.auto_id, hint or bound.help_text
    zone = widgets.zone_note(bound)
    notes = [f"{key}_helptext"] if text or zone else []
    described = " ".join(notes + ([f"{key}_error"] if bound.errors else []))
    attrs: dict[str, str | bool] = (
        {"aria-describedby": described} if described and kind in {"plain", "checkbox"} else {}
    )
    return {
        "field": bound,
        "kind": kind,
        "key": key,
        "hint": text,
        "zone": zone,
        "described": described,
        "errors": widgets.what_to_mend(bound),
        "input": bound.as_widget(attrs=attrs) if kind in {"plain", "checkbox", "hidden", "group"} else "",
    }


@register.inclusion_tag("parts/errors.html")
def errors(form: BaseForm) -> dict[str, Any]:
    """`{% errors form %}`: everything to mend, on top, each line a link to its field."""
    named = [form[name] for name in form.errors if name in form.fields] if form.is_bound else []
    lines = [
        (widgets.first_id(bound), bound.label, text)
        for bound in named
        for text in widgets.what_to_mend(bound)
    ]
    general = list(form.non_field_errors()) if form.is_bound else []
    return {
        "general": general,
        "lines": lines,
        "count": len(general) + len(lines),
        "files": form.is_multipart(),
    }


# --- lists and pictures --------------------------------------------------------------------------------------------


@register.simple_tag
def empty(what: str, who: str = "") -> SafeString:
    """`{% empty "what will appear" "who makes it happen" %}`: what stands where nothing is yet."""
    return format_html('<p class="fv-empty">{} <span>{}</span></p>', what, who)


@register.inclusion_tag("parts/stage_bar.html")
def stage_bar(stages: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """`{% stage_bar stages %}`: (id, label, state) in order; state is done, now, later or ended."""
    return {"stages": [(key, label, state, STEP_WORDS.get(state, state)) for key, label, state in stages]}


@register.inclusion_tag("parts/window_line.html")
def window_line(line: charts.WindowLine, compact: bool = False) -> dict[str, Any]:
    """`{% window_line line %}`: a charts.WindowLine with its table; `compact=True` folds the table away."""
    return {"line": line, "drawing": line.drawing, "compact": compact, "key": new_id("window")}


@register.inclusion_tag("parts/rule_panel.html")
def rule_panel(finding: Any, compact: bool = False) -> dict[str, Any]:
    """`{% rule_panel finding %}`: an object with interval, gates, facts, sentence; `compact=True` has no fold."""
    interval = finding.interval
    state = interval.state.replace("_", " ")
    return {
        "finding": finding,
        "interval": interval,
        "drawing": interval.drawing,
        "state": state,
        "tone": FINDING_TONES.get(state, "neutral"),
        "compact": compact,
        "key": new_id("rule"),
    }


@register.inclusion_tag("parts/bars.html", name="bars")
def show_bars(counts: Sequence[charts.Count], caption: str, noun: str = "cases") -> dict[str, Any]:
    """`{% bars counts "Cases by stage" %}`: charts.Count rows as horizontal bars linking to their lists."""
    return {"rows": charts.bars(counts), "caption": caption, "noun": noun}


@register.inclusion_tag("parts/agenda.html", name="agenda")
def show_agenda(
    stretches: Sequence[charts.Stretch], now: datetime, until: datetime, caption: str
) -> dict[str, Any]:
    """`{% agenda stretches now until "Windows" %}`: what opens and closes between two instants, on one axis."""
    return {"rows": charts.agenda(stretches, now, until), "now": now, "until": until, "caption": caption}


@register.inclusion_tag("parts/history_entry.html")
def history_entry(entry: Any) -> dict[str, Any]:
    """`{% history_entry entry %}`: one entry of the log as a list item; content fields read "changed"."""
    return {"entry": entry}


@register.inclusion_tag("parts/pager.html", takes_context=True)
def pager(
    context: Context, page: Any, param: str = "cursor", name: str = "Pages of this list"
) -> dict[str, Any]:
    """`{% pager page %}`: newer and older links of a kit Page; the filters in the address stay. Two need names."""
    request = context.get("request")
    query = request.GET if request is not None else QueryDict()

    def link(cursor: str) -> str:
        if not cursor:
            return ""
        changed = query.copy()
        changed[param] = cursor
        return f"?{changed.urlencode()}"

    return {"newer": link(page.newer), "older": link(page.older), "name": name}
