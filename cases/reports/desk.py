"""The auditor's desk: entries of every case and stream, newest first, in pages that stay fast."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from cases.register.models import Case
from cases.reports.forms import DeskFilter
from cases.reports.history import GROUPS, PAGE, Line, lines
from cases.rules import visibility
from portal.audit.models import Entry


@dataclass(frozen=True)
class Row:
    """One entry with the number of the case it belongs to, if it belongs to one that is not a draft."""

    line: Line
    case_number: str


def page(form: DeskFilter, before: str, user: User, now: datetime) -> tuple[list[Entry], str]:
    """Entries that match the filter, of no case or of one this person may open, and the cursor of the next page."""
    cases = Case.objects.visible_to(user, now)
    seen = Q(case_id__isnull=True) | Q(Exists(cases.filter(pk=OuterRef("case_id"))))
    found = Entry.objects.filter(seen).exclude(kind__in=visibility.private_kinds()).order_by("-id")
    form.is_valid()
    asked = form.cleaned_data
    if asked.get("group") in GROUPS:
        condition = Q()
        for prefix in GROUPS[asked["group"]][1]:
            condition |= Q(kind__startswith=prefix)
        found = found.filter(condition)
    if asked.get("person"):
        people = User.objects.filter(name__icontains=asked["person"]).values("pk")[:100]
        found = found.filter(actor__in=list(people.values_list("pk", flat=True)))
    if asked.get("case"):
        found = found.filter(case_id__in=cases.filter(number__iexact=asked["case"]).values("pk"))
    if before:
        last = Entry.objects.filter(digest=before).first()
        found = found.filter(pk__lt=last.pk) if last is not None else found
    items = list(found[: PAGE + 1])
    return items[:PAGE], items[PAGE - 1].digest if len(items) > PAGE else ""


def rows(entries: list[Entry], user: User, now: datetime) -> list[Row]:
    """Entries as rows, each with its case's number."""
    wanted: set[UUID] = {entry.case_id for entry in entries if entry.case_id}
    numbers = dict(Case.objects.visible_to(user, now).filter(pk__in=wanted).values_list("pk", "number"))
    drawn = lines(entries, user, None, now, changes=False)
    return [Row(line, numbers.get(line.case_id, "") if line.case_id else "") for line in drawn]
