"""Attack row 72 as a table: terms that would give more than thirty days, or time that is not there.

The hours are typed into the forms, in US Eastern, as a person would; the year is a leap year far ahead.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from cases.access.models import Agreement, Grant
from cases.register.actions import state_release
from cases.register.models import Case
from cases.rules.window import EASTERN
from portal.kit.refusal import Refused
from tests import walk
from tests.cast import Cast

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
ClientOf = Callable[[Any], Client]


def eastern(typed: str) -> datetime:
    """An hour by the wall in New York."""
    return datetime.fromisoformat(typed).replace(tzinfo=EASTERN).astimezone(UTC)


TAKEN: Final = ""
LIMIT: Final = "the limit is 30 days"
SKIPPED: Final = "The clocks skip this hour on that day."
ZONED: Final = "Give the hour in US Eastern time, without an offset or a zone."
NO_DATE: Final = "Enter a valid date/time."
# opening, close, and what is said; the developer's planned release stands at the close, where that is an hour at all
WINDOWS: Final = {
    "thirty days in winter": ("2032-01-10T12:00", "2032-02-09T12:00", TAKEN),
    "a minute more": ("2032-01-10T11:59", "2032-02-09T12:00", LIMIT),
    "thirty days with 29 February": ("2032-02-10T12:00", "2032-03-11T12:00", TAKEN),
    "29 February as if it were none": ("2032-02-10T12:00", "2032-03-12T12:00", LIMIT),
    "29 February of a year without it": ("2033-02-10T12:00", "2033-02-29T12:00", NO_DATE),
    "30 February": ("2032-02-10T12:00", "2032-02-30T12:00", NO_DATE),
    "by the wall over the night that lacks an hour": ("2032-03-01T12:00", "2032-03-31T12:00", TAKEN),
    "that hour made up for": ("2032-03-01T12:00", "2032-03-31T13:00", TAKEN),
    "an hour more than that": ("2032-03-01T12:00", "2032-03-31T14:00", LIMIT),
    "an hour that is skipped": ("2032-03-14T02:30", "2032-03-31T12:00", SKIPPED),
    "by the wall over the night that has an hour twice": ("2032-10-20T12:00", "2032-11-19T12:00", LIMIT),
    "that hour left out": ("2032-10-20T12:00", "2032-11-19T11:00", TAKEN),
    "to the first of two equal hours": ("2032-10-08T01:30", "2032-11-07T01:30", TAKEN),
    "with an offset": ("2032-01-10T12:00+09:00", "2032-02-09T12:00", ZONED),
    "in UTC": ("2032-01-10T12:00", "2032-02-09T12:00Z", ZONED),
    "the end before the opening": ("2032-02-09T12:00", "2032-01-10T12:00", "would end before it opens"),
    "no time at all": ("2032-01-10T12:00", "2032-01-10T12:00", "would end before it opens"),
    "in the past": ("2020-01-10T12:00", "2032-01-20T12:00", "would open in the past"),
    "far away": ("2032-01-10T12:00", "12032-01-20T12:00", NO_DATE),
}


def test_windows_as_typed(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """What is taken lasts what it says in UTC; what is not gets its sentence, and nothing is drafted."""
    case, officer = (
        walk.acknowledged(cast, now, release_at=eastern("2032-01-10T00:00")),
        client_of(cast.officer),
    )
    walk.attested(cast, case, now)
    wrong = []
    for place, (name, (opens, closes, said)) in enumerate(WINDOWS.items(), start=1):
        if closes[:5] == "2032-" and said not in (NO_DATE, ZONED):
            at = now + place * SECOND
            state_release(
                case=case,
                kind="general_release",
                state="planned",
                at=eastern(closes),
                by=cast.liaison,
                now=at,
            )
        drafted = _draft(officer, case, opens, closes)
        newest = case.agreements.order_by("-number").first()
        if said == TAKEN and drafted.status_code == 302 and newest is not None:
            length = newest.closes_at - newest.opens_at
            if (newest.opens_at, newest.closes_at) != (
                eastern(opens),
                eastern(closes),
            ) or length > 720 * HOUR:
                wrong.append(f"{name}: {newest.opens_at} to {newest.closes_at}")
        elif drafted.status_code == 302 or said == TAKEN or said not in drafted.content.decode():
            wrong.append(f"{name}: {drafted.status_code}")
    assert not wrong, "\n".join(wrong)
    assert case.agreements.count() == sum(said == TAKEN for *_, said in WINDOWS.values())


def _draft(client: Client, case: Case, opens: str, closes: str) -> Any:
    path = reverse("cases:agreement_new", args=[case.pk])
    start = {key: value or "" for key, value in client.get(path).context["form"].initial.items()}
    terms = {"anchor": "general_release", "scope": "x", "safeguards": ["isolation"], "people": cast_names()}
    return client.post(path, {**start, **terms, "opens_at": opens, "closes_at": closes})


def cast_names() -> str:
    """Whom the agreement lists."""
    return "Eve Nakamura\nEdwin Cole"


INSIDE: Final = "must lie inside one access window"
# start and end in hours from now (None: left out), and what is said; the window is open from now for twenty days
GRANTS: Final = {
    "to the window's end": (None, 480.0, TAKEN),
    "later, to the window's end": (24.0, 480.0, TAKEN),
    "a minute past the window": (None, 480 + 1 / 60, INSIDE),
    "thirty days and an hour": (None, 721.0, "All grants end at general release"),
    "a year": (None, 8760.0, "All grants end at general release"),
    "a start in the past": (-1.0, 24.0, "would start in the past"),
    "an end before the start": (48.0, 24.0, "would end before it starts"),
    "no time at all": (24.0, 24.0, "would end before it starts"),
    "an end in the past": (None, -1.0, "would have ended already"),
}


def test_grants_as_asked(cast: Cast, now: datetime) -> None:
    """To the second, whoever is to hold it."""
    case = walk.agreed(cast, now)
    offer = walk.nominated(cast, case, now)
    wrong = []
    for name, (start, end, said) in GRANTS.items():
        span = {"ends_at": now + end * HOUR, "starts_at": None if start is None else now + start * HOUR}
        for held in ("office", "partner"):
            try:
                if held == "office":
                    walk.office_grant(cast, case, now, **span)
                elif said != TAKEN:
                    walk.partner_grant(cast, case, now, nomination=offer, **span)
                got = TAKEN
            except Refused as refused:
                got = refused.sentence
            if said not in got or (got and not said):
                wrong.append(f"{name}, {held}: {got}")
    assert not wrong, "\n".join(wrong)
    assert Grant.objects.count() == sum(said == TAKEN for *_, said in GRANTS.values())


def test_no_door_makes_a_term_longer(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """An end sent to every form of a grant moves nothing; a second grant, an amendment, a later release neither."""
    case = walk.granted(cast, now)
    clients = [
        client_of(person) for person in (cast.officer, cast.lead, cast.signatory, cast.liaison, cast.partner)
    ]
    ends = dict(case.grants.values_list("pk", "span"))
    late = f"{(now + 24 * DAY).astimezone(EASTERN):%Y-%m-%dT%H:%M}"
    sent = {
        "ends_at": late,
        "starts_at": "",
        "span": late,
        "span_1": late,
        "closes_at": late,
        "confirmed": "on",
    }
    names = [
        one.name for one in get_resolver("cases.access.urls").url_patterns if "grant_id" in str(one.pattern)
    ]
    paths = [
        reverse(f"cases:{name}", args=[grant])
        for name in names
        if name not in ("grant_end", "grant_person_end")
        for grant in ends
    ]
    assert len(paths) > 10
    for client in clients:
        for path in paths:
            client.post(path, sent)
    at = now + DAY
    state_release(
        case=case, kind="general_release", state="planned", at=now + 31 * DAY, by=cast.liaison, now=at
    )
    with pytest.raises(Refused, match="inside one access window"):
        walk.office_grant(cast, case, at, ends_at=now + 21 * DAY)
    walk.amended(cast, case, at, opens_at=at, closes_at=now + 30 * DAY)
    assert dict(case.grants.values_list("pk", "span")) == ends
    with pytest.raises(Refused, match="28 days 23 hours are left"):  # a day and an hour are used
        walk.agreement(cast, case, at + HOUR, opens_at=at + HOUR, closes_at=at + 30 * DAY)
    assert Agreement.objects.filter(case=case).count() == 2
