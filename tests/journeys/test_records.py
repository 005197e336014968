"""The records officer in the browser: a legal hold, a FOIA request with its notice, the developer's objection."""

from datetime import datetime

import pytest

from tests import walk
from tests.cast import Cast
from tests.journeys.pages import Meet

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_records_of_a_case(cast: Cast, now: datetime, meet: Meet) -> None:
    """Placed from the case page, requested, noticed, objected to; the desk lists what is open."""
    case = walk.benchmarking(cast, now)
    officer = meet("records").open(case.get_absolute_url()).follow("Records of this case")
    officer.follow("Place a legal hold").fill(
        Matter="Inquiry 7", Authority="Letter", Reason="Everything is kept."
    )
    officer.press("Place the legal hold").says("The legal hold is placed.", "Inquiry 7", "in force")
    officer.follow("Record a FOIA request").fill(
        Request_number="F-2026-1", Records_asked_for="The system card."
    )
    officer.tick("System card").press("Record the request").says("The developer is not told yet.").follow(
        "F-2026-1"
    )
    officer.follow("Send the submitter notice").tick("I send the notice").press("Send the notice").says(
        "notice sent"
    )
    liaison = meet("liaison").open("/").follow("Answer a submitter notice").tick("We object to the release")
    liaison.fill(Why_it_should_not_be_released="It tells of prices.", Pages="2-4").press("Send the answer")
    liaison.says("Objects to the release", "It tells of prices.").hides("Inquiry 7")
    officer.open("/").follow("Records", among="nav").says(
        "objection received", "Inquiry 7", "Disposal is off"
    )
