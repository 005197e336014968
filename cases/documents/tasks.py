"""The documents' jobs, run by a worker: looking through a version, outside any transaction."""

import logging
from collections.abc import Callable
from datetime import datetime

from cases.documents import scans, scrub
from cases.documents.models import DocumentVersion
from cases.documents.orders import SCAN_JOB
from cases.documents.scanning.clamd import ScannerAway
from cases.documents.scanning.look import look_through
from portal.kit.clock import database_now
from portal.notify.jobs import job

log = logging.getLogger(__name__)


@job(SCAN_JOB)
def scan_document(version_id: str, *, now: datetime) -> None:
    """Look through a version; one that was looked through before is left as it is."""
    scan(DocumentVersion.objects.select_related("document__case").get(pk=version_id), database_now)


@job(scrub.SCRUB_JOB)
def scrub_documents(folders: list[str], *, now: datetime) -> None:
    """Read a night's share of the stored files again. Versions are marked; the log names every fault."""
    for one in scrub.scrub(now, folders):
        if one.fault:
            log.error("files: %s", one)


def scan(version: DocumentVersion, clock: Callable[[], datetime]) -> None:
    """Look through a version and store what was found, each at the instant `clock` then tells."""
    if not scans.begin_scan(version=version, by=None, now=clock()):
        return
    try:
        verdict = look_through(version)
    except ScannerAway:
        scans.wait_for_scanner(version=version, by=None, now=clock())
    else:
        scans.finish_scan(
            version=version, finding=verdict.finding, scanned_with=verdict.with_, by=None, now=clock()
        )
