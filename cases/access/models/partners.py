"""Trusted partners: their nomination and both sides' concurrences."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from accounts.models import Appointment, Organisation, User
from cases.access.models.agreements import SIDES
from cases.register.models import Case
from cases.rules import visibility
from portal.kit.models import Guarded, GuardedQuerySet


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
    objects = NominationQuerySet.as_manager()  # type: ignore[misc]

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
            ),
            models.UniqueConstraint(
                fields=["nomination", "concurred_by"],
                condition=Q(retracted_at__isnull=True),
                name="concurrence_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"concurrence for the {self.side}"
