"""Whether a file is what it says: structure decides, not the name and not the browser."""

import io
import json
import zipfile

import pytest

from cases.documents.kinds import CSV, JSON, KINDS, MARKDOWN, PDF, TEXT, WORD
from cases.documents.types import CHECKS, WORDS, recognise
from portal.kit.refusal import Refused
from tests.walk import PDF as A_PDF

MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def docx(listed: bytes = MAIN, document: str = "word/document.xml") -> bytes:
    """A small Word file, or something like it."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("[Content_Types].xml", b"<Types>" + listed + b"</Types>")
        archive.writestr(document, b"<document/>")
    return body.getvalue()


@pytest.mark.parametrize(
    ("body", "name", "expected"),
    [
        (A_PDF, "card.pdf", PDF),
        (A_PDF, "CARD.PDF", PDF),
        (b"Plain words, \xc3\xa9t\xc3\xa9.\n", "notes.txt", TEXT),
        (b"\xef\xbb\xbfWith a mark\n", "notes.txt", TEXT),
        (b"# Heading\n", "card.md", MARKDOWN),
        (docx(), "card.docx", WORD),
        (b'{"a": [1, 2]}', "scores.json", JSON),
        (json.dumps(["x" * 100] * 30_000).encode(), "scores.json", JSON),
        (b"a,b\n1,2\n3,4\n", "scores.csv", CSV),
        (b'a,b\n"1, and\n2",2\n', "scores.csv", CSV),
    ],
)
def test_whole_files_are_recognised(body: bytes, name: str, expected: str) -> None:
    """One of each type."""
    assert recognise(io.BytesIO(body), name, "cyber_evaluation_report") == expected


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"MZ\x90\x00", "card.pdf"),
        (b"<html>%PDF-1.7 %%EOF", "card.pdf"),
        (A_PDF[:-7], "card.pdf"),
        (b"%PDF-1.7", "card.pdf"),
        (A_PDF, "card.exe"),
        (A_PDF, "card"),
        (A_PDF, "card.docx"),
        (A_PDF, "card.pdf.html"),
        (b"bin\x00ary", "notes.txt"),
        (b"latin \xe9t\xe9", "notes.txt"),
        (b"cut in the middle of a letter \xc3", "notes.md"),
        (b"\x1b[31mred", "notes.txt"),
        (docx(listed=b"application/vnd.ms-word.document.macroEnabled.main+xml"), "card.docx"),
        (docx(listed=MAIN + b"macroEnabled"), "card.docx"),
        (docx(document="other.xml"), "card.docx"),
        (docx(listed=b""), "card.docx"),
        (docx()[:-30], "card.docx"),
        (b"PK\x03\x04rubbish", "card.docx"),
        (docx(), "card.pdf"),
        (b'{"a": ', "scores.json"),
        (b"not json", "scores.json"),
        (b"[" * 200_000, "scores.json"),
        (b'["' + b"x" * 2_000_000, "scores.json"),
        (b"a,b\n1,2,3\n", "scores.csv"),
        (b"one column\nonly\n", "scores.csv"),
        (b'a,b\n"1,2\n', "scores.csv"),
        (b"\n\n", "scores.csv"),
    ],
)
def test_what_is_not_what_it_says_is_refused(body: bytes, name: str) -> None:
    """The sentence names every type that is allowed, and not the file: refusals are recorded."""
    with pytest.raises(Refused) as refused:
        recognise(io.BytesIO(body), name, "cyber_evaluation_report")
    assert name not in refused.value.sentence
    assert "PDF (.pdf)" in refused.value.sentence
    assert "CSV (.csv)" in refused.value.sentence


def test_a_kind_takes_its_own_types_only() -> None:
    """A system card is a paper: scores belong to other kinds, and the sentence does not offer them."""
    with pytest.raises(Refused) as refused:
        recognise(io.BytesIO(b'{"a": 1}'), "card.json", "system_card")
    assert "a system card may have" in refused.value.sentence
    assert "JSON" not in refused.value.sentence


def test_every_type_has_a_check_and_a_word() -> None:
    """A new type needs both."""
    types = {type_ for kind in KINDS.values() for type_ in kind.types}
    assert types == set(CHECKS) == set(WORDS)


def test_a_zip_bomb_is_not_unpacked() -> None:
    """The list of parts is read only when it says that it is small."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", MAIN + b" " * 50_000_000)
        archive.writestr("word/document.xml", b"")
    with pytest.raises(Refused):
        recognise(io.BytesIO(body.getvalue()), "card.docx", "system_card")
