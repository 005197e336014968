"""Readiness: the developer's own, seen by nobody else at any time, never in the way of a submission."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cases.readiness import actions, guards, queries
from cases.readiness.actions import (
    Answers,
    answer,
    attest_notice,
    change_obligation,
    file_notice,
    list_obligation,
    remove_obligation,
    restore_obligation,
)
from cases.readiness.models import NoticeFiling, Obligation, ObligationsNotice, Readiness
from cases.readiness.text import propose
from cases.register.actions import draft_case, move_case
from cases.register.models import Case
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.refusal import Refused
from portal.notify.models import Notice, Outbox
from tests import walk
from tests.cast import Cast

ClientOf = Callable[[User], Client]
CANARY = "Zephyr Holdings"
OWN = {"liaison", "signatory"}


def said(**changes: Any) -> Answers:
    """An obligation to a customer that bears on evaluations, its consent asked for."""
    values: Any = {
        "reference": CANARY, "kind": "nda", "bears_on": ["evaluations"], "consent": "asked", "consent_on": None,
        "notice_sent_on": None, "until": None, "note": "Private remark.", **changes,
    }  # fmt: skip
    return values


def attested(case: Case, by: User, now: datetime) -> ObligationsNotice:
    """The notice of the list as it stands."""
    appointment = by.appointments_at(now)[0]
    found = propose(case, actions.newest_number(case) + 1, actions.on_list(case), appointment)
    return attest_notice(case=case, digest=found.digest, by=by, now=now)


def prepared(cast: Cast, case: Case, now: datetime) -> ObligationsNotice:
    """Answers, one obligation and a notice, each with the canary."""
    answers = {"isolation": {"answer": "have", "note": CANARY}}
    answer(
        case=case, safeguards=answers, people=[{"name": CANARY, "organisation": ""}], by=cast.liaison, now=now
    )
    list_obligation(case=case, said=said(), by=cast.liaison, now=now)
    return attested(case, cast.signatory, now)


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """A draft, complete for submission."""
    return walk.drafted(cast, now)


def test_nobody_else_sees_any_of_it_before_or_after_submission(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """Pages, lists, search, history, desk, notices, mail: for everybody but the two, as if it did not exist."""
    told = Notice.objects.count(), Outbox.objects.count()
    numbers = Entry.objects.filter(case_id=case.pk).count()
    notice = prepared(cast, case, now)
    assert (Notice.objects.count(), Outbox.objects.count()) == told
    assert Entry.objects.filter(case_id=case.pk).count() == numbers  # no gap in what others count
    row = Obligation.objects.get()
    paths = [
        reverse("cases:readiness", args=[case.pk]), reverse("cases:readiness_answers", args=[case.pk]),
        reverse("cases:obligation_new", args=[case.pk]), reverse("cases:obligation", args=[row.pk]),
        reverse("cases:obligations_notice_new", args=[case.pk]), notice.get_absolute_url(),
    ]  # fmt: skip
    places = ["/", f"/cases/?q={CANARY}", "/notices/", "/history/", case.get_absolute_url(),
              reverse("cases:history", args=[case.pk]), reverse("cases:desk")]  # fmt: skip
    for stage in ("draft", "received"):
        for name, person in cast.people.items():
            client = client_of(person)
            statuses = {client.get(path).status_code for path in paths}
            assert statuses == ({200} if name in OWN else {404}), (stage, name)
            if name not in OWN:
                for place in places:
                    body = (
                        client.get(place)
                        .content.decode()
                        .replace(f"q={CANARY}", "")
                        .replace(f'value="{CANARY}"', "")
                    )
                    assert CANARY not in body.replace(f"“{CANARY}”", ""), (stage, name, place)
                    assert "eadiness" not in body, (stage, name, place)
        if stage == "draft":
            case = move_case(case=case, name="submit", by=cast.liaison, now=now)
    assert verify(deep=True).fault is None


def test_submission_asks_nothing_of_readiness(cast: Cast, case: Case, now: datetime) -> None:
    """The same draft is submitted with everything not said as with everything said."""
    assert not Readiness.objects.exists()
    assert move_case(case=case, name="submit", by=cast.liaison, now=now).stage == "received"
    recalled = move_case(case=case, name="recall", by=cast.liaison, now=now)
    answers = {"isolation": {"answer": "not_offered", "note": ""}}
    answer(case=recalled, safeguards=answers, people=[], by=cast.liaison, now=now)
    assert move_case(case=case, name="submit", by=cast.liaison, now=now).stage == "received"


def test_the_checklist_says_what_is_there(cast: Cast, case: Case, now: datetime) -> None:
    """An empty draft and a full one, line by line; the window's line ends at the stated release."""

    def lines(one: Case) -> dict[str, bool]:
        answers = queries.answers_of(one, cast.liaison, now)
        listed, noticed = queries.obligations(one, cast.liaison, now), queries.notices(one, cast.liaison, now)
        groups = queries.checklist(one, answers, listed, noticed, cast.liaison, now)
        return {line.what: line.there for group in groups for line in group.lines}

    empty = draft_case(by=cast.liaison, now=now, tracking_number="EMPTY")
    bare = lines(empty)
    assert {what for what, there in bare.items() if there} == {
        "Signing official appointed", "Organization administrator appointed",
    }  # fmt: skip
    assert queries.line_of(empty, now) is None
    prepared(cast, case, now)
    full = lines(case)
    assert {what for what, there in full.items() if not there} >= {
        "Checkpoint digest named", "Two-person rule", "Safeguards plan", "Notice filed into the case",
    }  # fmt: skip
    assert all(full[what] for what in (
        "Planned general release", "Room for a window", "Model and version named", "Isolated environment",
        "People who would have access listed", "System card", "Obligations listed", "Notice attested",
    ))  # fmt: skip
    line = queries.line_of(case, now)
    assert line is not None
    assert (line.anchor, line.opens) == (
        now + walk.RELEASE_AFTER,
        now + walk.RELEASE_AFTER - timedelta(days=30),
    )


def test_obligations_are_listed_changed_taken_off_and_put_back(cast: Cast, case: Case, now: datetime) -> None:
    """Each step keeps its history; what comes twice, late or out of turn is refused."""
    row = list_obligation(case=case, said=said(), by=cast.liaison, now=now)
    with pytest.raises(Refused, match="on the list already"):
        list_obligation(case=case, said=said(), by=cast.signatory, now=now)
    given = said(consent="given", consent_on=now.date())
    change_obligation(obligation=row, said=given, revision=0, by=cast.signatory, now=now)
    with pytest.raises(Refused, match="A colleague changed this"):
        change_obligation(obligation=row, said=said(), revision=0, by=cast.liaison, now=now)
    remove_obligation(obligation=row, by=cast.liaison, now=now)
    assert actions.on_list(case) == []
    with pytest.raises(Refused, match="off the list already"):
        remove_obligation(obligation=row, by=cast.liaison, now=now)
    with pytest.raises(Refused, match="Put it back first"):
        change_obligation(obligation=row, said=said(), revision=2, by=cast.liaison, now=now)
    other = list_obligation(case=case, said=said(), by=cast.liaison, now=now)
    with pytest.raises(Refused, match="on the list already"):
        restore_obligation(obligation=row, by=cast.liaison, now=now)
    remove_obligation(obligation=other, by=cast.liaison, now=now)
    restore_obligation(obligation=row, by=cast.liaison, now=now)
    assert [(one.pk, one.consent) for one in actions.on_list(case)] == [(row.pk, "given")]
    assert Obligation.history.filter(id=row.pk).count() == 4
    for stranger in (cast.officer, cast.stranger, cast.org_admin, cast.auditor):
        with pytest.raises(Refused):
            remove_obligation(obligation=row, by=stranger, now=now)


def test_a_notice_is_the_text_that_was_read(cast: Cast, case: Case, now: datetime) -> None:
    """Exact text and digest, capacity and what is still owed; nothing private in it; nothing changes it afterwards."""
    empty = propose(case, 1, [], cast.liaison.appointments_at(now)[0])
    assert "lists no obligation that bears on sharing" in empty.text
    list_obligation(case=case, said=said(), by=cast.liaison, now=now)
    with pytest.raises(Refused, match="reads differently now"):
        attest_notice(case=case, digest=empty.digest, by=cast.liaison, now=now)
    notice = attested(case, cast.signatory, now)
    assert f"Evaluations and their results: {CANARY}. Consent still to come from: {CANARY}." in notice.text
    assert "Names of customers or partners: no listed obligation." in notice.text
    assert "Samir Patel, Developer's signing official of Meridian AI, Inc., in own capacity" in notice.text
    assert "Private remark" not in notice.text
    assert (notice.number, notice.capacity, notice.attested_by) == (1, "own", cast.signatory)
    raw = {
        "UPDATE cases_obligationsnotice SET text = 'other'": "append-only",
        "UPDATE cases_obligation SET bears_on = '[]'": "obligation_bears_on_something",
        "UPDATE cases_obligation SET consent = 'given'": "obligation_consent_with_day",
    }
    for sql, name in raw.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_only_what_is_filed_is_read_by_the_agency(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """In a draft filing waits for the submission; a later notice is the next version; each is filed once."""
    first = prepared(cast, case, now)
    with pytest.raises(Refused, match="Upload a document"):
        file_notice(notice=first, by=cast.signatory, now=now)
    document = walk.looked_through(file_notice(notice=first, by=cast.liaison, now=now), now)
    assert (document.kind, document.designation) == ("third_party_notice", "business_confidential")
    officer = client_of(cast.officer)
    assert officer.get(document.get_absolute_url()).status_code == 404
    case = move_case(case=case, name="submit", by=cast.liaison, now=now)
    file = officer.get(reverse("cases:document_file", args=[document.pk, 1]))
    assert b"".join(file.streaming_content).decode() == first.text  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="filed already"):
        file_notice(notice=first, by=cast.liaison, now=now)
    second, third = attested(case, cast.liaison, now), attested(case, cast.liaison, now)
    with pytest.raises(Refused, match="Notice 3 has taken the place"):
        file_notice(notice=second, by=cast.liaison, now=now)
    assert file_notice(notice=third, by=cast.liaison, now=now) == document
    filed = NoticeFiling.objects.order_by("version").values_list("notice", "version")
    assert list(filed) == [(first.pk, 1), (third.pk, 2)]
    case = move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    with pytest.raises(Refused, match="This case has ended"):
        attested(case, cast.signatory, now)
    client = client_of(cast.liaison)
    assert client.get(reverse("cases:readiness", args=[case.pk])).status_code == 200
    assert client.get(reverse("cases:readiness_answers", args=[case.pk])).status_code == 409
    assert verify(deep=True).fault is None


ANSWERS, NEW, ATTEST = "readiness_answers", "obligation_new", "obligations_notice_new"
ONE: dict[str, Any] = {"reference": "A", "kind": "nda", "bears_on": "names"}
FORMS: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "answers": (ANSWERS, {"revision": 0, "answer_isolation": "have", "people": "Ann Lee, Acme"}, 302, ""),
    "unknown answer": (ANSWERS, {"revision": 0, "answer_isolation": "always"}, 422, "Select a valid choice"),
    "stale answers": (ANSWERS, {"revision": 7, "answer_isolation": "have"}, 409, "A colleague changed this"),
    "too many people": (ANSWERS, {"revision": 0, "people": "A\n" * 201}, 422, "at most 200 people"),
    "an obligation": (NEW, {**ONE, "consent": "needed"}, 302, ""),
    "bears on nothing": (NEW, {**ONE, "bears_on": [], "consent": "needed"}, 422, "Mark what it bears on"),
    "given without a day": (NEW, {**ONE, "consent": "given"}, 422, "on which day"),
    "a day without consent": (
        NEW,
        {**ONE, "consent": "asked", "consent_on": "2026-01-02"},
        422,
        "Leave the day",
    ),
    "no day at all": (NEW, {**ONE, "consent": "given", "consent_on": "soon"}, 422, "Enter a valid date"),
    "not confirmed": (ATTEST, {"digest": "x"}, 422, "Mark the box to attest"),
    "another text": (ATTEST, {"digest": "x", "confirmed": "on"}, 409, guards.OTHER_TEXT[:30]),
}


def test_forms_answer_bad_input_with_a_sentence(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """What each form answers, and that nothing is kept of what is refused."""
    client = client_of(cast.liaison)
    for what, (name, data, status, words) in FORMS.items():
        with transaction.atomic():
            answered = client.post(
                reverse(f"cases:{name}", args=[case.pk]), {k: v for k, v in data.items() if v is not None}
            )
            assert answered.status_code == status, what
            assert words in answered.content.decode(), what
            kept = Readiness.objects.count() + Obligation.objects.count() + ObligationsNotice.objects.count()
            assert kept == (1 if status == 302 else 0), what
            transaction.set_rollback(True)


def test_people_are_listed_one_a_line(cast: Cast, case: Case, client_of: ClientOf) -> None:
    """Name, then organization; empty lines are dropped; the page shows them again as they were typed."""
    client, path = client_of(cast.signatory), reverse("cases:readiness_answers", args=[case.pk])
    client.post(path, {"revision": 0, "people": "Ann Lee, Acme, Inc.\n\nBo"})
    assert Readiness.objects.get().people == [
        {"name": "Ann Lee", "organisation": "Acme, Inc."}, {"name": "Bo", "organisation": ""},
    ]  # fmt: skip
    assert "Ann Lee, Acme, Inc.\nBo" in client.get(path).content.decode()
