"""Tables of notices and of work handed to the workers."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.kit.models import Record


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Notices, asked by person."""

    def of(self, person: models.Model) -> "NoticeQuerySet":
        """Those of one person."""
        return self.filter(recipient=person)

    def unread(self) -> "NoticeQuerySet":
        """Those not read yet."""
        return self.filter(read_at=None)


class Notice(Record):
    """One thing one person is told. It names kind and ids only: what it says is worded when it is shown."""

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notices", db_index=False
    )
    kind = models.CharField(max_length=80)
    case_id = models.UUIDField(null=True)
    subject_model = models.CharField(max_length=100, blank=True)
    subject_id = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()
    history_reason = "What it tells of has history and audit entries; reading a notice is no record."

    class Meta:
        db_table = "portal_notice"
        indexes: ClassVar = [
            models.Index(fields=["recipient", "-at", "-id"], name="notice_of_person"),
            models.Index(fields=["recipient"], name="notice_unread", condition=Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.kind


class Outbox(models.Model):
    """One job, written in the transaction that asked for it, done once: claimed under a lease, marked when done.

    `send_at` is when the sweeper next hands it to the broker, `lease_until` how long its worker is believed alive.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    args = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    run_at = models.DateTimeField()
    send_at = models.DateTimeField()
    sends = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=80, blank=True)

    history_reason = "A queue. What a job changes has history and audit entries of its own."

    class Meta:
        db_table = "portal_outbox"
        constraints: ClassVar = [models.UniqueConstraint(fields=["key"], name="outbox_key_once")]
        indexes: ClassVar = [
            models.Index(
                fields=["send_at"],
                name="outbox_due",
                condition=Q(done_at__isnull=True, failed_at__isnull=True),
            ),
            models.Index(fields=["failed_at"], name="outbox_dead", condition=Q(failed_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.key}"


class Heartbeat(models.Model):
    """When a part of the portal that runs by itself was last seen working."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    history_reason = "A sign of life, overwritten."

    class Meta:
        db_table = "portal_heartbeat"

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, name: str, now: datetime) -> None:
        """Note that `name` was seen at `now`."""
        cls.objects.update_or_create(name=name, defaults={"at": now})
