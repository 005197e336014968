"""Consultations, the signed determination, what of it is disclosed, and the label that follows."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from accounts.models import Appointment, Organisation, User
from accounts.roles import capacity_choices
from cases.benchmarks.models import SuiteVersion
from cases.documents.models import Document
from cases.register.models import Case, ModelVersion, PolicyVersion
from cases.rules import visibility
from portal.kit.models import Guarded, GuardedQuerySet


def answer_choices() -> list[tuple[str, str]]:
    """What a consulted office may answer; `no_response` is stored when a consultation closes unanswered."""
    return [
        ("concur", "Concur"),
        ("concur_with_comment", "Concur with comment"),
        ("do_not_concur", "Do not concur"),
        ("no_view", "No view"),
        ("no_response", "No response"),
    ]


def outcome_choices() -> list[tuple[str, str]]:
    """The four outcomes of a determination."""
    return [
        ("meets_threshold", "Meets the threshold"),
        ("does_not_meet_threshold", "Does not meet the threshold"),
        ("no_determination", "No determination"),
        ("recorded_elsewhere", "Recorded elsewhere, not stated here"),
    ]


def disclosure_choices() -> list[tuple[str, str]]:
    """How much of a determination the developer is told."""
    return [
        ("full", "Full"),
        ("summary", "Summary"),
        ("fact_only", "Fact only"),
        ("none", "Nothing, with a reason"),
    ]


class ConsultationQuerySet(GuardedQuerySet["Consultation"]):
    """Consultations, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "ConsultationQuerySet":
        """Consultations this person may see: an office its own, the programme's staff those of their cases."""
        return self.filter(visibility.consultations(user, now))


class Consultation(Guarded):
    """One office asked for its view on a frozen packet."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="consultations")
    office = models.ForeignKey(Organisation, models.PROTECT, related_name="consultations")
    required = models.BooleanField(default=True)
    question = models.TextField()
    packet = models.JSONField(default=dict, help_text="Ids and digests of the evidence, frozen when asked")
    packet_digest = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    due_at = models.DateTimeField()
    answer = models.CharField(max_length=20, choices=answer_choices, blank=True)
    comment = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, null=True, blank=True, related_name="+")
    history = HistoricalRecords()
    objects = ConsultationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "office", "packet_digest"], name="consultation_once"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at__isnull=True)
                | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="consultation_answered_at",
            ),
        ]

    def __str__(self) -> str:
        return f"consultation of {self.office.short_name}"

    def get_absolute_url(self) -> str:
        """The consultation's page."""
        return reverse("cases:consultation", args=[self.pk])


class PacketDocument(Guarded):
    """A document in a consultation's packet: what opens it to the consulted office. Append-only."""

    append_only = True
    instant = ""  # it came with its consultation
    history_reason = "Append-only: the row is its own history."

    consultation = models.ForeignKey(Consultation, models.PROTECT, related_name="packet_documents")
    document = models.ForeignKey(Document, models.PROTECT, related_name="packets")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["consultation", "document"], name="packet_document_once")
        ]

    def __str__(self) -> str:
        return "document in a packet"


class DeterminationQuerySet(GuardedQuerySet["Determination"]):
    """Determinations, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "DeterminationQuerySet":
        """Determinations this person may see: the programme's staff and the auditor those of their cases."""
        return self.filter(visibility.determinations(user, now))


class Determination(Guarded):
    """The signed human decision, with the snapshot it was made on."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="determinations")
    outcome = models.CharField(max_length=30, choices=outcome_choices)
    rationale = models.TextField()
    suite_version = models.ForeignKey(SuiteVersion, models.PROTECT, null=True, blank=True, related_name="+")
    policy_version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+")
    snapshot = models.JSONField(default=dict, help_text="Findings, consultations and packet as signed on")
    text = models.TextField(help_text="The exact text that is signed")
    text_digest = models.CharField(max_length=64)
    signed_at = models.DateTimeField()
    signed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=10, choices=capacity_choices)
    rescinded_at = models.DateTimeField(null=True, blank=True)
    rescinded_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    rescission_reason = models.TextField(blank=True)
    history = HistoricalRecords()
    objects = DeterminationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(rescinded_at__isnull=True), name="determination_one_in_force"
            )
        ]

    def __str__(self) -> str:
        return "determination"

    def get_absolute_url(self) -> str:
        """The determination's page."""
        return reverse("cases:determination", args=[self.pk])


class DisclosureQuerySet(GuardedQuerySet["Disclosure"]):
    """Disclosures, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "DisclosureQuerySet":
        """Disclosures this person may see: the developer's own and those of the programme's cases."""
        return self.filter(visibility.disclosures(user, now))


class Disclosure(Guarded):
    """What of a determination the developer is told, and the developer's response kept beside it."""

    determination = models.ForeignKey(Determination, models.PROTECT, related_name="disclosures")
    extent = models.CharField(max_length=10, choices=disclosure_choices)
    text = models.TextField(blank=True, help_text="What the developer reads")
    reason = models.TextField(blank=True, help_text="Why nothing is told; agency only")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    response = models.TextField(blank=True)
    response_at = models.DateTimeField(null=True, blank=True)
    response_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    history = HistoricalRecords()
    objects = DisclosureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["determination"], name="disclosure_once"),
            models.CheckConstraint(
                condition=~Q(extent="none") | ~Q(reason=""), name="disclosure_none_with_reason"
            ),
        ]

    def __str__(self) -> str:
        return "disclosure"


class LabelQuerySet(GuardedQuerySet["Label"]):
    """Labels, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "LabelQuerySet":
        """Labels this person may see in the register."""
        return self.filter(visibility.labels(user, now))

    def as_told(self, user: User, now: datetime) -> "LabelQuerySet":
        """With `told_state` and `told_ended_at`: the state that this person is told, and since when."""
        return self.annotate(**visibility.told_labels(user, now))


class Label(Guarded):
    """The register entry that follows from a determination that the threshold is met."""

    STATES = [
        ("proposed", "proposed"), ("consulted", "consulted"), ("signed", "signed"), ("effective", "effective"),
        ("superseded", "superseded"), ("rescinded", "rescinded"), ("lapsed", "lapsed"),
    ]  # fmt: skip

    determination = models.OneToOneField(Determination, models.PROTECT, related_name="label")
    case = models.ForeignKey(Case, models.PROTECT, related_name="labels")
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="labels")
    suite_version = models.ForeignKey(
        SuiteVersion, models.PROTECT, null=True, blank=True, related_name="labels"
    )
    state = models.CharField(max_length=12, choices=STATES)
    signed_at = models.DateTimeField()
    effective_at = models.DateTimeField(null=True, blank=True)
    review_due_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    disclosed_to_developer = models.BooleanField(default=False)
    history = HistoricalRecords()
    objects = LabelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model_version"], condition=Q(state="effective"), name="label_one_effective"
            ),
            models.CheckConstraint(
                condition=Q(effective_at__isnull=True) | Q(effective_at__gte=F("signed_at")),
                name="label_effective_after_signed",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "consulted", "signed"]) | Q(effective_at__isnull=False)
                | Q(state="lapsed"),
                name="label_state_has_instant",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return "label"

    def get_absolute_url(self) -> str:
        """The register entry's page."""
        return reverse("cases:label", args=[self.pk])
