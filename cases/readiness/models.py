"""What a developer prepares for itself: answers, obligations to third parties, and the notice made from them.

Nobody but the developer's own people on the case reads any of it, at any time. What is filed becomes a document.
"""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from accounts.models import Appointment, User
from accounts.roles import capacity_choices
from cases.documents.models import Document
from cases.register.models import Case
from cases.rules import visibility
from portal.kit.models import Guarded, GuardedQuerySet, M


def safeguard_answers() -> list[tuple[str, str]]:
    """What a developer says of one safeguard of the policy's catalogue."""
    return [("have", "In place"), ("planned", "Planned"), ("not_offered", "Not offered")]


def obligation_kinds() -> list[tuple[str, str]]:
    """Kinds of obligations to third parties."""
    return [
        ("nda", "Nondisclosure agreement"),
        ("contract", "Confidentiality clause of a contract"),
        ("data", "Data protection or data use terms"),
        ("joint", "Joint development or IP terms"),
        ("other", "Other obligation"),
    ]


def subjects() -> list[tuple[str, str]]:
    """What an obligation may bear on when something is shared in a case."""
    return [
        ("evaluations", "Evaluations and their results"),
        ("weights", "Weights and access to the model"),
        ("documents", "Documents"),
        ("names", "Names of customers or partners"),
    ]


def consent_choices() -> list[tuple[str, str]]:
    """Whether the counterparty has to consent, and whether it has."""
    return [
        ("not_needed", "Not needed"),
        ("needed", "Needed, not asked yet"),
        ("asked", "Asked, not given yet"),
        ("given", "Given"),
    ]


class OwnQuerySet(GuardedQuerySet[M]):
    """Rows of readiness, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> Self:
        """Rows of the cases on which this person stands for the developer."""
        return self.filter(visibility.readiness(user, now))


class ReadinessQuerySet(OwnQuerySet["Readiness"]):
    """Answers."""


class ObligationQuerySet(OwnQuerySet["Obligation"]):
    """Obligations to third parties."""


class NoticeQuerySet(OwnQuerySet["ObligationsNotice"]):
    """Attested notices."""


class Readiness(Guarded):
    """The developer's answers on one case: safeguards by id of the catalogue, and people who would have access."""

    case = models.OneToOneField(Case, models.PROTECT, related_name="readiness")
    safeguards = models.JSONField(default=dict, help_text="Id of the catalogue to answer and note")
    people = models.JSONField(default=list, help_text="Rows of name and organisation")
    revision = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    history = HistoricalRecords()
    objects = ReadinessQuerySet.as_manager()

    def __str__(self) -> str:
        return "readiness"


class Obligation(Guarded):
    """One obligation to a third party that bears on sharing. The agreement itself is never asked for."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="obligations")
    reference = models.CharField(max_length=120, help_text="As the developer calls the counterparty")
    kind = models.CharField(max_length=20, choices=obligation_kinds)
    bears_on = models.JSONField(default=list, help_text="Ids of what it bears on")
    consent = models.CharField(max_length=20, choices=consent_choices)
    consent_on = models.DateField(null=True, blank=True)
    notice_sent_on = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords()
    objects = ObligationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "reference", "kind"],
                condition=Q(removed_at__isnull=True),
                name="obligation_once",
            ),
            models.CheckConstraint(condition=~Q(bears_on=[]), name="obligation_bears_on_something"),
            models.CheckConstraint(
                condition=Q(consent="given", consent_on__isnull=False)
                | (~Q(consent="given") & Q(consent_on__isnull=True)),
                name="obligation_consent_with_day",
            ),
        ]

    def __str__(self) -> str:
        return "obligation to a third party"

    @property
    def consent_owed(self) -> bool:
        """Whether a consent is needed and not given yet."""
        return self.consent in ("needed", "asked")

    @property
    def subjects_said(self) -> str:
        """What it bears on, in words."""
        return ", ".join(label.lower() for id, label in subjects() if id in self.bears_on)


class ObligationsNotice(Guarded):
    """A third-party obligations notice as it was attested: its exact text. Append-only."""

    append_only = True
    instant = "attested_at"
    history_reason = "Append-only: the row is its own history."

    case = models.ForeignKey(Case, models.PROTECT, related_name="obligations_notices")
    number = models.PositiveIntegerField()
    text = models.TextField(help_text="The exact text that was attested")
    text_digest = models.CharField(max_length=64)
    attested_at = models.DateTimeField()
    attested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=10, choices=capacity_choices)
    objects = NoticeQuerySet.as_manager()
    filed: "NoticeFiling | None" = None  # as `queries.notices` loads it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="obligations_notice_number_once"),
            models.CheckConstraint(
                condition=Q(text_digest__regex=r"^[0-9a-f]{64}$"), name="obligations_notice_digest"
            ),
        ]

    def __str__(self) -> str:
        return f"third-party obligations notice {self.number}"

    def get_absolute_url(self) -> str:
        """The notice's page."""
        return reverse("cases:obligations_notice", args=[self.pk])


class NoticeFiling(Guarded):
    """That a notice was filed into the case, as which version of which document. Append-only."""

    append_only = True
    instant = "filed_at"
    history_reason = "Append-only: the row is its own history."

    notice = models.OneToOneField(ObligationsNotice, models.PROTECT, related_name="filing")
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    filed_at = models.DateTimeField()
    filed_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "version"], name="notice_version_filed_once"),
            models.CheckConstraint(condition=Q(version__gte=1), name="notice_filed_as_a_version"),
        ]

    def __str__(self) -> str:
        return "filing of a notice"
