"""Archives, looked at without being unpacked: how many parts, how large, where their names lead, what is within.

A Word file is such an archive. Nothing is parsed as XML: a definition of its own in a part is reason enough to stop.
"""

import io
import re
import stat
import zipfile
from collections.abc import Iterator
from typing import IO, BinaryIO, Final

from cases.documents.scanning import sniff
from cases.documents.scanning.banners import Watch

CHUNK: Final = 1024 * 1024
MEMBERS: Final = 5_000
TOTAL: Final = 1024 * CHUNK
RATIO: Final = 200  # unpacked to packed, of a part larger than RATIO_FROM
RATIO_FROM: Final = CHUNK
NESTED: Final = 32 * CHUNK
TEXT: Final = 64 * CHUNK
RELATIONS: Final = 4 * CHUNK
DEPTH: Final = 1
OVERLAP: Final = 64
METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
OFFICE: Final = (".xlsx", ".docx", ".pptx")
ARCHIVES: Final = (".zip", ".jar", ".7z", ".rar", ".gz", ".bz2", ".xz", ".tar", ".iso", ".cab", ".zst")
RUNS: Final = (
    ".html", ".htm", ".xhtml", ".mht", ".mhtml", ".js", ".vbs", ".wsf", ".hta", ".exe", ".dll", ".scr", ".bat", ".cmd",
    ".ps1", ".swf", ".rtf", ".chm", ".lnk",
)  # fmt: skip
MACROS: Final = re.compile(r"vba(?:project|data)|activex|oleobject", re.IGNORECASE)
DEFINED: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
RELATION: Final = re.compile(rb"<(?:\w{1,20}:)?Relationship\b[^<>]{0,8000}>")
LINK: Final = re.compile(rb"""\bType\s*=\s*["'][^"']{0,200}/hyperlink["']""")
DRAWN: Final = re.compile(rb"<script|javascript:|\son\w{3,20}\s*=|<foreignObject", re.IGNORECASE)
PARAGRAPH: Final = re.compile(rb"</(?:\w{1,20}:)?(?:p|tr|row|si)>|<(?:\w{1,20}:)?br\b[^<>]{0,200}>")
TAG: Final = re.compile(rb"<[^<>]{0,8000}>")
FAULTS: Final = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError)


def finding(file: BinaryIO, watch: Watch) -> str:
    """The first finding of a Word file, or nothing."""
    if sniff.tail(file, 22)[:4] != b"PK\x05\x06" or not sniff.head(file).startswith(b"PK\x03\x04"):
        return "second_type"  # something stands before the archive or after it
    return _inside(file, watch, 0) or ("banner" if watch.sees(b"", last=True) else "")


def _inside(file: BinaryIO, watch: Watch, depth: int) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            said = _outline(parts, file.seek(0, io.SEEK_END))
            for part in [] if said else parts:
                said = said or _part(archive, part, watch, depth)
            return said
    except FAULTS:
        return "packed"


def _outline(parts: list[zipfile.ZipInfo], size: int) -> str:
    """What the directory tells before a part is opened."""
    if any(part.flag_bits & 0x41 for part in parts):
        return "encrypted"
    names = [part.filename for part in parts]
    folded = {name.casefold() for name in names}
    packed = sum(part.compress_size for part in parts)
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MEMBERS or unpacked > TOTAL or packed > size or len(folded) != len(names):
        return "packed"
    if any(map(_leads_elsewhere, parts)) or any(map(_swells, parts)):
        return "packed"
    low = [name.lower() for name in names]
    if any(name.endswith(RUNS) for name in low) or any(MACROS.search(name) for name in low):
        return "active"
    return "packed" if any(name.endswith(ARCHIVES) for name in low) else ""


def _leads_elsewhere(part: zipfile.ZipInfo) -> bool:
    name = part.orig_filename
    link = stat.S_ISLNK(part.external_attr >> 16)
    return (
        link or name.startswith("/") or "\\" in name or ":" in name or "\0" in name or ".." in name.split("/")
    )


def _swells(part: zipfile.ZipInfo) -> bool:
    large = part.file_size > RATIO_FROM and part.file_size > RATIO * max(part.compress_size, 1)
    return large or part.compress_type not in METHODS


def _part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, watch: Watch, depth: int) -> str:
    name = part.filename.lower()
    with archive.open(part) as opened:
        begins = opened.read(4)
        if begins == b"PK\x03\x04" or name.endswith(OFFICE):
            return _nested(begins, opened, part, watch, depth)
        if name.endswith((".xml", ".rels", ".svg")):
            return _markup(name, begins, opened, part, watch)
    return "active" if begins[:2] == b"MZ" else ""


def _nested(begins: bytes, opened: IO[bytes], part: zipfile.ZipInfo, watch: Watch, depth: int) -> str:
    """An office file within, as charts bring one; its own parts are looked at, and no further archive."""
    if depth >= DEPTH or part.file_size > NESTED or not part.filename.lower().endswith(OFFICE):
        return "packed"
    return _inside(io.BytesIO(begins + opened.read()), watch, depth + 1)


def _markup(name: str, begins: bytes, opened: IO[bytes], part: zipfile.ZipInfo, watch: Watch) -> str:
    if part.file_size > (RELATIONS if name.endswith(".rels") else TEXT):
        return "packed"
    before = b""
    for piece in _pieces(begins, opened):
        text = before + piece.replace(b"\0", b"")  # letters of UTF-16 stand between zeros
        if DEFINED.search(text):
            return "entities"
        if name.endswith(".svg") and DRAWN.search(text):
            return "active"
        if name.endswith(".rels"):
            before = text
            continue
        if watch.sees(TAG.sub(b"", PARAGRAPH.sub(b"\n", _whole(text)))):
            return "banner"
        before = text[len(_whole(text)) :]
    watch.sees(b"\n")
    return "active" if name.endswith(".rels") and any(map(_fetches, RELATION.findall(before))) else ""


def _pieces(begins: bytes, opened: IO[bytes]) -> Iterator[bytes]:
    yield begins
    while piece := opened.read(CHUNK):
        yield piece


def _whole(text: bytes) -> bytes:
    """The text up to the last tag that is not over, so that no tag is cut."""
    cut = text.rfind(b"<")
    return text if cut < 0 or b">" in text[cut:] or len(text) - cut > 8000 else text[:cut]


def _fetches(relation: bytes) -> bool:
    """Whether a relation has the program fetch something when the file is opened; a link waits for a click."""
    return b"&#" in relation or (b"External" in relation and LINK.search(relation) is None)
