"""Documents of a case and their versions. Bytes live in private storage under random names; rows tell of them."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from accounts.models import Organisation, User
from cases.documents.kinds import kind_choices
from cases.register.models import Case, retention_choices
from cases.rules import markings, visibility
from portal.kit.models import Guarded, GuardedQuerySet


def designation_choices() -> list[tuple[str, str]]:
    """What a submitter says of its own document."""
    return [("none", "No designation"), ("business_confidential", "Business confidential")]


class DocumentQuerySet(GuardedQuerySet["Document"]):
    """Documents, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "DocumentQuerySet":
        """Documents whose rows this person may see: their titles, kinds, sizes."""
        return self.filter(visibility.documents(user, now))

    def openable_by(self, user: User, now: datetime) -> "DocumentQuerySet":
        """Documents whose bytes this person may open."""
        return self.visible_to(user, now).filter(visibility.document_content(user, now))


class Document(Guarded):
    """One paper of a case, through its versions."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=40, choices=kind_choices)
    title = models.CharField(max_length=200)
    owner = models.ForeignKey(Organisation, models.PROTECT, related_name="documents")
    marking = models.CharField(max_length=12, choices=markings.choices)
    marking_set_by_agency = models.BooleanField(default=False)
    designation = models.CharField(max_length=30, choices=designation_choices, default="none")
    designation_pages = models.CharField(max_length=200, blank=True, help_text="For example 3-7, 12, or all")
    assurance = models.TextField(blank=True, help_text="What the submitter was told at submission")
    restricted = models.BooleanField(default=False)
    named_readers = models.ManyToManyField(User, blank=True, related_name="+")
    retention_class = models.CharField(max_length=20, choices=retention_choices, default="undetermined")
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    under_grant = models.ForeignKey(
        "cases.Grant", models.PROTECT, null=True, blank=True, related_name="findings",
        help_text="The grant under which a partner uploaded it",
    )  # fmt: skip
    frozen_at = models.DateTimeField(null=True, blank=True, help_text="When a suspected spill was frozen")
    history = HistoricalRecords(m2m_fields=[named_readers])
    objects = DocumentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(designation="none") | ~Q(designation_pages=""), name="designation_names_pages"
            )
        ]
        indexes = [models.Index(fields=["case", "created_at"], name="document_of_case")]

    def __str__(self) -> str:
        return self.get_kind_display()

    def get_absolute_url(self) -> str:
        """The document's page."""
        return reverse("cases:document", args=[self.pk])


class DocumentVersion(Guarded):
    """The bytes of a document as received once. Append-only but for the state of scanning."""

    STATES = [("received", "received"), ("available", "available"), ("quarantined", "quarantined")]

    document = models.ForeignKey(Document, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    file_name = models.CharField(max_length=255)
    storage_name = models.CharField(max_length=200, unique=True)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    content_type = models.CharField(max_length=100)
    state = models.CharField(max_length=12, choices=STATES, default="received")
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="document_version_once"),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="document_version_digest"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"


class DocumentShare(Guarded):
    """A document opened to the partner of one grant, while that grant lives."""

    document = models.ForeignKey(Document, models.PROTECT, related_name="shares")
    grant = models.ForeignKey("cases.Grant", models.PROTECT, related_name="shares")
    shared_at = models.DateTimeField()
    shared_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["document", "grant"], condition=Q(ended_at__isnull=True), name="document_share_once"
            )
        ]

    def __str__(self) -> str:
        return "document share"
