"""The Celery application. Tasks live in `*/tasks.py`; each worker shows that it lives by a key that runs out.

`/health/` reads the key. A worker renews it with its own heartbeat, so no task has to run for it.
"""

import os
import time
from typing import Any

from celery import Celery
from celery.signals import heartbeat_sent, setup_logging, task_prerun, worker_ready, worker_shutdown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

WORKER_SEEN = "worker-seen"
SEEN_FOR_S = 20

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["portal.notify"])


@setup_logging.connect
def _keep_our_logs(**_kwargs: Any) -> None:
    """Connecting this signal is what tells Celery to leave the logging of `portal.logs` alone."""


@worker_ready.connect
@heartbeat_sent.connect
def _show_life(**_kwargs: Any) -> None:
    from django.core.cache import cache  # settings are read by now

    cache.set(WORKER_SEEN, time.time(), SEEN_FOR_S)  # by its own clock, for /health/ to compare


@task_prerun.connect
def _mind_connections(**_kwargs: Any) -> None:
    """A connection serves many tasks (`CELERY_DB_REUSE_MAX`); one that broke or grew old is left here."""
    from django.db import close_old_connections

    close_old_connections()


@worker_shutdown.connect
def _show_end(**_kwargs: Any) -> None:
    from django.core.cache import cache

    cache.delete(WORKER_SEEN)
