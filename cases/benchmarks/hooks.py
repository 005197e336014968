"""What the benchmarks do when a lower floor calls (`portal.kit.registry`)."""

from datetime import datetime
from typing import Any

from cases.benchmarks.actions import READ_JOB, leave_unread
from cases.benchmarks.models import Run
from portal.kit.registry import hook


@hook("job_given_up")
def reading_given_up(*, job: str, args: dict[str, Any], now: datetime) -> None:
    """A log that no worker could read does not wait for ever: its evaluators are told."""
    if job == READ_JOB:
        leave_unread(run=Run.objects.select_related("case").get(pk=args["run_id"]), by=None, now=now)
