"""Collecting the front end: the trimmed sheet names only files that were copied, and a second run does nothing."""

import re
from pathlib import Path

import pytest

from deploy import frontend

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".usa-input{a:b}", ".usa-input{a:b}"),
        (r".desktop\:margin-top-2{a:b}", ""),
        (r"@media all{.desktop\:margin-top-2{a:b}.tablet\:grid-col{c:d}}", r"@media all{.tablet\:grid-col{c:d}}"),
        (".usa-range,.usa-input{a:b}", ".usa-input{a:b}"),
        (".usa-range-other{a:b}", ""),
        (".usa-navbar{a:b}", ".usa-navbar{a:b}"),
        ('@charset "UTF-8";.a{b:c}', ".a{b:c}"),
    ],
)  # fmt: skip
def test_trim_drops_only_what_no_page_uses(css: str, kept: str) -> None:
    assert frontend.trim(css) == kept


def test_a_sheet_that_is_cut_off_is_refused() -> None:
    with pytest.raises(frontend.FrontendError, match="cut off"):
        frontend.trim("@media print{.a{b:c}")


@pytest.mark.parametrize(
    "text", ["a{}\n/*# sourceMappingURL=a.css.map */", "x()\n//# sourceMappingURL=a.js.map"]
)
def test_the_map_is_not_named(text: str) -> None:
    assert "sourceMappingURL" not in frontend.without_map(text)


def test_what_was_collected_is_whole_and_stays(capsys: pytest.CaptureFixture[str]) -> None:
    frontend.collect(ROOT)
    target = ROOT / frontend.TARGET
    sheet = (target / frontend.STYLES).read_text()
    for _, place in frontend.OTHERS:
        assert "sourceMappingURL" not in (target.parent / place).read_text()
    named = re.findall(r"url\(\.\./([^)]+)\)", sheet)
    assert named
    assert [name for name in named if not (target / name).is_file()] == []
    capsys.readouterr()
    frontend.collect(ROOT)
    assert capsys.readouterr().out == "front end: up to date\n"
