"""The parts of the pages: words of time at their borders, fields and buttons that explain themselves, escaping."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings

from portal import gallery
from portal.kit import words
from portal.kit.charts import Count

NOW = datetime(2026, 12, 3, 15, tzinfo=UTC)
HOSTILE = '"><script>alert(1)</script>'


def draw(source: str, **context: Any) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


@pytest.fixture
def page() -> str:
    return render_to_string("gallery.html", gallery._context(RequestFactory().get("/gallery/")))


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 12, 3, 15, tzinfo=UTC), "3 Dec 2026, 10:00 EST · 15:00 UTC"),
        (datetime(2026, 7, 1, 14, 5, tzinfo=UTC), "1 Jul 2026, 10:05 EDT · 14:05 UTC"),
        (datetime(2026, 12, 31, 3, 30, tzinfo=UTC), "30 Dec 2026, 22:30 EST · 31 Dec 2026, 03:30 UTC"),
        # the hour that exists twice, and the hour that does not exist
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "1 Nov 2026, 01:30 EDT · 05:30 UTC"),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "1 Nov 2026, 01:30 EST · 06:30 UTC"),
        (datetime(2026, 3, 8, 6, 59, tzinfo=UTC), "8 Mar 2026, 01:59 EST · 06:59 UTC"),
        (datetime(2026, 3, 8, 7, 0, tzinfo=UTC), "8 Mar 2026, 03:00 EDT · 07:00 UTC"),
        (datetime(2026, 12, 3, 16, tzinfo=timezone(timedelta(hours=1))), "3 Dec 2026, 10:00 EST · 15:00 UTC"),
    ],
)
def test_an_instant_is_shown_in_both_zones(at: datetime, text: str) -> None:
    assert words.time_text(at) == text
    assert f'datetime="{at.astimezone(UTC).isoformat()}"' in draw("{% time at %}", at=at)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        words.time_text(datetime(2026, 12, 3, 15))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("left", "text", "soon"),
    [
        (timedelta(days=6, hours=4, minutes=59), "6 days 4 hours left", False),
        (timedelta(hours=72), "3 days left", False),
        (timedelta(hours=72) - timedelta(seconds=1), "2 days 23 hours left", True),
        (timedelta(days=1, hours=1), "1 day 1 hour left", True),
        (timedelta(hours=5), "5 hours left", True),
        (timedelta(minutes=61), "1 hour 1 minute left", True),
        (timedelta(seconds=1), "less than a minute left", True),
        (timedelta(0), "ended just now", False),
        (-timedelta(hours=3), "ended 3 hours ago", False),
        (-timedelta(days=40, hours=2), "ended 40 days 2 hours ago", False),
    ],
)
def test_time_left_and_its_borders(left: timedelta, text: str, soon: bool) -> None:
    assert words.time_left(NOW + left, NOW).text == text
    shown = draw("{% time_left until now %}", until=NOW + left, now=NOW)
    assert (f"<strong>{text}</strong> · soon" in shown) is soon
    assert text in shown


def test_time_left_counts_hours_not_calendar_days() -> None:
    """Over the end of summer time three calendar days have 73 hours: that is not soon."""
    from_ = datetime(2026, 10, 31, 0, 0, tzinfo=words.EASTERN)
    until = datetime(2026, 11, 3, 0, 0, tzinfo=words.EASTERN)
    assert words.time_left(until.astimezone(UTC), from_.astimezone(UTC)).text == "3 days 1 hour left"


def test_what_is_not_set_says_so() -> None:
    shown = draw(
        "{% time x %}{% date x %}{% time_left x now %}{% filesize x %}{% digest x %}", x=None, now=NOW
    )
    assert shown.count("not set") == 5
    assert draw("{% date on %}", on=date(2026, 12, 3)).endswith(">3 Dec 2026</time>")


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
     (268_435_456, "268.4 MB"), (10**12, "1.0 TB"), (5 * 10**15, "5000.0 TB")],
)  # fmt: skip
def test_sizes(size: int, text: str) -> None:
    assert words.size_text(size) == text


@pytest.mark.parametrize(
    "source",
    [
        "{% tag x x %}", "{% button x %}", "{% button x url=x %}", "{% button x off=x %}", "{% button x value=x %}",
        "{% empty x x %}", "{% digest x %}", "{% marking_banner m %}{% marking_tag m %}",
        "{% stage_bar stages %}", "{% bars counts x %}", "{% history_entry entry %}",
    ],
)  # fmt: skip
def test_hostile_words_stay_words(source: str) -> None:
    change = {"label": HOSTILE, "old": HOSTILE, "new": HOSTILE, "content": False}
    names = ("who", "capacity", "organisation", "sentence", "proof_url", "number")
    entry = SimpleNamespace(at=NOW, changes=[change], **dict.fromkeys(names, HOSTILE))
    shown = draw(
        source,
        x=HOSTILE,
        m={"level": HOSTILE, "banner": HOSTILE},
        stages=[(HOSTILE, HOSTILE, "now")],
        counts=[Count(HOSTILE, 1, HOSTILE)],
        entry=entry,
    )
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


def test_content_that_changed_is_never_shown() -> None:
    change = {"label": "Summary", "old": "secret old", "new": "secret new", "content": True}
    entry = SimpleNamespace(
        at=NOW,
        who="A",
        capacity="own",
        organisation="B",
        sentence="c",
        changes=[change],
        proof_url="",
        number=1,
    )
    shown = draw("{% history_entry entry %}", entry=entry)
    assert "secret" not in shown
    assert "changed" in shown


def test_a_button_that_is_off_says_why_and_cannot_submit() -> None:
    shown = draw('{% button "Close" off="A grant has not ended yet." %}{% button "Close" off="Not yours." %}')
    ids = re.findall(r'aria-describedby="([^"]+)"', shown)
    assert shown.count('type="button"') == shown.count('aria-disabled="true"') == 2
    assert len(set(ids)) == 2
    assert all(f'id="{one}"' in shown for one in ids)
    assert "submit" not in shown
    assert 'type="submit"' in draw('{% button "Close" off=None %}')


class EveryKind(gallery.SampleForm):
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("title", "usa-input"), ("summary", "usa-textarea"), ("kind", "usa-select"), ("planned_on", 'type="date"'),
        ("opens_at", 'type="datetime-local"'),
        ("split", 'aria-label="Meeting: hour"'), ("offices", "usa-checkbox__input"),
        ("answer", "usa-radio__input"), ("nobody", "nothing to choose"), ("file", "fv-file"),
        ("agreed", "usa-checkbox__label"),
        ("secret", 'type="hidden"'),
    ],
)  # fmt: skip
def test_every_kind_of_field_wears_the_design_system(name: str, expected: str) -> None:
    assert expected in draw(f"{{% field form.{name} %}}", form=EveryKind())


def test_a_field_is_tied_to_its_hint_and_its_error() -> None:
    form = EveryKind({"count": "0"})
    for name in ("title", "count", "agreed", "answer"):
        shown = draw(f"{{% field form.{name} %}}", form=form)
        described = re.findall(r'aria-describedby="([^"]+)"', shown)
        assert described, name
        assert all(f'id="{one}"' in shown for one in described[0].split()), name
        assert f"id_{name}_error" in described[0]


def test_errors_stand_on_top_and_link_to_their_fields() -> None:
    form = EveryKind({"count": "0"})
    form.add_error(None, HOSTILE)
    summary, fields = (
        draw("{% errors form %}", form=form),
        render_to_string("parts/form.html", {"form": form}),
    )
    targets = re.findall(r'href="#([^"]+)"', summary)
    assert {"id_title", "id_answer_0", "id_agreed"} <= set(targets)
    assert all(f'id="{target}"' in fields for target in targets)
    assert "Fill this in." in summary
    assert "This field is required" not in fields
    assert "<script" not in summary
    assert draw("{% errors form %}", form=EveryKind()).strip() == ""


def test_what_was_typed_comes_back_in_the_form_the_picker_reads() -> None:
    form = EveryKind({"opens_at": "2026-12-03T10:00", "title": HOSTILE})
    shown = render_to_string("parts/form.html", {"form": form})
    assert 'value="2026-12-03T10:00"' in shown
    assert "<script" not in shown
    fresh = EveryKind(initial={"opens_at": NOW})
    assert re.search(r'value="2026-12-03T\d\d:00"', draw("{% field form.opens_at %}", form=fresh))


def test_the_pager_keeps_the_filters() -> None:
    request = RequestFactory().get("/cases/?stage=received&stage=access&cursor=old")
    shown = draw("{% pager page %}", page=SimpleNamespace(newer="", older="n&w"), request=request)
    assert 'href="?stage=received&amp;stage=access&amp;cursor=n%26w"' in shown
    assert draw("{% pager page %}", page=SimpleNamespace(newer="", older=""), request=request).strip() == ""


def test_the_gallery_carries_no_inline_style_or_script_and_no_id_twice(page: str) -> None:
    assert not re.search(r"\sstyle=|<style|<script|\son[a-z]+=", page.replace("onclick=&quot;", ""))
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))
    assert page.count("CUI//PROPIN</section>") == 2


def test_the_gallery_is_not_there_on_an_installation_in_use() -> None:
    with override_settings(DEMO=False, DEBUG=False), pytest.raises(gallery.Http404):
        gallery.gallery(RequestFactory().get("/gallery/"))


@pytest.mark.parametrize("code", [403, 404, 409, 500, 503])
def test_an_error_page_needs_no_database_and_says_what_to_do(code: int) -> None:
    shown = render_to_string(f"{code}.html")
    assert shown.count("UNCLASSIFIED</section>") == 2
    assert 'href="/"' in shown
    assert len(re.findall(r"<h1>\S", shown)) == 1


def test_an_error_page_says_the_sentence_of_the_refusal_and_404_never_does() -> None:
    assert "Only the liaison" in render_to_string("403.html", {"sentence": "Only the liaison may do this."})
    told = {"sentence": "The case exists.", "exception": "No Case matches", "request_path": "/cases/1/"}
    assert render_to_string("404.html", told) == render_to_string("404.html")
