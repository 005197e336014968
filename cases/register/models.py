"""The register: models under review, their versions and release dates, cases, and who works on them."""

import secrets
from datetime import datetime
from typing import Final

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.urls import reverse
from simple_history.models import HistoricalRecords

from accounts.models import Appointment, Organisation, User
from accounts.roles import role_choices
from cases.rules import lifecycle, markings, visibility
from portal.kit.models import Guarded, GuardedQuerySet

NUMBER_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0, 1, I, O: read aloud without mistakes


def retention_choices() -> list[tuple[str, str]]:
    """Retention classes of records; disposal is off, so a class states a duty and starts nothing."""
    return [
        ("undetermined", "Undetermined: keep"),
        ("temporary", "Temporary, under the agency's schedule"),
        ("permanent", "Permanent"),
    ]


def variant_choices() -> list[tuple[str, str]]:
    """Variants of a model version, which are reviewed one by one."""
    return [
        ("release_candidate", "Release candidate, safeguards on"),
        ("safeguards_off", "Safeguards off"),
        ("base", "Base, before post-training"),
        ("fine_tuned", "Fine-tuned"),
    ]


NO_CONFLICT: Final = "none"


def declaration_choices() -> list[tuple[str, str]]:
    """What a person declares about itself on a case."""
    return [
        (NO_CONFLICT, "No conflict of interest"),
        ("employment", "Employment, present, past or sought"),
        ("financial", "Financial interest"),
        ("family", "Family or another close person"),
        ("prior_work", "Prior work on the matter"),
    ]


def declaring_roles() -> list[str]:
    """Roles that declare before they act, unless a policy version says otherwise."""
    return ["evaluator", "determining_official"]


class PolicyVersion(Guarded):
    """Everything beyond the order's own text, as it stood: lead office, roster, clocks, safeguards, default marking."""

    number = models.PositiveIntegerField(unique=True)
    effective_from = models.DateTimeField()
    lead_office = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    default_marking = models.CharField(max_length=12, choices=markings.choices, default="PROPIN")
    clocks = models.JSONField(default=dict)
    safeguards = models.JSONField(default=list, help_text="Rows of id and label")
    declarations = models.JSONField(default=declaring_roles, help_text="Roles that declare before they act")
    assurance = models.TextField(
        help_text="Told to submitters and stored with each submission (FOIA exemption 4)"
    )
    text_digest = models.CharField(max_length=64)
    signed_by = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    history = HistoricalRecords()

    def __str__(self) -> str:
        return f"Policy version {self.number}"


class RosterEntry(Guarded):
    """One office that a policy version has consulted; `required` ones must answer or be recorded as no response."""

    policy = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="roster")
    office = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    required = models.BooleanField(default=True)
    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "office"], name="roster_office_once")]

    def __str__(self) -> str:
        return f"{self.office} under {self.policy}"


class Model(Guarded):
    """A developer's AI model."""

    developer = models.ForeignKey(Organisation, models.PROTECT, related_name="models")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["developer", "name"], name="model_name_once")]

    def __str__(self) -> str:
        return self.name


class ModelVersion(Guarded):
    """One checkpoint and variant of a model: what a case reviews and what a label binds to."""

    model = models.ForeignKey(Model, models.PROTECT, related_name="versions")
    name = models.CharField(max_length=100)
    variant = models.CharField(max_length=30, choices=variant_choices, default="release_candidate")
    checkpoint_digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the checkpoint, in hex"
    )
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "name", "variant"], name="model_version_once"),
            models.CheckConstraint(
                condition=Q(checkpoint_digest="") | Q(checkpoint_digest__regex=r"^[0-9a-f]{64}$"),
                name="checkpoint_digest_is_sha256",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model.name} {self.name}"


class ReleaseMilestone(Guarded):
    """A release date the developer stated, planned or actual. Append-only: the newest of a kind counts."""

    append_only = True
    instant = "stated_at"
    history_reason = "Append-only: the row is its own history."

    KINDS = [
        ("general_release", "general release"),
        ("other_trusted_partners", "release to other trusted partners"),
    ]
    STATES = [("planned", "planned"), ("actual", "actual")]

    model_version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="milestones")
    kind = models.CharField(max_length=30, choices=KINDS)
    state = models.CharField(max_length=10, choices=STATES, default="planned")
    at = models.DateTimeField()
    stated_at = models.DateTimeField()
    stated_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["model_version", "kind", "-stated_at"], name="milestone_newest")]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.get_kind_display()}"


class CaseQuerySet(GuardedQuerySet["Case"]):
    """Cases, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "CaseQuerySet":
        """The cases this person may see at `now`; every read of cases starts here."""
        return self.filter(visibility.cases(user, now))

    def for_list(self) -> "CaseQuerySet":
        """With what a list row shows, in one query."""
        return self.select_related("model_version__model", "developer")


class Case(Guarded):
    """One model version under review."""

    number = models.CharField(max_length=20, unique=True)
    tracking_number = models.CharField(max_length=60, blank=True, help_text="The developer's own")
    origin = models.CharField(max_length=20, choices=lifecycle.origin_choices)
    stage = models.CharField(max_length=20, choices=lifecycle.stage_choices, default=lifecycle.DRAFT)
    stage_since = models.DateTimeField()
    developer = models.ForeignKey(Organisation, models.PROTECT, related_name="cases")
    model_version = models.ForeignKey(
        ModelVersion, models.PROTECT, null=True, blank=True, related_name="cases"
    )
    policy_version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="cases")
    marking = models.CharField(max_length=12, choices=markings.choices, default=markings.DEFAULT)
    question = models.TextField(blank=True, help_text="What the developer asks or offers, in its own words")
    related_case = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followed_by"
    )
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True, blank=True)
    acknowledge_due_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    closed_reason = models.CharField(max_length=20, choices=lifecycle.closed_reason_choices, blank=True)
    disclosed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a government case was disclosed"
    )
    retention_class = models.CharField(max_length=20, choices=retention_choices, default="undetermined")
    revision = models.PositiveIntegerField(default=0)
    search_text = models.TextField(editable=False, default="")
    history = HistoricalRecords(excluded_fields=["search_text"])
    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["developer", "tracking_number"],
                condition=~Q(tracking_number=""),
                name="tracking_number_once",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=list(lifecycle.STAGES)) & Q(origin__in=list(lifecycle.ORIGINS)),
                name="case_words_known",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=[lifecycle.CLOSED, lifecycle.WITHDRAWN], ended_at__isnull=False)
                | (~Q(stage__in=[lifecycle.CLOSED, lifecycle.WITHDRAWN]) & Q(ended_at__isnull=True)),
                name="case_ended_when_terminal",
            ),
            models.CheckConstraint(
                condition=Q(stage=lifecycle.CLOSED) ^ Q(closed_reason=""), name="case_closed_with_reason"
            ),
            models.CheckConstraint(
                condition=Q(stage=lifecycle.DRAFT, submitted_at__isnull=True) | ~Q(stage=lifecycle.DRAFT),
                name="case_draft_not_submitted",
            ),
            models.CheckConstraint(
                condition=Q(model_version__isnull=False) | Q(stage__in=[lifecycle.DRAFT, lifecycle.CLOSED]),
                name="case_names_model_version",
            ),
            models.CheckConstraint(
                condition=~Q(origin="government", stage=lifecycle.WITHDRAWN),
                name="case_government_not_withdrawn",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="case_newest"),
            models.Index(fields=["developer", "-created_at", "-id"], name="case_newest_of_developer"),
            models.Index(fields=["stage", "-created_at", "-id"], name="case_newest_in_stage"),
            GinIndex(OpClass(Upper("search_text"), name="gin_trgm_ops"), name="case_search"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """The case page."""
        return reverse("cases:case", args=[self.pk])

    @property
    def is_terminal(self) -> bool:
        """Whether the case has ended."""
        return self.stage in lifecycle.TERMINAL

    @staticmethod
    def new_number(now: datetime) -> str:
        """A fresh case number: random after the year, so that numbers do not count cases."""
        return f"CFM-{now.year}-" + "".join(secrets.choice(NUMBER_ALPHABET) for _ in range(6))


class Assignment(Guarded):
    """A person assigned to a case in a role."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="assignments")
    person = models.ForeignKey(User, models.PROTECT, related_name="assignments")
    role = models.CharField(max_length=40, choices=role_choices)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    assigned_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "person", "role"], condition=Q(until__isnull=True), name="assignment_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} on {self.case}"


class Recusal(Guarded):
    """A person kept from a case; while it stands it takes away every read of the case."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="recusals")
    person = models.ForeignKey(User, models.PROTECT, related_name="recusals")
    reason = models.TextField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    lifted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    lift_reason = models.TextField(blank=True)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "person"], condition=Q(until__isnull=True), name="recusal_once"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True, lifted_by__isnull=True)
                | (Q(until__isnull=False, lifted_by__isnull=False) & ~Q(lift_reason="")),
                name="recusal_lifted_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"recusal on {self.case}"


class Declaration(Guarded):
    """What a person declared on a case: no conflict, or one, which recuses it. Append-only; the newest counts."""

    append_only = True
    instant = "declared_at"
    history_reason = "Append-only: the row is its own history."

    case = models.ForeignKey(Case, models.PROTECT, related_name="declarations")
    person = models.ForeignKey(User, models.PROTECT, related_name="declarations")
    number = models.PositiveIntegerField(help_text="Counts the person's declarations on the case")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=declaration_choices)
    text = models.TextField(blank=True)
    declared_at = models.DateTimeField()
    recusal = models.OneToOneField(Recusal, models.PROTECT, null=True, blank=True, related_name="declaration")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "person", "number"], name="declaration_number_once"),
            models.CheckConstraint(
                condition=Q(kind=NO_CONFLICT, recusal__isnull=True)
                | (~Q(kind=NO_CONFLICT) & ~Q(text="") & Q(recusal__isnull=False)),
                name="declared_conflict_recuses",
            ),
        ]

    def __str__(self) -> str:
        return f"declaration on {self.case}"


class Note(Guarded):
    """An agency-only note on a case. Append-only."""

    append_only = True
    instant = "at"
    history_reason = "Append-only: the row is its own history."

    case = models.ForeignKey(Case, models.PROTECT, related_name="notes")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    text = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"note on {self.case}"
