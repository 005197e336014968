"""Verifying the audit log from a page: asked by an auditor, done by a worker, answered by an entry of its own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from accounts.models import User
from cases.rules import policy
from portal.audit.journal import record
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.actions import action
from portal.kit.refusal import Refused
from portal.notify.models import Outbox
from portal.notify.outbox import enqueue

JOB: Final = "reports.verify_audit"
STREAM: Final = "oversight"
RUNNING: Final = "A verification is running already. Its result appears here; ask for another after it."


@dataclass(frozen=True)
class Verification:
    """One finished verification."""

    at: datetime
    who: str
    whole: bool
    entries: int
    sequences: int
    fault: str


@action
def ask_verification(*, by: User, now: datetime) -> None:
    """Have a worker verify the whole log on behalf of `by`: one at a time.

    The key names the verification before this one, so of two asked for in the same moment the outbox keeps one.
    """
    policy.require(by, "history.verify", now=now)
    before = Outbox.objects.filter(job=JOB).order_by("-created_at", "-pk").first()
    if running():  # asked after `before` was read: what began in between is seen here, or has the same key
        raise Refused(RUNNING, conflict=True)
    key = f"verify:after:{before.pk if before else 'none'}"
    enqueue(JOB, key=key, args={"asked_by": str(by.pk)}, now=now)


@action
def run_verification(*, by: User, now: datetime) -> Entry:
    """Verify every entry and the rows it tells of, and record the answer."""
    appointment = policy.require(by, "history.verify", now=now)
    report = verify(deep=True)
    told: dict[str, Any] = {
        "entries": report.entries,
        "sequences": report.sequences,
        "fault": str(report.fault) if report.fault else "",
    }
    return record("history.verified", by=by, now=now, stream=STREAM, appointment=appointment, data=told)


def running() -> bool:
    """Whether a verification is asked for and not finished."""
    return Outbox.objects.filter(job=JOB, done_at__isnull=True, failed_at__isnull=True).exists()


def newest(count: int = 10) -> list[Verification]:
    """The last verifications, newest first."""
    found = Entry.objects.filter(kind="history.verified", case_id__isnull=True).order_by("-at", "-id")[:count]
    return [
        Verification(
            at=entry.at,
            who=entry.actor_name,
            whole=not entry.data.get("fault"),
            entries=entry.data.get("entries", 0),
            sequences=entry.data.get("sequences", 0),
            fault=str(entry.data.get("fault", "")),
        )
        for entry in found
    ]
