"""What a scan may find, one row each: a stable word, a few words for lists and the log, a sentence for the page.

No row repeats anything of the file. To add a finding, add one row.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Finding:
    """One reason for quarantine. `releasable`: whether the security manager may open such a version all the same."""

    id: str
    words: str
    sentence: str
    releasable: bool = True


_ALL: Final = (
    Finding(
        "digest", "other bytes than received",
        "The stored bytes are not the ones that were received. Whoever runs the portal restores them from a backup.",
        releasable=False,
    ),
    Finding(
        "type", "not of its type",
        "The content is not a whole file of a type that this kind of document may have.",
    ),
    Finding(
        "second_type", "two types in one",
        "The file can be read as two types at once, for example as a paper and as a web page or an archive.",
    ),
    Finding(
        "active", "content that could run",
        "The file contains something that could run when it is opened: a script, a macro, an embedded file, "
        "or content that is fetched from elsewhere.",
    ),
    Finding(
        "encrypted", "encrypted",
        "The file or a part of it is encrypted, so nothing could look inside. Save it without a password.",
    ),
    Finding(
        "packed", "parts that cannot be looked through",
        "The file is packed in a way that could not be looked through: too many or too large parts, archives within, "
        "or parts whose names lead elsewhere.",
    ),
    Finding(
        "entities", "XML definitions",
        "Parts of the file bring XML definitions of their own, which no word processor writes. They were not read.",
    ),
    Finding(
        "banner", "a marking above the ceiling",
        "The file seems to bear a marking above what this installation may keep. Nothing of it is repeated anywhere. "
        "If it may be a spill, freeze the document.",
    ),
    Finding("virus", "found by the virus scanner", "The virus scanner found something in the file."),
    Finding(
        "unscanned", "could not be scanned",
        "The file could not be scanned to its end: it is larger than the virus scanner takes, or the scan broke off "
        "again and again.",
    ),
)  # fmt: skip
FINDINGS: Final[dict[str, Finding]] = {finding.id: finding for finding in _ALL}


def finding_choices() -> list[tuple[str, str]]:
    """Choices of the finding field."""
    return [(finding.id, finding.words) for finding in _ALL]
