"""Endpoint and secret of a grant, sealed, and who was shown them. The sealed text goes at the end."""

from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from accounts.models import Appointment, User
from accounts.roles import capacity_choices
from cases.access.models.grants import Grant
from portal.kit.models import Guarded


def credential_end_choices() -> list[tuple[str, str]]:
    """Why a stored secret is gone."""
    return [
        ("replaced", "replaced by a newer one"),
        ("withdrawn", "withdrawn by the developer"),
        ("grant_ended", "the grant ended"),
    ]


class EndpointCredential(Guarded):
    """Endpoint and secret that a developer stored for a grant. Once ended, the row says when and why alone."""

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="credentials")
    sealed = models.TextField(blank=True)
    stored_at = models.DateTimeField()
    stored_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=12, choices=credential_end_choices, blank=True)
    history = HistoricalRecords(excluded_fields=["sealed"])

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["grant"], condition=Q(ended_at__isnull=True), name="credential_one_a_grant"
            ),
            models.CheckConstraint(
                condition=(Q(ended_at__isnull=True, end_reason="") & ~Q(sealed=""))
                | (Q(ended_at__isnull=False, sealed="") & ~Q(end_reason="")),
                name="credential_gone_when_ended",
            ),
        ]

    def __str__(self) -> str:
        return "endpoint and secret"

    @property
    def bound_to(self) -> str:
        """What the sealed text is bound to: this row and its grant."""
        return f"{self.grant_id}:{self.pk}"


class CredentialReveal(Guarded):
    """A named person was shown endpoint and secret, for a reason it gave. Append-only."""

    append_only = True
    history_reason = "Append-only: the row is its own history."
    instant = "revealed_at"

    credential = models.ForeignKey(EndpointCredential, models.PROTECT, related_name="reveals")
    reason = models.CharField(max_length=500)
    revealed_at = models.DateTimeField()
    revealed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=10, choices=capacity_choices)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="reveal_with_reason")]

    def __str__(self) -> str:
        return "endpoint and secret shown"
