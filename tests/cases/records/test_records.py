"""Records: legal holds, retention, FOIA requests: who does what, who sees it, what the database keeps."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cases.records import guards, queries
from cases.records.actions import (
    answer_notice,
    lift_legal_hold,
    place_legal_hold,
    record_decision,
    send_notice,
    set_retention,
)
from cases.records.models import FoiaRequest, LegalHold
from cases.register.actions import move_case
from cases.register.models import Case
from cases.reports import history
from portal.audit.verify import verify
from portal.kit.refusal import Refused
from portal.notify.models import Notice
from tests import walk
from tests.cast import Cast

HOUR = timedelta(hours=1)
INSIDE = {"lead", "officer", "evaluator", "official", "security", "records", "auditor"}
OWN = {"liaison", "signatory"}
ClientOf = Callable[[User], Client]


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """Benchmarking on documents alone."""
    return walk.benchmarking(cast, now)


def hold(cast: Cast, case: Case, now: datetime, **changes: object) -> LegalHold:
    """A legal hold on the case, by the records officer unless told otherwise."""
    said = {
        "matter": "Matter-canary",
        "authority": "Letter-canary",
        "reason": "Reason-canary",
        "by": cast.records,
    }
    return place_legal_hold(case=case, now=now, **{**said, **changes})  # type: ignore[arg-type]


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


def test_who_keeps_and_who_sees(cast: Cast, case: Case, now: datetime) -> None:
    """The records officer alone acts; the agency and the auditor see; the developer neither sees nor is told."""
    told = Notice.objects.filter(recipient__in=[cast.liaison, cast.signatory]).count()
    placed, request = hold(cast, case, now), walk.foia(cast, case, now, noticed=False)
    for act in (
        lambda by: hold(cast, case, now, matter="Another", by=by),
        lambda by: lift_legal_hold(hold=placed, reason="Over.", by=by, now=now),
        lambda by: set_retention(case=case, retention_class="permanent", by=by, now=now),
        lambda by: send_notice(request=request, by=by, now=now),
        lambda by: record_decision(
            request=request, outcome="withheld", basis="5 U.S.C. 552(b)(4)", by=by, now=now
        ),
    ):
        assert done_by(cast, act) == {"records"}
    for rows in (LegalHold.objects, FoiaRequest.objects):
        assert {key for key, one in cast.people.items() if rows.visible_to(one, now).exists()} == INSIDE
    assert Notice.objects.filter(recipient__in=[cast.liaison, cast.signatory]).count() == told
    assert not history.entries(case, cast.liaison, now, "records").exists()
    assert history.entries(case, cast.officer, now, "records").count() == 2


def test_a_legal_hold_keeps(cast: Cast, case: Case, now: datetime) -> None:
    """One a matter and thing; nothing under it is made temporary; lifted once, with a reason; withdrawing goes on."""
    card, other = case.documents.get(kind="system_card"), case.documents.get(kind="red_team_report")
    placed = hold(cast, case, now, document=card)
    with pytest.raises(Refused, match="already"):
        hold(cast, case, now, document=card)
    assert (guards.under_legal_hold(case, card), guards.under_legal_hold(case, other)) == (True, False)
    with pytest.raises(Refused, match="not made temporary") as refused:
        set_retention(
            case=case, documents=[other, card], retention_class="temporary", by=cast.records, now=now
        )
    assert refused.value.conflict
    set_retention(case=case, documents=[other], retention_class="temporary", by=cast.records, now=now)
    with pytest.raises(Refused, match="already"):
        set_retention(case=case, documents=[other], retention_class="temporary", by=cast.records, now=now)
    foreign = walk.acknowledged(cast, now).documents.order_by("created_at")[0]
    with pytest.raises(Refused, match="Choose again"):
        hold(cast, case, now, document=foreign)
    move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    desk = queries.desk(cast.records, now)
    assert ([one.pk for one in desk["legal_holds"]], len(desk["papers"])) == ([placed.pk], 2)
    shown = queries.page(Case.objects.get(pk=case.pk), cast.records, now)
    assert {one.row.kind for one in shown["papers"] if one.under_legal_hold} == {"system_card"}
    assert "no record of it may be destroyed" in shown["disposal"]
    lift_legal_hold(hold=placed, reason="The matter is over.", by=cast.records, now=now)
    with pytest.raises(Refused, match="lifted already"):
        lift_legal_hold(hold=placed, reason="Again.", by=cast.records, now=now)
    assert not guards.under_legal_hold(case, card)
    assert verify().fault is None


def test_the_submitter_is_heard_first(cast: Cast, case: Case, now: datetime) -> None:
    """No release before the notice and its hour or an answer; an objection says why; the decision is made once."""
    request, by = walk.foia(cast, case, now, noticed=False), cast.records
    with pytest.raises(Refused, match="Send the submitter notice first"):
        record_decision(request=request, outcome="released", by=by, now=now)
    assert [one.verb for one in queries.waiting(by, now)] == ["See to a FOIA request"]
    request = send_notice(request=request, by=by, now=now)
    assert {
        key for key, one in cast.people.items() if FoiaRequest.objects.visible_to(one, now).exists()
    } == INSIDE | OWN
    assert (queries.waiting(by, now), len(queries.waiting(cast.liaison, now))) == ([], 1)
    with pytest.raises(Refused, match="was sent"):
        send_notice(request=request, by=by, now=now)
    with pytest.raises(Refused, match="may object until"):
        record_decision(request=request, outcome="withheld_in_part", basis="Pages 2 to 4", by=by, now=now)
    assert request.answer_due_at is not None
    after = request.answer_due_at + HOUR
    assert (queries.waiting(cast.liaison, after), len(queries.waiting(by, after))) == ([], 1)
    assert done_by(cast, lambda one: answer_notice(request=request, answer="none", by=one, now=now)) == OWN
    with pytest.raises(Refused, match="Say why"):
        answer_notice(request=request, answer="objects", by=cast.liaison, now=now)
    answer_notice(
        request=request, answer="objects", objection="Prices.", pages="2-4", by=cast.liaison, now=now
    )
    with pytest.raises(Refused, match="recorded already"):
        answer_notice(request=request, answer="none", by=cast.signatory, now=now)
    with pytest.raises(Refused, match="on what basis"):
        record_decision(request=request, outcome="withheld_in_part", by=by, now=now)
    with pytest.raises(Refused, match="Someone changed this request"):
        record_decision(request=request, outcome="released", by=by, now=now, revision=request.revision)
    done = record_decision(
        request=request, outcome="withheld_in_part", basis="Pages 2 to 4", exemption_4=True, by=by, now=now
    )
    assert (done.capacity, done.state_at(now)) == ("own", "withheld in part")
    with pytest.raises(Refused, match="recorded already"):
        record_decision(request=request, outcome="released", by=by, now=now)
    assert Notice.objects.filter(kind="foia.decided", recipient=cast.liaison).exists()
    assert verify().fault is None


def test_what_the_database_refuses_by_itself(cast: Cast, case: Case, now: datetime) -> None:
    """An end changed, a document of another case, an answer before the notice."""
    placed, request = hold(cast, case, now), walk.foia(cast, case, now, noticed=False)
    lift_legal_hold(hold=placed, reason="Over.", by=cast.records, now=now)
    foreign = walk.acknowledged(cast, now).documents.order_by("created_at")[0]
    for sql in (
        f"UPDATE cases_legalhold SET lift_reason = 'x' WHERE id = '{placed.pk}'",
        f"UPDATE cases_foiarequest SET answer = 'none', answered_at = now(), answered_by_id = '{cast.liaison.pk}'",
        "INSERT INTO cases_foiadocument (id, request_id, document_id, added_at) VALUES (gen_random_uuid(),"
        f" '{request.pk}', '{foreign.pk}', now())",
        "UPDATE cases_foiadocument SET added_at = now()",
        f"UPDATE cases_foiarequest SET outcome = 'released' WHERE id = '{request.pk}'",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_records_in_the_browser(cast: Cast, case: Case, now: datetime, client_of: ClientOf) -> None:
    """Placed, lifted, recorded, noticed, objected to and decided through the forms; double clicks are 409."""
    records, liaison, page = client_of(cast.records), client_of(cast.liaison), case.get_absolute_url()
    card = case.documents.get(kind="system_card")

    def url(name: str, key: object) -> str:
        return reverse(f"cases:{name}", args=[key])

    typed = {"matter": "Matter-canary", "authority": "Letter", "reason": "Kept.", "document": str(card.pk)}
    for wrong in ({"matter": ""}, {"document": "x"}):
        assert records.post(url("legal_hold_new", case.pk), {**typed, **wrong}).status_code == 422
    assert [records.post(url("legal_hold_new", case.pk), typed).status_code for _ in range(2)] == [302, 409]
    assert "Matter-canary" in records.get(url("case_records", case.pk)).content.decode()
    assert "Matter-canary" not in client_of(cast.auditor).get(url("case_records", case.pk)).content.decode()
    for name in (page, card.get_absolute_url()):
        assert "legal hold" not in liaison.get(name).content.decode().lower()
    chosen = {"retention_class": "permanent", "documents": [card.pk]}
    assert [records.post(url("retention", case.pk), chosen).status_code for _ in range(2)] == [302, 409]
    asked = {
        "number": "F-1",
        "asked_for": "The card.",
        "received_at": "2026-01-05T09:00",
        "documents": [card.pk],
    }
    for wrong in ({"documents": []}, {"received_at": "2999-01-01T00:00"}, {"documents": ["x"]}):
        assert records.post(url("foia_new", case.pk), {**asked, **wrong}).status_code == 422
    assert [records.post(url("foia_new", case.pk), asked).status_code for _ in range(2)] == [302, 409]
    request = FoiaRequest.objects.get()
    assert liaison.get(request.get_absolute_url()).status_code == 404
    told = {"revision": 0, "confirmed": "on"}
    assert [records.post(url("foia_notice", request.pk), told).status_code for _ in range(2)] == [302, 409]
    assert "Answer a submitter notice" in liaison.get("/").content.decode()
    assert "F-1" in liaison.get(page).content.decode()
    said = {"revision": 1, "answer": "objects", "objection": "", "pages": "all"}
    assert liaison.post(url("foia_answer", request.pk), said).status_code == 422
    said["objection"] = "Objection-canary"
    assert [liaison.post(url("foia_answer", request.pk), said).status_code for _ in range(2)] == [302, 409]
    assert "Objection-canary" in records.get(request.get_absolute_url()).content.decode()
    assert "Objection-canary" not in client_of(cast.auditor).get(request.get_absolute_url()).content.decode()
    ruled = {"revision": 2, "outcome": "withheld", "basis": "Exemption 4.", "exemption_4": "on"}
    assert [records.post(url("foia_decide", request.pk), ruled).status_code for _ in range(2)] == [302, 409]
    assert "exemption 4 relied on" in liaison.get(request.get_absolute_url()).content.decode()
