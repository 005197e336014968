"""A real worker process on the test database, as the web role; leases are short, so a killed one is soon replaced."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from portal.kit.clock import database_now
from portal.notify.models import Outbox
from portal.notify.outbox import sweep
from tests.portal.helpers import web_conninfo

ROOT = Path(__file__).resolve().parents[1]


def start_worker(log: Path) -> subprocess.Popen[bytes]:
    """One worker that knows every job of the portal."""
    command = [sys.executable, "-m", "celery", "-A", "tests.portal.outbox_worker", "worker", "--pool=solo"]
    environment = {**os.environ, "FOREVIEW_DB": "web", "DATABASE_URL": web_conninfo()}
    with log.open("ab") as out:
        return subprocess.Popen(
            [*command, "--without-gossip", "--without-mingle"], cwd=ROOT, env=environment, stdout=out, stderr=out
        )  # fmt: skip


def until(happened: Callable[[], object], patience_s: float = 30) -> None:
    """Wait for something, looking often."""
    end = time.monotonic() + patience_s
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def all_done() -> bool:
    """Whether no job waits; sweeps on the way, as beat would."""
    sweep(database_now())
    return not Outbox.objects.filter(done_at=None, failed_at=None).exists()
