"""The journey's fourth step with a real worker: a log made while the test runs, read in another process, and once."""

import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cases.benchmarks.models import Run, Score
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.notify.models import Outbox
from tests import walk
from tests.cast import Cast
from tests.fresh_log import make_log
from tests.portal.helpers import SHORT_LEASES
from tests.stub_model import StubModel
from tests.worker import all_done, start_worker, until

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]
ClientOf = Callable[[Any], Client]
SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "inspect"


@pytest.fixture(scope="module")
def workers(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a worker, the first at once; all end with the module."""
    log = tmp_path_factory.mktemp("workers") / "log"
    processes: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        if not processes or processes[-1].poll() is not None:
            processes.append(start_worker(log))
        return processes[-1]

    start()
    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture(autouse=True)
def _short_leases(settings: Any) -> None:
    settings.OUTBOX = SHORT_LEASES


@pytest.mark.usefixtures("workers")
def test_a_log_made_now_is_imported_and_read(
    cast: Cast, now: datetime, tmp_path: Path, client_of: ClientOf
) -> None:
    case, version = walk.benchmarking(cast, now), walk.suite(cast, now)
    walk.agreed_rule(cast, version, now)
    with StubModel() as server:
        log = make_log(tmp_path / "fresh.eval", url=server.url)
    client = client_of(cast.evaluator)
    sent = {"suite_version": str(version.pk), "file": SimpleUploadedFile("fresh.eval", log.read_bytes())}
    assert client.post(reverse("cases:run_new", args=[case.pk]), sent).status_code == 302
    run = Run.objects.get()
    until(all_done)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "met at this elicitation and budget" in page
    run.refresh_from_db()
    assert (run.state, run.complete) == ("read", True)
    entry = Entry.objects.get(kind="run.read")
    assert (entry.actor, entry.request_id) == (
        cast.evaluator,
        Entry.objects.get(kind="run.imported").request_id,
    )
    assert verify().fault is None


@pytest.mark.usefixtures("workers")
def test_a_broken_log_is_refused_in_the_worker_and_kept(cast: Cast, now: datetime) -> None:
    case, version = walk.benchmarking(cast, now), walk.suite(cast, now)
    run = walk.imported(cast, case, version, SAMPLES / "50_trunc_eval.eval", now)
    until(all_done)
    run.refresh_from_db()
    assert run.state == "unreadable"
    assert "truncated" in run.refused
    assert not Score.objects.exists()


def test_a_killed_worker_is_replaced_and_the_log_is_read_once(
    cast: Cast, now: datetime, tmp_path: Path, workers: Callable[[], subprocess.Popen[bytes]]
) -> None:
    case, version = walk.benchmarking(cast, now), walk.suite(cast, now, samples=3000)
    walk.agreed_rule(cast, version, now)
    with StubModel() as server:
        log = make_log(tmp_path / "long.eval", url=server.url, samples=3000)
    run = walk.imported(cast, case, version, log, now)
    until(lambda: Run.objects.get(pk=run.pk).state == "reading")
    victim = workers()
    victim.kill()
    victim.wait()
    workers()
    until(all_done)
    run.refresh_from_db()
    assert (run.state, run.complete) == ("read", True)
    assert Outbox.objects.get(job="benchmarks.read_run").attempts == 2
    assert (run.scores.count(), run.findings.count()) == (1, 1)
    assert Entry.objects.filter(kind="run.read").count() == 1
