"""Clocks: thirty days are 720 hours of UTC; the database's clock alone says what is over, to the second."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from cases.access.actions import issue_grant
from cases.access.models import Grant
from cases.access.queries import grant_list, shared_documents
from cases.documents.actions import open_version, share
from cases.documents.models import Document
from cases.rules import window
from portal.celery import WORKER_SEEN
from portal.kit.refusal import Refused
from tests import walk
from tests.cast import Cast

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
ClientOf = Callable[[Any], Client]


@pytest.mark.parametrize(
    ("opens", "hours"),
    [
        ((2026, 10, 20, 1, 30), 721),  # the night of 1 November 2026 has an hour twice
        ((2027, 3, 1, 2, 15), 719),  # that of 14 March 2027 lacks one
        ((2028, 2, 10, 12, 0), 720),  # 29 February 2028 is a day like others
        ((2026, 12, 15, 23, 59), 720),  # over the year's end
    ],
)
def test_thirty_days_are_720_hours_wherever_the_wall_clock_jumps(opens: tuple[int, ...], hours: int) -> None:
    """Thirty days by the wall in New York may be an hour more or less; the law counts hours of UTC."""
    start = datetime(*opens, tzinfo=window.EASTERN)  # type: ignore[misc,arg-type]
    wall = (start + 30 * DAY).astimezone(UTC)  # arithmetic by the wall
    start = start.astimezone(UTC)
    assert wall - start == hours * HOUR
    refused = window.period_refusal(window.Span(start, wall), wall, [])
    assert (refused is None) is (hours <= 720)
    end = start + 720 * HOUR
    assert window.period_refusal(window.Span(start, end), end, []) is None
    assert window.period_refusal(window.Span(start - SECOND, end), end, []) is not None
    assert window.total([window.Span(start, end)]) == window.LIMIT
    assert ("EST" in window.instant(start)) or ("EDT" in window.instant(start))


def test_the_last_second_of_thirty_days(cast: Cast, now: datetime) -> None:
    """One second before the end: in the list, the search, the file. At it and after it: nowhere."""
    case = walk.acknowledged(cast, now, release_at=now + 30 * DAY)
    case = walk.sign_both(cast, walk.agreement(cast, case, now, closes_at=now + 30 * DAY), now)
    grant = walk.partner_grant(cast, case, now, ends_at=now + 30 * DAY)
    paper = case.documents.get(kind="system_card")
    share(document=paper, grant=grant, by=cast.liaison, now=now)
    version = paper.versions.get()
    for at, open_ in ((30 * DAY - SECOND, True), (30 * DAY, False), (30 * DAY + SECOND, False)):
        then = now + at
        assert Grant.objects.live(then).filter(pk=grant.pk).exists() is open_
        assert (grant.state_at(then) == "active") is open_
        assert shared_documents(grant, cast.partner, then).exists() is open_
        assert Document.objects.visible_to(cast.partner, then).filter(pk=paper.pk).exists() is open_
        assert Document.objects.openable_by(cast.partner, then).exists() is open_
        states = {row.state_at(then) for row in grant_list(cast.partner, then, "").items}
        assert states == ({"active"} if open_ else {"ended"})
        if open_:  # listed here, opened a second later: the open is asked anew
            open_version(version=version, by=cast.partner, now=then).close()
        else:
            with pytest.raises(Refused):
                open_version(version=version, by=cast.partner, now=then)
    with pytest.raises(Refused, match="ended already"):
        walk.office_grant(
            cast, case, now + 30 * DAY, ends_at=now + 30 * DAY - SECOND, starts_at=now + 30 * DAY
        )


@pytest.mark.parametrize("skew", [-10, 10])
def test_a_skewed_web_clock_decides_nothing(
    cast: Cast, now: datetime, client_of: ClientOf, skew: int
) -> None:
    """Ten minutes wrong either way: the grant that ends in five minutes is open, the one that ended is not."""
    began = now - timedelta(minutes=50)
    case = walk.agreed(cast, began)
    offer = walk.nominated(cast, case, began)
    minutes = timedelta(minutes=5)
    values = {
        "case": case, "organisation": cast.partner_org, "people": [cast.partner], "mode": "developer_api",
        "tasks_allowed": "x", "nomination": offer, "by": cast.officer,
    }  # fmt: skip
    over = issue_grant(now=began, ends_at=now - minutes, **values)
    live = issue_grant(now=now - minutes / 2, ends_at=now + minutes, **values)
    client = client_of(cast.partner)
    with time_machine.travel(now + timedelta(minutes=skew), tick=True):
        assert client.get(reverse("cases:grant", args=[over.pk])).status_code == 403
        assert client.get(reverse("cases:grant", args=[live.pk])).status_code == 200
        said = Client().get("/health/").json()["clock"]
    assert said.startswith("this machine's clock differs")
    assert abs(int(said.split("by ")[1].split()[0]) - skew * 60) < 50
    cache.set(WORKER_SEEN, (now + timedelta(minutes=skew)).timestamp(), 20)
    assert Client().get("/health/").json()["clock"].startswith("the worker's clock differs")
    cache.delete(WORKER_SEEN)
    assert Client().get("/health/").json()["clock"] == "ok"
