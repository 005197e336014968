"""Reading every stored version again and comparing it with its row: a seventh each night, so each once a week.

A version whose bytes are not the received ones any more does not open; restored from a backup, it opens again.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from accounts.models import User
from cases.documents.kinds import KINDS
from cases.documents.models import DocumentVersion
from cases.register.actions import locked
from cases.register.journal import happened
from portal.kit.actions import action
from portal.kit.stored import FOLDERS, Checked, check
from portal.notify.outbox import enqueue

SCRUB_JOB: Final = "scrub_documents"
NIGHTS: Final = 7


def order_scrub(now: datetime) -> None:
    """Have a night's share read, once a day."""
    night = now.date().toordinal() % NIGHTS
    enqueue(
        SCRUB_JOB, key=f"{SCRUB_JOB}:{now.date()}", args={"folders": list(FOLDERS[night::NIGHTS])}, now=now
    )


def scrub(now: datetime, folders: Iterable[str] = FOLDERS) -> Iterator[Checked]:
    """Check files and rows, and mark versions that are not as received, or are again."""
    for one in check(list(folders)):
        if isinstance(one.row, DocumentVersion) and (one.row.state == "damaged") != bool(one.fault):
            mark_stored(version=one.row, whole=not one.fault, by=None, now=now)
        yield one


@action
def mark_stored(*, version: DocumentVersion, whole: bool, by: User | None, now: datetime) -> bool:
    """An available version whose stored bytes are not whole is damaged; a damaged one that is whole again opens."""
    case = locked(version.document.case)
    fresh = (
        DocumentVersion.objects.select_for_update(of=("self",)).select_related("document").get(pk=version.pk)
    )
    if fresh.state != ("damaged" if whole else "available"):
        return False
    fresh.state = "available" if whole else "damaged"
    fresh.save(update_fields=["state"])
    happened(
        "document.restored" if whole else "document.damaged", case=case, by=by, now=now, subject=fresh.document,
        rows=[fresh], data={"kind": KINDS[fresh.document.kind].label.lower(), "number": fresh.number},
    )  # fmt: skip
    return True
