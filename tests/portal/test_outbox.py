"""The outbox by itself: in the transaction or not at all, once a key, swept once, claimed once, given up visibly."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections, transaction

from portal.kit import registry
from portal.kit.clock import database_now
from portal.kit.context import current_request_id, request_id
from portal.notify import outbox, worker
from portal.notify.jobs import JOBS, job
from portal.notify.models import Heartbeat, Outbox
from portal.notify.outbox import Order, enqueue, enqueue_many, sweep
from portal.notify.tasks import heartbeat

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = timedelta(seconds=1)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was handed to the broker, which is not there."""
    ids: list[str] = []
    monkeypatch.setitem(registry._hooks, "send_job", [lambda outbox_id: ids.append(outbox_id)])
    return ids


@pytest.fixture
def ran() -> Iterator[list[Any]]:
    """Calls of the job `test_note`; an exception put there first is raised once."""
    calls: list[Any] = []

    @job("test_note")
    def note(word: str, *, now: datetime) -> None:
        if calls and isinstance(calls[0], Exception):
            raise calls.pop(0)
        calls.append((word, current_request_id()))

    yield calls
    del JOBS["test_note"]


def order(key: str = "k", **more: Any) -> Outbox:
    now = database_now()
    with transaction.atomic(), request_id("req-9"):
        enqueue("test_note", key=key, args={"word": "hello"}, now=now, **more)
    return Outbox.objects.get(key=key)


def test_sent_after_the_commit_and_once_a_key(sent: list[str]) -> None:
    with transaction.atomic():
        enqueue("test_note", key="k", args={}, now=database_now())
        assert sent == []
    first = list(sent)
    order("k")
    assert first == [str(Outbox.objects.get().pk)]
    assert Outbox.objects.count() == 1


def test_nothing_remains_of_a_rolled_back_action(sent: list[str]) -> None:
    with transaction.atomic():
        enqueue("test_note", key="k", args={}, now=database_now())
        transaction.set_rollback(True)
    assert (sent, Outbox.objects.count()) == ([], 0)


def test_a_run_does_the_job_once_with_its_request_id(sent: list[str], ran: list[Any]) -> None:
    row = order()
    assert worker.run(str(row.pk))
    assert not worker.run(str(row.pk))
    assert ran == [("hello", "req-9")]
    row.refresh_from_db()
    assert row.done_at is not None
    assert row.lease_until is None


def test_a_failed_run_is_put_back_with_a_growing_wait(sent: list[str], ran: list[Any]) -> None:
    row = order()
    ran.append(RuntimeError("words that stay in the log"))
    assert not worker.run(str(row.pk))
    row.refresh_from_db()
    assert (row.attempts, row.fault, row.failed_at, row.lease) == (1, "RuntimeError", None, None)
    assert row.send_at > row.created_at + 4 * SECOND
    assert worker.run(str(row.pk))
    row.refresh_from_db()
    assert row.fault == ""


def test_after_the_last_attempt_it_is_given_up_and_can_be_revived(sent: list[str], ran: list[Any]) -> None:
    row = order()
    for _ in range(outbox.limits().attempts):
        ran.insert(0, RuntimeError())
        worker.run(str(row.pk))
    assert [dead.pk for dead in outbox.dead()] == [row.pk]
    assert not worker.run(str(row.pk))
    assert outbox.revive(row.pk, database_now())
    assert worker.run(str(row.pk))
    assert outbox.dead() == []


def test_a_job_whose_worker_dies_every_time_is_given_up(sent: list[str]) -> None:
    row = order()
    past = row.created_at - SECOND
    spent = {"attempts": outbox.limits().attempts, "lease_until": past, "send_at": past}
    Outbox.objects.filter(pk=row.pk).update(**spent)
    assert sweep(database_now()) == 0
    assert outbox.dead()[0].fault == "WorkerLost"


def test_an_unknown_job_is_a_fault(sent: list[str]) -> None:
    row = order()
    assert not worker.run(str(row.pk))
    row.refresh_from_db()
    assert row.fault == "LookupError"


def test_a_later_job_waits(sent: list[str], ran: list[Any]) -> None:
    now = database_now()
    row = order(run_at=now + timedelta(hours=1))
    assert sent == []
    assert sweep(now) == 0
    assert not worker.run(str(row.pk))
    assert sweep(now + timedelta(hours=1)) == 1


def test_the_sweeper_waits_longer_each_time(sent: list[str]) -> None:
    now = order().send_at
    waits = []
    for _ in range(8):
        assert sweep(now) == 1
        assert sweep(now) == 0  # a second beat finds nothing
        row = Outbox.objects.get()
        waits.append((row.send_at - now).total_seconds())
        now = row.send_at
    assert waits == [10, 20, 40, 80, 160, 300, 300, 300]


def test_a_leased_row_is_not_swept_and_not_taken(sent: list[str], ran: list[Any]) -> None:
    row = order()
    now = database_now()
    Outbox.objects.filter(pk=row.pk).update(lease_until=now + timedelta(minutes=5), send_at=now)
    assert sweep(now + SECOND) == 0
    assert not worker.run(str(row.pk))
    assert ran == []


def test_a_worker_that_slept_past_its_lease_leaves_the_row_alone(sent: list[str]) -> None:
    """Another worker took the row meanwhile; an atomic job's effect is then rolled back."""

    @job("test_note", atomic=True)
    def overtaken(word: str, *, now: datetime) -> None:
        Heartbeat.beat("effect", now)
        Outbox.objects.update(lease="00000000-0000-0000-0000-000000000001")

    row = order()
    try:
        assert not worker.run(str(row.pk))
    finally:
        del JOBS["test_note"]
    row.refresh_from_db()
    assert (row.done_at, Heartbeat.objects.count()) == (None, 0)


def test_eight_deliveries_at_once_make_one_run(sent: list[str], ran: list[Any]) -> None:
    row, start, won = order(), threading.Barrier(8), []

    def deliver() -> None:
        start.wait(timeout=30)
        won.append(worker.run(str(row.pk)))
        connections.close_all()

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]
    assert len(ran) == 1


def test_four_sweepers_at_once_send_each_row_once(sent: list[str]) -> None:
    now = database_now()
    with transaction.atomic():
        enqueue_many([Order(job="test_note", key=str(n), args={}) for n in range(60)], now=now)
    sent.clear()
    start = threading.Barrier(4)

    def look() -> None:
        start.wait(timeout=30)
        sweep(now + timedelta(minutes=1))
        connections.close_all()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == len(set(sent)) == 60


def test_a_job_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="taken"):
        job("mail_notice")(lambda now: None)


def test_signs_of_life_are_overwritten() -> None:
    heartbeat.run()
    first = Heartbeat.objects.get(name="jobs").at
    heartbeat.run()
    assert Heartbeat.objects.get(name="jobs").at > first
