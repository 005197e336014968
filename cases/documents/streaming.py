"""The bytes of an open download: every few megabytes the right to it is asked anew, so a revoke ends it there."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from accounts.requests import Request
from cases.documents.models import DocumentVersion
from cases.documents.queries import open_refusal
from portal.kit.clock import database_now
from portal.kit.refusal import Refused, note_refusal

SEND_BYTES: Final = 256 * 1024  # a download is read and sent in pieces of this size
PIECE: Final = 16 * SEND_BYTES  # and its right asked anew after so many


class DownloadEnded(ConnectionAbortedError):
    """The right to the file ended while it was on its way; the connection is closed short of the promised length."""


def while_open(stored: BinaryIO, version: DocumentVersion, request: Request) -> Iterator[bytes]:
    """The file in pieces. Raises DownloadEnded, and has it recorded, when no more of it may be sent."""
    with stored:
        sent = 0
        while piece := stored.read(SEND_BYTES):
            if sent and sent % PIECE == 0:
                _ask_anew(version, request)
            sent += len(piece)
            yield piece


def _ask_anew(version: DocumentVersion, request: Request) -> None:
    said = open_refusal(request.user, version, database_now())
    if said is not None:
        note_refusal(request, Refused(said))
        raise DownloadEnded(said)
