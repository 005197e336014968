"""Jobs on a real worker: what the outbox adds to a Celery task, and how soon a job is done after its commit."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.bench.rows import Row, Side, compare, cpu_of, limited
from tests.bench.stage import HOME, LARGE, ROOT, Stage

BATCH = 200
PROBES = 120


@contextmanager
def worker(stage: Stage) -> Iterator[int]:
    """A worker of two processes and a beat, as the portal runs them; the worker's process id."""
    celery = [sys.executable, "-m", "celery", "-A", "tests.bench.celery_app"]
    commands = (
        [*celery, "worker", "--concurrency=2", "--without-gossip", "--without-mingle"],
        [*celery, "beat", f"--schedule={HOME / 'beat'}", "--pidfile="],
    )
    with (HOME / "celery.log").open("ab") as log:
        running = [subprocess.Popen(one, cwd=ROOT, env=stage.env, stdout=log, stderr=log) for one in commands]
    try:
        yield running[0].pid
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait(30)


def jobs(stage: Stage) -> Iterator[Row]:
    """Both rows, on one worker."""
    with stage.on(LARGE), worker(stage) as pid:
        _drained()
        _once(1)
        cpu = cpu_of(pid, *_children(pid))
        found = compare(
            "task_wrapper", Side(lambda: _through_outbox(BATCH), cpu), Side(lambda: _once(BATCH), cpu),
            against="plain Celery task, same worker", at_most=2, rounds=6, times=1,
        )  # fmt: skip
        told = {
            **found.as_dict(),
            "value": found.value / BATCH,
            "against_value": (found.against_value or 0) / BATCH,
        }
        yield Row(**{**told, "note": "a job; claimed, done and marked in the database"})
        delays = sorted(_delay() for _ in range(PROBES))
        yield limited(
            "outbox_delay", delays[PROBES // 2], "s", 1, note="median, commit to done, worker awake"
        )
        yield limited("outbox_delay_p99", delays[int(PROBES * 0.99)], "s", 3)


def _drained(patience_s: float = 180) -> None:
    """Wait until the mails of the cases that were walked are out of the way."""
    from portal.notify.models import Outbox

    end = time.monotonic() + patience_s
    while Outbox.objects.filter(done_at=None, failed_at=None).exclude(job="bench_nothing").exists():
        if time.monotonic() > end:
            raise AssertionError("the worker does not empty the outbox")
        time.sleep(0.2)


def _children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    return [int(word) for word in found.stdout.split()]


def _counter() -> Any:
    import redis
    from django.conf import settings

    return redis.Redis.from_url(settings.REDIS_URL)


def _until(total: int, patience_s: float = 120) -> None:
    counter, end = _counter(), time.monotonic() + patience_s
    while int(counter.get("bench:done") or 0) < total:
        if time.monotonic() > end:
            raise AssertionError(f"{total} jobs were not done in {patience_s:.0f} s")
        time.sleep(0.005)


def _once(times: int) -> None:
    """As many plain tasks, and wait for the last."""
    from tests.bench.celery_app import plain

    _counter().set("bench:done", 0)
    for _ in range(times):
        plain.delay()
    _until(times)


def _through_outbox(times: int) -> None:
    """As many jobs, asked for in one transaction, and wait for the last."""
    from django.db import transaction

    from portal.kit.clock import database_now
    from portal.notify.outbox import Order, enqueue_many

    _counter().set("bench:done", 0)
    mark = time.monotonic_ns()
    orders = [Order(job="bench_count", key=f"bench:{mark}:{number}", args={}) for number in range(times)]
    with transaction.atomic():
        enqueue_many(orders, now=database_now())
    _until(times)


def _delay() -> float:
    """Seconds from the commit that asks for a job to its end, by the database's clock."""
    from django.db import transaction

    from portal.kit.clock import database_now
    from portal.notify.models import Outbox
    from portal.notify.outbox import enqueue

    key = f"bench:delay:{time.monotonic_ns()}"
    with transaction.atomic():
        enqueue("bench_count", key=key, args={}, now=database_now())
        asked = database_now()
    while True:
        row = Outbox.objects.get(key=key)
        if row.done_at is not None:
            return float((row.done_at - asked).total_seconds())
        time.sleep(0.005)
