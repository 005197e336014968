"""Writing the audit log: `record` for one thing that happened, `record_many` for many in one go.

Call it inside an action, as the last write. A failure here makes the action fail, which is the intention: what
cannot be recorded does not happen. The head of a sequence stays locked until the caller's transaction ends, which is
what makes numbers gap-free; so it is locked last, and several heads in the order of their keys.
"""

import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.db import connection, models, transaction

from portal.audit import canonical, history
from portal.audit.models import Entry
from portal.kit.context import current_request_id

SYSTEM = "system"


class Told(TypedDict, total=False):
    """What an entry may tell besides its kind; see `Draft` for the meaning of each."""

    by: Any
    now: datetime
    case: Any
    subject: models.Model | None
    rows: Iterable[models.Model]
    appointment: Any
    stream: str
    reason: str
    data: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One thing that happened, not yet recorded.

    kind: stable word. by: the person, None for the system. now: aware instant. case: anything with `pk` and
    `policy_version_id`; its own sequence is then used, else the stream's. subject: what it is about. rows: instances
    that changed, already saved. appointment: under which the person acted. data: strings, integers, lists,
    objects; never content that someone who sees the entry may not read.
    """

    kind: str
    by: Any
    now: datetime
    case: Any = None
    subject: models.Model | None = None
    rows: Iterable[models.Model] = ()
    appointment: Any = None
    stream: str = "portal"
    reason: str = ""
    data: dict[str, Any] | None = field(default=None)

    @property
    def sequence(self) -> str:
        """Key of the sequence it belongs to."""
        return f"stream:{self.stream}" if self.case is None else f"case:{self.case.pk}"


def record(kind: str, **told: Unpack[Told]) -> Entry:
    """Append one entry (arguments as in `Draft`; `by` and `now` are required) and return it.

    Must run inside a transaction. Raises TypeError for data that cannot be encoded, ValueError for a naive instant,
    LookupError for a row that is not stored.
    """
    return record_many([Draft(kind=kind, **told)])[0]


def record_many(drafts: Sequence[Draft]) -> list[Entry]:
    """Append entries in the order given, two queries and one a model of `rows` for all of them together."""
    if not drafts:
        return []
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "an audit entry is recorded in the transaction it tells of"
        )
    rows = [list(draft.rows) for draft in drafts]
    marks = iter(history.marks(row for some in rows for row in some))
    entries = [_entry(draft, [next(marks) for _ in some]) for draft, some in zip(drafts, rows, strict=True)]
    groups: dict[str, list[Entry]] = defaultdict(list)
    for draft, entry in zip(drafts, entries, strict=True):
        groups[draft.sequence].append(entry)
    heads = _lock_heads({key: len(group) for key, group in groups.items()})
    for key, group in groups.items():
        _chain(key, group, *heads[key])
    _store(entries, {heads[key][0]: group[-1].digest for key, group in groups.items()})
    return entries


def body(entry: Entry, sequence: str) -> dict[str, Any]:
    """The object whose canonical bytes are digested; see `canonical` for the encoding."""
    value = {name: getattr(entry, name) for name in canonical.AS_STORED}
    value |= {
        "v": canonical.ENCODING,
        "sequence": sequence,
        "at": canonical.instant(entry.at),
        "actor": str(entry.actor_id or ""),
        "case_id": str(entry.case_id or ""),
    }
    return value


def _entry(draft: Draft, rows: list[history.RowMark]) -> Entry:
    canonical.instant(draft.now)
    data = draft.data or {}
    canonical.check_plain(data)
    by, case, subject, appointment = draft.by, draft.case, draft.subject, draft.appointment
    person = by if by is not None and by.pk is not None else None
    return Entry(
        at=draft.now,
        kind=draft.kind,
        actor=person,
        actor_name=person.name if person else SYSTEM,
        organisation_name=appointment.organisation.name if appointment else "",
        role=appointment.role if appointment else "",
        capacity=appointment.capacity if appointment else "",
        appointment_id=str(appointment.pk) if appointment else "",
        policy_version=str(case.policy_version_id or "") if case is not None else "",
        request_id=current_request_id(),
        reason=draft.reason,
        # `type()` of the lazy user of a request is not its class
        subject_model=history.label(subject.__class__) if subject is not None else "",
        subject_id=str(subject.pk) if subject is not None else "",
        case_id=case.pk if case is not None else None,
        rows=rows,
        data=data,
        salt=secrets.token_hex(16),
    )


def _lock_heads(additions: dict[str, int]) -> dict[str, tuple[int, int, str]]:
    """Lock the heads, in the order of their keys, and lengthen them: key -> (id, length before, head before)."""
    keys = sorted(additions)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portal_audit_sequence AS s (key, length, head)"
            " SELECT key, more, '' FROM unnest(%s::text[], %s::bigint[]) WITH ORDINALITY AS a(key, more, place)"
            " ORDER BY place ON CONFLICT (key) DO UPDATE SET length = s.length + EXCLUDED.length"
            " RETURNING s.key, s.id, s.length, s.head",
            [keys, [additions[key] for key in keys]],
        )
        return {key: (pk, length - additions[key], head) for key, pk, length, head in cursor.fetchall()}


def _chain(key: str, group: list[Entry], head_id: int, length: int, head: str) -> None:
    """Give a run of entries their numbers, their predecessors and their digests."""
    previous = head or canonical.FIRST_PREVIOUS
    for number, entry in enumerate(group, start=length + 1):
        entry.sequence_id, entry.number, entry.previous = head_id, number, previous
        entry.digest = previous = canonical.digest(body(entry, key))


def _store(entries: Sequence[Entry], heads: dict[int, str]) -> None:
    """Write entries and the new heads of their sequences, in one statement; entries get their ids."""
    fields = [one for one in Entry._meta.concrete_fields if not one.primary_key]
    columns = ", ".join(f'"{one.column}"' for one in fields)
    told = [{str(one.column): getattr(entry, one.attname) for one in fields} for entry in entries]
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH moved AS (UPDATE portal_audit_sequence s SET head = v.head"
            " FROM unnest(%s::bigint[], %s::text[]) AS v(id, head) WHERE s.id = v.id)"
            f" INSERT INTO portal_audit_entry ({columns}) SELECT {columns}"  # nosec B608
            " FROM jsonb_populate_recordset(NULL::portal_audit_entry, %s::jsonb) RETURNING id",
            [list(heads), list(heads.values()), json.dumps(told, default=str)],
        )
        for entry, (pk,) in zip(entries, cursor.fetchall(), strict=True):
            entry.pk, entry._state.adding = pk, False
