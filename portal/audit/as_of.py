"""The database as it stood at an instant: within a block, the very same queries answer as of then.

Each recorded table is covered by a temporary view of its own name, which PostgreSQL finds first. The view shows of
every row the newest version that history had at the instant; of an append-only table what it had. The block is a
transaction that is always rolled back, so nothing of it outlives the block, and nothing can be written inside.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from psycopg import sql

from portal.kit import gate


def stamp(history_instance: Any, **_: Any) -> None:
    """Receiver of simple-history: a row of history bears the instant of the action that wrote it."""
    now = gate.instant()
    if now is not None:
        history_instance.history_date = now


@contextmanager
def as_of(at: datetime) -> Iterator[None]:
    """Answer every query of the block as of `at`. Read all of it inside: what is asked after it answers as of now."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_views(at))
            cursor.execute("SET LOCAL transaction_read_only = on")
        try:
            yield
        finally:
            transaction.set_rollback(True)


def recorded() -> list[type[models.Model]]:
    """The models whose past is known: those with history, and those that are append-only."""
    return [m for m in apps.get_models() if _history(m) is not None or getattr(m, "append_only", False)]


def _views(at: datetime) -> str:
    instant = sql.Literal(at)
    parts = [part for model in recorded() for part in _of_model(model, instant)]
    text: str = sql.SQL("; ").join(parts).as_string(connection.connection)
    return text


def _of_model(model: type[models.Model], at: sql.Literal) -> Iterable[sql.Composed]:
    history = _history(model)
    if history is None:
        column = instant_column(model)
        if column:  # without one its rows are reached only through rows that have one
            yield _appended(model, column, at)
        return
    yield _versions(model, history, at)
    for field in getattr(history, "_history_m2m_fields", ()):
        through = field.remote_field.through
        kept = next(m for m in apps.get_models() if getattr(m, "instance_type", None) is through)
        yield _links(through, kept, history, at)


def _history(model: type[models.Model]) -> Any:
    name = getattr(model._meta, "simple_history_manager_attribute", None)
    return getattr(model, name).model if name else None


def _table(model: type[models.Model]) -> sql.Identifier:
    return sql.Identifier(model._meta.db_table)


def instant_column(model: type[models.Model]) -> str:
    """The column that says when a row of an append-only table came: its `instant`, else its one instant.

    Empty for rows that are reached through others alone (`instant = ""`, or no instant at all). Raises TypeError where
    there are several and none is named.
    """
    found = {one.name: str(one.column) for one in model._meta.concrete_fields}
    named: str | None = getattr(model, "instant", None)
    if named is not None:
        return found[named] if named else ""
    dates = [one.name for one in model._meta.concrete_fields if isinstance(one, models.DateTimeField)]
    if len(dates) > 1:
        raise TypeError(f"{model.__name__} has several instants; name in `instant` the one when a row came")
    return found[dates[0]] if dates else ""


def _appended(model: type[models.Model], column: str, at: sql.Literal) -> sql.Composed:
    pattern = sql.SQL("CREATE TEMP VIEW {t} AS SELECT * FROM {t} WHERE {c} <= {at}")
    return pattern.format(t=_table(model), c=sql.Identifier(column), at=at)


def _newest(at: sql.Literal, key: sql.Identifier, history: sql.Identifier) -> sql.Composed:
    """That `h` is the newest version of its row at the instant, and that the row was there. Conditions go inside."""
    return sql.SQL(
        "h.history_date <= {at} AND h.history_type <> '-' AND NOT EXISTS (SELECT FROM {history} n"
        " WHERE n.{key} = h.{key} AND n.history_date <= {at} AND n.history_id > h.history_id)"
    ).format(at=at, key=key, history=history)


def _versions(model: type[models.Model], history: type[models.Model], at: sql.Literal) -> sql.Composed:
    """Every column from history; what history leaves out (a password, a search text) from the row as it is."""
    kept = {field.column for field in history._meta.concrete_fields}
    own = [str(field.column) for field in model._meta.concrete_fields]
    columns = [
        sql.SQL("{}.{}").format(sql.Identifier("h" if c in kept else "t"), sql.Identifier(c)) for c in own
    ]
    assert model._meta.pk is not None
    key = sql.Identifier(str(model._meta.pk.column))
    join = (
        sql.SQL(" JOIN {t} t ON t.{key} = h.{key}").format(t=_table(model), key=key)
        if set(own) - kept
        else sql.SQL("")
    )
    return sql.SQL("CREATE TEMP VIEW {t} AS SELECT {columns} FROM {history} h{join} WHERE {newest}").format(
        t=_table(model),
        columns=sql.SQL(", ").join(columns),
        history=_table(history),
        join=join,
        newest=_newest(at, key, _table(history)),
    )


def _links(
    through: type[models.Model], kept: type[models.Model], history: type[models.Model], at: sql.Literal
) -> sql.Composed:
    """The many-to-many rows that simple-history kept beside the newest version of their row."""
    own = [
        sql.SQL("m.{}").format(sql.Identifier(str(field.column))) for field in through._meta.concrete_fields
    ]
    return sql.SQL(
        "CREATE TEMP VIEW {t} AS SELECT {columns} FROM {kept} m JOIN {history} h ON h.history_id = m.history_id"
        " WHERE {newest}"
    ).format(
        t=_table(through),
        columns=sql.SQL(", ").join(own),
        kept=_table(kept),
        history=_table(history),
        newest=_newest(at, sql.Identifier("id"), _table(history)),
    )
