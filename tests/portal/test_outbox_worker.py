"""The outbox with real worker processes: killed, delivered twice, longer than its lease, broker down."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, transaction
from kombu import Connection

from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit import registry
from portal.kit.clock import database_now
from portal.notify import tasks
from portal.notify.models import Outbox
from portal.notify.outbox import enqueue, sweep
from tests.portal.helpers import SHORT_LEASES
from tests.worker import all_done as done
from tests.worker import start_worker, until

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def workers(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two workers, so that one goes on when the other is killed; either takes any job."""
    log = tmp_path_factory.mktemp("workers") / "log"
    processes = [start_worker(log) for _ in range(2)]
    yield processes
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a job tells what it did."""
    return tmp_path / "told"


@pytest.fixture(autouse=True)
def _short_leases(settings: object) -> None:
    settings.OUTBOX = SHORT_LEASES  # type: ignore[attr-defined]


def told(file: Path) -> list[str]:
    """The words that jobs have written."""
    return [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []


def order(job: str, file: Path) -> None:
    with transaction.atomic():
        enqueue(job, key=str(file), args={"file": str(file)}, now=database_now())


@pytest.mark.usefixtures("workers")
def test_a_job_runs_once_though_delivered_many_times(file: Path) -> None:
    order("test_record", file)
    row = Outbox.objects.get()
    for _ in range(5):
        tasks.send_job(outbox_id=str(row.pk))
    until(done)
    for _ in range(3):
        tasks.send_job(outbox_id=str(row.pk))
    order("test_record", file.with_name("after"))
    until(done)
    assert told(file) == ["end"]
    assert Entry.objects.filter(data__file=str(file)).count() == 1
    assert verify().fault is None


@pytest.mark.usefixtures("workers")
def test_a_long_job_keeps_its_lease(file: Path) -> None:
    order("test_wait", file)
    until(lambda: told(file) == ["start"])
    first = Outbox.objects.get()
    until(lambda: Outbox.objects.get().lease_until > first.lease_until)  # type: ignore[operator]
    until(lambda: (sweep(database_now()), database_now() > first.lease_until)[1])  # type: ignore[operator]
    file.with_name(file.name + ".go").touch()
    until(done)
    assert told(file) == ["start", "end"]
    assert Outbox.objects.get().attempts == 1


@pytest.mark.usefixtures("workers")
def test_a_fault_is_tried_again_and_then_given_up(file: Path) -> None:
    order("test_fault", file)
    until(done)
    row = Outbox.objects.get()
    assert told(file) == ["start"] * 3
    assert (row.done_at, row.attempts, row.fault) == (None, 3, "RuntimeError")
    assert row.failed_at is not None


def test_broker_down_is_not_the_callers_trouble(
    file: Path, monkeypatch: pytest.MonkeyPatch, workers: list[subprocess.Popen[bytes]]
) -> None:
    nobody = Connection("redis://127.0.0.1:1/0", transport_options={"socket_connect_timeout": 1})
    with monkeypatch.context() as patch:
        patch.setattr(tasks.run_job.app, "producer_or_acquire", nobody.Producer)
        start = time.monotonic()
        order("test_record", file)
        assert time.monotonic() - start < 3
        with pytest.raises(Exception, match="refused"):
            registry.call("send_job", outbox_id="0")
    assert Outbox.objects.get().done_at is None
    assert sweep(database_now()) == 1
    until(done)
    assert told(file) == ["end"]


def test_a_killed_worker_loses_nothing(file: Path, workers: list[subprocess.Popen[bytes]]) -> None:
    """Last, because it uses a worker up."""
    order("test_wait", file)
    until(lambda: told(file) == ["start"])
    victim = int(file.read_text().split()[1])
    assert victim in {process.pid for process in workers}
    os.kill(victim, signal.SIGKILL)
    file.with_name(file.name + ".go").touch()
    before = Outbox.objects.get().lease_until
    until(done)
    row = Outbox.objects.get()
    assert told(file) == ["start", "start", "end"]
    assert row.attempts == 2
    assert row.done_at > before  # type: ignore[operator]
    connection.close()
