"""Making something of an upload: the actions of documents take a form's file, a stream, or an upload that is whole."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import User
from cases.documents.models import Document, DocumentVersion
from cases.documents.uploads.models import FINDINGS, NEW, USED, VERSION, Upload
from cases.register.models import Case
from portal.kit import arriving
from portal.kit.files import Arrived, Source
from portal.kit.refusal import Refused

if TYPE_CHECKING:
    from cases.access.models import Grant

File = UploadedFile | BinaryIO | Upload


@dataclass(frozen=True)
class Meant:
    """What a file is meant for: a case, a document of it (its next version), or a grant (findings)."""

    case: Case
    document: Document | None = None
    grant: "Grant | None" = None

    @property
    def purpose(self) -> str:
        """The word under which uploads are stored."""
        return VERSION if self.document else FINDINGS if self.grant else NEW

    def has(self, upload: Upload) -> bool:
        """Whether the upload was begun for this very thing."""
        mine = (self.case.pk, self.document and self.document.pk, self.grant and self.grant.pk)
        return mine == (upload.case_id, upload.document_id, upload.grant_id)


def source(file: File) -> Source:
    """What `receive` keeps: the bytes of an upload that is whole, or the file as it is."""
    if not isinstance(file, Upload):
        return file
    if file.finished_at is None:
        raise Refused(
            f"“{file.file_name}” has not arrived whole. Choose the same file again to go on.", conflict=True
        )
    return Arrived(arriving.place(file.name_on_disk), file.length, file.sha256)


def claimed(file: File, meant: Meant, by: User, now: datetime) -> Upload | None:
    """The upload's row, locked; raises Refused unless it is this person's, whole, unused and meant for this.

    None for what is no upload.
    """
    if not isinstance(file, Upload):
        return None
    fresh = Upload.objects.select_for_update().get(pk=file.pk)
    if fresh.begun_by_id != by.pk or not meant.has(fresh):
        raise Refused("This upload is meant for something else. Choose a file here.")
    if fresh.ended_at is not None or fresh.expires_at <= now or fresh.finished_at is None:
        raise Refused(
            f"“{fresh.file_name}” cannot be used any more: it was used or removed, or its hour came. "
            "Look at the case, and choose the file again if it is not there.",
            conflict=True,
        )
    return fresh


def used(upload: Upload | None, version: DocumentVersion, now: datetime) -> list[Upload]:
    """Write down what the upload became; its bytes have their second name, so the first goes with the commit."""
    if upload is None:
        return []
    upload.ended_at, upload.end_reason, upload.version = now, USED, version
    upload.save()
    transaction.on_commit(lambda: arriving.remove(upload.name_on_disk))
    return [upload]
