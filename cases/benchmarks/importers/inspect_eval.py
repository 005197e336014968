"""Inspect's `.eval` log: a zip of a header, a journal and one member (or, chunked, one folder) a sample."""

import json
import re
from pathlib import Path
from typing import Any

from cases.benchmarks.importers.archive import Archive
from cases.benchmarks.importers.base import Caps, Damaged, Reading, Unreadable, clean, mapping
from cases.benchmarks.importers.inspect_log import header as head
from cases.benchmarks.importers.inspect_log.ledger import Ledger
from cases.benchmarks.importers.inspect_log.samples import (
    facts_of,
    large_events,
    large_sample,
    outcome_of,
)
from cases.benchmarks.importers.inspect_log.verdict import Found, conclude, some
from cases.benchmarks.importers.jsonstream import JsonStream, TooLarge

FORMAT = "inspect_eval"
HEADER, START, SUMMARIES = "header.json", "_journal/start.json", "summaries.json"
_CHUNK = re.compile(
    r"^(samples/.+_epoch_\d+)/(sample|metadata|skeleton|(?:messages|events|calls|attachments)/\w+)\.json$"
)


def recognises(start: bytes) -> bool:
    """Whether the first bytes are those of a zip file."""
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def read(path: Path, caps: Caps) -> Reading:
    """Read the log at `path`. Raises Unreadable when the archive or its header is broken."""
    with Archive(path, caps) as archive:
        return _Log(archive, caps).read()


class _Log:
    """One pass over an archive: header, then every other member once, in file order."""

    def __init__(self, archive: Archive, caps: Caps) -> None:
        self.archive, self.caps = archive, caps
        self.header = self._header()
        reading = Reading(FORMAT)
        head.fill(reading, self.header)
        ledger = Ledger(reading.model, head.metadata_keys(self.header, caps))
        self.found = Found(self.header, ledger, reading, caps)
        self.chunked: dict[str, dict[str, Any]] = {}
        self.names: set[tuple[str, str]] = set()

    def _member(self, name: str) -> dict[str, Any]:
        entry = self.archive.members[name]
        if entry.file_size > self.caps.header_bytes:
            raise Unreadable(
                f"{name} is {entry.file_size:,} bytes; at most {self.caps.header_bytes:,} are read."
            )
        try:
            return head.decode(self.archive.read(name), name)
        except Damaged as damage:
            raise Unreadable(f"{name} cannot be used: {damage.sentence}.") from damage

    def _header(self) -> dict[str, Any]:
        """The header; of a log that never finished, what its journal said at the start."""
        if HEADER in self.archive.members:
            return self._member(HEADER)
        if START in self.archive.members:
            return {**self._member(START), "status": "started", "results": None}
        raise Unreadable("The file is a zip without the header of an evaluation log.")

    def read(self) -> Reading:
        """Every member once, the summaries after the samples they are compared with."""
        for name in self.archive.members:
            if name != SUMMARIES:
                self._guarded(name)
        for prefix, sample in self.chunked.items():
            self._count(f"{prefix}.json", sample)
        if SUMMARIES in self.archive.members:
            self._guarded(SUMMARIES)
        return conclude(self.found)

    def _guarded(self, name: str) -> None:
        try:
            self._one(name)
        except Damaged as damage:
            self.found.say(f"The member {clean(name, 120)} cannot be used: {damage.sentence}.")

    def _one(self, name: str) -> None:
        chunk = _CHUNK.match(name)
        if name == HEADER or (name == START and HEADER not in self.archive.members):
            return
        if chunk:
            self._chunk(chunk.group(1), chunk.group(2), name)
        elif name.startswith("samples/") and name.endswith(".json"):
            self._count(name, self._decode(name, large_sample))
        elif name == SUMMARIES:
            self._summaries()
        elif name == START:
            self._journal()
        else:
            self.archive.open(name).finish()

    def _decode(self, name: str, large: Any) -> Any:
        """A member's JSON: at once when it is small, else piece by piece through `large`."""
        if self.archive.members[name].file_size <= self.caps.value_bytes:
            try:
                return json.loads(self.archive.read(name))
            except (ValueError, UnicodeError):
                raise Damaged("it is not valid JSON") from None
        member = self.archive.open(name)
        stream = JsonStream(member, self.caps.value_bytes)
        value = large(stream)
        stream.end()
        member.finish()
        return value

    def _chunk(self, prefix: str, part: str, name: str) -> None:
        """One piece of a chunked sample; messages, calls and attachments are only checked, never kept."""
        sample = self.chunked.setdefault(prefix, {"events": []})
        if part == "sample":
            sample.update(self._decode(name, large_sample), events=sample["events"])
        elif part == "metadata":
            sample["metadata"] = self._decode(name, JsonStream.value)
        elif re.match(r"events/\d+$", part):
            events = self._decode(name, large_events)
            sample["events"] += [
                event for event in events if mapping(event).get("event") in ("model", "score")
            ]
        else:
            self.archive.open(name).finish()

    def _count(self, name: str, sample: Any) -> None:
        ledger = self.found.ledger
        try:
            facts = facts_of(sample, ledger.model, lambda: ledger.wanted)
        except Damaged as damage:
            self.found.say(f"The sample {clean(name, 120)} cannot be used: {damage.sentence}.")
            return
        if name != f"samples/{facts.id}_epoch_{facts.epoch}.json":
            self.found.say(
                f"The member {clean(name, 120)} has the sample {clean(facts.id, 80)} epoch {facts.epoch}."
            )
        ledger.add(facts)

    def _summaries(self) -> None:
        """Compare the log's own list of samples and outcomes with the samples found."""
        ledger, member = self.found.ledger, self.archive.open(SUMMARIES)
        stream = JsonStream(member, self.caps.value_bytes)
        absent: list[str] = []
        differing: list[str] = []
        for _ in stream.items():
            try:
                row = outcome_of(stream.value())
            except TooLarge:
                raise Damaged("one of its rows is too large") from None
            agrees = ledger.agrees(row)
            if not agrees:
                (absent if agrees is None else differing).append(f"{row.id} epoch {row.epoch}")
        stream.end()
        member.finish()
        if absent:
            self.found.say(
                f"{len(absent)} samples are in the log's summaries and not in the file: {some(absent)}."
            )
        if differing:
            self.found.say(f"{len(differing)} samples differ from the log's summaries: {some(differing)}.")

    def _journal(self) -> None:
        """Compare what the journal said at the start with the header written at the end."""
        began, ended = self._member(START)["eval"], self.header["eval"]
        for key in ("eval_id", "task", "task_version", "model"):
            if began.get(key) != ended.get(key):
                first, last = clean(began.get(key), 80), clean(ended.get(key), 80)
                self.found.say(f"The journal's {key} was {first} at the start; the header's is {last}.")
        first, last = (mapping(spec.get("dataset")).get("samples") for spec in (began, ended))
        if first != last:
            self.found.say(
                f"The journal counted {clean(first, 40)} samples at the start; the header {clean(last, 40)}."
            )
