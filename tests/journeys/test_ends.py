"""Access ends by itself and at once: a withdrawal on day nine, and a grant's term with no worker running."""

from datetime import datetime, timedelta

import pytest

from cases.access.models import Grant
from cases.documents.actions import share
from cases.register.models import Case
from portal.audit.models import Entry
from portal.kit.clock import database_now
from tests import walk
from tests.cast import Cast, load_people
from tests.journeys.pages import Meet, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DAY = timedelta(days=1)


@pytest.fixture
def cast(now: datetime) -> Cast:
    """Everybody, appointed twelve days ago."""
    return load_people(now - 12 * DAY)


def _shared(cast: Cast, case: Case, grant: Grant, now: datetime) -> str:
    """The address of the system card, shared with a partner's grant."""
    card = case.documents.get(kind="system_card")
    share(document=card, grant=grant, by=cast.liaison, now=now)
    return card.get_absolute_url()


def test_withdrawn_on_day_nine(cast: Cast, now: datetime, meet: Meet) -> None:
    """The signing official withdraws; every grant ends in that transaction, and the partner's open page is shut."""
    opened = now - 9 * DAY + timedelta(hours=1)
    case = walk.granted(cast, opened)
    grant = case.grants.get(kind="partner")
    document = _shared(cast, case, grant, opened)
    partner, evaluator = meet("partner"), meet("evaluator").open(case.get_absolute_url())
    partner.open(grant.get_absolute_url()).says("Documents shared with you 1").open(document)
    signatory = meet("signatory").open(case.get_absolute_url()).more().follow("Withdraw the case")
    signatory.says("What ends, at once", "2 grants", "You give no reason, and nobody acknowledges it.")
    signatory.press("Withdraw the case", status=422).says("Mark the box to withdraw")
    signatory.tick("I have read what ends").press("Withdraw the case").says(
        "is withdrawn. Every grant has ended."
    )
    _at_one_stroke(case)
    partner.follow("Download version 1", status=404)
    partner.open(document, status=404).open(grant.get_absolute_url(), status=403).says("This grant ended at")
    partner.hides("Meridian system card").follow("File the certificate").says(
        "Return or destruction certificate"
    )
    evaluator.follow("Meridian system card").says("its documents are open to the records officer alone")
    assert not evaluator.page.locator("main a[href*='/versions/']").count()


def _at_one_stroke(case: Case) -> None:
    """Both grants, the window and the case ended in one request, at one instant."""
    ended = Entry.objects.filter(case_id=case.pk, kind__in=("grant.ended", "window.cut", "case.withdrawn"))
    assert len(ended) == 4
    assert len({(entry.at, entry.request_id) for entry in ended}) == 1
    assert set(case.grants.values_list("end_reason", "ended_at")) == {("withdrawn", ended[0].at)}


def test_a_term_is_reached_to_the_second_without_a_worker(cast: Cast, now: datetime, meet: Meet) -> None:
    """Neither worker nor beat runs: the last page given was asked for before the end, the first refusal after it."""
    case = walk.agreed(cast, now)
    ends = database_now().replace(microsecond=0) + timedelta(seconds=8)
    grant = walk.partner_grant(cast, case, now, ends_at=ends)
    document = _shared(cast, case, grant, now)
    partner = meet("partner").open(grant.get_absolute_url()).says("Documents shared with you 1")
    assert _first_refusal(partner, ends) == 403
    partner.look(403).says("This grant ended at").open(document, status=404)
    grant.refresh_from_db()
    assert grant.ended_at is None  # nothing has run


def _first_refusal(partner: Visitor, ends: datetime) -> int:
    """Ask for the open page again and again until it is refused; the status of that."""
    while True:
        asked = database_now()
        answer = partner.page.reload()
        assert answer is not None
        if answer.status != 200:
            assert database_now() >= ends
            return answer.status
        assert asked < ends
