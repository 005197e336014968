"""Questions: who asks, answers and reads; the hour without consequence; what the database keeps; what is new."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from cases.questions import guards, queries
from cases.questions.actions import (
    answer,
    ask,
    close_question,
    decline,
    mark_seen,
    open_thread,
    take_back,
    write_message,
)
from cases.questions.models import LastSeen, Question, QuestionThread
from cases.register.actions import move_case, open_government_case, recuse
from cases.register.models import Case
from cases.reports import history
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.refusal import Refused
from portal.notify.models import Notice
from tests import walk
from tests.cast import Cast

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ASKING = {"officer", "evaluator"}
ANSWERING = {"liaison", "signatory"}
SEEING = ASKING | ANSWERING | {"lead", "official", "security", "records", "auditor"}


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """Benchmarking on documents alone."""
    return walk.benchmarking(cast, now)


def done_by(cast: Cast, act: Callable[[User], object]) -> set[str]:
    """The people of the cast who may."""
    found = set()
    for key, person in cast.people.items():
        try:
            with transaction.atomic():
                act(person)
                transaction.set_rollback(True)
        except Refused:
            continue
        found.add(key)
    return found


def test_who_asks_answers_and_ends(cast: Cast, case: Case, now: datetime) -> None:
    """The case officer and the assigned evaluator ask and end, the developer's two answer; both sides write."""
    question = walk.question(cast, case, now)
    thread, words = question.thread, {"text": "Said.", "now": now}
    acts: dict[str, tuple[Callable[[User], object], set[str]]] = {
        "open": (lambda by: walk.question(cast, case, now, by), ASKING),
        "ask": (lambda by: ask(thread=thread, wants="date", by=by, **words), ASKING),
        "answer": (lambda by: answer(question=question, by=by, **words), ANSWERING),
        "part": (lambda by: answer(question=question, by=by, whole=False, **words), ANSWERING),
        "decline": (lambda by: decline(question=question, by=by, now=now), ANSWERING),
        "write": (lambda by: write_message(question=question, by=by, **words), ASKING | ANSWERING),
        "take back": (lambda by: take_back(question=question, by=by, now=now), ASKING),
    }
    assert {name: done_by(cast, act) for name, (act, _) in acts.items()} == {
        name: who for name, (_, who) in acts.items()
    }
    answer(question=question, by=cast.liaison, **words)
    assert done_by(cast, lambda by: close_question(question=question, by=by, now=now)) == ASKING


def test_who_sees_and_reads(cast: Cast, case: Case, now: datetime) -> None:
    """Both sides and the auditor see the thread; who is recused does not; content reads as changed to the auditor."""
    question = walk.question(cast, case, now, title="Title-canary")
    answer(question=question, text="Answer-canary", by=cast.liaison, now=now)
    seen = {
        key
        for key, person in cast.people.items()
        if QuestionThread.objects.visible_to(person, now).filter(pk=question.thread_id).exists()
    }
    assert seen == SEEING
    assert seen == {
        key
        for key, person in cast.people.items()
        if Question.objects.visible_to(person, now).filter(pk=question.pk).exists()
    }
    told = {}
    for key in SEEING:
        person = cast.people[key]
        shown = history.lines(list(history.entries(case, person, now, "questions")), person, case, now)
        assert len(shown) == 2, key
        told[key] = "canary" in str([line.changes for line in shown])
    assert {key for key, reads in told.items() if reads} == SEEING - {"security", "records", "auditor"}
    recuse(case=case, person=cast.official, reason="Shares.", by=cast.lead, now=now)
    assert not QuestionThread.objects.visible_to(cast.official, now).exists()
    move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    late = Case.objects.get(pk=case.pk)
    for key, reads in (("records", True), ("officer", False), ("liaison", False)):
        thread = QuestionThread.objects.visible_to(cast.people[key], now).select_related("case").get()
        assert queries.page(thread, cast.people[key], now)["reads"] is reads, key
    assert queries.waiting(cast.officer, now) == []
    for act in (
        lambda: walk.question(cast, late, now),
        lambda: answer(question=question, text="x", by=cast.liaison, now=now),
        lambda: write_message(question=question, text="x", by=cast.officer, now=now),
    ):
        with pytest.raises(Refused, match="has ended") as refused:
            act()
        assert refused.value.conflict


def test_the_hour_asks_and_presses_nobody(cast: Cast, case: Case, now: datetime) -> None:
    """Three business days by the policy, one at least; late is told to the agency alone, and nothing else changes."""
    friday = datetime(2027, 1, 15, 15, tzinfo=UTC)  # Monday the 18th is a federal holiday
    assert guards.earliest_due(friday) == datetime(2027, 1, 19, 22, tzinfo=UTC)
    question = walk.question(cast, case, now)
    assert question.due_at > now + 2 * DAY
    with pytest.raises(Refused, match="one business day at least"):
        walk.question(cast, case, now, due_at=guards.earliest_due(now) - timedelta(minutes=1))
    later = walk.question(cast, case, now, due_at=guards.earliest_due(now) + 30 * DAY)
    assert later.due_at == guards.earliest_due(now) + 30 * DAY
    after, entries = question.due_at + HOUR, Entry.objects.count()
    (first, second) = queries.waiting(cast.liaison, after)
    assert (first.verb, first.until, second.until) == ("Answer a question", question.due_at, later.due_at)
    assert "no consequence if later" in first.detail
    thread = QuestionThread.objects.select_related("case").get(pk=question.thread_id)
    assert [queries.page(thread, cast.people[key], after)["asked"][0].late for key in ("officer", "liaison")] == [
        True, False,
    ]  # fmt: skip
    assert Entry.objects.count() == entries
    answer(question=question, text="Late and welcome.", by=cast.signatory, now=after)
    assert [one.verb for one in queries.waiting(cast.evaluator, after)] == ["Read an answer"]
    assert {one.url for one in queries.waiting(cast.liaison, after)} == {second.url}


@pytest.mark.parametrize(
    ("wants", "lacking", "whole"),
    [
        ("text", {"on": date(2027, 1, 4)}, {"text": "Two."}),
        ("date", {"text": "Soon."}, {"on": date(2027, 1, 4)}),
        ("yes_no", {"text": "Perhaps."}, {"yes": False}),
        ("document", {"text": "See there."}, {"documents": True}),
    ],
)
def test_an_answer_is_of_the_kind_asked_for(
    cast: Cast, case: Case, now: datetime, wants: str, lacking: dict[str, Any], whole: dict[str, Any]
) -> None:
    """A part may be anything; a whole one has what the question asks for; documents are one's own, of the case."""
    question = walk.question(cast, case, now, wants=wants)
    with pytest.raises(Refused, match="say that you do not answer"):
        answer(question=question, by=cast.liaison, now=now, **lacking)
    with pytest.raises(Refused, match="Write something"):
        answer(question=question, by=cast.liaison, now=now, whole=False)
    answer(question=question, by=cast.liaison, now=now, whole=False, **lacking)
    assert Question.objects.get(pk=question.pk).answered_as == "part"
    agency = walk.paper(case, cast.officer, now, "security_plan", title="Of the agency")
    for wrong in (agency, walk.acknowledged(cast, now).documents.order_by("created_at")[0]):
        with pytest.raises(Refused, match="your own documents"):
            answer(question=question, by=cast.liaison, now=now, text="x", documents=[wrong], whole=False)
    said = {**whole, "documents": [case.documents.get(kind="system_card")]} if wants == "document" else whole
    answer(question=question, by=cast.liaison, now=now, **said)
    assert Question.objects.get(pk=question.pk).answered_at == now
    with pytest.raises(Refused, match="answered already") as refused:
        answer(question=question, by=cast.signatory, now=now, **said)
    assert refused.value.conflict


def test_a_question_not_answered_follows_up_and_ends(cast: Cast, case: Case, now: datetime) -> None:
    """Declined without a reason and answered after all; a further question; closed and taken back, each for good."""
    question = walk.question(cast, case, now)
    with pytest.raises(Refused, match="said nothing"):
        close_question(question=question, by=cast.officer, now=now)
    decline(question=question, by=cast.liaison, now=now)
    with pytest.raises(Refused, match="said already"):
        decline(question=question, by=cast.signatory, now=now)
    answer(question=question, text="After all.", by=cast.liaison, now=now)
    with pytest.raises(Refused, match="Close the question as answered instead"):
        take_back(question=question, by=cast.officer, now=now)
    stale = question.revision
    with pytest.raises(Refused, match="Someone changed this question"):
        close_question(question=question, by=cast.officer, now=now, revision=stale)
    close_question(question=question, by=cast.officer, now=now)
    for act in (close_question, take_back):
        with pytest.raises(Refused, match="closed as answered already"):
            act(question=question, by=cast.officer, now=now)
    with pytest.raises(Refused, match="is closed"):
        answer(question=question, text="More.", by=cast.liaison, now=now)
    write_message(question=question, text="A correction.", by=cast.liaison, now=now)
    follow = ask(thread=question.thread, text="And since when?", wants="date", by=cast.evaluator, now=now)
    assert (follow.number, follow.thread_id) == (2, question.thread_id)
    with pytest.raises(Refused, match="asked this already"):
        ask(thread=question.thread, text="And since when?", wants="date", by=cast.evaluator, now=now)
    with pytest.raises(Refused, match="asked this already"):
        open_thread(case=case, subject="other", title=question.thread.title, text=question.text, wants="text",
                    by=cast.officer, now=now)  # fmt: skip
    take_back(question=follow, by=cast.officer, now=now)
    with pytest.raises(Refused, match="taken back"):
        write_message(question=follow, text="Why?", by=cast.liaison, now=now)
    assert {one.ended_as for one in question.thread.questions.all()} == {"closed", "taken_back"}
    assert verify().fault is None


def test_what_does_not_reach_the_developer_is_not_asked(cast: Cast, now: datetime) -> None:
    """A case the government opened, before it is disclosed; nobody of the developer is told of anything."""
    hidden = open_government_case(
        by=cast.lead, now=now, developer=cast.developer, model="Meridian", version="9"
    )
    before = Notice.objects.filter(recipient=cast.liaison).count()
    with pytest.raises(Refused, match="does not know of this case") as refused:
        walk.question(cast, hidden, now)
    assert refused.value.conflict
    assert Notice.objects.filter(recipient=cast.liaison).count() == before


def test_who_is_told(cast: Cast, case: Case, now: datetime) -> None:
    """The other side hears that there is something, by kind and ids alone."""
    question = walk.question(cast, case, now)
    answer(question=question, text="Yes.", by=cast.signatory, now=now)
    told = {
        kind: set(Notice.objects.filter(kind=kind).values_list("recipient__name", flat=True))
        for kind in ("question.asked", "question.answered")
    }
    assert told["question.asked"] == {cast.liaison.name, cast.signatory.name}
    assert told["question.answered"] == {cast.officer.name, cast.evaluator.name}


def test_what_the_database_refuses_by_itself(cast: Cast, case: Case, now: datetime) -> None:
    """What was asked and said stays; an end is an end; documents of another case; closed without an answer."""
    question, other = walk.question(cast, case, now), walk.acknowledged(cast, now)
    said = answer(question=question, text="Yes.", by=cast.liaison, now=now)
    back = walk.question(cast, case, now)
    take_back(question=back, by=cast.officer, now=now)
    foreign = other.documents.order_by("created_at", "pk")[0]
    for sql in (
        f"UPDATE cases_question SET text = 'x' WHERE id = '{question.pk}'",
        f"UPDATE cases_question SET due_at = due_at + interval '1 day' WHERE id = '{question.pk}'",
        f"UPDATE cases_question SET ended_at = NULL, ended_by_id = NULL, ended_as = '' WHERE id = '{back.pk}'",
        f"UPDATE cases_questionmessage SET text = 'x' WHERE id = '{said.pk}'",
        f"UPDATE cases_questionthread SET title = 'x' WHERE id = '{question.thread_id}'",
        "INSERT INTO cases_questiondocument (id, message_id, document_id, attached_at) VALUES (gen_random_uuid(),"
        f" '{said.pk}', '{foreign.pk}', now())",
        "INSERT INTO cases_questionmessage (id, question_id, kind, text, at, by_id, appointment_id) SELECT"
        f" gen_random_uuid(), '{back.pk}', kind, text, at, by_id, appointment_id FROM cases_questionmessage",
        "UPDATE cases_question SET answered_as = '', answered_at = NULL, ended_as = 'closed', ended_at = now(),"
        f" ended_by_id = '{cast.officer.pk}' WHERE id = '{question.pk}'",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_a_case_is_marked_as_seen_by_who_sees_it(cast: Cast, case: Case, now: datetime) -> None:
    """One mark a person, never ahead of time and never back; nobody marks what it does not see."""
    for until in (now, now - HOUR):
        mark_seen(case=case, until=until, by=cast.liaison, now=now)
    assert LastSeen.objects.get(person=cast.liaison).seen_at == now
    with pytest.raises(Refused, match="ahead of time"):
        mark_seen(case=case, until=now + HOUR, by=cast.liaison, now=now)
    for key in ("stranger", "evaluator2", "consultee", "partner", "admin"):
        with pytest.raises(Refused):
            mark_seen(case=case, until=now, by=cast.people[key], now=now)
