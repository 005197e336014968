"""The access agreement with its signatures, and the window periods it sets."""

from datetime import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from accounts.models import Appointment, User
from accounts.roles import capacity_choices
from cases.register.models import Case
from cases.rules import visibility, window
from portal.kit.models import Guarded, GuardedQuerySet

SIDES = [("developer", "developer"), ("agency", "agency")]


class AgreementQuerySet(GuardedQuerySet["Agreement"]):
    """Agreements, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "AgreementQuerySet":
        """Agreements of the cases this person may open."""
        return self.filter(visibility.of_case(user, now))


class Agreement(Guarded):
    """One version of a case's access agreement. Its text is frozen with its digest when the first side signs.

    An amendment names the version in force that it `amends`; its second signature puts it in that one's place.
    """

    STATES = [
        ("draft", "draft"),
        ("offered", "signed by one side"),
        ("signed", "signed"),
        ("superseded", "superseded"),
    ]

    case = models.ForeignKey(Case, models.PROTECT, related_name="agreements")
    number = models.PositiveIntegerField()
    amends = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="amendments")
    state = models.CharField(max_length=12, choices=STATES, default="draft")
    anchor_kind = models.CharField(
        max_length=30, choices=window.anchor_choices, default=window.GENERAL_RELEASE
    )
    anchor_at = models.DateTimeField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    scope = models.TextField()
    safeguards = models.JSONField(default=list, help_text="Ids from the policy version's catalogue")
    isolation_attested = models.BooleanField(default=False)
    people = models.JSONField(default=list, help_text="Names of the people who will have access")
    text = models.TextField(help_text="The exact text that is signed")
    text_digest = models.CharField(max_length=64)
    drafted_at = models.DateTimeField()
    drafted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    history = HistoricalRecords()
    objects = AgreementQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="agreement_version_once"),
            models.UniqueConstraint(
                fields=["case"], condition=Q(state="signed"), name="agreement_one_signed"
            ),
            models.CheckConstraint(
                condition=Q(opens_at__lt=models.F("closes_at")) & Q(closes_at__lte=models.F("anchor_at")),
                name="agreement_window_before_anchor",
            ),
            models.CheckConstraint(
                condition=Q(opens_at__gte=models.F("anchor_at") - window.LIMIT),
                name="agreement_window_within_limit",
            ),
        ]

    def __str__(self) -> str:
        return f"access agreement, version {self.number}"

    @property
    def pending(self) -> bool:
        """Whether it waits for a signature."""
        return self.state in ("draft", "offered")

    def get_absolute_url(self) -> str:
        """The agreement's page."""
        return reverse("cases:agreement", args=[self.pk])


class Signature(Guarded):
    """One side's signature under the exact text of an agreement. Append-only."""

    append_only = True
    instant = "signed_at"
    history_reason = "Append-only: the row is its own history."

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="signatures")
    side = models.CharField(max_length=10, choices=SIDES)
    signed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=10, choices=capacity_choices)
    text_digest = models.CharField(max_length=64)
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agreement", "side"], name="signature_one_a_side"),
            models.UniqueConstraint(fields=["agreement", "signed_by"], name="signature_two_people"),
        ]

    def __str__(self) -> str:
        return f"signature for the {self.side}"


class WindowPeriodQuerySet(GuardedQuerySet["WindowPeriod"]):
    """Window periods, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "WindowPeriodQuerySet":
        """Periods of the cases this person may open."""
        return self.filter(visibility.of_case(user, now))


class WindowPeriod(Guarded):
    """One interval in which pre-release access may exist. The database holds the 30-day rule (migration 0002).

    `span` is what counts: as agreed, or what a cut left of it. A period cut before it started has the empty range;
    its agreed opening stands in the agreement, its agreed end in `agreed_end`.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="window_periods")
    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="window_periods")
    span = DateTimeRangeField()
    agreed_end = models.DateTimeField()
    cut_at = models.DateTimeField(null=True, blank=True)
    cut_cause = models.CharField(max_length=100, blank=True)
    history = HistoricalRecords()
    objects = WindowPeriodQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="window_periods_apart",
                expressions=[("case", RangeOperators.EQUAL), ("span", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(
                condition=Q(span__startswith__isnull=False, span__endswith__isnull=False)
                | Q(span__isempty=True, cut_at__isnull=False),
                name="window_period_bounded",
            ),
            models.CheckConstraint(
                condition=Q(cut_at__isnull=True, cut_cause="") | (Q(cut_at__isnull=False) & ~Q(cut_cause="")),
                name="window_cut_with_cause",
            ),
        ]
        indexes = [GistIndex(fields=["span"], name="window_period_by_span")]

    def __str__(self) -> str:
        return "access window"

    @property
    def left(self) -> window.Span | None:
        """What counts of the period, or None when a cut left nothing."""
        return None if self.span.isempty else window.Span(self.span.lower, self.span.upper)
