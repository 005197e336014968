"""History as people read it: audit entries in sentences, with what changed field by field.

Values come from the rows that simple-history keeps; which fields show their values is decided by
`cases.rules.fields` and `visibility.reads_content`. An entry about a document shows only to who may see the document.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import OuterRef, Q, QuerySet, Subquery

from accounts.models import Organisation, User
from accounts.roles import ROLES, capacity_choices
from cases.documents.models import Document, DocumentVersion
from cases.register.models import Case, ModelVersion
from cases.rules import events, fields, visibility, window
from portal.audit.models import Entry

PAGE: Final = 50
GROUPS: Final = {
    "case": ("Case", ("case.", "release.", "note.")),
    "documents": ("Documents", ("document.",)),
    "access": ("Access", ("agreement.", "window.", "partner.", "grant.")),
    "benchmarks": ("Benchmarks", ("suite.", "rule.", "run.", "pointer.")),
    "decisions": ("Decisions", ("consultation.", "determination.", "disclosure.", "response.", "label.")),
}
NAMED: Final = (User, Organisation, ModelVersion)
DULL: Final = frozenset({"id", "revision", "search_text", "stage_since", "created_at", "created_by"})


@dataclass(frozen=True)
class Change:
    """One field that changed; `content` ones show as *changed* and carry no values."""

    field: str
    label: str
    old: str
    new: str
    content: bool


@dataclass(frozen=True)
class Line:
    """One entry as a template draws it. `number` and `proof_url` are for auditors."""

    at: datetime
    who: str
    capacity: str
    organisation: str
    sentence: str
    reason: str
    changes: list[Change] = field(default_factory=list)
    number: int | None = None
    proof_url: str = ""
    case_id: UUID | None = None


def entries(case: Case, user: User, now: datetime, group: str = "") -> QuerySet[Entry]:
    """Entries of the case that this person may read, newest first."""
    found = Entry.objects.filter(case_id=case.pk).order_by("-number")
    kinds = visibility.entry_kinds(user, now)
    if kinds is not None:
        found = found.filter(kind__in=kinds).filter(_of_seen_documents(case, user, now))
    if group in GROUPS:
        found = found.filter(_begins(GROUPS[group][1]))
    return found


def _begins(prefixes: Iterable[str]) -> Q:
    condition = Q()
    for prefix in prefixes:
        condition |= Q(kind__startswith=prefix)
    return condition


def _of_seen_documents(case: Case, user: User, now: datetime) -> Q:
    """Entries not about documents, or about those this person may see."""
    seen = Document.objects.visible_to(user, now).filter(case=case)
    versions = DocumentVersion.objects.filter(document__in=seen)
    as_text = models.functions.Cast("pk", models.CharField())
    about = Q(subject_model__in=["cases.document", "cases.documentversion"])
    return (
        ~about
        | Q(subject_id__in=Subquery(seen.annotate(text=as_text).values("text")))
        | Q(subject_id__in=Subquery(versions.annotate(text=as_text).values("text")))
    )


def page(found: QuerySet[Entry], before: str = "") -> tuple[list[Entry], str]:
    """One page of entries and the cursor of the next. The cursor is an entry's digest, which counts nothing."""
    if before:
        last = found.filter(digest=before).first()
        found = found.filter(number__lt=last.number) if last is not None else found
    items = list(found[: PAGE + 1])
    return items[:PAGE], items[PAGE - 1].digest if len(items) > PAGE else ""


def lines(
    found: Sequence[Entry], user: User, case: Case | None, now: datetime, *, changes: bool = True
) -> list[Line]:
    """Entries as lines. With `changes`, a fixed number of queries a kind of row fetches the old and new values."""
    auditor = visibility.entry_kinds(user, now) is None
    reads = case is not None and visibility.reads_content(user, case, now)
    inside = visibility.sees_several_developers(user, now)
    changed = _changes(found, reads) if changes else {}
    capacities = dict(capacity_choices())
    return [
        Line(
            at=entry.at,
            who=(name := visibility.actor_name(entry.role, entry.actor_name, inside=inside))
            or entry.organisation_name,
            capacity=_capacity(entry, capacities),
            organisation=entry.organisation_name if name else "",
            sentence=events.sentence(entry.kind, entry.data) if entry.kind in events.EVENTS else entry.kind,
            reason=entry.reason if reads else "",
            changes=changed.get(entry.pk, []),
            number=entry.number if auditor else None,
            case_id=entry.case_id,
        )
        for entry in found
    ]


def _capacity(entry: Entry, capacities: dict[str, str]) -> str:
    title = ROLES[entry.role].title if entry.role in ROLES else ""
    return (
        title
        if entry.capacity in ("", "own")
        else f"{title} ({capacities.get(entry.capacity, entry.capacity)})"
    )


# -- what changed -------------------------------------------------------------------------------------------------


def _changes(found: Sequence[Entry], reads: bool) -> dict[int, list[Change]]:
    """Changes of each entry, by entry id."""
    wanted: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for entry in found:
        for mark in entry.rows:
            wanted[mark["model"]].append((entry.pk, mark))
    raw: dict[int, list[tuple[type[models.Model], dict[str, Any], dict[str, Any]]]] = defaultdict(list)
    for label, marks in sorted(wanted.items()):
        model = apps.get_model(label)
        pairs = _pairs(model, [mark for _, mark in marks])
        for entry_id, mark in marks:
            if mark["pk"] in pairs or mark["history_id"] in pairs:
                raw[entry_id].append((model, *pairs[mark["history_id"] or mark["pk"]]))
    names = _names(raw)
    return {
        entry_id: [
            change for model, old, new in rows for change in _differences(model, old, new, reads, names)
        ]
        for entry_id, rows in raw.items()
    }


def _pairs(
    model: type[models.Model], marks: list[dict[str, Any]]
) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Old and new values by history id, or by primary key for rows that are their own history."""
    attribute = getattr(model._meta, "simple_history_manager_attribute", None)
    if attribute is None:
        kept = model._default_manager.filter(pk__in=[mark["pk"] for mark in marks]).values()
        return {str(row["id"]): ({}, row) for row in kept}
    history = getattr(model, attribute).model
    earlier = history.objects.filter(id=OuterRef("id"), history_id__lt=OuterRef("history_id")).order_by(
        "-history_id"
    )
    ids = [mark["history_id"] for mark in marks]
    rows = list(
        history.objects.filter(history_id__in=ids)
        .annotate(earlier_id=Subquery(earlier.values("history_id")[:1]))
        .values()
    )
    before = {
        row["history_id"]: row
        for row in history.objects.filter(
            history_id__in=[r["earlier_id"] for r in rows if r["earlier_id"]]
        ).values()
    }
    return {str(row["history_id"]): (before.get(row["earlier_id"], {}), row) for row in rows}


def _names(raw: dict[int, list[tuple[type[models.Model], dict[str, Any], dict[str, Any]]]]) -> dict[Any, str]:
    """Names of the people, organisations and model versions that changed fields point to."""
    wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
    for rows in raw.values():
        for model, old, new in rows:
            for one in model._meta.concrete_fields:
                target = one.related_model
                if target in NAMED:
                    wanted[target] |= {old.get(one.attname), new.get(one.attname)} - {None}
    named: dict[Any, str] = {}
    for target, keys in wanted.items():
        rows_of = target._default_manager.filter(pk__in=keys)
        if target is ModelVersion:
            rows_of = rows_of.select_related("model")
        named.update({row.pk: str(row) for row in rows_of})
    return named


def _differences(
    model: type[models.Model], old: dict[str, Any], new: dict[str, Any], reads: bool, names: dict[Any, str]
) -> list[Change]:
    changes = []
    for one in model._meta.concrete_fields:
        kind = fields.class_of(model.__name__, one.name)
        if one.name in DULL or kind == fields.SECRET or old.get(one.attname) == new.get(one.attname):
            continue
        if one.is_relation and one.related_model not in NAMED:
            continue  # the id of another row tells a reader nothing; the entry's own rows tell of it
        if not old and new.get(one.attname) in (None, "", [], {}):
            continue
        hidden = kind == fields.CONTENT and not reads
        shown = ("", "") if hidden else (_words(one, old, names), _words(one, new, names))
        changes.append(Change(one.name, str(one.verbose_name), *shown, content=hidden))
    return changes


def _words(one: models.Field, values: dict[str, Any], names: dict[Any, str]) -> str:
    value = values.get(one.attname)
    if value is None or value == "":
        return ""
    if isinstance(value, datetime):
        return window.instant(value)
    if value in (True, False):
        return "yes" if value else "no"
    if one.is_relation:
        return names.get(value, "")
    if hasattr(value, "lower") and hasattr(value, "upper") and hasattr(value, "isempty"):
        ends = [window.instant(at) if at else "open" for at in (value.lower, value.upper)]
        return " to ".join(ends)
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    labels = dict(one.flatchoices or [])
    return str(labels.get(value, value)) if isinstance(value, str | int) else str(value)
