"""`GET /health/`: is every part that Foreview needs there? For probes and the supervisor; it holds no secrets.

Add a part by adding a function to `PARTS`; it returns what to show, or raises if the part is down.
"""

import logging
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.audit.models import Entry
from portal.celery import SEEN_FOR_S, WORKER_SEEN
from portal.celery import app as celery_app
from portal.kit.clock import database_now

log = logging.getLogger(__name__)

SKEW = 2.0  # seconds between two clocks that nobody needs to hear of


class Down(Exception):
    """A part answered, and the answer is that it is not well."""


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _broker() -> str:
    with celery_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=2)
    return "ok"


def _worker() -> str:
    if not cache.get(WORKER_SEEN):
        raise Down("no worker has shown itself lately")
    return "ok"


def _storage() -> str:
    folder = Path(default_storage.path(""))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".health-") as probe:
        probe.write(b"probe")
        probe.flush()
        os.fsync(probe.fileno())
    return "ok"


def _audit_head() -> str:
    """Digest of the newest entry, if the head of its chain agrees with it. Says how far the log is, not how long."""
    newest = Entry.objects.select_related("sequence").order_by("-id").first()
    if newest is None:
        return "none yet"
    if (newest.sequence.length, newest.sequence.head) != (newest.number, newest.digest):
        raise Down("the newest audit entry is not the head of its chain")
    return newest.digest


def _clock() -> str:
    """Whether this machine's clock goes with the database's, which alone decides what is over; by how much if not."""
    before = datetime.now(UTC)
    there = database_now()
    halfway = before + (datetime.now(UTC) - before) / 2
    skew = (halfway - there).total_seconds()
    if abs(skew) > SKEW:
        return _differs("this machine", skew)
    seen = cache.get(WORKER_SEEN)
    late = float(seen or 0) - there.timestamp()  # its newest sign of life is up to SEEN_FOR_S old
    if seen and not -SEEN_FOR_S - SKEW <= late <= SKEW:
        return _differs("the worker", late)
    return "ok"


def _differs(whose: str, skew: float) -> str:
    said = f"{whose}'s clock differs from the database's by {skew:+.0f} s"
    log.warning("health: %s", said)
    return said


PARTS: dict[str, Callable[[], Any]] = {
    "database": _database,
    "broker": _broker,
    "worker": _worker,
    "storage": _storage,
    "audit_head": _audit_head,
    "clock": _clock,
}


@login_not_required
@require_safe
def health(_request: HttpRequest) -> JsonResponse:
    """200 with every part `ok`, or 503 with those that are `down`. Why a part is down stands in the log only."""
    answers: dict[str, Any] = {}
    for name, ask in PARTS.items():
        try:
            answers[name] = ask()
        except Exception as error:  # whatever a part raises, the answer is that it is down
            log.warning("health: %s is down: %s", name, type(error).__name__)
            answers[name] = "down"
    well = "down" not in answers.values()
    return JsonResponse(
        {"status": "ok" if well else "down", "version": settings.VERSION, **answers},
        status=200 if well else 503,
    )


def form_not_ours(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that did not come from a page of ours, or from one that has grown old."""
    said = "This form did not come from a page of this portal, or the page had grown old. Open it again and repeat."
    return render(request, "403.html", {"sentence": said}, status=403)
