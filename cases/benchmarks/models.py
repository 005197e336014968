"""Suites with their rules, runs read from evaluation logs, scores, and what a rule says of a run."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from accounts.models import User
from cases.register.models import Case, ModelVersion
from cases.rules import markings, visibility
from portal.kit.models import Guarded, GuardedQuerySet


def outcome_choices() -> list[tuple[str, str]]:
    """What a rule can say of a run."""
    return [
        ("met", "met"),
        ("not_met", "not met"),
        ("inconclusive", "inconclusive"),
        ("insufficient", "insufficient"),
    ]


class Suite(Guarded):
    """A named set of benchmark tasks, through its versions."""

    name = models.CharField(max_length=120, unique=True)
    purpose = models.TextField(blank=True)
    history = HistoricalRecords()

    def __str__(self) -> str:
        return self.name


class SuiteVersionQuerySet(GuardedQuerySet["SuiteVersion"]):
    """Suite versions, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "SuiteVersionQuerySet":
        """Suite versions this person may see."""
        return self.filter(visibility.suites(user, now))


class SuiteVersion(Guarded):
    """A suite as fixed once: which tasks, how many samples and epochs, which marking. Frozen once used."""

    suite = models.ForeignKey(Suite, models.PROTECT, related_name="versions")
    name = models.CharField(max_length=40)
    marking = models.CharField(max_length=12, choices=markings.choices, default=markings.DEFAULT)
    registered_at = models.DateTimeField()
    registered_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    history = HistoricalRecords()
    objects = SuiteVersionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["suite", "name"], name="suite_version_once")]

    def __str__(self) -> str:
        return f"{self.suite.name} {self.name}"

    def get_absolute_url(self) -> str:
        """The suite version's page."""
        return reverse("cases:suite", args=[self.pk])


class SuiteTask(Guarded):
    """One task of a suite version, with the samples it must run for a run to be complete."""

    suite_version = models.ForeignKey(SuiteVersion, models.PROTECT, related_name="tasks")
    name = models.CharField(max_length=120)
    task_version = models.CharField(max_length=40, blank=True)
    expected_samples = models.PositiveIntegerField()
    epochs = models.PositiveIntegerField(default=1)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["suite_version", "name"], name="suite_task_once"),
            models.CheckConstraint(
                condition=Q(expected_samples__gt=0, epochs__gt=0), name="suite_task_counts"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ThresholdRuleQuerySet(GuardedQuerySet["ThresholdRule"]):
    """Threshold rules, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "ThresholdRuleQuerySet":
        """Rules this person may see: those of visible suite versions."""
        return self.filter(visibility.suites(user, now))


class ThresholdRule(Guarded):
    """A threshold declared before anything is measured, agreed by a second person, digested and frozen."""

    DIRECTIONS = [("at_least", "at least"), ("at_most", "at most")]

    task = models.ForeignKey(SuiteTask, models.PROTECT, related_name="rules")
    scorer = models.CharField(max_length=120)
    metric = models.CharField(max_length=60, default="accuracy")
    direction = models.CharField(max_length=10, choices=DIRECTIONS, default="at_least")
    threshold = models.FloatField()
    alert = models.FloatField(null=True, blank=True)
    alpha = models.FloatField(default=0.05, help_text="One-sided")
    min_n = models.PositiveIntegerField(default=30)
    min_effective_n = models.PositiveIntegerField(default=30)
    min_completeness = models.FloatField(default=0.95)
    max_error_rate = models.FloatField(default=0.05)
    declared_at = models.DateTimeField()
    declared_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    agreed_at = models.DateTimeField(null=True, blank=True)
    agreed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    digest = models.CharField(max_length=64)
    history = HistoricalRecords()
    objects = ThresholdRuleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold__gte=0, threshold__lte=1, alpha__gt=0, alpha__lt=0.5),
                name="rule_in_range",
            ),
            models.CheckConstraint(
                condition=Q(agreed_by__isnull=True) | ~Q(agreed_by=F("declared_by")), name="rule_two_people"
            ),
            models.CheckConstraint(
                condition=Q(agreed_by__isnull=True, agreed_at__isnull=True)
                | Q(agreed_by__isnull=False, agreed_at__isnull=False),
                name="rule_agreed_at_and_by",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scorer} {self.get_direction_display()} {self.threshold:g}"


class RunQuerySet(GuardedQuerySet["Run"]):
    """Runs, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "RunQuerySet":
        """Runs this person may see."""
        return self.filter(visibility.runs(user, now))


class Run(Guarded):
    """One execution of a suite's task, as read from its evaluation log. The log is kept, read or not."""

    STATES = [
        ("queued", "waiting to be read"),
        ("reading", "being read"),
        ("read", "read"),
        ("unreadable", "unreadable"),
        ("unread", "unreadable for now"),
        ("stopped", "stopped by the withdrawal"),
    ]

    case = models.ForeignKey(Case, models.PROTECT, related_name="runs")
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="runs")
    suite_version = models.ForeignKey(SuiteVersion, models.PROTECT, related_name="runs")
    state = models.CharField(max_length=12, choices=STATES, default="queued")
    file_name = models.CharField(max_length=255)
    storage_name = models.CharField(max_length=200, unique=True)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    imported_at = models.DateTimeField()
    imported_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    refused = models.TextField(blank=True, help_text="Why the log could not be read")
    format = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=20, blank=True, help_text="The log's own word")
    task_name = models.CharField(max_length=200, blank=True)
    model_name = models.CharField(max_length=200, blank=True, help_text="As the log names it")
    served_models = models.JSONField(default=list)
    started_at = models.DateTimeField(null=True, blank=True, help_text="As the log says")
    completed_at = models.DateTimeField(null=True, blank=True)
    samples_expected = models.PositiveIntegerField(null=True, blank=True)
    samples_total = models.PositiveIntegerField(null=True, blank=True)
    samples_completed = models.PositiveIntegerField(null=True, blank=True)
    samples_errored = models.PositiveIntegerField(null=True, blank=True)
    complete = models.BooleanField(default=False)
    reasons = models.JSONField(default=list)
    provenance = models.JSONField(default=dict)
    read_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    history = HistoricalRecords()
    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "sha256"], name="run_log_once"),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(state="read"), name="run_accepted_read"
            ),
        ]
        indexes = [models.Index(fields=["case", "imported_at"], name="run_of_case")]

    def __str__(self) -> str:
        return f"run of {self.task_name or 'an unread log'}"

    def get_absolute_url(self) -> str:
        """The run's page."""
        return reverse("cases:run", args=[self.pk])


class Score(Guarded):
    """One score of a run: the file's own metrics beside those recounted from the samples. Append-only."""

    append_only = True
    instant = ""  # it came with its run
    history_reason = "Append-only: the row is its own history."

    run = models.ForeignKey(Run, models.PROTECT, related_name="scores")
    name = models.CharField(max_length=120)
    reducer = models.CharField(max_length=60, blank=True)
    n = models.PositiveIntegerField(null=True)
    metrics = models.JSONField(default=dict)
    recounted = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "name", "reducer"], name="score_once")]

    def __str__(self) -> str:
        return self.name


class Finding(Guarded):
    """What one rule says of one run, with the arithmetic. Append-only; a new reading makes a new run."""

    append_only = True
    instant = "made_at"
    history_reason = "Append-only: the row is its own history."

    run = models.ForeignKey(Run, models.PROTECT, related_name="findings")
    rule = models.ForeignKey(ThresholdRule, models.PROTECT, related_name="findings")
    outcome = models.CharField(max_length=15, choices=outcome_choices)
    estimate = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    n = models.PositiveIntegerField(null=True)
    effective_n = models.FloatField(null=True)
    gates = models.JSONField(default=list)
    method = models.CharField(max_length=200, blank=True)
    sentence = models.TextField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "rule"], name="finding_once")]

    def __str__(self) -> str:
        return f"finding: {self.get_outcome_display()}"


class PointerQuerySet(GuardedQuerySet["HighSidePointer"]):
    """High-side pointers, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "PointerQuerySet":
        """Pointers this person may see."""
        return self.filter(visibility.pointers(user, now))


class HighSidePointer(Guarded):
    """Where a record above the ceiling lives; never the record."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="high_side_pointers")
    holding_agency = models.CharField(max_length=120)
    system = models.CharField(max_length=120)
    control_number = models.CharField(max_length=120)
    custodian = models.CharField(max_length=120)
    referenced_marking = models.CharField(max_length=12, choices=markings.choices)
    cover_text = models.TextField(blank=True)
    checked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    history = HistoricalRecords()
    objects = PointerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(checked_by__isnull=True) | ~Q(checked_by=F("recorded_by")),
                name="pointer_two_people",
            )
        ]

    def __str__(self) -> str:
        return "high-side pointer"
