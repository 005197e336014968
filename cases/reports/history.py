"""History as people read it: audit entries in sentences, with what changed field by field.

What changed stands in `changes.py`; whether its content shows is for `visibility.reads_content` to say. An entry about
a document, an incident or a thread of questions shows only to who may see that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import models
from django.db.models import Q, QuerySet, Subquery

from accounts.models import User
from accounts.roles import ROLES, capacity_choices
from cases.documents.models import Document, DocumentVersion
from cases.incidents.models import Incident
from cases.questions.models import QuestionThread
from cases.records.models import FoiaRequest
from cases.register.models import Case
from cases.reports.changes import Change
from cases.reports.changes import changes as changed_in
from cases.rules import events, visibility
from portal.audit.models import Entry

PAGE: Final = 50
GROUPS: Final = {
    "case": ("Case", ("case.", "release.", "note.", "conflict.")),
    "documents": ("Documents", ("document.", "findings.", "spill.")),
    "access": ("Access", ("agreement.", "window.", "partner.", "grant.", "credential.")),
    "incidents": ("Incidents", ("incident.",)),
    "questions": ("Questions", ("question.",)),
    "records": ("Records", ("records.", "foia.")),
    "benchmarks": ("Benchmarks", ("suite.", "rule.", "run.", "pointer.")),
    "decisions": ("Decisions", ("consultation.", "determination.", "disclosure.", "response.", "label.")),
}


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
    new: bool = False


def entries(case: Case, user: User, now: datetime, group: str = "") -> QuerySet[Entry]:
    """Entries of the case that this person may read, newest first."""
    found = Entry.objects.filter(case_id=case.pk).order_by("-number")
    kinds = visibility.entry_kinds(user, case, now)
    if kinds is not None:
        found = found.filter(kind__in=kinds).filter(_of_seen_documents(case, user, now))
        for model in (Incident, QuestionThread, FoiaRequest):
            found = found.filter(_of_seen(model, case, user, now))
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


def _of_seen(model: Any, case: Case, user: User, now: datetime) -> Q:
    """Entries not about rows of `model`, or about those this person may see."""
    seen = model.objects.visible_to(user, now).filter(case=case)
    as_text = seen.annotate(text=models.functions.Cast("pk", models.CharField()))
    return ~Q(subject_model=model._meta.label_lower) | Q(subject_id__in=Subquery(as_text.values("text")))


def page(found: QuerySet[Entry], before: str = "") -> tuple[list[Entry], str]:
    """One page of entries and the cursor of the next. The cursor is an entry's digest, which counts nothing."""
    if before:
        last = found.filter(digest=before).first()
        found = found.filter(number__lt=last.number) if last is not None else found
    items = list(found[: PAGE + 1])
    return items[:PAGE], items[PAGE - 1].digest if len(items) > PAGE else ""


def lines(
    found: Sequence[Entry], user: User, case: Case | None, now: datetime, *, changes: bool = True,
    seen_at: datetime | None = None,
) -> list[Line]:  # fmt: skip
    """Entries as lines, with `changes` those of their rows. Without a case, for the auditor's desk alone.

    seen_at: until when the reader saw the case; what others did after it is new.
    """
    auditor = case is None or visibility.entry_kinds(user, case, now) is None
    reads = case is not None and visibility.reads_content(user, case, now)
    inside = case is None or visibility.inside(user, case, now)
    changed = changed_in(found, reads) if changes else {}
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
            new=seen_at is not None and entry.at > seen_at and entry.actor_id != user.pk,
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
