"""Notices as their recipient reads them: what may no longer be seen shows neither case nor subject."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse

from accounts.models import User
from cases.access.models import Grant
from cases.labels.models import Consultation
from cases.register.models import Case
from cases.rules.events import EVENTS, sentence
from portal.kit.paging import Page, keyset_page
from portal.notify.models import Notice

GONE: Final = "This notice is about something you no longer have access to."


@dataclass(frozen=True)
class Row:
    """One notice: when, what it says, on which case, where it leads."""

    at: datetime
    words: str
    case_number: str
    url: str
    unread: bool


def notice_list(user: User, now: datetime, cursor: str) -> tuple[Page[Notice], list[Row]]:
    """One page of the person's notices; the right to see is asked now, not when they were written."""
    page = keyset_page(Notice.objects.of(user), order=("-at", "-id"), cursor=cursor)
    wanted = {notice.case_id for notice in page.items if notice.case_id}
    cases = {case.pk: case for case in Case.objects.visible_to(user, now).filter(pk__in=wanted)}
    grants = {
        grant.case_id: grant
        for grant in Grant.objects.visible_to(user, now).filter(case__in=wanted).order_by("issued_at")
    }
    asked = {
        one.case_id: one
        for one in Consultation.objects.visible_to(user, now).filter(case__in=wanted).order_by("asked_at")
    }
    rows = []
    for notice in page.items:
        key = notice.case_id
        seen = (cases.get(key) or grants.get(key) or asked.get(key)) if key else None
        rows.append(_row(notice, seen))
    return page, rows


def _row(notice: Notice, seen: "Case | Grant | Consultation | None") -> Row:
    if seen is None and notice.case_id is not None:
        return Row(notice.at, GONE, "", "", notice.read_at is None)
    said = sentence(notice.kind, {}) if notice.kind in EVENTS else notice.kind
    return Row(
        at=notice.at,
        words=f"Someone {said}.",
        case_number=seen.number if isinstance(seen, Case) else "",
        url=seen.get_absolute_url() if seen is not None else reverse("cases:home"),
        unread=notice.read_at is None,
    )
