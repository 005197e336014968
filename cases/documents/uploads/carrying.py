"""The bytes of uploads: bring some, see whether all are there, remove them, and what the sweep does every hour."""

import re
import time
from datetime import datetime, timedelta
from uuid import UUID

from accounts.models import User
from cases.documents.uploads.actions import end, finish
from cases.documents.uploads.models import DIFFERS, EXPIRED, REMOVED, Upload
from portal.kit import arriving
from portal.kit.arriving import Sole, Source
from portal.kit.tus import Checksum, Fault

UPLOAD_NAME = re.compile(r"[0-9a-f]{32}")
GONE = "This upload has ended: it was used, removed, or left until its hour. Begin anew."
OTHER_BYTES = (
    "The file that arrived is not the file that was announced: its SHA-256 digest differs. Nothing of it is kept. "
    "Compare the file with its source and send it again."
)


def require_live(upload: Upload, now: datetime) -> None:
    """Raise 410 for an upload that ended, also by its hour alone."""
    if upload.ended_at is not None or upload.expires_at <= now:
        raise Fault(410, GONE)


def bring(
    upload: Upload,
    source: Source,
    *,
    offset: int,
    count: int,
    checksum: Checksum | None,
    by: User,
    now: datetime,
) -> int:
    """Append `count` bytes at `offset`; returns how many are there now. With the last one the upload is finished.

    The row is asked once more when this request alone may write: it may have ended while another had the file.
    """
    began = time.monotonic()
    with arriving.sole(upload.name_on_disk) as file:
        require_live(Upload.objects.get(pk=upload.pk), now)
        digest = file.append(source, offset=offset, count=count, length=upload.length, checksum=checksum)
        if file.size == upload.length and upload.finished_at is None:
            later = now + timedelta(seconds=time.monotonic() - began)
            _finished(upload, file, digest or file.sha256(), by, later)
        return file.size


def complete(upload: Upload, *, by: User, now: datetime) -> Upload:
    """Finish an upload whose last byte is there and whose server was killed before it could say so."""
    if upload.finished_at is not None or arriving.size(upload.name_on_disk) < upload.length:
        return upload
    with arriving.sole(upload.name_on_disk) as file:
        require_live(Upload.objects.get(pk=upload.pk), now)
        return _finished(upload, file, file.sha256(), by, now) if file.size == upload.length else upload


def _finished(upload: Upload, file: Sole, sha256: str, by: User, now: datetime) -> Upload:
    done = finish(upload=upload, sha256=sha256, by=by, now=now)
    if done.end_reason == DIFFERS:
        file.remove()
        raise Fault(460, OTHER_BYTES)
    return done


def remove(upload: Upload, *, by: User, now: datetime) -> None:
    """End an upload that nobody wants any more, and remove its bytes."""
    with arriving.sole(upload.name_on_disk) as file:
        require_live(Upload.objects.get(pk=upload.pk), now)
        end(upload=upload, why=REMOVED, by=by, now=now)
        file.remove()


def expire(now: datetime) -> int:
    """End what was left until its hour, and remove files that no live upload has; returns how many uploads ended.

    What is being written just now is left to the next sweep.
    """
    ended = 0
    for upload in Upload.objects.filter(ended_at__isnull=True, expires_at__lte=now).order_by("expires_at"):
        try:
            with arriving.sole(upload.name_on_disk) as file:
                end(upload=upload, why=EXPIRED, by=None, now=now)
                file.remove()
                ended += 1
        except Fault:
            continue
    _remove_orphans()
    return ended


def _remove_orphans() -> None:
    """Files of uploads that ended while the server that was to remove them was killed."""
    names = [name for name in arriving.arrived_names() if UPLOAD_NAME.fullmatch(name)]
    live = Upload.objects.filter(pk__in=[UUID(name) for name in names], ended_at__isnull=True)
    for name in set(names) - {upload.name_on_disk for upload in live}:
        arriving.remove(name)
