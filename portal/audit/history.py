"""Digests of the rows an entry tells of: the newest history row of a tracked instance, or a row that never changes.

Values are taken as PostgreSQL writes them (`row_to_json`, in column order, sessions in UTC), not as Python holds
them. New columns always come last in a table, so a digest covers the first `columns` columns and stays valid when a
later migration adds one; renaming or dropping a column of a history table would break it, and must not be done.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, TypedDict, cast

from django.apps import apps
from django.db import connection, models

from portal.audit.canonical import digest, plain_json


class RowMark(TypedDict):
    """What an entry keeps of one row. `history_id` is empty for a row of an append-only table without history."""

    model: str
    pk: str
    history_id: str
    columns: int
    digest: str


@dataclass(frozen=True)
class _Table:
    """Where the committed rows of a model stand: its history table, or its own when it is append-only."""

    name: str
    key: str
    key_type: str
    target: str
    target_type: str
    tracked: bool


def label(model: type[models.Model]) -> str:
    """The stable name of a model in entries, such as `cases.case`."""
    return model._meta.label_lower


def marks(instances: Iterable[models.Model]) -> list[RowMark]:
    """Marks of the newest stored version of each instance, in the order given; one query a model.

    Raises TypeError for a model neither tracked nor declared `append_only`, LookupError when a row is not stored.
    """
    instances = list(instances)
    by_model: dict[type[models.Model], set[str]] = defaultdict(set)
    for one in instances:
        by_model[_concrete(one)].add(str(one.pk))
    found: dict[tuple[str, str], RowMark] = {}
    for model, keys in by_model.items():
        found.update({(mark["model"], mark["pk"]): mark for mark in _newest(model, sorted(keys))})
    try:
        return [found[label(_concrete(one)), str(one.pk)] for one in instances]
    except KeyError as missing:
        raise LookupError(
            f"{missing.args[0][0]}: a row to be recorded is not stored or has no history"
        ) from None


def stored_digests(model_label: str, wanted: Sequence[RowMark]) -> list[str]:
    """Digest of each wanted row as the database holds it now, empty where it is gone or tells of another object."""
    model: type[models.Model] = apps.get_model(model_label)
    table = _table(model)
    sql = (
        f"SELECT t.{table.key}::text, t.{table.target}::text, row_to_json(t)::text"  # nosec B608
        f" FROM {table.name} t WHERE t.{table.key} = ANY(%s::{table.key_type}[])"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [[mark["history_id"] or mark["pk"] for mark in wanted]])
        rows = {(key, target): text for key, target, text in cursor.fetchall()}
    stored = [rows.get((mark["history_id"] or mark["pk"], mark["pk"])) for mark in wanted]
    return [
        _digest(text, mark["columns"])[1] if text else "" for text, mark in zip(stored, wanted, strict=True)
    ]


def _concrete(instance: models.Model) -> type[models.Model]:
    """The model itself, also for a deferred or proxy instance."""
    return instance._meta.concrete_model or type(instance)


def _newest(model: type[models.Model], keys: Sequence[str]) -> list[RowMark]:
    table = _table(model)
    asked = f"{table.target} = ANY(%s::{table.target_type}[])"
    if table.tracked:
        # one look-up a key, as an array: asked as a set, the planner may read the whole history for it
        newest = f"SELECT max(h.{table.key}) FROM {table.name} h WHERE h.{table.target} = k"  # nosec B608
        asked = (
            f"{table.key} = ANY(ARRAY(SELECT ({newest}) FROM unnest(%s::{table.target_type}[]) AS wanted(k)))"  # nosec B608
        )
    sql = (
        f"SELECT t.{table.target}::text, t.{table.key}::text, row_to_json(t)::text"  # nosec B608
        f" FROM {table.name} t WHERE t.{asked}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(keys)])
        rows = cursor.fetchall()
    found = []
    for pk, key, text in rows:
        columns, value = _digest(text)
        mark = RowMark(
            model=label(model), pk=pk, history_id=key if table.tracked else "", columns=columns, digest=value
        )
        found.append(mark)
    return found


def _digest(text: str, columns: int | None = None) -> tuple[int, str]:
    """How many columns were covered, and the digest of them; the first `columns` only when that is given."""
    values: dict[str, Any] = plain_json(text)
    covered = dict(islice(values.items(), columns))
    return len(covered), digest(covered)


@cache
def _table(model: type[models.Model]) -> _Table:
    """Names, quoted for SQL, all of them from model definitions and never from input."""
    manager_name = getattr(model._meta, "simple_history_manager_attribute", None)
    if manager_name is None and not getattr(model, "append_only", False):
        raise TypeError(
            f"{label(model)} has no history and is not declared append_only; it cannot be recorded"
        )
    stored: Any = getattr(model, manager_name).model if manager_name else model
    key, target = stored._meta.pk, stored._meta.get_field(cast(Any, model._meta.pk).attname)
    quote = connection.ops.quote_name
    return _Table(
        name=quote(stored._meta.db_table),
        key=quote(key.column),
        key_type=str(key.rel_db_type(connection)),
        target=quote(target.column),
        target_type=str(target.rel_db_type(connection)),
        tracked=manager_name is not None,
    )
