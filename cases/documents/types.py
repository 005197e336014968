"""Whether a file is what it says it is: one structural check a type. To add a type, add its check and its row in kinds.

Names and the browser's word for a type count for nothing here; the file's own bytes decide.
"""

import codecs
import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from itertools import islice
from typing import BinaryIO, Final

import ijson

from cases.documents.kinds import CSV, EXTENSIONS, JSON, KINDS, MARKDOWN, PDF, TEXT, WORD
from portal.kit.refusal import Refused

TAIL = 2048
CHUNK = 1024 * 1024
PREFIX_EVENTS = 20_000
PREFIX_ROWS = 1_000
PREFIX_BYTES = 16 * CHUNK
INDEX_LIMIT = 1_000_000  # bytes of a Word file's list of parts, and of its directory
DIRECTORY_END = 22  # bytes of the record with which a zip ends, before its comment of up to 64 KiB
STEERING = re.compile(rb"[\x00-\x08\x0e-\x1f]")  # control characters that no text has
WORDS: Final = {
    PDF: "PDF", TEXT: "plain text", MARKDOWN: "Markdown", WORD: "Word without macros", JSON: "JSON", CSV: "CSV",
}  # fmt: skip


def recognise(file: BinaryIO, file_name: str, kind_id: str) -> str:
    """The type of a stored file; raises Refused with the allowed types when it is none of them, or not whole."""
    kind = KINDS[kind_id]
    ending = "." + file_name.rpartition(".")[2].lower()
    for type_ in kind.types:
        if ending in EXTENSIONS[type_]:
            file.seek(0)
            if CHECKS[type_](file):
                return type_
    allowed = [f"{WORDS[type_]} ({', '.join(EXTENSIONS[type_])})" for type_ in kind.types]
    raise Refused(
        f"This file is not a whole file of a type that a {kind.label[0].lower()}{kind.label[1:]} may have: "
        f"{', '.join(allowed[:-1])} or {allowed[-1]}. Save it as one of these and choose it again."
    )


def _is_pdf(file: BinaryIO) -> bool:
    """A PDF header at the start and an end-of-file mark at the end."""
    if not re.match(rb"%PDF-[12]\.\d", file.read(8)):
        return False
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - TAIL))
    return b"%%EOF" in file.read(TAIL)


def _is_text(file: BinaryIO) -> bool:
    """UTF-8 to the last byte, without control characters."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(CHUNK):
            if STEERING.search(chunk):
                return False
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_word(file: BinaryIO) -> bool:
    """A zip whose own list of parts says Word document, with that part in it, and no macros."""
    try:
        if _directory_size(file) > INDEX_LIMIT:
            return False
        with zipfile.ZipFile(file) as archive:
            listed = archive.getinfo("[Content_Types].xml")
            names = set(archive.namelist())
            if listed.file_size > INDEX_LIMIT or "word/document.xml" not in names:
                return False
            parts = archive.read(listed)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        return False
    return b"wordprocessingml.document.main+xml" in parts and b"macroEnabled" not in parts


def _directory_size(file: BinaryIO) -> int:
    """Bytes of a zip's directory, by its last record, so that a huge one is never read. 64-bit zips are not taken."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - DIRECTORY_END - 0xFFFF - DIRECTORY_END))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < DIRECTORY_END or b"PK\x06\x07" in tail:
        raise zipfile.BadZipFile
    return int.from_bytes(tail[at + 12 : at + 16], "little")


def _is_json(file: BinaryIO) -> bool:
    """Text whose beginning parses as JSON; a file that is not very large parses whole, up to many values."""
    if not _is_text(file):
        return False
    file.seek(0)
    beginning = file.read(PREFIX_BYTES)
    try:
        if len(beginning) < CHUNK:
            json.loads(beginning)
        else:
            for _ in islice(ijson.basic_parse(io.BytesIO(beginning)), PREFIX_EVENTS):
                pass
    except ijson.IncompleteJSONError:
        return len(beginning) == PREFIX_BYTES
    except (ValueError, RecursionError, ijson.JSONError):
        return False
    return True


def _is_csv(file: BinaryIO) -> bool:
    """Text whose first rows all have as many cells as the heading, two or more. No line is read beyond a bound."""
    if not _is_text(file):
        return False
    file.seek(0)
    wrapped = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    lines = iter(lambda: wrapped.readline(CHUNK), "")
    try:
        widths = {len(row) for row in islice(csv.reader(lines, strict=True), PREFIX_ROWS) if row}
    except csv.Error:
        return False
    finally:
        wrapped.detach()
    return len(widths) == 1 and min(widths) >= 2


CHECKS: Final[dict[str, Callable[[BinaryIO], bool]]] = {
    PDF: _is_pdf, TEXT: _is_text, MARKDOWN: _is_text, WORD: _is_word, JSON: _is_json, CSV: _is_csv,
}  # fmt: skip
