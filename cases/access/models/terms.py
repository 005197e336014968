"""Terms of an agreement that are rows of their own: who attests which safeguard, and who may have access by name."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from accounts.models import Appointment, User
from accounts.roles import capacity_choices
from cases.access.models.agreements import Agreement
from cases.register.models import Case
from portal.kit.models import Guarded


class Attestation(Guarded):
    """A person's word that a safeguard is in place, with its evidence and how long it holds. Append-only."""

    append_only = True
    history_reason = "Append-only: the row is its own history."
    instant = "attested_at"

    case = models.ForeignKey(Case, models.PROTECT, related_name="attestations")
    safeguard = models.CharField(max_length=40, help_text="Id from the policy version's catalogue")
    document = models.ForeignKey("cases.Document", models.PROTECT, related_name="+")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    attested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=10, choices=capacity_choices)
    attested_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("valid_from")), name="attestation_valid_for_a_time"
            )
        ]

    def __str__(self) -> str:
        return "attestation of a safeguard"

    def get_absolute_url(self) -> str:
        """The case's agreement, under which it stands."""
        return f"{self.case.get_absolute_url()}#access"

    def state_at(self, at: datetime) -> str:
        """Whether it holds at `at`: `attested`, `ran out` or `not valid yet`."""
        if at < self.valid_from:
            return "not valid yet"
        return "attested" if at < self.valid_until else "ran out"


class ListedPerson(Guarded):
    """A person listed by name in one version; `person` where the roster knows exactly one of that name. Append-only."""

    append_only = True
    history_reason = "Append-only: a new version of the agreement has its own list."

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="listed")
    name = models.CharField(max_length=200)
    organisation = models.CharField(max_length=200, blank=True)
    person = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "name", "organisation"], name="listed_person_once_a_version"
            )
        ]

    def __str__(self) -> str:
        return "person listed in an agreement"
