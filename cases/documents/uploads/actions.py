"""What people do with files on their way: begin, finish, remove; the hour ends those that were left.

Bytes are no action's business (`carrying`): an action takes no longer than its queries.
"""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from accounts.models import Appointment, User
from cases.documents.findings import acting, findings_refusal
from cases.documents.guards import refuse_closed, refuse_ended, refuse_stranger
from cases.documents.queries import room
from cases.documents.uploads.models import DIFFERS, ENDS, Upload
from cases.documents.uploads.using import Meant
from cases.register.actions import locked
from cases.register.journal import happened
from cases.rules import policy
from portal.kit.actions import action
from portal.kit.files import refuse_without_room, shown_name
from portal.kit.refusal import Refused

AT_ONCE: Final = 100  # unfinished and unused uploads of one person in one case
TO_USE: Final = timedelta(hours=1)  # a file that has just arrived stays at least so long


def appointed(meant: Meant, by: User, now: datetime) -> Appointment:
    """The appointment under which `by` may bring a file there now; raises Refused with the sentence."""
    if meant.grant is not None:
        refused = findings_refusal(by, meant.grant, now)
        if refused is not None:
            raise refused
        return acting(by, meant.grant, now)
    appointment = policy.require(by, "document.upload", meant.case, now=now)
    refuse_ended(meant.case)
    if meant.document is not None:
        refuse_stranger(meant.document, appointment)
        refuse_closed(meant.document)
    return appointment


@action
def begin(
    *,
    meant: Meant,
    file_name: str,
    length: int,
    by: User,
    now: datetime,
    announced_sha256: str = "",
    modified_ms: int | None = None,
) -> Upload:
    """Begin an upload of `length` bytes: there must be room for all of them beside all that is on its way."""
    case = locked(meant.case)
    appointment = appointed(meant, by, now)
    if Upload.objects.filter(begun_by=by, case=case, ended_at__isnull=True).count() >= AT_ONCE:
        raise Refused(
            f"{AT_ONCE} files of yours are on their way already. Finish or remove some of them first."
        )
    refuse_without_room(length, room(case, appointment.organisation_id))
    upload = Upload.objects.create(
        purpose=meant.purpose, case=case, document=meant.document, grant=meant.grant,
        owner=appointment.organisation, file_name=shown_name(file_name), length=length,
        announced_sha256=announced_sha256, modified_ms=modified_ms, begun_at=now, begun_by=by,
        expires_at=now + timedelta(hours=settings.ENV.upload_hours),
    )  # fmt: skip
    happened(
        "upload.begun", case=case, by=by, now=now, appointment=appointment, subject=upload, rows=[upload]
    )
    return upload


@action
def finish(*, upload: Upload, sha256: str, by: User, now: datetime) -> Upload:
    """Every byte is there. When the sender announced another digest the upload ends, and nothing is made of it."""
    upload = Upload.objects.select_for_update(of=("self",)).select_related("case").get(pk=upload.pk)
    if upload.ended_at is not None or upload.finished_at is not None:
        return upload
    if upload.announced_sha256 not in ("", sha256):
        return _ended(upload, DIFFERS, by, now)
    upload.finished_at, upload.sha256 = now, sha256
    upload.expires_at = max(upload.expires_at, now + TO_USE)
    upload.save()
    happened("upload.received", case=upload.case, by=by, now=now, subject=upload, rows=[upload])
    return upload


@action
def end(*, upload: Upload, why: str, by: User | None, now: datetime) -> Upload:
    """End an upload of which nothing is made: removed by its owner, or left until its hour. Once is enough."""
    upload = Upload.objects.select_for_update(of=("self",)).select_related("case").get(pk=upload.pk)
    return upload if upload.ended_at is not None else _ended(upload, why, by, now)


def _ended(upload: Upload, why: str, by: User | None, now: datetime) -> Upload:
    upload.ended_at, upload.end_reason = now, why
    upload.save()
    happened(
        "upload.ended",
        case=upload.case,
        by=by,
        now=now,
        subject=upload,
        rows=[upload],
        data={"why": ENDS[why]},
    )
    return upload
