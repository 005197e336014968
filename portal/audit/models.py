"""Tables of the audit log: heads of sequences (updatable) and entries (append-only, by trigger and by role).

A tree over all entries, checkpoints and their witness cosignatures come as tables of their own beside these: they
refer to `Entry.id` and hash the same canonical bytes, so nothing here needs rewriting for them.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class Sequence(models.Model):
    """The head of one gap-free chain: `case:<uuid>` or `stream:<name>`. Locked by whoever appends, always last."""

    key = models.CharField(max_length=80)
    length = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, default="", blank=True)

    history_reason = "Its every value follows from the entries, and verification compares the two."

    class Meta:
        db_table = "portal_audit_sequence"
        constraints: ClassVar = [models.UniqueConstraint(fields=["key"], name="sequence_key_once")]

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    """One thing that happened, chained to the one before it in its sequence. Written only by `journal.record`."""

    sequence = models.ForeignKey(Sequence, on_delete=models.PROTECT, related_name="entries", db_index=False)
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=80)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    actor_name = models.CharField(max_length=300, blank=True)
    organisation_name = models.CharField(max_length=300, blank=True)
    role = models.CharField(max_length=80, blank=True)
    capacity = models.CharField(max_length=40, blank=True)
    appointment_id = models.CharField(max_length=40, blank=True)
    policy_version = models.CharField(max_length=80, blank=True)
    request_id = models.CharField(max_length=80, blank=True)
    reason = models.TextField(blank=True)
    subject_model = models.CharField(max_length=100, blank=True)
    subject_id = models.CharField(max_length=40, blank=True)
    case_id = models.UUIDField(null=True)
    rows = models.JSONField(default=list)
    data = models.JSONField(default=dict)
    salt = models.CharField(max_length=32)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    history_reason = "Entries never change, so they have no versions."

    class Meta:
        db_table = "portal_audit_entry"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sequence", "number"], name="entry_number_once"),
            models.UniqueConstraint(fields=["digest"], name="entry_digest_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="entry_number_from_one"),
            models.CheckConstraint(
                condition=Q(digest__regex="^[0-9a-f]{64}$"), name="entry_digest_is_sha256"
            ),
            models.CheckConstraint(
                condition=Q(previous__regex="^[0-9a-f]{64}$"), name="entry_previous_is_sha256"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["case_id", "number"], name="entry_of_case", condition=Q(case_id__isnull=False)
            ),
            models.Index(fields=["at", "id"], name="entry_by_time"),
            models.Index(
                fields=["kind", "-at", "-id"], name="entry_of_stream", condition=Q(case_id__isnull=True)
            ),
            models.Index(fields=["actor", "id"], name="entry_by_actor", condition=Q(actor__isnull=False)),
            models.Index(fields=["subject_id", "id"], name="entry_of_subject", condition=~Q(subject_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.number})"


class RefusalCount(models.Model):
    """How often one person met the same refusal within the hour, so that the log counts and does not multiply."""

    key = models.CharField(max_length=64)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    entry = models.ForeignKey(Entry, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)

    history_reason = "A counter beside the entry that tells of the first refusal."

    class Meta:
        db_table = "portal_audit_refusal"
        constraints: ClassVar = [models.UniqueConstraint(fields=["key"], name="refusal_key_once")]

    def __str__(self) -> str:
        return f"{self.times} times"
