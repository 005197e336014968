"""The style gallery: every part of a page with ordinary, empty and extreme content, for the eye and the tests.

It answers only with DEBUG or DEMO, shows invented content alone and reads no table. Add a sample where its part stands.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_http_methods

from portal.kit.charts import Bar, Count, Interval, WindowLine

NOW = datetime(2026, 12, 12, 19, 30, tzinfo=UTC)
OPENS = datetime(2026, 12, 3, 15, 0, tzinfo=UTC)
ANCHOR = OPENS + timedelta(days=30)
DIGEST = "9f2c41d07a5b8e63f1a0c4d29b7e5836aa10ff42c3d98b7165e0d4f2c8b39a71"
LONG = "Office of Cross-Agency Evaluation Coordination and Advanced Cyber Capability Benchmarking Operations"
STAGES = ("Draft", "Received", "Scoping", "Access", "Benchmarking", "Labeling", "Closed")


class SampleForm(forms.Form):
    """One field of every kind."""

    title = forms.CharField(label="Model version", help_text="As your release notes name it.")
    contact = forms.EmailField(label="Contact address", required=False)
    count = forms.IntegerField(label="Tasks", help_text="A whole number from 1 to 500.", min_value=1)
    summary = forms.CharField(
        label="What changed since the last version", widget=forms.Textarea, required=False
    )
    kind = forms.ChoiceField(
        label="Kind of document",
        choices=[("", "Choose one"), ("card", "System card"), ("red", "Red-team report")],
    )
    planned_on = forms.DateField(label="Planned release date", required=False, widget=forms.DateInput)
    opens_at = forms.DateTimeField(label="Window opens", widget=forms.DateTimeInput)
    split = forms.SplitDateTimeField(label="Meeting", required=False)
    offices = forms.MultipleChoiceField(
        label="Offices to ask",
        choices=[("a", "CISA"), ("b", "NIST"), ("c", LONG)],
        widget=forms.CheckboxSelectMultiple,
    )
    answer = forms.ChoiceField(
        label="Your answer", choices=[("c", "Concur"), ("n", "No view")], widget=forms.RadioSelect
    )
    nobody = forms.ChoiceField(label="Partner", choices=[], widget=forms.RadioSelect, required=False)
    file = forms.FileField(
        label="File", help_text="PDF up to 200 MB; it is hashed while it travels.", required=False
    )
    agreed = forms.BooleanField(
        label="I have read the exact text above", help_text="Version 3 of 1 Dec 2026."
    )


def gallery(request: HttpRequest) -> HttpResponse:
    """`GET /gallery/`: the parts; `POST` shows the sample form with its errors. 404 on an installation in use."""
    if not (settings.DEBUG or getattr(settings, "DEMO", False)):
        raise Http404
    return render(request, "gallery.html", _context(request))


urlpatterns = [path("gallery/", require_http_methods(["GET", "HEAD", "POST"])(gallery), name="gallery")]


def _context(request: HttpRequest) -> dict[str, Any]:
    posted = request.method == "POST"
    return {
        "title": "Style gallery",
        "state": "demonstration",
        "state_tone": "info",
        "marking": {"level": "cui", "banner": "CUI//PROPIN"},
        "markings": [
            {"level": level, "banner": banner}
            for level, banner in (
                ("unclassified", "UNCLASSIFIED"),
                ("cui", "CUI//FED ONLY"),
                ("confidential", "CONFIDENTIAL"),
                ("secret", "SECRET"),
                ("topsecret", "TOP SECRET"),
            )
        ],
        "crumbs": [{"label": "Home", "url": "/"}, {"label": "Style gallery", "url": ""}],
        "form": SampleForm(request.POST, request.FILES) if posted else SampleForm(),
        "now": NOW,
        "times": [NOW + timedelta(minutes=m) for m in (9000, 4320, 4319, 125, 0, -200)],
        "digest": DIGEST,
        "tones": ("neutral", "info", "success", "warning", "ended"),
        "stage_bars": [_stages(4), _stages(0), _stages(3, ended="Withdrawn")],
        "lines": _lines(),
        "findings": _findings(),
        "counts": [Count("Received", 3, "?stage=received"), Count("Benchmarking", 41), Count(LONG, 0)],
        "entries": _entries(),
        "page": SimpleNamespace(newer="abc", older="def"),
        "last_page": SimpleNamespace(newer="abc", older=""),
        "no_counts": [],
        "hostile": '<script>alert("x")</script>',
        "long": LONG,
    }


def _stages(current: int, ended: str = "") -> list[tuple[str, str, str]]:
    """A stage bar that stands at stage number `current`; `ended` puts an end of its own in place of the rest."""
    states = ["done"] * current + ["now"] + ["later"] * (len(STAGES) - current - 1)
    steps = [(name.lower(), name, state) for name, state in zip(STAGES, states, strict=True)]
    return [*steps[:current], ("withdrawn", ended, "ended")] if ended else steps


def _lines() -> list[tuple[str, WindowLine]]:
    day = timedelta(days=1)
    ordinary = WindowLine(
        opens=OPENS,
        anchor=ANCHOR,
        now=NOW,
        phase="open",
        sentence="Open since 3 Dec; 20 days 19 hours are left until the planned general release.",
        bars=[
            Bar("AI evaluation office", OPENS, ANCHOR, "active"),
            Bar("Meridian Labs (partner)", OPENS + 6 * day, OPENS + 20 * day, "scheduled"),
        ],
        shaded=[(OPENS + 3 * day, OPENS + 5 * day, "incident under review")],
        cuts=[(OPENS + 24 * day, "release moved earlier by the developer")],
    )
    bars = [
        Bar(f"{one}. {LONG}", OPENS + one * day / 2, ANCHOR + one * day / 4, "ended") for one in range(40)
    ]
    empty = WindowLine(OPENS, ANCHOR, OPENS - day, phase="not started", sentence="Opens in 1 day.")
    extreme = WindowLine(OPENS, ANCHOR, ANCHOR + 3 * day, bars, phase="ended", sentence="Ended.")
    return [
        ("Ordinary", ordinary),
        ("Empty: no grants, not started", empty),
        ("Extreme: 40 grants, some past the anchor", extreme),
    ]


def _finding(interval: Interval) -> SimpleNamespace:
    gates = [
        {"name": "Tasks completed", "value": "25 of 25", "needed": "all", "holds": True},
        {
            "name": "Rule declared before the run began",
            "value": "2 hours after",
            "needed": "before",
            "holds": False,
        },
    ]
    facts = [
        ("Interval", "Wilson, 95 %, clustered by task"),
        ("Suite", "cyber-range 2.1.0"),
        ("Log digest", DIGEST),
    ]
    return SimpleNamespace(interval=interval, gates=gates, facts=facts, sentence=interval.sentence)


def _findings() -> list[SimpleNamespace]:
    named = "cyber-range · accuracy"
    inconclusive = (
        "0.592 (95 % interval 0.432–0.739, 25 tasks × 5) against ≥ 0.50: "
        "inconclusive at this elicitation and budget."
    )
    return [
        _finding(Interval(named, 0.592, 0.432, 0.739, 0.5, 0.4, "inconclusive", 125, 25.0, sentence=inconclusive)),
        _finding(Interval(f"{LONG} · rate", 1.0, 0.97, 1.0, 0.95, None, "met", 12000, sentence="1.000 is above.")),
        _finding(
            Interval(
                "exploit-chain · accuracy", None, None, None, 0.02, None, "insufficient", 0,
                sentence="No score: the log was begun before its rule was declared.",
            )
        ),
    ]  # fmt: skip


def _entries() -> list[SimpleNamespace]:
    def entry(number: int, sentence: str, changes: list[dict[str, Any]], **more: Any) -> SimpleNamespace:
        facts = {
            "who": "Ada Reyes",
            "capacity": "acting",
            "organisation": "AI evaluation office",
            "proof_url": "#",
        }
        return SimpleNamespace(at=NOW, number=number, sentence=sentence, changes=changes, **{**facts, **more})

    def change(label: str, old: str | None, new: str | None, content: bool = False) -> dict[str, Any]:
        return {"field": label.lower(), "label": label, "old": old, "new": new, "content": content}

    changes = [
        change("Planned release", "2 Jan 2027", "28 Dec 2026"),
        change("Summary", None, None, content=True),
        change("Tracking number", "", '<b onclick="x()">T-1</b>'),
    ]
    system = {"who": "Foreview", "capacity": "", "organisation": "", "proof_url": ""}
    longest = {"who": "Maximiliana Theodora Konstantinopoulou-Wetherington", "organisation": LONG}
    return [
        entry(214, "stated a general release date (planned).", changes),
        entry(213, "ended the offer that nobody answered.", [], **system),
        entry(212, "assigned an evaluator.", [], **longest),
    ]
