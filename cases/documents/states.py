"""The state of a version in words: its tag, and the sentence that says why it does not open yet. Pure."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from cases.documents.models import DocumentVersion
from cases.documents.scanning.findings import FINDINGS
from cases.rules import visibility

WAITS: Final = "waiting for the scanner"
TAGS: Final = {
    "received": ("received", "info"),
    "scanning": ("scanning", "info"),
    "quarantined": ("quarantined", "warning"),
    "damaged": ("damaged", "warning"),
}
SENTENCES: Final = {
    "received": "This version was received and opens when its scan is over, usually within seconds.",
    "scanning": "This version is being scanned and opens when that is over, usually within seconds.",
    "quarantined": "This version is in quarantine. The agency's security manager decides about it.",
    "damaged": "The stored bytes are not the ones that were received, so it does not open until they are restored.",
}
WAITING: Final = "The virus scanner does not answer, so this version waits. It is scanned again every minute."


def tag(state: str, waits: object) -> tuple[str, str] | None:
    """State word and tone of a version that does not open; None for one that does."""
    if waits and state == "scanning":
        return (WAITS, "warning")
    return TAGS.get(state)


def tag_of(version: DocumentVersion) -> tuple[str, str] | None:
    """As `tag`, of a version."""
    return tag(version.state, version.waits_since)


def not_open(version: DocumentVersion) -> str | None:
    """Why nobody opens this version, or None."""
    if version.waits_since is not None and version.state == "scanning":
        return WAITING
    return SENTENCES.get(version.state)


@dataclass(frozen=True)
class Shown:
    """A version as its document's page shows it: `opens` when the reader may open it, `said` about its scan."""

    row: DocumentVersion
    tag: tuple[str, str] | None
    said: str
    opens: bool
    quarantined: bool


def shown(version: DocumentVersion, *, inside: bool, open_off: str | None) -> Shown:
    """A version for a page. open_off: why this reader opens nothing of the document, or None."""
    opens = open_off is None and version.state == visibility.AVAILABLE
    return Shown(
        version, tag_of(version), scanned(version, inside=inside), opens, version.state == "quarantined"
    )


def scanned(version: DocumentVersion, *, inside: bool) -> str:
    """What was found when the version was scanned, for its page; who looked is said to the agency."""
    if version.state == "quarantined":
        return f"In quarantine. {FINDINGS[version.finding].sentence}"
    if version.state != "available":
        return not_open(version) or ""
    if version.finding:
        return "In quarantine at first; the security manager released it."
    if version.scanned_at is None:
        return "Received before versions were scanned."
    if not inside:
        return "Nothing was found."
    if version.scanned_with == "clamd":
        return "The portal's own checks and the virus scanner found nothing."
    alone = "" if settings.ENV.clamd_address else " No virus scanner is configured on this installation."
    return f"The portal's own checks found nothing.{alone}"
