"""The database's clock is set back an hour (F24): what is over stays over, and the log keeps its order."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actions import end_appointment
from cases.access.actions import end_grant, end_person, nominate, suspend_grant
from cases.access.guards import offer_state
from cases.access.models import Grant, Nomination
from cases.documents.actions import share
from cases.register.actions import write_note
from cases.register.models import Case
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.clock import database_now
from portal.notify.models import Heartbeat
from tests import walk
from tests.cast import Cast

HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)
ClientOf = Callable[[Any], Client]


def partner_with(cast: Cast, case: Case, now: datetime, ends_at: datetime) -> Grant:
    """A live grant of the partner with the system card shared; an earlier one of it has ended."""
    grant = walk.partner_grant(cast, case, now, ends_at=ends_at)
    share(document=case.documents.get(kind="system_card"), grant=grant, by=cast.liaison, now=now)
    return grant


@pytest.mark.parametrize("how", ["term", "ended", "suspended", "person", "appointment"])
def test_nothing_opens_again(cast: Cast, now: datetime, client_of: ClientOf, how: str) -> None:
    """However access ended within the hour that comes twice, grant, paper and file stay shut."""
    case, later = walk.agreed(cast, now), now + HOUR
    until = now + (30 * MINUTE if how == "term" else 10 * HOUR)
    grant, partner = partner_with(cast, case, now, until), client_of(cast.partner)
    paper = case.documents.get(kind="system_card")
    paths = [
        reverse("cases:grant", args=[grant.pk]),
        reverse("cases:document", args=[paper.pk]),
        reverse("cases:document_file", args=[paper.pk, 1]),
    ]
    assert [partner.get(path).status_code for path in paths] == [200, 200, 200]
    if how == "ended":
        end_grant(grant=grant, by=cast.officer, now=later)
    elif how == "suspended":
        suspend_grant(grant=grant, by=cast.signatory, now=later)
    elif how == "person":
        end_person(grant=grant, person=cast.partner, by=cast.officer, now=later)
    elif how == "appointment":
        end_appointment(appointment=cast.partner.appointments.get(), by=None, now=later)
    Heartbeat.beat("jobs", later)  # the clock said so, and now says an hour less
    assert database_now() == later
    shut = 404 if how in ("person", "appointment") else 403
    assert [partner.get(path).status_code for path in paths] == [shut, 404, 404]


def test_an_offer_that_lapsed_stays_lapsed(cast: Cast, now: datetime) -> None:
    """By the clock alone, so by one that does not run back."""
    offer = nominate(
        case=walk.agreed(cast, now), partner=cast.partner_org, purpose="p", basis="b", by=cast.lead, now=now,
        starts_at=now + 30 * MINUTE,
    )  # fmt: skip
    Heartbeat.beat("jobs", now + HOUR)
    assert offer_state(Nomination.objects.with_sides().get(pk=offer.pk), database_now()) == "lapsed"


def test_the_log_keeps_its_order(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Entries follow by number though instants of one task run back; what people do stands still, then goes on."""
    case, later = walk.agreed(cast, now), now + HOUR
    write_note(case=case, text="First.", by=cast.officer, now=later)
    write_note(case=case, text="By a task that took its instant before.", by=cast.officer, now=now)
    Heartbeat.beat("jobs", later)
    sent = client_of(cast.officer).post(reverse("cases:note", args=[case.pk]), {"text": "Third."})
    assert sent.status_code == 302
    numbered = list(
        Entry.objects.filter(case_id=case.pk, kind="note.written")
        .order_by("number")
        .values_list("at", flat=True)
    )
    assert numbered == [later, now, later]
    ids = Entry.objects.filter(case_id=case.pk).order_by("number").values_list("id", flat=True)
    assert list(ids) == sorted(ids)
    assert verify().fault is None


def test_a_clock_that_was_a_day_ahead_is_believed_now(cast: Cast, now: datetime) -> None:
    """Over a day it was wrong before: the portal does not stand still for it."""
    Heartbeat.beat("jobs", now + 25 * HOUR)
    assert database_now() - now < HOUR
