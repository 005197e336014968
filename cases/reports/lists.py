"""The case list: what you may see, filtered and searched, page by page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts.models import User
from cases.register.models import Case, CaseQuerySet
from cases.reports.forms import CaseFilter
from portal.kit.paging import Page, keyset_page

ORDER: Final = ("-created_at", "-id")
COUNTED: Final = 1000


@dataclass(frozen=True)
class CaseList:
    """One page of cases and how many there are, counted up to a thousand."""

    page: Page[Case]
    count: int

    @property
    def count_words(self) -> str:
        """`1 case`, `12 cases`, `more than 1,000 cases`."""
        if self.count > COUNTED:
            return f"more than {COUNTED:,} cases"
        return f"{self.count} case{'' if self.count == 1 else 's'}"


def case_list(form: CaseFilter, user: User, now: datetime, cursor: str) -> CaseList:
    """Visible cases that match the filter."""
    found = filtered(Case.objects.visible_to(user, now), form)
    return CaseList(
        page=keyset_page(found.for_list(), order=ORDER, cursor=cursor),
        count=found.order_by()[: COUNTED + 1].count(),
    )


def filtered(cases: CaseQuerySet, form: CaseFilter) -> CaseQuerySet:
    """`cases` narrowed by what the filter form says; an unreadable field narrows nothing."""
    form.is_valid()
    asked = getattr(form, "cleaned_data", {})
    for name in ("stage", "origin"):
        if asked.get(name):
            cases = cases.filter(**{name: asked[name]})
    for word in asked.get("q", "").split()[:6]:
        cases = cases.filter(search_text__icontains=word)
    return cases
