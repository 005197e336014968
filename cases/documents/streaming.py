"""The bytes of an open download: several times a second the right to it is asked anew, so a revoke ends it there."""

import time
from collections.abc import Iterator
from typing import BinaryIO, Final

from django.conf import settings

from accounts.models import User
from accounts.requests import Request
from cases.documents.models import DocumentVersion
from cases.documents.queries import open_refusal
from portal.kit.clock import database_now
from portal.kit.refusal import Refused, note_refusal

SEND_BYTES: Final = 256 * 1024  # a download is read and sent in pieces of this size
ASKED_AT_LEAST_EVERY: Final = 64 * 1024 * 1024  # bytes that a fast line takes at most between two asks


class DownloadEnded(ConnectionAbortedError):
    """The right to the file ended while it was on its way; the connection is closed short of the promised length."""


def while_open(stored: BinaryIO, version: DocumentVersion, request: Request) -> Iterator[bytes]:
    """The file in pieces. Raises DownloadEnded, and has it recorded, when no more of it may be sent.

    The right is asked anew before a piece that leaves `settings.DOWNLOAD_ASKS_AFTER_S` seconds after the last ask, so
    that a slow line is asked about at each of its pieces; `time.monotonic` measures the distance and decides no more.
    """
    with stored:
        since, asked = 0, time.monotonic()
        while piece := stored.read(SEND_BYTES):
            late = time.monotonic() - asked >= settings.DOWNLOAD_ASKS_AFTER_S
            if since and (late or since >= ASKED_AT_LEAST_EVERY):
                _ask_anew(version, request)
                since, asked = 0, time.monotonic()
            since += len(piece)
            yield piece


def _ask_anew(version: DocumentVersion, request: Request) -> None:
    person = User.objects.get(pk=request.user.pk)  # as it stands now: the account may have been switched off
    now = database_now()
    version.refresh_from_db(fields=["state", "waits_since"])
    said = open_refusal(person, version, now)
    if said is not None:
        note_refusal(request, Refused(said), case_id=version.document.case_id, now=now)
        raise DownloadEnded(said)
