"""A question of the agency in the browser: asked, answered with a document, read as new, closed."""

from datetime import datetime

import pytest

from tests import walk
from tests.cast import Cast
from tests.journeys.pages import Meet

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_question_from_asking_to_its_end(cast: Cast, now: datetime, meet: Meet) -> None:
    """The officer asks, the liaison answers with a paper and writes once more, the officer finds it new and closes."""
    case = walk.benchmarking(cast, now)
    page = case.get_absolute_url()
    officer = meet("officer").open(page).press("Mark as seen").says("Marked as seen")
    officer.follow("Ask the developer").tick("Safeguards").fill(
        Title="Filters", Question="Which filters run?"
    )
    officer.tick("One or more documents").press("Ask the question").says(
        "The question is asked", "waits for an answer"
    )
    liaison = meet("liaison").open("/").says("no consequence if later").follow("Answer a question")
    liaison.says("Which filters run?").press("Send the answer", status=422).says("Choose a document.")
    liaison.tick("System card: Meridian system card").fill(Note="See page 2.").press("Send the answer")
    liaison.says("The answer is sent.", "See page 2.", "Meridian system card").follow("Write a message")
    liaison.fill(Message="Page 3, rather.").press("Send the message").says("Page 3, rather.")
    officer.open(page).says("new").follow("Filters").says("Page 3, rather.", "new")
    officer.follow("Close as answered").tick("I have read").press("Close as answered").says(
        "answered, closed"
    )
    meet("auditor").open(page).follow("Thread 1").says("not open to you here").hides(
        "Which filters run?", "Page 3"
    )
