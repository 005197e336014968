"""A real worker process for the outbox tests: the portal's Celery application, short leases, and three jobs.

Started as `celery -A tests.portal.outbox_worker worker`. What a job did is told by lines in the file it is given.
"""

import os
import time
from datetime import datetime
from pathlib import Path

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from portal.audit.journal import record  # noqa: E402
from portal.celery import app  # noqa: E402, F401
from portal.notify.jobs import job  # noqa: E402
from tests.portal.helpers import SHORT_LEASES  # noqa: E402

settings.OUTBOX = SHORT_LEASES


def tell(file: str, word: str) -> None:
    """Append one line, with the process that wrote it."""
    with Path(file).open("a") as lines:
        lines.write(f"{word} {os.getpid()}\n")


@job("test_wait")
def wait_for_leave(file: str, *, now: datetime) -> None:
    """Run until the file `<file>.go` is there."""
    tell(file, "start")
    while not Path(f"{file}.go").exists():
        time.sleep(0.02)
    tell(file, "end")


@job("test_record", atomic=True)
def record_once(file: str, *, now: datetime) -> None:
    """An effect in the database, as the web role."""
    record("tested", by=None, now=now, data={"file": file})
    tell(file, "end")


@job("test_fault")
def always_wrong(file: str, *, now: datetime) -> None:
    """Fail every time."""
    tell(file, "start")
    raise RuntimeError("secret words that stay in the log")
