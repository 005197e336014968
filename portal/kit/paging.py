"""Keyset paging: the hundredth page costs what the first does, and a row never shows twice."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Model, Q, QuerySet

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Page(Generic[M]):
    """Rows of one page, with cursors of its neighbours (empty where there is none)."""

    items: list[M]
    newer: str
    older: str


def _plain(value: Any) -> str | int:
    """A value as JSON holds it whole: an instant with its microseconds, which Django's own encoder cuts off."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, int) else str(value)


def _encode(direction: str, row: Model, order: tuple[str, ...]) -> str:
    values = [_plain(getattr(row, name.lstrip("-"))) for name in order]
    text = json.dumps([direction, *values])
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, width: int) -> tuple[str, list[Any]] | None:
    try:
        data = json.loads(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
        direction, *values = data
    except (ValueError, TypeError):
        return None
    if direction not in ("older", "newer") or len(values) != width:
        return None
    if not all(isinstance(value, str | int) for value in values):
        return None
    return direction, values


def _beyond(order: tuple[str, ...], values: list[Any], forward: bool) -> Q:
    condition = Q()
    equal: dict[str, Any] = {}
    for name, value in zip(order, values, strict=True):
        field = name.lstrip("-")
        descending = name.startswith("-")
        comparison = "lt" if descending == forward else "gt"
        condition |= Q(**equal, **{f"{field}__{comparison}": value})
        equal[field] = value
    return condition & _bound(order[0], values[0], forward)


def _bound(name: str, value: Any, forward: bool) -> Q:
    """Says once more of the first term alone what follows from the rest: an index can begin there, however far down."""
    return Q(**{f"{name.lstrip('-')}__{'lte' if name.startswith('-') == forward else 'gte'}": value})


def _ordered(queryset: QuerySet[M], order: tuple[str, ...], forward: bool) -> QuerySet[M]:
    terms = []
    for name in order:
        column = F(name.lstrip("-"))
        terms.append(column.desc() if name.startswith("-") == forward else column.asc())
    return queryset.order_by(*terms)


def keyset_page(
    queryset: QuerySet[M], *, order: tuple[str, ...], cursor: str = "", size: int = 50
) -> Page[M]:
    """One page of `queryset` in `order` (last term unique, no nullable column). An unreadable cursor gives page one."""
    position = _decode(cursor, len(order)) if cursor else None
    forward = position is None or position[0] == "older"
    rows = _ordered(queryset, order, forward)
    try:
        if position is not None:
            rows = rows.filter(_beyond(order, position[1], forward))
        found = list(rows[: size + 1])
    except (TypeError, ValueError, ValidationError):
        return keyset_page(queryset, order=order, size=size)
    more, items = len(found) > size, found[:size]
    if not forward:
        items.reverse()
    if not items:
        return Page([], "", "")
    has_newer = position is not None if forward else more
    has_older = more if forward else True
    return Page(
        items,
        newer=_encode("newer", items[0], order) if has_newer else "",
        older=_encode("older", items[-1], order) if has_older else "",
    )
