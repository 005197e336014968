"""Keeping the lease of a job while it runs: one thread a process renews them all, and sleeps while none is due.

A worker that was killed stops renewing, and after the lease another takes the row.
"""

import logging
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.models.functions import Now

from portal.notify.models import Outbox
from portal.notify.outbox import limits

log = logging.getLogger(__name__)

_jobs: dict[object, tuple[float, Outbox]] = {}  # lease -> when to renew it (monotonic seconds), row
_turn = threading.Condition()  # held by whoever looks at the jobs, and while leases are renewed
_keeper = threading.Thread()
_wakes_at = math.inf


@contextmanager
def kept(row: Outbox) -> Iterator[None]:
    """Renew the lease until the block ends. A short job ends before the first renewal and wakes nobody."""
    global _keeper
    at = _next()
    with _turn:
        _jobs[row.lease] = at, row
        if not _keeper.is_alive():  # the first job of this process; a fork takes no thread along
            _keeper = threading.Thread(target=_keep, name="leases", daemon=True)
            _keeper.start()
        elif at < _wakes_at:
            _turn.notify_all()
    try:
        yield
    finally:
        with _turn:
            _jobs.pop(row.lease, None)


def _next() -> float:
    return time.monotonic() + limits().lease_s / 3


def _keep() -> None:
    """The renewing thread, on its own connection, which it keeps for no longer than it needs it."""
    global _wakes_at
    with _turn:
        while True:
            due = [row for at, row in _jobs.values() if at <= time.monotonic()]
            for row in due:
                _renew(row)
            if due:
                connection.close()
            _wakes_at = min((at for at, _ in _jobs.values()), default=math.inf)
            _turn.wait(None if math.isinf(_wakes_at) else max(0.0, _wakes_at - time.monotonic()))


def _renew(row: Outbox) -> None:
    """One lease, again for its whole length; nothing is renewed any more once it has gone to another worker."""
    _jobs[row.lease] = _next(), row
    until = Now() + timedelta(seconds=limits().lease_s)
    try:
        if not Outbox.objects.filter(pk=row.pk, lease=row.lease).update(lease_until=until, send_at=until):
            del _jobs[row.lease]
    except DatabaseError:  # the next renewal may still come in time
        log.exception("the lease of %s could not be renewed", row.job)
