"""The receipt that a developer has at once when it withdraws a case."""

import secrets
from datetime import datetime
from typing import Final

from django.db import models

from accounts.models import Appointment, User
from accounts.roles import capacity_choices
from cases.register.models import Case
from cases.rules import visibility
from cases.rules.window import EASTERN
from portal.kit.models import Guarded, GuardedQuerySet

_ALPHABET: Final = "23456789BCDFGHJKLMNPQRSTVWXZ"


class ReceiptQuerySet(GuardedQuerySet["WithdrawalReceipt"]):
    """Receipts, always asked for a person and an instant."""

    def visible_to(self, user: User, now: datetime) -> "ReceiptQuerySet":
        """Receipts of the cases this person may open."""
        return self.filter(visibility.of_case(user, now))


class WithdrawalReceipt(Guarded):
    """What ended in the moment of a withdrawal, in words and numbers, with the digest of the text. Append-only."""

    append_only = True
    history_reason = "Append-only: the row is its own history."
    instant = "withdrawn_at"

    case = models.OneToOneField(Case, models.PROTECT, related_name="receipt")
    number = models.CharField(max_length=20, unique=True)
    text = models.TextField()
    text_digest = models.CharField(max_length=64)
    ended = models.JSONField(default=dict, help_text="How many of each ended in that moment")
    withdrawn_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=10, choices=capacity_choices)
    objects = ReceiptQuerySet.as_manager()  # type: ignore[misc]

    def __str__(self) -> str:
        return f"receipt {self.number}"

    @staticmethod
    def new_number(now: datetime) -> str:
        """A number such as `WR-2026-7KQ4DX`: random after the year, so that it counts nothing."""
        drawn = "".join(secrets.choice(_ALPHABET) for _ in range(8))
        return f"WR-{now.astimezone(EASTERN).year}-{drawn}"
