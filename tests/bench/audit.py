"""The audit log: how fast it is verified, and what history, audit and outbox add to a write."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.bench.rows import Row, Side, compare, cpu_of, limited
from tests.bench.stage import LARGE, Stage


def verification(stage: Stage) -> Iterator[Row]:
    """Entries a second of a whole verification, against encoding and hashing as many entries in memory."""
    from portal.audit.models import Entry
    from portal.audit.verify import verify

    with stage.on(LARGE):
        sample = [_plain(entry) for entry in Entry.objects.order_by("id")[:20_000].values()]
        entries = Entry.objects.count()

        def loop() -> None:
            for number in range(entries):
                hashlib.sha256(json.dumps(sample[number % len(sample)], sort_keys=True).encode()).hexdigest()

        def check(*, deep: bool = False) -> None:
            report = verify(deep=deep)
            if report.fault or report.entries != entries:
                raise AssertionError(f"verification found {report}")

        row = compare(
            "audit_verify", Side(check), Side(loop), against="json.dumps + sha256 of as many entries",
            rounds=2 if entries < 10**6 else 1,
            times=1, at_least=0.5, note=f"{entries:,} entries",
        )  # fmt: skip
        speed, loops = (entries / time_ms * 1000 for time_ms in (row.value, row.against_value or 1))
        yield Row(**{**row.as_dict(), "unit": "entries/s", "value": speed, "against_value": loops})
        wall, _ = Side(lambda: check(deep=True)).cost(1)
        yield Row(
            "audit_verify_deep", entries / wall, "entries/s", row.against, loops, entries / wall / loops,
            note="with every history row read again",
        )  # fmt: skip


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value if isinstance(value, int | list | dict) else str(value) for key, value in entry.items()
    }


def action_cost(stage: Stage) -> Iterator[Row]:
    """A write with history row, audit entry and outbox row in one commit, against the plain write in a transaction."""
    from cases.register.models import Case

    with stage.on(LARGE):
        ours, theirs = Case.objects.filter(stage="received").order_by("created_at")[:2]
        commits: list[int] = []
        cpu = cpu_of(stage.session_pid(LARGE))
        found = compare(
            "action_cost", Side(_whole(stage, ours, commits), cpu), Side(_plainly(theirs), cpu),
            against="the same row saved in a transaction", at_most=4, rounds=30, times=5,
        )  # fmt: skip
    yield found
    yield limited("action_commits", max(commits), "commits", 1, note="transactions an action commits")


def _whole(stage: Stage, case: Any, commits: list[int]) -> Callable[[], None]:
    """What every action does besides its own rules."""
    from django.db import transaction

    from portal.audit.journal import record
    from portal.kit.clock import database_now
    from portal.kit.gate import writing
    from portal.notify.outbox import enqueue

    officer, now = stage.people["officer"], database_now()
    post = officer.appointments_at(now)[0]

    def act() -> None:
        begun = []
        with transaction.atomic(), writing():
            transaction.on_commit(lambda: begun.append(1))
            case.revision += 1
            case.save()
            record("case.moved", by=officer, now=now, case=case, subject=case, rows=[case], appointment=post)
            enqueue("bench_nothing", key=f"bench:{case.pk}:{time.monotonic_ns()}", args={}, now=now)
        commits.append(len(begun))

    return act


def _plainly(case: Any) -> Callable[[], None]:
    from django.db import transaction

    from portal.kit.gate import writing

    case.skip_history_when_saving = True

    def save() -> None:
        with transaction.atomic(), writing():
            case.revision += 1
            case.save()

    return save
