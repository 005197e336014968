"""The bytes of an open download: every few megabytes the right to it is asked anew, so a revoke ends it there."""

import errno
import logging
from collections.abc import Iterator
from typing import BinaryIO, Final

from accounts.requests import Request
from cases.documents.models import DocumentVersion
from cases.documents.queries import open_refusal
from portal.kit.clock import database_now
from portal.kit.refusal import Refused, note_refusal

SEND_BYTES: Final = 256 * 1024  # a download is read and sent in pieces of this size
PIECE: Final = 16 * SEND_BYTES  # and its right asked anew after so many
CUT: Final = "The right to this file ended while it was on its way, so the download was cut."

log = logging.getLogger(__name__)


class DownloadEnded(ConnectionResetError):
    """The right to the file ended while it was on its way; the connection is closed short of the promised length.

    To the web server it is a connection that was reset: it closes it, and tells of no error of its own.
    """

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, CUT)


def while_open(stored: BinaryIO, version: DocumentVersion, request: Request) -> Iterator[bytes]:
    """The file in pieces. Raises DownloadEnded, and has it recorded, when no more of it may be sent."""
    with stored:
        sent = 0
        while piece := stored.read(SEND_BYTES):
            if sent and sent % PIECE == 0:
                _ask_anew(version, request, sent)
            sent += len(piece)
            yield piece


def _ask_anew(version: DocumentVersion, request: Request, sent: int) -> None:
    now = database_now()
    version.refresh_from_db(fields=["state"])
    if open_refusal(request.user, version, now) is not None:
        note_refusal(request, Refused(CUT), case_id=version.document.case_id, now=now)
        log.warning("download cut after %s of %s bytes: the right to it ended", sent, version.size)
        raise DownloadEnded
