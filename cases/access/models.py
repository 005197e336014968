"""Access: the agreement and its signatures, the window, nominated partners, and grants as object permissions."""

from datetime import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from accounts.access import UserObjectPermissionBase
from accounts.models import Appointment, Organisation, User
from accounts.roles import capacity_choices
from cases.register.models import Case, ModelVersion
from cases.rules import visibility, window
from portal.kit.models import Guarded, GuardedQuerySet

SIDES = [("developer", "developer"), ("agency", "agency")]


class AgreementQuerySet(GuardedQuerySet["Agreement"]):
    """Agreements, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "AgreementQuerySet":
        """Agreements of the cases this person may open."""
        return self.filter(visibility.of_case(user, now))


class Agreement(Guarded):
    """One version of a case's access agreement. Its text is frozen with its digest when the first side signs."""

    STATES = [
        ("draft", "draft"),
        ("offered", "signed by one side"),
        ("signed", "signed"),
        ("superseded", "superseded"),
    ]

    case = models.ForeignKey(Case, models.PROTECT, related_name="agreements")
    number = models.PositiveIntegerField()
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
    objects = AgreementQuerySet.as_manager()

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

    def get_absolute_url(self) -> str:
        """The agreement's page."""
        return reverse("cases:agreement", args=[self.pk])


class Signature(Guarded):
    """One side's signature under the exact text of an agreement. Append-only."""

    append_only = True
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

    def __str__(self) -> str:
        return "access window"

    @property
    def left(self) -> window.Span | None:
        """What counts of the period, or None when a cut left nothing."""
        return None if self.span.isempty else window.Span(self.span.lower, self.span.upper)


class NominationQuerySet(GuardedQuerySet["Nomination"]):
    """Nominations, always asked for a person and an instant. A partner sees its grant, never its nomination."""

    def visible_to(self, user: User, now: datetime) -> "NominationQuerySet":
        """Nominations of the cases this person may open."""
        return self.filter(visibility.of_case(user, now))

    def with_sides(self) -> "NominationQuerySet":
        """With who concurs: `developer_at`, `agency_at` (current concurrences) and `retracted_at`, in one query."""
        own = Concurrence.objects.filter(nomination=models.OuterRef("pk"))
        current = own.filter(retracted_at__isnull=True)
        return self.annotate(
            developer_at=models.Subquery(current.filter(side="developer").values("concurred_at")),
            agency_at=models.Subquery(current.filter(side="agency").values("concurred_at")),
            retracted_at=models.Subquery(
                own.filter(retracted_at__isnull=False).order_by("retracted_at").values("retracted_at")[:1]
            ),
        )


class Nomination(Guarded):
    """A trusted partner proposed for a case by either side; both sides concur, each may retract."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="nominations")
    partner = models.ForeignKey(Organisation, models.PROTECT, related_name="nominations")
    proposed_side = models.CharField(max_length=10, choices=SIDES)
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    lapses_at = models.DateTimeField()
    purpose = models.TextField()
    sector = models.CharField(max_length=100)
    basis = models.CharField(max_length=200, help_text="Why this partner, and under which terms of the order")
    history = HistoricalRecords()
    objects = NominationQuerySet.as_manager()

    def __str__(self) -> str:
        return "partner nomination"

    def get_absolute_url(self) -> str:
        """The nomination's page."""
        return reverse("cases:nomination", args=[self.pk])


class Concurrence(Guarded):
    """One side's current agreement to a partner. Retracting it ends the grant at once."""

    nomination = models.ForeignKey(Nomination, models.PROTECT, related_name="concurrences")
    side = models.CharField(max_length=10, choices=SIDES)
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    concurred_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    concurred_at = models.DateTimeField()
    retracted_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, help_text="Seen only by the side that gave it")
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["nomination", "side"],
                condition=Q(retracted_at__isnull=True),
                name="concurrence_one_a_side",
            )
        ]

    def __str__(self) -> str:
        return f"concurrence for the {self.side}"


def mode_choices() -> list[tuple[str, str]]:
    """How the model is reached under a grant."""
    return [
        ("developer_api", "API hosted by the developer"),
        ("developer_enclave", "Developer's enclave"),
        ("government_enclave", "Government enclave"),
        ("weights", "Weights"),
    ]


def close_out_choices() -> list[tuple[str, str]]:
    """What a partner certifies to have done with what it received."""
    return [
        ("returned", "Everything received was returned"),
        ("destroyed", "Everything received was destroyed"),
        ("nothing_kept", "Nothing was ever received or kept"),
    ]


def end_reason_choices() -> list[tuple[str, str]]:
    """Why a grant ended; the first reason is final."""
    return [
        ("withdrawn", "the developer withdrew the case"),
        ("retracted", "a side retracted its concurrence"),
        ("revoked", "the grant was revoked"),
        ("released", "the model was released"),
        ("rescoped", "the case went back to scoping"),
        ("closed", "the case closed"),
        ("term", "the term was reached"),
    ]


class GrantQuerySet(GuardedQuerySet["Grant"]):
    """Grants, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "GrantQuerySet":
        """Grants this person may see: a partner its own, the agency and the developer those of their cases."""
        return self.filter(visibility.grants(user, now))

    def live(self, now: datetime) -> "GrantQuerySet":
        """Grants under which the model may be used at `now`, evaluated on read."""
        return self.filter(visibility.grant_is_live(now))


class Grant(Guarded):
    """One office's or partner's access to one model version. Named people hold it as an object permission."""

    KINDS = [("office", "agency office"), ("partner", "trusted partner")]
    STATES = [
        ("proposed", "proposed"), ("agreed", "agreed"), ("suspended", "suspended"),
        ("revoked", "revoked"), ("withdrawn", "withdrawn"),
    ]  # fmt: skip

    case = models.ForeignKey(Case, models.PROTECT, related_name="grants")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="grants")
    kind = models.CharField(max_length=10, choices=KINDS)
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="grants")
    nomination = models.ForeignKey(Nomination, models.PROTECT, null=True, blank=True, related_name="grants")
    mode = models.CharField(max_length=20, choices=mode_choices)
    tasks_allowed = models.TextField()
    tasks_forbidden = models.TextField(blank=True)
    span = DateTimeRangeField()
    state = models.CharField(max_length=12, choices=STATES, default="proposed")
    suspended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, choices=end_reason_choices, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    closed_out_at = models.DateTimeField(null=True, blank=True)
    close_out = models.CharField(max_length=20, choices=close_out_choices, blank=True)
    terms_accepted_at = models.DateTimeField(null=True, blank=True)
    terms_accepted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    history = HistoricalRecords()
    objects = GrantQuerySet.as_manager()

    class Meta:
        permissions = [("use_grant", "May use this grant")]
        constraints = [
            models.CheckConstraint(
                condition=Q(span__isempty=False)
                & Q(span__startswith__isnull=False)
                & Q(span__endswith__isnull=False),
                name="grant_bounded",
            ),
            models.CheckConstraint(
                condition=Q(end_reason="", ended_at__isnull=True)
                | (~Q(end_reason="") & Q(ended_at__isnull=False)),
                name="grant_ended_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(kind="office", nomination__isnull=True)
                | Q(kind="partner", nomination__isnull=False),
                name="grant_partner_nominated",
            ),
            models.CheckConstraint(
                condition=Q(closed_out_at__isnull=True, close_out="")
                | (Q(closed_out_at__isnull=False) & ~Q(close_out="") & ~Q(end_reason="")),
                name="grant_closed_out_after_its_end",
            ),
        ]
        indexes = [
            models.Index(fields=["case"], name="grant_of_case"),
            models.Index(fields=["organisation", "-issued_at", "-id"], name="grant_newest_of_holder"),
        ]

    def __str__(self) -> str:
        return f"grant of {self.organisation.short_name}"

    def get_absolute_url(self) -> str:
        """The grant's page."""
        return reverse("cases:grant", args=[self.pk])

    def state_at(self, now: datetime) -> str:
        """The state a person sees, derived from the stored word, the range and now."""
        span = window.Span(self.span.lower, self.span.upper)
        started = self.kind == "office" or self.terms_accepted_at is not None
        return window.grant_state(
            self.state, span, now, ever_started=started, end_recorded=bool(self.end_reason)
        )

    @property
    def ends_at(self) -> datetime:
        """When access ended, or will: the recorded end or the term, whichever comes first."""
        term: datetime = self.span.upper
        return min(self.ended_at or term, term)

    def has_ended(self, now: datetime) -> bool:
        """Whether no access is left under this grant."""
        return bool(self.end_reason) or now >= self.span.upper


class Suspension(Guarded):
    """A side's suspension of a grant: access stops while any is open. Each side resumes only what it suspended."""

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="suspensions")
    side = models.CharField(max_length=10, choices=SIDES)
    reason = models.TextField(blank=True, help_text="Seen only by the side that gave it")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    suspended_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    resumed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "side"], condition=Q(until__isnull=True), name="suspension_one_a_side"
            )
        ]

    def __str__(self) -> str:
        return f"suspension by the {self.side}"


class GrantUserPermission(UserObjectPermissionBase):
    """A named person's object permission on a grant. Deleting the row takes the access away at once."""

    content_object = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="user_permissions")
    history = HistoricalRecords()

    def __str__(self) -> str:
        return "named person on a grant"
