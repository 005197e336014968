"""What the benchmarks do when a lower floor calls (`portal.kit.registry`)."""

from datetime import datetime
from typing import Any, Final

from django.db.models import Model as Row

from accounts.models import User
from cases.benchmarks.actions import READ_JOB, leave_unread
from cases.benchmarks.models import Run
from cases.register.models import Case
from cases.rules import lifecycle
from portal.kit.registry import hook

STOPPED: Final = "The developer withdrew the case before its log was read."
NOT_READ: Final = ("queued", "reading", "unread")


@hook("job_given_up")
def reading_given_up(*, job: str, args: dict[str, Any], now: datetime) -> None:
    """A log that no worker could read does not wait for ever: its evaluators are told."""
    if job == READ_JOB:
        leave_unread(run=Run.objects.select_related("case").get(pk=args["run_id"]), by=None, now=now)


@hook("case_moved")
def stop_reading(*, case: Case, move: lifecycle.Move, by: User, now: datetime) -> list[Row]:
    """A withdrawal stops runs that are not read: their jobs find them stopped and store nothing. Returns the runs."""
    if move.to != lifecycle.WITHDRAWN:
        return []
    runs = Run.objects.select_for_update(of=("self",)).filter(case=case, state__in=NOT_READ)
    stopped = list(runs.order_by("pk"))
    for run in stopped:
        run.state, run.refused, run.read_at = "stopped", STOPPED, now
        run.save()
    return list(stopped)
