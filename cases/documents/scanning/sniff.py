"""How a file begins and ends, as a browser or another program would look at it."""

import io
import re
from typing import BinaryIO, Final

HEAD: Final = 2048
ZIP_TAIL: Final = 64 * 1024 + 22  # a zip's last record with its longest comment
MARKUP: Final = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|script|iframe|svg|embed|object|meta)\b", re.IGNORECASE
)
PROGRAM: Final = re.compile(
    rb"\s*(?:<\?xml|<!doctype|GIF8[79]a|%PDF-|%!PS|\{\\rtf|#!|mime-version\s*:|<\?php)", re.IGNORECASE
)


def head(file: BinaryIO) -> bytes:
    """The first bytes."""
    file.seek(0)
    return file.read(HEAD)


def tail(file: BinaryIO, count: int) -> bytes:
    """The last `count` bytes."""
    file.seek(max(0, file.seek(0, io.SEEK_END) - count))
    return file.read()


def also_page(file: BinaryIO) -> bool:
    """Whether something that guesses types would take the file for a web page."""
    return MARKUP.search(head(file)) is not None


def begins_as_other(file: BinaryIO) -> bool:
    """Whether a text begins the way a page, a picture, a program or another kind of document does."""
    begins = head(file).removeprefix(b"\xef\xbb\xbf")
    plain = begins.lstrip()
    page = MARKUP.search(plain) if plain.startswith(b"<!--") else MARKUP.match(plain)
    return PROGRAM.match(begins) is not None or page is not None


def also_archive(file: BinaryIO) -> bool:
    """Whether the file ends as a zip archive does."""
    return b"PK\x05\x06" in tail(file, ZIP_TAIL)
