"""The list of incidents: every one a person may see, filtered, newest first, page by page."""

from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from accounts.roles import PARTNER
from cases.incidents.forms import IncidentFilter
from cases.incidents.models import Incident, IncidentQuerySet
from cases.incidents.queries import shown
from cases.register.models import Case
from cases.rules import markings
from portal.kit.paging import Page, keyset_page

ORDER: Final = ("-noticed_at", "-id")


def incident_list(form: IncidentFilter, user: User, now: datetime, cursor: str) -> Page[Incident]:
    """The incidents that match the filter, each with `in_case`: whether the person may open its case's page too."""
    cases = Case.objects.visible_to(user, now)
    found = _filtered(Incident.objects.visible_to(user, now), form, user, now)
    found = found.annotate(in_case=Exists(cases.filter(pk=OuterRef("case_id"))))
    page = keyset_page(found.only("noticed_at"), order=ORDER, cursor=cursor)
    wide = found.select_related("case__model_version__model", "organisation")
    rows = wide.in_bulk([one.pk for one in page.items])
    return Page([rows[one.pk] for one in page.items if one.pk in rows], page.newer, page.older)


def _filtered(rows: IncidentQuerySet, form: IncidentFilter, user: User, now: datetime) -> IncidentQuerySet:
    """`rows` narrowed by the form; an unreadable field narrows nothing.

    A tracking number finds only for those who may open the case, because nobody else reads it.
    """
    form.is_valid()
    asked = form.cleaned_data
    if asked.get("state"):
        rows = rows.in_state(asked["state"])
    if asked.get("severity"):
        rows = rows.filter(severity=asked["severity"])
    if word := asked.get("case"):
        tracked = Case.objects.visible_to(user, now).filter(tracking_number__iexact=word)
        rows = rows.filter(Q(case__number__iexact=word) | Q(case__in=tracked.values("pk")))
    return rows


def listed(page: Page[Incident]) -> list[dict[str, Any]]:
    """The rows of a page as the list shows them."""
    return [{**shown(one), "in_case": one.in_case} for one in page.items]  # type: ignore[attr-defined]


def marking(page: Page[Incident]) -> markings.Marking:
    """The highest marking of the cases shown; to a partner those alone that partners read at."""
    open_to_partners = markings.readable_by(PARTNER)
    return markings.highest(
        one.case.marking
        for one in page.items
        if one.in_case or one.case.marking in open_to_partners  # type: ignore[attr-defined]
    )
