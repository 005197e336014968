"""A file on its way: whose it is, what it is meant for, and how it ended. Its bytes are with `portal.kit.arriving`."""

from datetime import datetime
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from accounts.models import Organisation, User
from cases.documents.models import Document, DocumentVersion
from cases.register.models import Case
from cases.rules import visibility
from portal.kit.models import Guarded, GuardedQuerySet

NEW: Final = "document"
VERSION: Final = "version"
FINDINGS: Final = "findings"
USED: Final = "used"
REMOVED: Final = "removed"
EXPIRED: Final = "expired"
DIFFERS: Final = "differs"
ENDS: Final = {
    USED: "made into a document",
    REMOVED: "removed by who began it",
    EXPIRED: "its hour came before it was used",
    DIFFERS: "what arrived is not what was announced",
}


def purpose_choices() -> list[tuple[str, str]]:
    """What a file may be meant for."""
    return [(NEW, "new document"), (VERSION, "new version"), (FINDINGS, "findings under a grant")]


def end_choices() -> list[tuple[str, str]]:
    """How an upload may end."""
    return list(ENDS.items())


class UploadQuerySet(GuardedQuerySet["Upload"]):
    """Uploads, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "UploadQuerySet":
        """The person's own, as long as it sees what they are meant for."""
        return self.filter(visibility.uploads(user, now))

    def live(self, now: datetime) -> "UploadQuerySet":
        """Uploads that may still be gone on with, or used."""
        return self.filter(ended_at__isnull=True, expires_at__gt=now)


class Upload(Guarded):
    """One file on its way. How many bytes came is the size of its file; each field but the hour is set once."""

    purpose = models.CharField(max_length=10, choices=purpose_choices)
    case = models.ForeignKey(Case, models.PROTECT, related_name="uploads")
    document = models.ForeignKey(Document, models.PROTECT, null=True, blank=True, related_name="uploads")
    grant = models.ForeignKey("cases.Grant", models.PROTECT, null=True, blank=True, related_name="uploads")
    owner = models.ForeignKey(Organisation, models.PROTECT, related_name="uploads")
    file_name = models.CharField(max_length=255)
    length = models.PositiveBigIntegerField(help_text="Bytes, as announced")
    announced_sha256 = models.CharField(
        max_length=64, blank=True, help_text="The sender's digest, if it gave one"
    )
    modified_ms = models.BigIntegerField(
        null=True, blank=True, help_text="When the sender's file was changed last, by the sender's clock"
    )
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey(User, models.PROTECT, related_name="uploads")
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=10, blank=True, choices=end_choices)
    version = models.OneToOneField(
        DocumentVersion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="upload",
        help_text="What it became",
    )
    history = HistoricalRecords()
    objects = UploadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose=NEW, document=None, grant=None)
                | Q(purpose=VERSION, document__isnull=False, grant=None)
                | Q(purpose=FINDINGS, document=None, grant__isnull=False),
                name="upload_is_meant_for_one_thing",
            ),
            models.CheckConstraint(condition=Q(length__gt=0), name="upload_has_bytes"),
            models.CheckConstraint(
                condition=Q(finished_at=None, sha256="")
                | Q(finished_at__isnull=False, sha256__regex=r"^[0-9a-f]{64}$"),
                name="upload_finished_has_digest",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end_reason="", version=None)
                | Q(ended_at__isnull=False, end_reason=USED, finished_at__isnull=False, version__isnull=False)
                | Q(ended_at__isnull=False, end_reason__in=[REMOVED, EXPIRED, DIFFERS], version=None),
                name="upload_ends_once",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("begun_at")), name="upload_expires_later"),
        ]
        indexes = [
            models.Index(
                fields=["begun_by", "case"], condition=Q(ended_at=None), name="upload_live_of_person"
            ),
            models.Index(fields=["case", "owner"], condition=Q(ended_at=None), name="upload_live_of_case"),
            models.Index(fields=["expires_at"], condition=Q(ended_at=None), name="upload_live_expires"),
        ]

    def __str__(self) -> str:
        return "upload"

    def get_absolute_url(self) -> str:
        """Where its bytes are sent."""
        return reverse("cases:upload", args=[self.pk])

    @property
    def name_on_disk(self) -> str:
        """The name under which its bytes grow."""
        return self.pk.hex
