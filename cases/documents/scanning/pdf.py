"""PDF files: what may run, what is encrypted, what follows the end, and the text of streams as far as it is cheap.

The file is read once, in pieces, never parsed as a whole (ISO 32000-1, § 7.3 and 7.5). Text in fonts whose codes are
not letters stays unread; the decision on scans says what that means.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from cases.documents.scanning import sniff
from cases.documents.scanning.banners import Watch

CHUNK: Final = 1024 * 1024
OVERLAP: Final = 64
DICTIONARY: Final = 4096
STREAM_LIMIT: Final = 8 * CHUNK  # of one stream, packed and unpacked
TEXT_LIMIT: Final = 64 * CHUNK  # of all unpacked streams together
BEGIN: Final = re.compile(rb">>\s{0,8}stream\r?\n")
END: Final = re.compile(rb"endstream")
ESCAPED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
ACTIVE: Final = re.compile(
    rb"/(?:JavaScript|JS|Launch|RichMedia|XFA|EmbeddedFiles?|GoToE|ImportData|SubmitForm)(?![A-Za-z0-9])"
)
ENCRYPTED: Final = re.compile(rb"/Encrypt(?![A-Za-z0-9])")
TOKEN: Final = re.compile(
    rb"\\.|\(((?:[^()\\]|\\.){0,2000})\)|(-?\d{1,6})(?:\.\d*)?|\b(Td|TD|Tm|ET)\b|(T\*|'|\")", re.DOTALL
)
NO_TEXT: Final = re.compile(rb"/Subtype\s*/Image|/Length1\b|/Type\s*/XRef")
SPACE: Final = -200  # thousandths of the font's size, from which a gap within a line reads as a space


@dataclass
class _Source:
    """A file read in pieces. `at`: how far the kept bytes have been handed on."""

    file: BinaryIO
    kept: bytes = b""
    at: int = 0
    ended: bool = False

    def until(self, mark: re.Pattern[bytes]) -> Iterator[bytes]:
        """Pieces up to the mark and with it; all that is left where there is none."""
        while True:
            found = mark.search(self.kept, self.at)
            if found is not None:
                begun, self.at = self.at, found.end()
                yield self.kept[begun : self.at]
                return
            more = self.file.read(CHUNK)
            cut = max(self.at, len(self.kept) - OVERLAP) if more else len(self.kept)
            yield self.kept[self.at : cut]
            self.kept, self.at = self.kept[cut:] + more, 0
            if not more:
                self.ended = True
                return


def finding(file: BinaryIO, watch: Watch) -> str:
    """The first finding of a PDF, or nothing."""
    ending = sniff.tail(file, 2048)
    if sniff.also_page(file) or sniff.also_archive(file):
        return "second_type"
    if ending[ending.rfind(b"%%EOF") + 5 :].strip(b"\r\n\t \0"):
        return "second_type"
    file.seek(0)
    source, room = _Source(file), TEXT_LIMIT
    while True:
        before = b""
        for piece in source.until(BEGIN):
            before = before[-DICTIONARY:] + piece
            said = _names(before)
            if said:
                return said
        if source.ended:
            break
        described = before[-DICTIONARY:]
        described = described[described.rfind(b"obj") + 1 :]
        said, used = _stream(described, _body(source), watch, room)
        if said:
            return said
        room -= used
    return "banner" if watch.sees(b"", last=True) else ""


def _names(text: bytes) -> str:
    plain = ESCAPED.sub(lambda code: bytes([int(code[1], 16)]), text) if b"#" in text else text
    if ENCRYPTED.search(plain):
        return "encrypted"
    return "active" if ACTIVE.search(plain) else ""


def _body(source: _Source) -> bytes | None:
    """The bytes of a stream; None where it is larger than is looked at."""
    found, size = [], 0
    for piece in source.until(END):
        size += len(piece)
        if size <= STREAM_LIMIT:
            found.append(piece)
    return b"".join(found) if size <= STREAM_LIMIT else None


def _stream(described: bytes, body: bytes | None, watch: Watch, room: int) -> tuple[str, int]:
    """The finding of one stream, and how many bytes were unpacked."""
    objects = b"/ObjStm" in described
    if not objects and (body is None or room <= 0 or NO_TEXT.search(described)):
        return "", 0
    text = _unpacked(described, body)
    if text is None:
        used = STREAM_LIMIT if b"/FlateDecode" in described else 0  # unpacked in vain counts as well
        return ("packed", used) if objects else ("", used)
    if objects:
        return _names(text), len(text)
    return ("banner" if watch.sees(shown(text) + b"\n") else ""), len(text)


def _unpacked(described: bytes, body: bytes | None) -> bytes | None:
    """A stream without its filter; None where it has another filter than Flate, or is not whole."""
    if body is None:
        return None
    if b"/Filter" not in described:
        return body
    if described.count(b"Decode") - described.count(b"DecodeParms") != 1 or b"/FlateDecode" not in described:
        return None
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(body, STREAM_LIMIT)
    except zlib.error:
        return None
    return None if unpacking.unconsumed_tail else text


def shown(content: bytes) -> bytes:
    """The strings that a content stream shows, a line for each that begins a place of its own."""
    found: list[bytes] = []
    for token in TOKEN.finditer(content):
        text, gap, moved, line = token.groups()
        if text is not None:
            found.append(re.sub(rb"\\(.)", rb"\1", text))
        elif gap is not None:
            if int(gap) <= SPACE:
                found.append(b" ")
        elif moved or line:
            found.append(b"\n")
    return b"".join(found)
