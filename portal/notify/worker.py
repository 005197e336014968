"""What a worker does with an outbox row: claim it under a lease, keep the lease while the job runs, mark the end.

A claim is one conditional UPDATE, so of several workers one wins. While the job runs, a thread of its own renews the
lease; a worker that was killed stops renewing, and after the lease another takes the row. A worker that was only
asleep finds its lease gone and does not mark the row.
"""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction

from portal.kit.clock import database_now
from portal.kit.context import request_id
from portal.notify.jobs import JOBS
from portal.notify.models import Outbox
from portal.notify.outbox import LONGEST_WAIT_S, give_up, limits

log = logging.getLogger(__name__)

CLAIM = """
UPDATE portal_outbox SET lease = %s, lease_until = %s, send_at = %s, attempts = attempts + 1
WHERE id = %s AND done_at IS NULL AND failed_at IS NULL AND run_at <= %s AND attempts < %s
  AND (lease_until IS NULL OR lease_until < %s)
RETURNING *
"""


class LeaseLost(Exception):
    """The job took longer than its lease while its worker slept, and another worker has the row now."""


def run(outbox_id: str) -> bool:
    """Do the job of one row, if it is there to be done; True when this call did it."""
    now = database_now()
    row = _claim(outbox_id, now)
    if row is None:
        return False
    with request_id(row.request_id), _kept_lease(row):
        try:
            _do(row, now)
        except Exception as error:  # a job may raise anything; the row keeps the kind, the log the story
            log.exception("job %s failed (attempt %s)", row.job, row.attempts, extra={"outbox": str(row.pk)})
            _released(row, error)
            return False
    return True


def _claim(outbox_id: str, now: datetime) -> Outbox | None:
    until = now + timedelta(seconds=limits().lease_s)
    values = [uuid.uuid4(), until, until, outbox_id, now, limits().attempts, now]
    return next(iter(Outbox.objects.raw(CLAIM, values)), None)


def _do(row: Outbox, now: datetime) -> None:
    found = JOBS.get(row.job)
    if found is None:
        raise LookupError(f"no job is registered under {row.job!r}")
    if found.atomic:
        with transaction.atomic():
            found.function(**row.args, now=now)
            _finish(row)
    else:
        found.function(**row.args, now=now)
        _finish(row)


def _finish(row: Outbox) -> None:
    """Mark the row done, if the lease is still ours."""
    if not Outbox.objects.filter(pk=row.pk, lease=row.lease).update(
        done_at=database_now(), lease=None, lease_until=None, fault=""
    ):
        raise LeaseLost(f"the lease of {row.job} went to another worker")


def _released(row: Outbox, error: Exception) -> None:
    try:
        _put_back(row, error)
    except Exception:  # the lease runs out and the sweeper finds the row
        log.exception("job %s could not be put back", row.job, extra={"outbox": str(row.pk)})


def _put_back(row: Outbox, error: Exception) -> None:
    """Let the row go after a failure: later again, or given up after the last attempt.

    When giving up fails itself, the row keeps its lease, and the sweeper gives it up after that.
    """
    now = database_now()
    ours = Outbox.objects.filter(pk=row.pk, lease=row.lease)
    if row.attempts >= limits().attempts:
        with transaction.atomic():
            last = ours.select_for_update().first()
            if last is not None:
                give_up(last, type(error).__name__, now)
        return
    wait = min(limits().backoff_s * 2 ** (row.attempts - 1), LONGEST_WAIT_S)
    ours.update(
        lease=None, lease_until=None, send_at=now + timedelta(seconds=wait), sends=0, fault=type(error).__name__
    )  # fmt: skip


@contextmanager
def _kept_lease(row: Outbox) -> Iterator[None]:
    """Renew the lease until the block ends. Short jobs end before the first renewal and cost no connection."""
    ended = threading.Event()
    keeper = threading.Thread(target=_keep, args=(row, ended), name=f"lease-{row.pk}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join(timeout=limits().lease_s)


def _keep(row: Outbox, ended: threading.Event) -> None:
    """The renewing thread: on its own connection, until the job has ended or the lease has gone to another."""
    while not ended.wait(limits().lease_s / 3):
        try:
            until = database_now() + timedelta(seconds=limits().lease_s)
            if not Outbox.objects.filter(pk=row.pk, lease=row.lease).update(lease_until=until, send_at=until):
                break
        except DatabaseError:  # the next renewal may still come in time
            log.exception("the lease of %s could not be renewed", row.job)
            connection.close()
    connection.close()
