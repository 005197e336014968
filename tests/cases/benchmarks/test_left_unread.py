"""A log that no worker can read does not wait for ever: it is said, the evaluators are told, and it is read again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from accounts.models import User
from cases.benchmarks import actions, queries
from cases.benchmarks.models import Run
from cases.benchmarks.tasks import read
from cases.register.actions import move_case
from portal.audit.models import Entry
from portal.kit.clock import database_now
from portal.kit.refusal import Refused
from portal.notify import outbox, worker
from portal.notify.models import Notice, Outbox
from tests import walk
from tests.cast import Cast
from tests.fresh_log import fresh_log

GiveUp = Callable[[Run], None]


def _order(run: Run) -> Outbox:
    return Outbox.objects.get(job=actions.READ_JOB, args__run_id=str(run.pk), done_at=None, failed_at=None)


def failing(run: Run) -> None:
    """The reading fails at every attempt, because the storage is away."""
    path = Path(default_storage.path(run.storage_name))
    away = path.rename(path.with_suffix(".away"))
    row = _order(run)
    for _ in range(outbox.limits().attempts):
        assert not worker.run(str(row.pk))
    away.rename(path)


def dying(run: Run) -> None:
    """Every worker that took it died."""
    past = database_now() - timedelta(seconds=1)
    spent = {"attempts": outbox.limits().attempts, "lease_until": past, "send_at": past}
    Outbox.objects.filter(pk=_order(run).pk).update(**spent)
    outbox.sweep(database_now())


@pytest.fixture
def run(cast: Cast, now: datetime, tmp_path: Path) -> Run:
    """A log that waits to be read."""
    case, version = walk.benchmarking(cast, now), walk.suite(cast, now)
    walk.agreed_rule(cast, version, now)
    return walk.imported(cast, case, version, fresh_log(tmp_path / "fresh.eval"), now)


@pytest.mark.parametrize("give_up", [failing, dying])
def test_it_is_said_told_and_read_again(
    give_up: GiveUp, run: Run, cast: Cast, now: datetime, client_of: Callable[[User], Client]
) -> None:
    """The page says it and offers to read again, once; then the log is read as if nothing had been."""
    give_up(run)
    run.refresh_from_db()
    assert (run.state, run.refused, run.read_at) == ("unread", actions.LEFT, None)
    assert Notice.objects.of(cast.evaluator).filter(kind="run.left_unread", case_id=run.case_id).count() == 1
    assert "Have a log read again" in [one.verb for one in queries.waiting(cast.evaluator, now)]
    client, address = client_of(cast.evaluator), f"{run.get_absolute_url()}read/"
    page = client.get(run.get_absolute_url()).content.decode()
    assert actions.LEFT in page
    assert f'action="{address}"' in page
    assert client_of(cast.officer).post(address).status_code == 403
    assert client.post(address).status_code == 302
    assert client.post(address).status_code == 409
    run.refresh_from_db()
    assert (run.state, run.refused) == ("queued", "")
    assert _order(run).attempts == 0
    read(run, lambda: now)
    run.refresh_from_db()
    assert (run.state, run.findings.count()) == ("read", 1)
    kinds = Entry.objects.filter(case_id=run.case_id, kind__startswith="run.").order_by("number")
    assert list(kinds.values_list("kind", flat=True)) == [
        "run.imported", "run.left_unread", "run.read_again", "run.read",
    ]  # fmt: skip


def test_a_worker_that_wakes_too_late_changes_nothing(run: Run, cast: Cast, now: datetime) -> None:
    """What was given up stays so until somebody has it read again; of an ended case it stays unreadable."""
    dying(run)
    actions.store_refusal(run=run, sentence="Too late.", by=cast.evaluator, now=now)
    assert Run.objects.get(pk=run.pk).refused == actions.LEFT
    move_case(case=run.case, name="withdraw", by=cast.signatory, now=now)
    with pytest.raises(Refused) as refused:
        actions.read_again(run=run, by=cast.evaluator, now=now)
    assert refused.value.conflict


def test_a_job_given_up_after_the_case_ended(run: Run, cast: Cast, now: datetime) -> None:
    """Nothing is left to be read again."""
    move_case(case=run.case, name="withdraw", by=cast.signatory, now=now)
    dying(run)
    run.refresh_from_db()
    assert run.state == "stopped"
    assert run.refused.endswith("before its log was read.")
