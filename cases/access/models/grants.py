"""Grants as object permissions held by named people, and their suspension."""

from datetime import datetime
from typing import Final

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from accounts.access import UserObjectPermissionBase
from accounts.models import Organisation, User
from cases.access.models.agreements import SIDES
from cases.access.models.partners import Nomination
from cases.register.models import Case, ModelVersion
from cases.rules import clock, visibility, window
from portal.kit.models import Guarded, GuardedQuerySet


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
        ("amended", "an amendment left it outside the window"),
        ("closed", "the case closed"),
        ("term", "the term was reached"),
    ]


TERM: Final = "term"
LIMITS: Final = {
    "requests_per_minute": "requests a minute",
    "requests_per_day": "requests a day",
    "tokens_per_day": "tokens a day",
    "concurrent_requests": "requests at the same time",
}


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
    tasks_allowed = models.TextField(help_text="One task a line")
    tasks_forbidden = models.TextField(blank=True, help_text="One task a line")
    requests_per_minute = models.PositiveBigIntegerField(null=True, blank=True)
    requests_per_day = models.PositiveBigIntegerField(null=True, blank=True)
    tokens_per_day = models.PositiveBigIntegerField(null=True, blank=True)
    concurrent_requests = models.PositiveBigIntegerField(null=True, blank=True)
    safeguards = models.JSONField(default=list, help_text="Ids out of the signed agreement's")
    own_safeguards = models.TextField(blank=True, help_text="Further ones, one a line")
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
    objects = GrantQuerySet.as_manager()  # type: ignore[misc]

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
            models.CheckConstraint(
                condition=~Q(requests_per_minute=0)
                & ~Q(requests_per_day=0)
                & ~Q(tokens_per_day=0)
                & ~Q(concurrent_requests=0),
                name="grant_limits_positive",
            ),
            models.CheckConstraint(
                condition=Q(terms_accepted_at__isnull=True, terms_accepted_by__isnull=True)
                | Q(kind="partner", terms_accepted_at__isnull=False, terms_accepted_by__isnull=False),
                name="grant_terms_of_a_partner",
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
        # expired is the word for a term that passed unused; an end before the term is an end
        started = self.may_have_begun or self.end_reason not in ("", TERM)
        return window.grant_state(
            self.state,
            span,
            now,
            accepted=self.may_have_begun,
            ever_started=started,
            end_recorded=bool(self.end_reason),
        )

    @property
    def may_have_begun(self) -> bool:
        """Whether access could be used at all: a partner's grant opens nothing before its terms are accepted."""
        return self.kind == "office" or self.terms_accepted_at is not None

    @property
    def limits(self) -> list[str]:
        """The limits set, in words with their units."""
        return [
            f"at most {amount:,} {words}" for name, words in LIMITS.items() if (amount := getattr(self, name))
        ]

    @property
    def ends_at(self) -> datetime:
        """When access ended, or will: the recorded end or the term, whichever comes first."""
        term: datetime = self.span.upper
        return min(self.ended_at or term, term)

    def has_ended(self, now: datetime) -> bool:
        """Whether no access is left under this grant."""
        return bool(self.end_reason) or now >= self.span.upper

    def owes_certificate(self, now: datetime) -> bool:
        """Whether it ended, could have been used, and the return or destruction certificate is not filed yet."""
        return self.has_ended(now) and self.may_have_begun and self.closed_out_at is None

    @property
    def certificate_due(self) -> datetime:
        """By when the certificate is asked for after the end: a target without consequence."""
        return clock.due_at("close_out", self.ends_at, self.case.policy_version.clocks)


class Suspension(Guarded):
    """A side's suspension of a grant: access stops while any is open. Each side resumes only what it suspended."""

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="suspensions")
    side = models.CharField(max_length=10, choices=SIDES)
    reason = models.TextField(blank=True, help_text="Seen only by the side that gave it")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    suspended_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    resumed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    incident = models.ForeignKey(
        "cases.Incident", models.PROTECT, null=True, blank=True, related_name="suspensions"
    )
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(side="developer") | Q(incident__isnull=False),
                name="suspension_agency_on_incident",
            ),
            models.UniqueConstraint(
                fields=["grant", "side"], condition=Q(until__isnull=True), name="suspension_one_a_side"
            ),
        ]

    def __str__(self) -> str:
        return f"suspension by the {self.side}"


class GrantUserPermission(UserObjectPermissionBase):
    """A named person's object permission on a grant. Deleting the row takes the access away at once."""

    content_object = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="user_permissions")
    history = HistoricalRecords()

    def __str__(self) -> str:
        return "named person on a grant"
