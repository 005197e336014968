"""What an entry changed, field by field: old and new values of the rows that simple-history keeps, in one query.

Rows of every table come as JSON and are read by the types of their fields. Which fields show their values is decided
by `cases.rules.fields`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from django.apps import apps
from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, JSONObject

from accounts.models import Organisation, User
from cases.register.models import ModelVersion
from cases.rules import fields, window
from portal.audit.models import Entry

NAMED: Final = (User, Organisation, ModelVersion)
DULL: Final = frozenset({"id", "revision", "search_text", "stage_since", "created_at", "created_by"})

Model = type[models.Model]
Values = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One field that changed; `content` ones show as *changed* and carry no values."""

    field: str
    label: str
    old: str
    new: str
    content: bool


def changes(found: Sequence[Entry], reads: bool) -> dict[int, list[Change]]:
    """Changes of each entry, by entry id. One query for the rows, one for each kind of thing that they name."""
    pairs = _pairs(found)
    rows: dict[int, list[tuple[Model, Values, Values]]] = defaultdict(list)
    for entry in found:
        for mark in sorted(entry.rows, key=lambda mark: str(mark["model"])):
            pair = pairs.get((mark["model"], mark["history_id"] or mark["pk"]))
            if pair is not None:
                rows[entry.pk].append((apps.get_model(mark["model"]), *pair))
    names = _names([row for some in rows.values() for row in some])
    return {
        entry_id: [one for model, old, new in some for one in _differences(model, old, new, reads, names)]
        for entry_id, some in rows.items()
    }


@cache
def _shown(model: Any) -> tuple[models.Field, ...]:
    """The fields whose change a history may tell of. The id of another row tells a reader nothing."""
    return tuple(
        one
        for one in model._meta.concrete_fields
        if one.name not in DULL
        and fields.class_of(model.__name__, one.name) != fields.SECRET
        and (not one.is_relation or one.related_model in NAMED)
    )


# -- the rows -----------------------------------------------------------------------------------------------------


def _pairs(found: Sequence[Entry]) -> dict[tuple[str, str], tuple[Values, Values]]:
    """Old and new values by model and history id, or by primary key for rows that are their own history."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for entry in found:
        for mark in entry.rows:
            wanted[mark["model"]].add(mark["history_id"] or mark["pk"])
    if not wanted:
        return {}
    first, *others = [_stored(label, keys) for label, keys in sorted(wanted.items())]
    rows = first.union(*others, all=True) if others else first
    return {(label, key): (old or {}, new) for label, key, old, new in rows}


def _stored(label: str, keys: set[str]) -> QuerySet[Any, Any]:
    """(label, key, old, new) of the wanted rows of one model."""
    model: Any = apps.get_model(label)
    values = JSONObject(**{one.attname: _expression(one) for one in _shown(model)})
    old: Any
    attribute = getattr(model._meta, "simple_history_manager_attribute", None)
    if attribute is None:
        rows, key, old = model._default_manager.filter(pk__in=keys), "pk", Value(None, models.JSONField())
    else:
        history = getattr(model, attribute).model._default_manager
        earlier = history.filter(id=OuterRef("id"), history_id__lt=OuterRef("history_id"))
        newest = earlier.order_by("-history_id").values(values=values)[:1]
        rows, key, old = history.filter(history_id__in=keys), "history_id", Subquery(newest)
    text = Cast(key, models.CharField())
    return rows.order_by().values_list(Value(label, models.CharField()), text, old, values)


def _expression(one: models.Field) -> Any:
    if isinstance(one, DateTimeRangeField):
        return JSONObject(lower=f"{one.name}__startswith", upper=f"{one.name}__endswith")
    return one.attname


# -- in words -----------------------------------------------------------------------------------------------------


def _names(rows: list[tuple[Model, Values, Values]]) -> dict[str, str]:
    """Names of the people, organisations and model versions that changed fields point to."""
    wanted: dict[Model, set[str]] = defaultdict(set)
    for model, old, new in rows:
        for one in _shown(model):
            if one.related_model is not None and old.get(one.attname) != new[one.attname]:
                wanted[one.related_model] |= {old.get(one.attname), new[one.attname]} - {None}
    named: dict[str, str] = {}
    for target, keys in wanted.items():
        found = target._default_manager.filter(pk__in=keys)
        if target is ModelVersion:
            found = found.select_related("model")
        named.update({str(row.pk): str(row) for row in found})
    return named


def _differences(model: Model, old: Values, new: Values, reads: bool, names: dict[str, str]) -> list[Change]:
    found = []
    for one in _shown(model):
        before, after = old.get(one.attname), new[one.attname]
        if before == after or (not old and after in (None, "", [], {})):
            continue
        hidden = fields.class_of(model.__name__, one.name) == fields.CONTENT and not reads
        shown = ("", "") if hidden else (_words(one, before, names), _words(one, after, names))
        found.append(Change(one.name, str(one.verbose_name), *shown, content=hidden))
    return found


def _words(one: models.Field, value: Any, names: dict[str, str]) -> str:
    if value is None or value == "":
        return ""
    if one.is_relation:
        return names.get(value, "")
    if isinstance(one, DateTimeRangeField):
        return " to ".join(_instant(at) if at else "open" for at in (value["lower"], value["upper"]))
    if isinstance(one, models.DateTimeField):
        return _instant(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(one, models.FloatField):
        return str(float(value))
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    labels = dict(one.flatchoices or [])
    return str(labels.get(value, value)) if isinstance(value, str | int) else str(value)


def _instant(text: str) -> str:
    return window.instant(datetime.fromisoformat(text))
