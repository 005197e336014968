"""Inspect's `.json` log: one JSON object with the header's fields and a list of samples, read sample by sample."""

from pathlib import Path
from typing import Any

from cases.benchmarks.importers.base import Caps, Damaged, Reading, Unreadable
from cases.benchmarks.importers.inspect_log import header as head
from cases.benchmarks.importers.inspect_log.ledger import Ledger
from cases.benchmarks.importers.inspect_log.samples import facts_of, large_sample
from cases.benchmarks.importers.inspect_log.verdict import Found, conclude
from cases.benchmarks.importers.jsonstream import JsonStream, TooLarge

FORMAT = "inspect_json"
PASSED_OVER = frozenset({"samples", "reductions"})


def recognises(start: bytes) -> bool:
    """Whether the first bytes begin a JSON object, after a byte order mark or white space."""
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def read(path: Path, caps: Caps) -> Reading:
    """Read the log at `path`: a pass for the header and the file's form, a second one for the samples."""
    try:
        header = head.checked(_header(path, caps), "file")
        reading = Reading(FORMAT)
        head.fill(reading, header)
        found = Found(header, Ledger(reading.model, head.metadata_keys(header, caps)), reading, caps)
        _samples(path, found)
    except Damaged as damage:
        raise Unreadable(f"The JSON file cannot be read: {damage.sentence}.") from damage
    return conclude(found)


def _header(path: Path, caps: Caps) -> dict[str, Any]:
    header: dict[str, Any] = {}
    names: set[str] = set()
    with path.open("rb") as file:
        stream = JsonStream(file, caps.header_bytes)
        for key in stream.fields():
            if key in names:
                raise Unreadable(f"The file names the field {ascii(key)[:80]} twice.")
            names.add(key)
            if key in PASSED_OVER:
                stream.skip()
                continue
            try:
                header[key] = stream.value()
            except TooLarge:
                raise Unreadable(
                    f"The field {ascii(key)[:80]} is too large; at most {caps.header_bytes:,} characters are read."
                ) from None
        stream.end()
    return header


def _samples(path: Path, found: Found) -> None:
    ledger = found.ledger
    with path.open("rb") as file:
        stream = JsonStream(file, found.caps.value_bytes)
        for key in stream.fields():
            if key != "samples" or stream.peek() != "[":
                stream.skip()
                continue
            for place, _ in enumerate(stream.items(), start=1):
                try:
                    sample = stream.value()
                except TooLarge:
                    sample = large_sample(stream)
                try:
                    ledger.add(facts_of(sample, ledger.model, lambda: ledger.wanted))
                except Damaged as damage:
                    found.say(f"Sample {place} of the file cannot be used: {damage.sentence}.")
