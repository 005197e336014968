"""What a grant's holder leaves on record: the terms it accepted, word for word, and its certificate at the end."""

from django.db import models

from accounts.models import Appointment, User
from accounts.roles import capacity_choices
from cases.access.models.grants import Grant, close_out_choices
from portal.kit.models import Guarded


class TermsAcceptance(Guarded):
    """The exact terms a partner accepted, with their digest. Append-only."""

    append_only = True
    history_reason = "Append-only: the row is its own history."
    instant = "accepted_at"

    grant = models.OneToOneField(Grant, models.PROTECT, related_name="acceptance")
    text = models.TextField()
    text_digest = models.CharField(max_length=64)
    accepted_at = models.DateTimeField()
    accepted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=10, choices=capacity_choices)

    def __str__(self) -> str:
        return "accepted partner terms"


class Certificate(Guarded):
    """The return or destruction certificate of an ended grant. Append-only."""

    append_only = True
    history_reason = "Append-only: the row is its own history."
    instant = "filed_at"

    grant = models.OneToOneField(Grant, models.PROTECT, related_name="certificate")
    statement = models.CharField(max_length=20, choices=close_out_choices)
    remarks = models.TextField(blank=True)
    due_at = models.DateTimeField()
    filed_at = models.DateTimeField()
    filed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=10, choices=capacity_choices)

    def __str__(self) -> str:
        return "return or destruction certificate"

    @property
    def late(self) -> bool:
        """Whether it came after its target."""
        return self.filed_at > self.due_at
