"""Handing work to the workers so that nothing is lost: a row in the caller's transaction, sent on commit, or swept.

Call `enqueue` inside an action. The broker may be down: the request succeeds and the sweeper sends later. A message
may arrive twice: the row is claimed once (`portal.notify.worker`).
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from portal.kit import registry
from portal.kit.context import current_request_id
from portal.notify.models import Outbox

log = logging.getLogger(__name__)

SWEEP_AT_MOST = 500
LONGEST_WAIT_S = 300


@dataclass(frozen=True)
class Limits:
    """How patient the outbox is; `settings.OUTBOX` may set any of these, in seconds where not a count."""

    lease_s: float = 60
    resend_s: float = 10
    backoff_s: float = 5
    attempts: int = 6


def limits() -> Limits:
    """The limits in force."""
    return Limits(**getattr(settings, "OUTBOX", {}))


@dataclass(frozen=True, kw_only=True)
class Order:
    """One job to be done. key: unique in all time, so that asking twice does once. args: JSON, by keyword."""

    job: str
    key: str
    args: dict[str, Any]
    run_at: datetime | None = None


def enqueue(
    job: str, *, key: str, args: dict[str, Any], now: datetime, run_at: datetime | None = None
) -> None:
    """Have `job` run once with `args`, after this transaction commits and not before `run_at`."""
    enqueue_many([Order(job=job, key=key, args=args, run_at=run_at)], now=now)


def enqueue_many(orders: Iterable[Order], *, now: datetime) -> None:
    """As `enqueue`, for many at once in one query; orders whose key is known are left out."""
    grace = timedelta(seconds=limits().resend_s)
    rows = [
        Outbox(
            job=order.job,
            key=order.key,
            args=order.args,
            created_at=now,
            run_at=order.run_at or now,
            send_at=order.run_at or now + grace,
            request_id=current_request_id(),
        )
        for order in orders
    ]
    Outbox.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    at_once = [row.pk for row in rows if row.run_at <= now]
    if at_once:
        transaction.on_commit(lambda: _send_all(at_once))


def sweep(now: datetime) -> int:
    """Send again what is due and not done; returns how many. Several sweepers at once share the work.

    Waits double with each sending, up to five minutes, so a long queue is not filled with copies of itself.
    """
    _bury(now)
    with transaction.atomic():
        due = list(
            Outbox.objects.filter(_open(now), send_at__lte=now)
            .order_by("send_at")
            .select_for_update(skip_locked=True)[:SWEEP_AT_MOST]
        )
        for row in due:
            wait = min(limits().resend_s * 2**row.sends, LONGEST_WAIT_S)
            row.sends, row.send_at = min(row.sends + 1, 30), now + timedelta(seconds=wait)
        Outbox.objects.bulk_update(due, ["sends", "send_at"])
    _send_all([row.pk for row in due])
    return len(due)


def dead(limit: int = 100) -> list[Outbox]:
    """Jobs given up, newest first, for the people who look after the portal."""
    return list(Outbox.objects.exclude(failed_at=None).order_by("-failed_at")[:limit])


def revive(outbox_id: UUID, now: datetime) -> bool:
    """Give a dead job its attempts again; False when it is not dead."""
    dead_row = Outbox.objects.filter(pk=outbox_id, failed_at__isnull=False)
    return bool(
        dead_row.update(failed_at=None, attempts=0, sends=0, lease=None, lease_until=None, send_at=now)
    )


def _open(now: datetime) -> Q:
    """Neither done nor given up, and no worker believed to be on it."""
    return Q(done_at=None, failed_at=None) & (Q(lease_until=None) | Q(lease_until__lt=now))


def _bury(now: datetime) -> None:
    """Give up jobs whose worker died at every attempt: they would take the next one with them."""
    spent = Q(attempts__gte=limits().attempts, send_at__lte=now) & _open(now)
    for one in list(Outbox.objects.filter(spent).values_list("pk", flat=True)[:SWEEP_AT_MOST]):
        try:
            with transaction.atomic():
                row = Outbox.objects.filter(spent, pk=one).select_for_update(skip_locked=True).first()
                if row is not None:
                    give_up(row, "WorkerLost", now)
        except Exception:  # who listens may fail too; the others are given up all the same, this one later
            log.exception("outbox: job %s could not be given up", one)
            later = now + timedelta(seconds=LONGEST_WAIT_S)
            Outbox.objects.filter(spent, pk=one).update(send_at=later)


def give_up(row: Outbox, fault: str, now: datetime) -> None:
    """Mark a job as not to be tried again and let those who wait for it know, in the caller's transaction."""
    row.failed_at, row.fault, row.lease, row.lease_until = now, fault, None, None
    row.save(update_fields=["failed_at", "fault", "lease", "lease_until"])
    log.error(
        "outbox: job %s given up after %s attempts", row.job, row.attempts, extra={"outbox": str(row.pk)}
    )
    registry.call("job_given_up", job=row.job, args=row.args, now=now)


def _send_all(ids: list[UUID]) -> None:
    """Hand rows to the broker. Never raises: what cannot be sent is left to the sweeper, seconds later."""
    for place, one in enumerate(ids):
        try:
            registry.call("send_job", outbox_id=str(one))
        except Exception as error:  # any trouble with the broker is the same to the caller: later
            log.warning("outbox: %s jobs wait for the sweeper: %s", len(ids) - place, type(error).__name__)
            Outbox.objects.filter(pk__in=ids[place:], done_at=None, lease=None).update(send_at=F("run_at"))
            return
