"""Verification: read every entry in order, in constant memory, and name the first that is not as it was written.

What only an outside copy can show (a tail cut together with its head, a whole sequence gone) is the matter of
checkpoints, not of this module.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import rfc8785
from django.db import connection, transaction

from portal.audit import canonical, history

CHUNK = 2000
Kind = Literal[
    "changed", "missing", "reordered", "inserted", "head differs", "history changed", "history missing"
]

# One statement, so one snapshot of heads and entries: head, digest, then every member as its encoding writes it, in the
# order of their names, which is the order in which they are encoded.
ENTRIES = """
SELECT s.key, s.length, s.head, e.digest,
       coalesce(e.actor_id::text, ''), e.actor_name, e.appointment_id,
       to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.capacity, coalesce(e.case_id::text, ''),
       e.data::text, e.kind, e.number, e.organisation_name, e.policy_version, e.previous, e.reason, e.request_id,
       e.role, e.rows::text, e.salt, s.key, e.subject_id, e.subject_model, ENCODING_NUMBER
FROM portal_audit_sequence s LEFT JOIN portal_audit_entry e ON e.sequence_id = s.id
ORDER BY s.id, e.number
""".replace("ENCODING_NUMBER", str(canonical.ENCODING))  # nosec B608
MEMBERS = tuple(sorted(canonical.ENTRY_MEMBERS))
ORPHANS = """
SELECT e.number, e.id FROM portal_audit_entry e
WHERE NOT EXISTS (SELECT FROM portal_audit_sequence s WHERE s.id = e.sequence_id) ORDER BY e.id LIMIT 1
"""


@dataclass(frozen=True)
class Fault:
    """The first entry that is not as it was written: where it stands, what kind of fault, and a sentence."""

    sequence: str
    number: int
    kind: Kind
    sentence: str

    def __str__(self) -> str:
        return f"{self.sequence} entry {self.number}: {self.kind}. {self.sentence}"


@dataclass(frozen=True)
class Report:
    """What was read, and the first fault if there is one. Counts stop where the fault was found."""

    entries: int
    sequences: int
    fault: Fault | None


class _Found(Exception):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


@dataclass
class _Chain:
    """Where reading stands within one sequence."""

    key: str
    length: int
    head: str
    number: int = 0
    previous: str = canonical.FIRST_PREVIOUS

    def fault(self, number: int, kind: Kind, sentence: str) -> _Found:
        return _Found(Fault(self.key, number, kind, sentence))

    def read(self, row: tuple[Any, ...]) -> list[history.RowMark]:
        """Check one entry against those before it; returns the rows it tells of, raises _Found."""
        body, digest = _body(row), row[3]
        number, previous = body["number"], body["previous"]
        if number > self.number + 1:
            raise self.fault(self.number + 1, "missing", f"Entries up to {number - 1} are not there.")
        if number <= self.number:
            raise self.fault(number, "inserted", "There is a second entry with this number.")
        if not _matches(body, digest):
            raise self._altered(body, number, digest)
        if previous != self.previous:
            raise self.fault(number, "reordered", "It does not follow from the entry before it.")
        self.number, self.previous = number, digest
        return list(body["rows"])

    def end(self) -> None:
        """Check the head against the last entry read."""
        if self.number < self.length:
            raise self.fault(
                self.number + 1, "missing", f"The sequence ends here but had {self.length} entries."
            )
        if self.number > self.length:
            raise self.fault(self.length + 1, "inserted", f"The head counts {self.length} entries only.")
        if self.head != (self.previous if self.number else ""):
            raise self.fault(
                self.number, "head differs", "The head does not bear the digest of the last entry."
            )

    def _altered(self, body: dict[str, Any], number: int, digest: str) -> _Found:
        """Tell a moved entry, whose digest holds under another number, from one whose content was changed."""
        longest = max(self.length, number) + 1
        for other in range(1, min(longest, 1_000_000) + 1):
            if _matches({**body, "number": other}, digest):
                return self.fault(number, "reordered", f"What stands here was written as entry {other}.")
        return self.fault(number, "changed", "Its content does not give the digest it was written with.")


@dataclass
class _Reader:
    """Reads all chains; history rows are checked in groups, one query a model."""

    deep: bool
    entries: int = 0
    sequences: int = 0
    waiting: list[tuple[str, int, history.RowMark]] = field(default_factory=list)

    def read(self) -> None:
        """Read everything; raises _Found at the first fault in order."""
        chain: _Chain | None = None
        try:
            for row in _rows():
                if chain is None or chain.key != row[0]:
                    self._close(chain)
                    chain = _Chain(*row[:3])
                    self.sequences += 1
                if row[3] is not None:
                    self._take(chain, row)
            self._close(chain)
        except _Found:
            self._check_history()  # a fault in the rows of an earlier entry comes first
            raise
        self._check_history()
        _refuse_orphans()

    def _take(self, chain: _Chain, row: tuple[Any, ...]) -> None:
        marks = chain.read(row)
        self.entries += 1
        if self.deep:
            self.waiting += [(chain.key, chain.number, mark) for mark in marks]
            if len(self.waiting) >= CHUNK:
                self._check_history()

    def _close(self, chain: _Chain | None) -> None:
        if chain is not None:
            chain.end()

    def _check_history(self) -> None:
        waiting, self.waiting = self.waiting, []
        by_model: dict[str, list[int]] = defaultdict(list)
        for place, (_, _, mark) in enumerate(waiting):
            by_model[mark["model"]].append(place)
        stored = [""] * len(waiting)
        for model, places in by_model.items():
            digests = history.stored_digests(model, [waiting[place][2] for place in places])
            for place, value in zip(places, digests, strict=True):
                stored[place] = value
        for (key, number, mark), value in zip(waiting, stored, strict=True):
            if value != mark["digest"]:
                raise _Found(_history_fault(key, number, mark, gone=not value))


def verify(*, deep: bool = True) -> Report:
    """Check every chain; with `deep` also the history rows that entries commit to. Read-only, one fault at most."""
    reader = _Reader(deep=deep)
    fault = None
    try:
        with transaction.atomic():
            reader.read()
    except _Found as found:
        fault = found.fault
    return Report(reader.entries, reader.sequences, fault)


def _rows() -> Iterator[tuple[Any, ...]]:
    """All entries; the database sends the next ones while the last are checked."""
    with connection.chunked_cursor() as cursor, ThreadPoolExecutor(1) as ahead:
        cursor.execute(ENTRIES)
        coming = ahead.submit(cursor.fetchmany, CHUNK)
        while rows := coming.result():
            coming = ahead.submit(cursor.fetchmany, CHUNK)
            yield from rows


def _body(row: tuple[Any, ...]) -> dict[str, Any]:
    body = dict(zip(MEMBERS, row[4:], strict=True))
    body["rows"], body["data"] = canonical.plain_json(body["rows"]), canonical.plain_json(body["data"])
    return body


def _matches(body: dict[str, Any], digest: str) -> bool:
    try:
        return hashlib.sha256(canonical.canonical(body)).hexdigest() == digest
    except rfc8785.CanonicalizationError:
        return False


def _history_fault(key: str, number: int, mark: history.RowMark, *, gone: bool) -> Fault:
    what = f"row {mark['history_id'] or mark['pk']} of {mark['model']}" + (
        " history" if mark["history_id"] else ""
    )
    if gone:
        return Fault(key, number, "history missing", f"It tells of {what}, which is not there.")
    return Fault(key, number, "history changed", f"It tells of {what}, whose values have changed since.")


def _refuse_orphans() -> None:
    with connection.cursor() as cursor:
        cursor.execute(ORPHANS)
        row = cursor.fetchone()
    if row is not None:
        raise _Found(
            Fault("(none)", row[0], "head differs", f"The sequence of entry id {row[1]} is not there.")
        )
