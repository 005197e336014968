"""Documents of a case and their versions. Bytes live in private storage under random names; rows tell of them."""

from datetime import datetime

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse
from simple_history.models import HistoricalRecords

from accounts.models import Appointment, Organisation, User
from accounts.roles import capacity_choices
from cases.documents.kinds import kind_choices
from cases.documents.scanning.findings import finding_choices
from cases.register.models import Case, retention_choices
from cases.rules import markings, visibility
from portal.kit.models import Guarded, GuardedQuerySet


def designation_choices() -> list[tuple[str, str]]:
    """What a submitter says of its own document."""
    return [("none", "No designation"), ("business_confidential", "Business confidential")]


def state_choices() -> list[tuple[str, str]]:
    """The states of a version: nobody opens it before it is available."""
    return [
        ("received", "received"),
        ("scanning", "scanning"),
        ("available", "available"),
        ("quarantined", "quarantined"),
        ("damaged", "damaged"),
    ]


def scanner_choices() -> list[tuple[str, str]]:
    """Who looked through a version."""
    return [("own", "own checks"), ("clamd", "own checks and the virus scanner")]


def decision_choices() -> list[tuple[str, str]]:
    """What the security manager decides about a version in quarantine."""
    return [
        ("released", "Release it: it opens to whoever may read the document"),
        ("kept", "Keep it in quarantine"),
    ]


class DocumentQuerySet(GuardedQuerySet["Document"]):
    """Documents, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "DocumentQuerySet":
        """Documents whose rows this person may see: their titles, kinds, sizes."""
        return self.filter(visibility.documents(user, now))

    def with_state(self) -> "DocumentQuerySet":
        """Each with `newest_state`, the state of its newest version."""
        versions = DocumentVersion.objects.filter(document=OuterRef("pk")).order_by("-number")
        return self.annotate(newest_state=Subquery(versions.values("state")[:1]))

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

    document = models.ForeignKey(Document, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    file_name = models.CharField(max_length=255)
    storage_name = models.CharField(max_length=200, unique=True)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    content_type = models.CharField(max_length=100)
    state = models.CharField(max_length=12, choices=state_choices, default="received")
    finding = models.CharField(
        max_length=20, choices=finding_choices, blank=True, help_text="Why it is in quarantine"
    )
    scanned_at = models.DateTimeField(null=True, blank=True)
    scanned_with = models.CharField(max_length=20, choices=scanner_choices, blank=True)
    waits_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when the virus scanner does not answer"
    )
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="document_version_once"),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="document_version_digest"
            ),
            models.CheckConstraint(
                condition=~Q(state="quarantined") | ~Q(finding=""), name="document_quarantine_says_why"
            ),
        ]
        indexes = [
            models.Index(
                fields=["document"], condition=~Q(state="available"), name="document_version_not_open"
            )
        ]

    def __str__(self) -> str:
        return f"version {self.number}"


class QuarantineDecision(Guarded):
    """What a security manager decided about a version in quarantine, and why."""

    version = models.ForeignKey(DocumentVersion, models.PROTECT, related_name="decisions")
    decision = models.CharField(max_length=10, choices=decision_choices)
    finding = models.CharField(max_length=20, choices=finding_choices, help_text="The finding decided about")
    reason = models.TextField()
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=20, choices=capacity_choices)

    append_only = True
    history_reason = "Append-only: a decision is never changed; another one follows it."

    def __str__(self) -> str:
        return self.get_decision_display()


def spill_reasons() -> list[tuple[str, str]]:
    """Why somebody takes a document for a spill. Words to choose, so that nobody describes what must not stand here."""
    return [
        ("marking", "It bears a marking above what this installation may keep"),
        ("content", "Its content may be above what this installation may keep, whatever its marking"),
        ("elsewhere", "It seems to come from a system whose contents do not belong here"),
        ("unsure", "I am not sure; somebody should look"),
    ]


def spill_outcomes() -> list[tuple[str, str]]:
    """How a suspected spill ends."""
    return [
        ("false_alarm", "False alarm: the document opens again to whoever may read it"),
        ("confirmed", "Confirmed: the document stays frozen for good, its bytes and its log are kept"),
    ]


class SpillQuerySet(GuardedQuerySet["Spill"]):
    """Suspected spills, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "SpillQuerySet":
        """Those that this person sees through."""
        return self.filter(visibility.spills(user, now))


class Spill(Guarded):
    """A document frozen on suspicion, until the security manager ends it. It says nothing of what the document says."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="spills")
    document = models.ForeignKey(Document, models.PROTECT, related_name="spills")
    reason = models.CharField(max_length=20, choices=spill_reasons)
    control_number = models.CharField(max_length=40, blank=True, help_text="Of the record on the high side")
    declared_at = models.DateTimeField()
    declared_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=20, choices=capacity_choices)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(max_length=20, choices=spill_outcomes, blank=True)
    history = HistoricalRecords(excluded_fields=["control_number"])
    objects = SpillQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["document"], condition=~Q(outcome="false_alarm"), name="spill_once_a_document"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, outcome="")
                | (Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(outcome="")),
                name="spill_closed_with_outcome",
            ),
        ]

    def __str__(self) -> str:
        return "suspected spill"

    def get_absolute_url(self) -> str:
        """The spill's page."""
        return reverse("cases:spill", args=[self.pk])


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
