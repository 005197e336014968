"""Incidents of a case, the grants and documents they concern, and their timeline."""

import secrets
from datetime import datetime
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from accounts.models import Appointment, Organisation, User
from cases.access.models import Grant
from cases.documents.models import Document
from cases.register.models import NUMBER_ALPHABET, Case
from cases.rules import severity, visibility
from portal.kit.models import Guarded, GuardedQuerySet


def incident_kind_choices() -> list[tuple[str, str]]:
    """What may have happened."""
    return [
        ("unauthorized_access", "Unauthorized access"),
        ("exfiltration", "Exfiltration of weights, data or outputs"),
        ("safeguard_breakdown", "A safeguard did not work"),
        ("misuse", "Use beyond the tasks of a grant"),
        ("credential_exposure", "Credentials exposed"),
        ("unexpected_behavior", "Unexpected model behavior"),
        ("other", "Something else"),
    ]


def severity_choices() -> list[tuple[str, str]]:
    """The severities of the law."""
    return severity.choices()


def outcome_choices() -> list[tuple[str, str]]:
    """How an incident ends."""
    return [
        ("remedied", "Happened, and its cause is remedied"),
        ("accepted_risk", "Happened; what remains is known and lived with"),
        ("access_ended", "Happened, and the access concerned was ended"),
        ("not_confirmed", "Looked into, and not confirmed"),
        ("reported_in_error", "Reported in error"),
    ]


def audience_choices() -> list[tuple[str, str]]:
    """For whom an entry is; each takes in the one before."""
    return [
        ("agency", "Agency only"),
        ("sides", "Agency and developer"),
        ("reporter", "Agency, developer and the partner who reported"),
    ]


def entry_kind_choices() -> list[tuple[str, str]]:
    """What an entry of the timeline tells."""
    return [
        ("note", "Entry"),
        ("first_report", "First report"),
        ("severity", "Severity changed"),
        ("contained", "Containment"),
    ]


def asked_choices() -> list[tuple[str, str]]:
    """Of whom an entry may ask an answer."""
    return [("developer", "The developer"), ("reporter", "The partner who reported")]


# the words of `Incident.state`, each with the condition of its rows
IN_STATE: Final = {
    "open": Q(closed_at__isnull=True, contained_at__isnull=True),
    "contained": Q(closed_at__isnull=True, contained_at__isnull=False),
    "closed": Q(closed_at__isnull=False),
}


class IncidentQuerySet(GuardedQuerySet["Incident"]):
    """Incidents, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "IncidentQuerySet":
        """Incidents this person sees: both sides those of their cases, a partner what it reported itself."""
        return self.filter(visibility.incidents(user, now))

    def in_state(self, word: str) -> "IncidentQuerySet":
        """Incidents in the state `word` (see `Incident.state`)."""
        return self.filter(IN_STATE[word])


class Incident(Guarded):
    """Something that went wrong around a case. It is closed once and never reopens; a later one may follow it."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="incidents")
    reference = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=30, choices=incident_kind_choices)
    severity = models.CharField(max_length=10, choices=severity_choices)
    account = models.TextField(help_text="What happened, in the reporter's words")
    noticed_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField()
    reported_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    reported_under = models.ForeignKey(Grant, models.PROTECT, null=True, blank=True, related_name="reported")
    follows = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followed_by"
    )  # the closed one that it refers to
    first_report_due_at = models.DateTimeField()
    first_report_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    contained_at = models.DateTimeField(null=True, blank=True)
    developer_asked_at = models.DateTimeField(null=True, blank=True)
    reporter_asked_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(max_length=20, choices=outcome_choices, blank=True)
    lessons = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0)
    history = HistoricalRecords()
    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(noticed_at__lte=F("reported_at"))
                & (Q(began_at__isnull=True) | Q(began_at__lte=F("noticed_at"))),
                name="incident_began_noticed_reported",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, outcome="")
                | (Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(outcome="")),
                name="incident_closed_with_outcome",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(first_report_at__isnull=False),
                name="incident_closed_after_first_report",
            ),
        ]
        indexes = [
            models.Index(fields=["case"], name="incident_of_case"),
            models.Index(fields=["-noticed_at", "-id"], name="incident_newest"),
            models.Index(
                fields=["first_report_due_at"], name="incident_open", condition=Q(closed_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        """The incident's page."""
        return reverse("cases:incident", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether the incident is not closed yet."""
        return self.closed_at is None

    @property
    def state(self) -> str:
        """The state in a word, derived from its instants."""
        if not self.is_open:
            return "closed"
        return "contained" if self.contained_at is not None else "open"

    @staticmethod
    def new_reference(now: datetime) -> str:
        """A fresh reference: random after the year, so that references do not count incidents."""
        return f"INC-{now.year}-" + "".join(secrets.choice(NUMBER_ALPHABET) for _ in range(6))


class IncidentGrant(Guarded):
    """A grant that an incident concerns. Append-only."""

    append_only = True
    history_reason = "Append-only: the row is its own history."
    instant = "named_at"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="concerned")
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="concerned_by")
    named_at = models.DateTimeField()
    named_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "grant"], name="incident_concerns_grant_once")
        ]

    def __str__(self) -> str:
        return "grant an incident concerns"


class IncidentDocument(Guarded):
    """A document of the case that goes with an incident. It opens nothing to anybody. Append-only."""

    append_only = True
    history_reason = "Append-only: the row is its own history."
    instant = "attached_at"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="attached")
    document = models.ForeignKey(Document, models.PROTECT, related_name="attached_to")
    attached_at = models.DateTimeField()
    attached_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "document"], name="incident_has_document_once")
        ]

    def __str__(self) -> str:
        return "document of an incident"


class IncidentEntryQuerySet(GuardedQuerySet["IncidentEntry"]):
    """Entries, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "IncidentEntryQuerySet":
        """Entries that are for this person."""
        return self.filter(visibility.incident_entries(user, now))


class IncidentEntry(Guarded):
    """One entry of an incident's timeline, for the audience its author chose. Append-only."""

    append_only = True
    history_reason = "Append-only: the row is its own history."
    instant = "at"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=12, choices=entry_kind_choices)
    audience = models.CharField(max_length=10, choices=audience_choices)
    text = models.TextField()
    severity = models.CharField(max_length=10, choices=severity_choices, blank=True)
    asks = models.CharField(max_length=10, choices=asked_choices, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    objects = IncidentEntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(kind="first_report"), name="incident_one_first_report"
            ),
            models.CheckConstraint(
                condition=Q(kind="severity") ^ Q(severity=""), name="incident_entry_names_severity"
            ),
        ]

    def __str__(self) -> str:
        return "entry of an incident"
