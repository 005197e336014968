"""The steps of a scan, in order; the first finding ends it. To add a step, add its line in `look_through`."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from django.conf import settings

from cases.documents.kinds import CSV, JSON, MARKDOWN, PDF, TEXT, WORD
from cases.documents.models import DocumentVersion
from cases.documents.scanning import archives, clamd, pdf, sniff
from cases.documents.scanning.banners import Watch
from cases.documents.types import recognise
from portal.kit.files import open_stored
from portal.kit.refusal import Refused

CHUNK: Final = 1024 * 1024
OWN, CLAMD = "own", "clamd"


@dataclass(frozen=True)
class Verdict:
    """What a scan found (a word of `findings`, empty for nothing) and who looked: own checks, or clamd as well."""

    finding: str
    with_: str


def look_through(version: DocumentVersion) -> Verdict:
    """Look through the stored bytes of a version. Raises clamd.ScannerAway where the scanner does not answer."""
    try:
        stored = open_stored(version.storage_name)
    except FileNotFoundError:
        return Verdict("digest", OWN)
    with stored:
        found = _own(version, stored)
        if found or not settings.ENV.clamd_address:
            return Verdict(found, OWN)
        return Verdict(clamd.scan(stored, settings.ENV.clamd_address), CLAMD)


def digest_of(stored: BinaryIO) -> str:
    """The SHA-256 of an open file, in hexadecimal."""
    digest = hashlib.sha256()
    while piece := stored.read(CHUNK):
        digest.update(piece)
    return digest.hexdigest()


def _own(version: DocumentVersion, stored: BinaryIO) -> str:
    if digest_of(stored) != version.sha256:
        return "digest"
    document = version.document
    try:
        type_ = recognise(stored, version.file_name, document.kind)
    except Refused:
        return "type"
    if type_ != version.content_type:
        return "type"
    named = Watch(settings.CEILING)
    if named.sees(f"{document.title}\n{version.file_name}\n".encode(), last=True):
        return "banner"
    return LOOKS[type_](stored, Watch(settings.CEILING))


def _text(file: BinaryIO, watch: Watch) -> str:
    if sniff.begins_as_other(file):
        return "second_type"
    file.seek(0)
    while piece := file.read(CHUNK):
        if watch.sees(piece):
            return "banner"
    return "banner" if watch.sees(b"", last=True) else ""


LOOKS: Final[dict[str, Callable[[BinaryIO, Watch], str]]] = {
    PDF: pdf.finding, WORD: archives.finding, TEXT: _text, MARKDOWN: _text, CSV: _text, JSON: _text,
}  # fmt: skip
