"""Printing: a tagged PDF with the marking on each page and nothing fetched; a clear sentence without Pango."""

import builtins
import re
import zlib
from typing import Any

import pytest

from portal.kit.printing import pdf_of
from portal.kit.refusal import Refused

PAGE = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Printed</title></head><body>'
    '<p class="marking">CUI</p><h1>Printed</h1><img src="file:///etc/passwd" alt="x"><p>{}</p></body></html>'
)


def test_a_tagged_pdf_of_several_pages() -> None:
    """PDF/UA-1 with a structure tree, its language and title, one page after another."""
    made = pdf_of(PAGE.format("A paragraph of words. " * 400))
    parts = [made]
    for found in re.finditer(rb"stream\r?\n(.*?)endstream", made, re.S):
        try:
            parts.append(zlib.decompress(found.group(1)))
        except zlib.error:
            continue
    whole = b"".join(parts)
    assert made.startswith(b"%PDF-")
    for word in (b"/StructTreeRoot", b"/MarkInfo", b"/Lang", b"pdfuaid", b"/H1"):
        assert word in whole
    assert len(re.findall(rb"/Type\s*/Page\b", whole)) >= 2
    assert b"root:" not in whole


def test_without_pango_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library cannot be loaded: refused with the name of the package."""
    usual = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return usual(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Refused, match="libpango") as refused:
        pdf_of(PAGE)
    assert refused.value.conflict
