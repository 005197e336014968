"""What a worker does with an outbox row: claim it under a lease, keep the lease while the job runs, mark the end.

A claim is one conditional UPDATE, so of several workers one wins. While the job runs its lease is kept
(`portal.notify.lease`). A worker that was only asleep finds its lease gone and does not mark the row.
"""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from portal.kit.clock import database_now
from portal.kit.context import request_id
from portal.notify.jobs import JOBS
from portal.notify.lease import kept
from portal.notify.models import Outbox
from portal.notify.outbox import LONGEST_WAIT_S, give_up, limits

log = logging.getLogger(__name__)

# The claim alone need not reach the disk before the job begins: a database that falls over forgets at most that the
# job was begun, and the sweeper sends it again. The mark that it is done waits for the disk.
CLAIM = """
WITH moment AS MATERIALIZED (
  SELECT clock_timestamp() AS instant, set_config('synchronous_commit', 'off', true) AS soon
)
UPDATE portal_outbox SET lease = %s, lease_until = instant + %s, send_at = instant + %s, attempts = attempts + 1
FROM moment
WHERE id = %s AND done_at IS NULL AND failed_at IS NULL AND run_at <= instant AND attempts < %s
  AND (lease_until IS NULL OR lease_until < instant)
RETURNING portal_outbox.*, instant AS claimed_at
"""


class LeaseLost(Exception):
    """The job took longer than its lease while its worker slept, and another worker has the row now."""


def run(outbox_id: str) -> bool:
    """Do the job of one row, if it is there to be done; True when this call did it."""
    row = _claim(outbox_id)
    if row is None:
        return False
    with request_id(row.request_id), kept(row):
        try:
            _do(row, row.claimed_at)
        except Exception as error:  # a job may raise anything; the row keeps the kind, the log the story
            log.exception("job %s failed (attempt %s)", row.job, row.attempts, extra={"outbox": str(row.pk)})
            _released(row, error)
            return False
    return True


def _claim(outbox_id: str) -> Any:
    """The row, claimed, with `claimed_at`, the instant of the claim; None where there is nothing to do."""
    lease = timedelta(seconds=limits().lease_s)
    values = [uuid.uuid4(), lease, lease, outbox_id, limits().attempts]
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
        done_at=Now(), lease=None, lease_until=None, fault=""
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
