"""What the documents room has the workers do, ordered in the transaction of the action that asks."""

from datetime import datetime, timedelta
from typing import Final

from cases.documents.models import DocumentVersion
from portal.notify.outbox import enqueue

SCAN_JOB: Final = "scan_document"
SCANNER_ASKED_EVERY: Final = timedelta(minutes=1)


def order_scan(version: DocumentVersion, now: datetime) -> None:
    """Have a version looked through after this transaction commits; once, however often it is ordered."""
    enqueue(SCAN_JOB, key=f"{SCAN_JOB}:{version.pk}", args={"version_id": str(version.pk)}, now=now)


def order_scan_later(version: DocumentVersion, now: datetime) -> None:
    """Have it looked through a minute later; of several orders in that minute one is kept."""
    at = now + SCANNER_ASKED_EVERY
    minute = int(at.timestamp() // SCANNER_ASKED_EVERY.total_seconds())
    enqueue(
        SCAN_JOB,
        key=f"{SCAN_JOB}:{version.pk}:{minute}",
        args={"version_id": str(version.pk)},
        now=now,
        run_at=at,
    )
