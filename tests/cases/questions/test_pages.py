"""The pages of questions: what each person is shown, bad input, double clicks, stale forms, what is new, the cost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from cases.questions import guards
from cases.questions.actions import answer, ask, mark_seen, write_message
from cases.questions.models import Question
from cases.register.models import Case
from cases.rules.window import EASTERN
from portal.audit.models import Entry
from portal.kit.clock import database_now
from tests import walk
from tests.cast import Cast, load_people

HOUR = timedelta(hours=1)
MISSING = "00000000-0000-4000-8000-000000000000"
ClientOf = Callable[[User], Client]


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """Benchmarking on documents alone."""
    return walk.benchmarking(cast, now)


def typed(now: datetime, **changes: Any) -> dict[str, Any]:
    """A new thread as a browser sends it."""
    due_at = (guards.earliest_due(now) + HOUR).astimezone(EASTERN).strftime("%Y-%m-%dT%H:%M")
    words = {"subject": "dates", "title": "Title-canary", "text": "Question-canary?", "wants": "yes_no"}
    return {**words, "due_at": due_at, **changes}


def url(name: str, question: Question) -> str:
    """The address of a step."""
    return reverse(f"cases:question_{name}", args=[question.pk])


def text_of(client: Client, address: str, status: int = 200) -> str:
    """The page's text, after checking its status."""
    got = client.get(address)
    assert got.status_code == status, got.content[:600]
    return got.content.decode()


def test_asked_and_answered_in_the_browser(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """Bad input said beside its field, a double click, a stale form, each page to its readers, the end."""
    officer, liaison, auditor = (client_of(cast.people[key]) for key in ("officer", "liaison", "auditor"))
    new = reverse("cases:question_new", args=[case.pk])
    assert new in text_of(officer, case.get_absolute_url())
    early = now.astimezone(EASTERN).strftime("%Y-%m-%dT%H:%M")
    for wrong, said in (
        ({"due_at": early}, "one business day at least"),
        ({"due_at": "9999-12-31T23:59"}, ""),
        ({"wants": "money"}, "money is not one of the available choices."),
        ({"title": ""}, "Fill this in"),
        ({"subject": ""}, "Choose one."),
    ):
        got = officer.post(new, typed(now, **wrong))
        assert got.status_code == 422, wrong
        assert said in got.content.decode(), wrong
    assert officer.post(new, typed(now)).status_code == 302
    assert officer.post(new, typed(now)).status_code == 409
    question = Question.objects.select_related("thread").get()
    page = question.thread.get_absolute_url()
    assert url("answer", question) in text_of(liaison, "/")
    for shown in ("Title-canary", "Question-canary?", "no consequence if later"):
        assert shown in text_of(liaison, page)
    for hidden in ("Title-canary", "Question-canary?"):
        assert hidden not in text_of(auditor, page)
        assert hidden not in text_of(auditor, case.get_absolute_url())
    form = {"text": "Answer-canary", "whole": "whole", "revision": 0}
    unsaid = liaison.post(url("answer", question), form)
    assert unsaid.status_code == 422
    assert "Choose yes or no." in unsaid.content.decode()
    foreign = walk.acknowledged(cast, now).documents.order_by("created_at")[0]
    for wrong_paper in (foreign.pk, MISSING, "x"):
        got = liaison.post(url("answer", question), {**form, "yes": "yes", "documents": [wrong_paper]})
        assert got.status_code == 422
        assert "not among what you see" in got.content.decode()
    part = {**form, "whole": "part", "documents": [case.documents.get(kind="system_card").pk]}
    assert liaison.post(url("answer", question), part).status_code == 302
    stale = liaison.post(url("answer", question), {**form, "yes": "yes"})
    assert stale.status_code == 409
    assert 'name="revision" value="1"' in stale.content.decode()
    assert liaison.post(url("answer", question), {**form, "yes": "yes", "revision": 1}).status_code == 302
    assert liaison.post(url("answer", question), {**form, "yes": "yes", "revision": 2}).status_code == 409
    assert liaison.get(url("answer", question)).status_code == 409
    assert page in text_of(officer, "/")
    for shown in ("Answer-canary", "Meridian system card"):
        assert shown in text_of(officer, page)
        assert shown not in text_of(auditor, page)
    assert officer.post(url("close", question), {"revision": 2}).status_code == 422
    assert officer.post(url("close", question), {"revision": 2, "confirmed": "on"}).status_code == 302
    assert officer.post(url("take_back", question), {"revision": 3, "confirmed": "on"}).status_code == 409
    assert page not in text_of(officer, "/")


def test_what_is_new_is_marked_until_it_is_seen(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """Nothing before the first mark; then what others add, in questions, documents and history; a bad form is 409."""
    liaison, address = client_of(cast.liaison), case.get_absolute_url()
    seen = reverse("cases:case_seen", args=[case.pk])
    question = walk.question(cast, case, now - HOUR)
    assert ">new<" not in text_of(liaison, address)
    mark_seen(case=case, until=now, by=cast.liaison, now=now)
    assert "Nothing new since" in text_of(liaison, address)
    later = now + timedelta(seconds=1)
    write_message(question=question, text="Any news?", by=cast.officer, now=later)
    walk.paper(case, cast.officer, later, "security_plan", title="Plan")
    answer(question=question, text="Own words are not new.", by=cast.liaison, now=later)
    page = text_of(liaison, address)
    for shown in ('#questions">Questions</a> 1', '#documents">Documents</a> 1', '#history">History</a> 3'):
        assert shown in page, shown
    assert page.count(">new<") == 5
    assert text_of(liaison, question.thread.get_absolute_url()).count(">new<") == 1
    assert ">new<" not in text_of(client_of(cast.signatory), address)
    for wrong in ("", "yesterday", "2999-01-01T00:00:00+00:00"):
        assert liaison.post(seen, {"until": wrong}).status_code == 409, wrong
    until = (database_now() - timedelta(milliseconds=1)).isoformat()
    assert liaison.post(seen, {"until": until}).status_code == 302
    assert client_of(cast.stranger).post(seen, {"until": until}).status_code == 404
    assert liaison.get(seen).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_two_answer_at_once() -> None:
    """The liaison and the signing official, over real connections: one answer, one conflict, every time."""
    now = database_now()
    cast = load_people(now - HOUR)
    case = walk.benchmarking(cast, now)
    clients = []
    for person in (cast.liaison, cast.signatory):
        clients.append(Client())
        clients[-1].force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    barrier = Barrier(2)

    def post(client: Client, address: str) -> int:
        try:
            barrier.wait(timeout=20)
            return client.post(address, {"text": "Ours.", "whole": "whole", "revision": 0}).status_code
        finally:
            connections.close_all()

    for _ in range(5):
        question = walk.question(cast, case, now)
        with ThreadPoolExecutor(2) as pool:
            got = sorted(pool.map(post, clients, [url("answer", question)] * 2))
        assert got == [302, 409]
        assert question.messages.count() == 1
    assert Entry.objects.filter(kind="question.answered").count() == 5


def _cost(client: Client, address: str) -> int:
    text_of(client, address)
    with CaptureQueriesContext(connection) as counted:
        text_of(client, address)
    return len(counted)


def test_pages_cost_the_same_for_one_and_many(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """The thread with ten questions and twenty answers, the case and the homes with ten threads."""
    question = walk.question(cast, case, now)
    thread = question.thread.get_absolute_url()
    pages = [
        (client_of(cast.people[key]), address)
        for key in ("liaison", "officer")
        for address in (thread, case.get_absolute_url(), "/")
    ]
    answer(question=question, text="One", by=cast.liaison, now=now)
    walk.question(cast, case, now)
    before = [_cost(*page) for page in pages]
    for number in range(9):
        more = ask(thread=question.thread, text=f"And {number}?", wants="text", by=cast.officer, now=now)
        for said in ("One", "Two"):
            answer(question=more, text=said, whole=said == "Two", by=cast.liaison, now=now)
        walk.question(cast, case, now)
    assert [_cost(*page) for page in pages] == before
