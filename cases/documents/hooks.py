"""What the documents do when a lower floor calls (`portal.kit.registry`)."""

from datetime import datetime
from typing import Any

from cases.documents.models import DocumentVersion
from cases.documents.orders import SCAN_JOB
from cases.documents.scans import finish_scan
from cases.documents.scrub import order_scrub
from portal.kit.registry import hook


@hook("tidy")
def scrub_every_day(*, now: datetime) -> None:
    """A share of the stored files is read again."""
    order_scrub(now)


@hook("job_given_up")
def scan_given_up(*, job: str, args: dict[str, Any], now: datetime) -> None:
    """A version whose scan broke off at every attempt is quarantined: it does not wait for ever."""
    if job == SCAN_JOB:
        version = DocumentVersion.objects.select_related("document__case").get(pk=args["version_id"])
        finish_scan(version=version, finding="unscanned", scanned_with="own", by=None, now=now)
