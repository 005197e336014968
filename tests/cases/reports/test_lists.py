"""The case list: search, filters, what a stranger finds, cursors that were tampered with."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cases.register.actions import draft_case
from cases.register.models import Case
from tests import walk
from tests.cast import Cast

ClientOf = Callable[[User], Client]


def listed(client_of: ClientOf, person: User, **query: str) -> str:
    """The list page of `person` as text."""
    answer = client_of(person).get(reverse("cases:cases"), query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """A submitted case with a tracking number of its developer's own."""
    return walk.submitted(cast, now, tracking_number="MER-77-ALPHA", model="Corona", version="9.1")


@pytest.mark.parametrize("words", ["MER-77-ALPHA", "mer-77", "corona", "9.1", "corona 77"])
def test_search_finds_by_tracking_number_and_model(
    cast: Cast, case: Case, client_of: ClientOf, words: str
) -> None:
    """Whole or in part, whatever the case of letters, several words together; officer and developer alike."""
    for person in (cast.officer, cast.liaison, cast.auditor):
        assert case.number in listed(client_of, person, q=words)


def test_search_finds_by_case_number(cast: Cast, case: Case, client_of: ClientOf) -> None:
    """The case number too, and words that fit nothing say so."""
    assert case.number in listed(client_of, cast.officer, q=case.number)
    assert "No case that you may see matches." in listed(client_of, cast.officer, q="nothing-like-it")


def test_a_stranger_finds_nothing(cast: Cast, case: Case, client_of: ClientOf) -> None:
    """Another developer's search by the very number answers what a search for nothing answers."""
    for person in (cast.stranger, cast.partner, cast.consultee, cast.admin, cast.org_admin):
        for words in (case.number, case.tracking_number, "corona"):
            page = listed(client_of, person, q=words)
            assert "0 cases that you may see" in page
            assert case.get_absolute_url() not in page


def test_filters_and_junk(cast: Cast, case: Case, client_of: ClientOf) -> None:
    """Stage and origin narrow the list; words outside the choices and unreadable cursors narrow nothing."""
    assert case.number in listed(client_of, cast.officer, stage="received")
    assert case.number not in listed(client_of, cast.officer, stage="access")
    assert case.number in listed(
        client_of, cast.officer, stage="received; drop table", origin="developer_offer"
    )
    for cursor in ("junk", "WyJvbGRlciIsMSwyXQ", "W10", "\x00", "9" * 500):
        assert case.number in listed(client_of, cast.officer, cursor=cursor)
    assert case.number in listed(client_of, cast.officer, q="", developer__email__startswith="x")


def test_a_draft_is_its_developers_alone(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The developer lists its draft; nobody of the agency and no auditor counts it."""
    draft = walk.drafted(cast, now)
    assert draft.number in listed(client_of, cast.liaison)
    for person in (cast.officer, cast.lead, cast.auditor, cast.stranger):
        assert "0 cases" in listed(client_of, person)


def test_pages_hold_fifty_and_lead_on(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Fifty-two cases make two pages; no case is missed or shown twice."""
    for number in range(52):
        draft_case(by=cast.liaison, now=now, tracking_number=f"BARE-{number}")
    first = client_of(cast.liaison).get(reverse("cases:cases")).context["page"]
    assert len(first.items) == 50
    rest = client_of(cast.liaison).get(reverse("cases:cases"), {"cursor": first.older}).context["page"]
    assert len(rest.items) == 2
    assert not rest.older
    assert {c.pk for c in first.items}.isdisjoint(c.pk for c in rest.items)
    back = client_of(cast.liaison).get(reverse("cases:cases"), {"cursor": rest.newer}).context["page"]
    assert [c.pk for c in back.items] == [c.pk for c in first.items]
