"""A version on its way from received to available or quarantined. Each step does nothing where it was done before.

received → scanning → available | quarantined. Where the virus scanner does not answer, a version stays scanning,
waits, and is looked through again every minute.
"""

from datetime import datetime
from typing import Any

from accounts.models import User
from cases.documents.kinds import KINDS
from cases.documents.models import DocumentVersion
from cases.documents.orders import order_scan_later
from cases.documents.scanning.findings import FINDINGS
from cases.register.actions import locked
from cases.register.journal import happened
from portal.kit.actions import action

OPEN = ("received", "scanning")


def _locked(version: DocumentVersion) -> DocumentVersion | None:
    """The version, locked after its case; None where it was decided about before."""
    case = locked(version.document.case)
    fresh = (
        DocumentVersion.objects.select_for_update(of=("self",))
        .select_related("document", "uploaded_by")
        .filter(pk=version.pk, state__in=OPEN)
        .first()
    )
    if fresh is not None:
        fresh.document.case = case
    return fresh


def _told(version: DocumentVersion, **more: str) -> dict[str, Any]:
    """The words of an entry: kind and number, and nothing of the document."""
    return {"kind": KINDS[version.document.kind].label.lower(), "number": version.number, **more}


@action
def begin_scan(*, version: DocumentVersion, by: User | None, now: datetime) -> bool:
    """Show that a worker is on it; False when it was scanned before. Its history row tells, no entry does."""
    fresh = DocumentVersion.objects.select_for_update().filter(pk=version.pk, state__in=OPEN).first()
    if fresh is None:
        return False
    if fresh.state == "received":
        fresh.state = "scanning"
        fresh.save(update_fields=["state"])
    return True


@action
def finish_scan(
    *, version: DocumentVersion, finding: str, scanned_with: str, by: User | None, now: datetime
) -> bool:
    """Make a version available, or quarantine it for a `finding`; its uploader and the security manager are told."""
    fresh = _locked(version)
    if fresh is None:
        return False
    fresh.state = "quarantined" if finding else "available"
    fresh.finding, fresh.scanned_with, fresh.scanned_at, fresh.waits_since = finding, scanned_with, now, None
    fresh.save()
    words = FINDINGS[finding].words if finding else ""
    happened(
        "document.quarantined" if finding else "document.scanned", case=fresh.document.case, by=by, now=now,
        subject=fresh.document, rows=[fresh], data=_told(fresh, finding=words) if finding else _told(fresh),
        also=[fresh.uploaded_by] if finding else [],
    )  # fmt: skip
    return True


@action
def wait_for_scanner(*, version: DocumentVersion, by: User | None, now: datetime) -> bool:
    """The virus scanner does not answer: the version waits, and is looked through again in a minute."""
    fresh = _locked(version)
    if fresh is None:
        return False
    order_scan_later(fresh, now)
    if fresh.waits_since is not None:
        return True
    fresh.waits_since = now
    fresh.save()
    happened(
        "document.scan_waits", case=fresh.document.case, by=by, now=now, subject=fresh.document, rows=[fresh],
        data=_told(fresh),
    )  # fmt: skip
    return True
