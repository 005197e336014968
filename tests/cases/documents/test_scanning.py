"""What the portal's own checks find: each hostile file by its own name, and nothing in ordinary ones."""

import io
import tracemalloc
import zipfile

import pytest

from cases.documents.kinds import CSV, JSON, MARKDOWN, PDF, TEXT, WORD
from cases.documents.scanning.banners import Watch
from cases.documents.scanning.look import LOOKS
from demo.papers import pdf as demo_pdf
from tests.cases.documents.samples import docx, linked, locked, paragraphs, pdf, stream
from tests.walk import PDF as A_PDF

LINK = (
    b'<Relationships><Relationship Type="http://x/relationships/%s" Target="http://x/" '
    b'TargetMode="External"/></Relationships>'
)
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:document>&e;</w:document>'


def zipped(**parts: bytes) -> bytes:
    """An ordinary archive."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return body.getvalue()


def swollen() -> bytes:
    """One part of thirty million spaces."""
    return docx({"word/styles.xml": b" " * 30_000_000})


HARMLESS = [
    (PDF, A_PDF),
    (PDF, demo_pdf("System card", ["Business confidential. Trade secrets stay secret."]).getvalue()),
    (
        PDF,
        pdf(stream(b"BT (CUI//PROPIN) Tj ET"), b"<< /OpenAction [3 0 R /Fit] /URI (https://x.example/) >>"),
    ),
    (PDF, A_PDF + b"xref again\n%%EOF\r\n"),
    (TEXT, b"A web page begins with <html>, a secret is kept, CONFIDENTIAL\n"),
    (TEXT, b"CONFIDENTIAL\n\nThe card of a business.\n"),
    (MARKDOWN, b"# Card\n\n<details>more</details>\n"),
    (CSV, b"task,mean\nx,0.4\n"),
    (JSON, b'{"secret": true}'),
    (WORD, docx(document=paragraphs("Plain words", "a secret"))),
    (WORD, docx({"word/_rels/document.xml.rels": LINK % b"hyperlink", "word/media/image1.png": b"\x89PNG"})),
    (WORD, docx({"word/embeddings/chart.xlsx": zipped(**{"xl/workbook.xml": b"<workbook/>"})})),
]
FOUND = [
    ("second_type", PDF, A_PDF + b"<html><script>alert(1)</script>"),
    ("second_type", PDF, A_PDF.replace(b"\n", b"\n%<script>alert(1)</script>\n", 1)),
    ("second_type", PDF, A_PDF[:-6] + zipped(x=b"y") + b"\n%%EOF\n"),
    ("second_type", TEXT, b"GIF89a=1;alert(1)//"),
    ("second_type", TEXT, b"\n <svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    ("second_type", TEXT, b"<?xml version='1.0'?><x/>"),
    ("second_type", MARKDOWN, b"<!-- notes --><!DOCTYPE html><p>"),
    ("second_type", MARKDOWN, b"<script>alert(1)</script>"),
    ("second_type", WORD, b"GIF89a" + docx()),
    ("second_type", WORD, docx() + b"<script>"),
    ("active", PDF, pdf(b"<< /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>")),
    ("active", PDF, pdf(b"<< /S /J#61vaScript >>")),
    ("active", PDF, pdf(stream(b"1 0 << /S /Launch /F (x) >>", b"/Type /ObjStm /N 1 /First 4"))),
    ("active", PDF, pdf(b"<< /Type /EmbeddedFile /Length 3 >>\nstream\nabc\nendstream")),
    ("packed", PDF, pdf(b"<< /Type /ObjStm /Filter /LZWDecode /Length 3 >>\nstream\nabc\nendstream")),
    ("packed", PDF, pdf(stream(b" " * 50_000_000, b"/Type /ObjStm"))),
    ("encrypted", PDF, pdf(end=b"trailer\n<< /Root 1 0 R /Encrypt 9 0 R >>\n%%EOF\n")),
    ("encrypted", WORD, locked(docx())),
    ("packed", WORD, swollen()),
    ("packed", WORD, linked()),
    ("packed", WORD, docx({"../../etc/passwd": b"x"})),
    ("packed", WORD, docx({"C:\\x.png": b"x"})),
    ("packed", WORD, docx({"word/media/a.zip": b"x"})),
    ("packed", WORD, docx({"word/media/image1.png": zipped(x=b"y")})),
    ("packed", WORD, docx({"word/embeddings/a.docx": docx({"word/embeddings/b.docx": docx()})})),
    ("packed", WORD, docx({f"word/media/{number}.png": b"" for number in range(5_001)})),
    ("packed", WORD, docx({"word/Media.xml": b"<x/>", "word/media.xml": b"<y/>"})),
    ("active", WORD, docx({"word/vbaProject.bin": b"x"})),
    ("active", WORD, docx({"word/activeX/activeX1.bin": b"x"})),
    ("active", WORD, docx({"word/chunk.html": b"<script>alert(1)</script>"})),
    ("active", WORD, docx({"word/media/image1.svg": b"<svg onload='alert(1)'/>"})),
    ("active", WORD, docx({"word/media/image1.png": b"MZ\x90\x00"})),
    ("active", WORD, docx({"word/_rels/settings.xml.rels": LINK % b"attachedTemplate"})),
    ("active", WORD, docx({"word/embeddings/a.xlsx": zipped(**{"xl/vbaProject.bin": b"x"})})),
    ("entities", WORD, docx(document=ENTITIES)),
    ("entities", WORD, docx(document=OUTSIDE)),
    ("entities", WORD, docx({"word/footer1.xml": OUTSIDE.decode().encode("utf-16")})),
    ("banner", TEXT, b"Plain\r\n\r\nSECRET//NOFORN\r\n"),
    ("banner", TEXT, b"x" * 1_048_570 + b" TOP SECRET//SI "),
    ("banner", MARKDOWN, b"# Card\n\n**TOP SECRET**\n\nwords"),
    ("banner", MARKDOWN, b"(S//NF) A paragraph."),
    ("banner", CSV, b"a,b\nCONFIDENTIAL//REL TO USA,1\n"),
    ("banner", JSON, b'{"a": "SECRET\\/\\/NOFORN"}'),
    ("banner", TEXT, b"Derived from: many\nDeclassify on: 20501231\n"),
    ("banner", WORD, docx(document=paragraphs("Plain words", "SECRET"))),
    ("banner", WORD, docx({"word/header1.xml": paragraphs("TOP SECRET//SI")})),
    ("banner", PDF, pdf(stream(b"BT /F1 9 Tf 72 720 Td [(SEC) -20 (RET) -300 (//NOFORN)] TJ ET"))),
    ("banner", PDF, demo_pdf("SECRET", ["x"]).getvalue()),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "body"), HARMLESS, ids=range(len(HARMLESS)))
def test_ordinary_files_show_nothing(type_: str, body: bytes) -> None:
    """Words that are also banners, charts, links and later revisions are no findings."""
    assert LOOKS[type_](io.BytesIO(body), Watch("CUI")) == ""


@pytest.mark.parametrize(
    ("finding", "type_", "body"), FOUND, ids=[f"{n} {row[0]}" for n, row in enumerate(FOUND)]
)
def test_hostile_files_are_found(finding: str, type_: str, body: bytes) -> None:
    """Each for its own reason."""
    assert LOOKS[type_](io.BytesIO(body), Watch("CUI")) == finding


def test_the_ceiling_says_which_banners_are_looked_for() -> None:
    """On an unclassified installation CUI is above it, on one for everything nothing is."""
    for text, ceilings in ((b"CUI\n", {"U"}), (b"SECRET//NOFORN\n", {"U", "CUI", "C"}), (b"plain\n", set())):
        found = {ceiling for ceiling in ("U", "CUI", "C", "S", "TS") if Watch(ceiling).sees(text, last=True)}
        assert found == ceilings, text


def test_a_look_through_costs_little_memory() -> None:
    """However large a part claims or turns out to be, nothing is unpacked whole."""
    bodies = [(WORD, swollen()), (PDF, pdf(stream(b"(x) Tj " * 10_000_000))), (TEXT, b"word " * 20_000_000)]
    tracemalloc.start()
    try:
        for type_, body in bodies:
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            LOOKS[type_](io.BytesIO(body), Watch("CUI"))
            assert tracemalloc.get_traced_memory()[1] - before < len(body) + 64_000_000, type_
    finally:
        tracemalloc.stop()
