"""Offices are asked on a frozen packet, answer once, and do not see each other's answers."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from accounts.actions import add_organisation, add_person, appoint
from accounts.models import User
from cases.labels import packets
from cases.labels.actions import answer_consultation, close_consultation, open_consultations
from cases.labels.models import Consultation
from cases.register.actions import move_case, recuse
from cases.register.models import Case
from cases.rules import clock
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.refusal import Refused
from portal.notify.models import Notice
from tests import walk
from tests.cast import Cast

ClientOf = Callable[[User], Client]


def of_office(case: Case, office: object) -> Consultation:
    """The case's consultation of one office."""
    return case.consultations.get(office=office)


def test_every_office_of_the_roster_is_asked_on_one_frozen_packet(cast: Cast, now: datetime) -> None:
    """Required and optional offices get the same packet, whose digest is that of its canonical bytes."""
    case = walk.asked(cast, now)
    rows = list(case.consultations.select_related("office"))
    assert {(one.office.short_name, one.required) for one in rows} == {("CISA", True), ("NIST CAISI", False)}
    assert len({one.packet_digest for one in rows}) == 1
    packet = rows[0].packet
    assert packets.digest(packet) == rows[0].packet_digest
    run, finding = case.runs.get(), case.runs.get().findings.get()
    assert [r["log_sha256"] for r in packet["runs"]] == [run.sha256]
    assert [f["rule_digest"] for f in packet["findings"]] == [finding.rule.digest]
    assert float(packet["findings"][0]["low"]) == finding.low
    assert {d["id"] for d in packet["documents"]} == {str(d.pk) for d in case.documents.all()}
    assert all(one.packet_documents.count() == 2 for one in rows)
    assert all(one.due_at == clock.due_at("consultation", now) for one in rows)
    asked = Entry.objects.filter(kind="consultation.asked", case_id=case.pk)
    assert {entry.data["office"] for entry in asked} == {"CISA", "NIST CAISI"}
    told = Notice.objects.filter(kind="consultation.asked", case_id=case.pk)
    assert {notice.recipient for notice in told} == {cast.consultee, cast.consultee2}
    assert verify(deep=True).fault is None


def test_the_due_hour_is_never_past_the_end_of_an_open_window(
    cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a window open at asking the due hour is clamped to its end; one that is not open changes nothing."""
    from cases.labels import actions

    case = walk.labeling(cast, now)
    ends = now + timedelta(hours=5)

    class Span:
        upper = ends

    class Window:
        span = Span()

        def filter(self, **asked: object) -> "Window":
            assert asked == {"span__contains": now}
            return self

        def first(self) -> "Window":
            return self

    assert actions._due_at(case, now) == clock.due_at("consultation", now)
    monkeypatch.setattr(Case, "window_periods", Window())
    assert actions._due_at(case, now) == ends


def test_the_same_packet_is_asked_once_and_new_evidence_asks_again(cast: Cast, now: datetime) -> None:
    """A second request on the same packet conflicts; on another packet open requests become no response."""
    case = walk.asked(cast, now)
    papers = list(case.documents.all())
    with pytest.raises(Refused, match="on this very packet already") as refused:
        open_consultations(case=case, question="Again?", documents=papers, by=cast.officer, now=now)
    assert refused.value.status == 409
    answer_consultation(
        consultation=of_office(case, cast.office), answer="concur", by=cast.consultee, now=now
    )
    later = now + timedelta(minutes=1)
    open_consultations(case=case, question="Again?", documents=papers[:1], by=cast.officer, now=later)
    assert list(
        case.consultations.order_by("asked_at", "office__short_name").values_list(
            "office__short_name", "answer"
        )
    ) == [("CISA", "concur"), ("NIST CAISI", "no_response"), ("CISA", ""), ("NIST CAISI", "")]


def test_offices_are_asked_in_labeling_alone(cast: Cast, now: datetime) -> None:
    """Before labeling, and once the determination is signed, asking is refused with the reason."""
    case = walk.measured(cast, now)
    with pytest.raises(Refused, match="in the stage “benchmarking”") as refused:
        open_consultations(case=case, question="?", by=cast.officer, now=now)
    assert refused.value.status == 409
    case = walk.determined(cast, now)
    with pytest.raises(Refused, match="determination is signed"):
        open_consultations(case=case, question="?", by=cast.officer, now=now)


def test_only_documents_of_the_case_that_the_officer_may_open_go_into_a_packet(
    cast: Cast, now: datetime
) -> None:
    """A document of another case is refused."""
    case, other = walk.labeling(cast, now), walk.acknowledged(cast, now)
    with pytest.raises(Refused, match="not open to you any more"):
        open_consultations(
            case=case, question="?", documents=list(other.documents.all()), by=cast.officer, now=now
        )


@pytest.mark.parametrize("answer", ["concur_with_comment", "do_not_concur"])
def test_some_answers_need_a_comment(cast: Cast, now: datetime, answer: str) -> None:
    """They are refused without one and kept with one."""
    consultation = of_office(walk.asked(cast, now), cast.office)
    with pytest.raises(Refused, match="Say in a sentence"):
        answer_consultation(consultation=consultation, answer=answer, comment=" ", by=cast.consultee, now=now)
    kept = answer_consultation(
        consultation=consultation, answer=answer, comment="n is small.", by=cast.consultee, now=now
    )
    assert (kept.answer, kept.comment, kept.answered_by, kept.answered_at) == (
        answer,
        "n is small.",
        cast.consultee,
        now,
    )
    assert kept.appointment == cast.consultee.appointments_at(now)[0]


def test_an_answer_is_given_once_and_by_its_own_office(cast: Cast, now: datetime) -> None:
    """A second answer conflicts; the other office's consultee is refused with the office's name."""
    case = walk.asked(cast, now)
    consultation = of_office(case, cast.office)
    with pytest.raises(Refused, match="put to CISA; a person of that office") as refused:
        answer_consultation(consultation=consultation, answer="concur", by=cast.consultee2, now=now)
    assert refused.value.status == 403
    answer_consultation(consultation=consultation, answer="concur", by=cast.consultee, now=now)
    with pytest.raises(Refused, match="answered already") as refused:
        answer_consultation(consultation=consultation, answer="no_view", by=cast.consultee, now=now)
    assert refused.value.status == 409
    assert Entry.objects.filter(kind="consultation.answered", case_id=case.pk).count() == 1
    assert {n.recipient for n in Notice.objects.filter(kind="consultation.answered", case_id=case.pk)} == {
        cast.officer
    }


def test_someone_of_two_offices_answers_under_the_right_appointment(cast: Cast, now: datetime) -> None:
    """The appointment kept with an answer is that of the office that was asked."""
    before = now - timedelta(minutes=1)
    appoint(person=cast.consultee2, organisation=cast.office, role="consultee", by=None, now=before)
    consultation = of_office(walk.asked(cast, now), cast.office)
    kept = answer_consultation(consultation=consultation, answer="concur", by=cast.consultee2, now=now)
    assert kept.appointment is not None
    assert kept.appointment.organisation == cast.office


def test_an_ended_appointment_answers_nothing(cast: Cast, now: datetime) -> None:
    """Authority comes from a live appointment alone."""
    office = add_organisation(name="Another", short_name="Another", kind="agency", by=None, now=now)
    former = add_person(email="former@cisa.example", name="Former", by=None, now=now)
    appoint(
        person=former, organisation=cast.office, role="consultee", by=None, now=now,
        starts_at=now - timedelta(days=2), ends_at=now - timedelta(days=1),
    )  # fmt: skip
    appoint(person=former, organisation=office, role="consultee", by=None, now=now)
    with pytest.raises(Refused, match="done by a consulted office"):
        answer_consultation(
            consultation=of_office(walk.asked(cast, now), cast.office), answer="concur", by=former, now=now
        )


def test_no_response_is_recorded_after_the_due_hour_or_with_a_reason(cast: Cast, now: datetime) -> None:
    """Before the due hour the reason is needed; a settled consultation stays as it is."""
    case = walk.asked(cast, now)
    early, late = of_office(case, cast.office), of_office(case, cast.office2)
    with pytest.raises(Refused, match="due hour has not come"):
        close_consultation(consultation=early, by=cast.officer, now=now)
    kept = close_consultation(consultation=early, reason="The office told us so.", by=cast.officer, now=now)
    assert (kept.answer, kept.comment, kept.answered_by) == (
        "no_response",
        "The office told us so.",
        cast.officer,
    )
    close_consultation(consultation=late, by=cast.officer, now=late.due_at)
    for settled in (early, late):
        with pytest.raises(Refused, match="settled already"):
            close_consultation(consultation=settled, reason="x", by=cast.officer, now=now)
    with pytest.raises(Refused, match="recorded as no response"):
        answer_consultation(consultation=early, answer="concur", by=cast.consultee, now=now)


def test_no_answer_comes_after_the_determination_or_the_end_of_the_case(cast: Cast, now: datetime) -> None:
    """An optional office is too late once it is signed, and every office once the case has ended."""
    case = walk.asked(cast, now)
    answer_consultation(
        consultation=of_office(case, cast.office), answer="concur", by=cast.consultee, now=now
    )
    walk.signed(case, cast.official, now)
    with pytest.raises(Refused, match="would come after it"):
        answer_consultation(
            consultation=of_office(case, cast.office2), answer="concur", by=cast.consultee2, now=now
        )
    ended = walk.asked(cast, now)
    move_case(case=ended, name="withdraw", by=cast.signatory, now=now)
    with pytest.raises(Refused, match="has ended"):
        answer_consultation(
            consultation=of_office(ended, cast.office), answer="concur", by=cast.consultee, now=now
        )


# -- pages --------------------------------------------------------------------------------------------------------


def test_an_office_sees_its_own_request_and_nothing_else(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """Its consultation and the packet's documents open; case, other office, determination and runs answer 404."""
    case = walk.asked(cast, now)
    own, others = of_office(case, cast.office), of_office(case, cast.office2)
    answer_consultation(
        consultation=others, answer="do_not_concur", comment="SECRET-OF-NIST", by=cast.consultee2, now=now
    )
    client = client_of(cast.consultee)
    page = client.get(own.get_absolute_url())
    text = page.content.decode()
    assert page.status_code == 200
    assert own.question in text
    assert case.documents.first().get_absolute_url() in text
    assert "SECRET-OF-NIST" not in text
    assert case.get_absolute_url() not in text
    for hidden in (
        others.get_absolute_url(),
        case.get_absolute_url(),
        f"/cases/{case.pk}/determination/",
        f"/cases/{case.pk}/consultations/new/",
        f"/cases/{case.pk}/history/",
        f"/runs/{case.runs.get().pk}/",
    ):
        assert client.get(hidden).status_code == 404, hidden
    determination = walk.signed(walk.consulted(cast, now), cast.official, now)
    assert client.get(determination.get_absolute_url()).status_code == 404
    assert client.get(determination.label.get_absolute_url()).status_code == 404
    assert client.get(f"/determinations/{determination.pk}/disclosure/").status_code == 404


@pytest.mark.parametrize("field", ["answer", "comment", "answered_at", "answered_by", "appointment"])
def test_answers_are_blind_field_by_field(cast: Cast, now: datetime, field: str) -> None:
    """Whatever field of another office's answer is asked for, the rows an office may see do not hold it."""
    case = walk.asked(cast, now)
    answer_consultation(
        consultation=of_office(case, cast.office2),
        answer="do_not_concur",
        comment="no",
        by=cast.consultee2,
        now=now,
    )
    seen = Consultation.objects.visible_to(cast.consultee, now).filter(case=case)
    assert list(seen.values_list(field, flat=True)) in ([""], [None])


def test_the_office_answers_on_its_page_and_a_double_click_changes_nothing(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """A missing comment is said beside its field; the second post gets the sentence and 409."""
    own = of_office(walk.asked(cast, now), cast.office)
    client, address = client_of(cast.consultee), own.get_absolute_url()
    bare = client.post(address, {"answer": "do_not_concur", "comment": ""})
    assert bare.status_code == 422
    assert b"Say in a sentence" in bare.content
    data = {"answer": "do_not_concur", "comment": "n is small"}
    assert client.post(address, data).status_code == 302
    second = client.post(address, data)
    assert second.status_code == 409
    assert b"answered already" in second.content
    page = client.get(address)
    assert b"Do not concur" in page.content
    assert b"Give this answer" not in page.content


def test_staff_see_every_answer_and_the_auditor_only_that_there_is_one(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """Answers are content: the auditor reads "recorded"."""
    case = walk.asked(cast, now)
    own = of_office(case, cast.office)
    answer_consultation(
        consultation=own, answer="do_not_concur", comment="n is small", by=cast.consultee, now=now
    )
    other = of_office(case, cast.office2).get_absolute_url()
    for person in (cast.officer, cast.official, cast.lead, cast.evaluator):
        assert b"n is small" in client_of(person).get(own.get_absolute_url()).content
        assert b"Do not concur" in client_of(person).get(other).content
    for person in (cast.auditor, cast.security):
        for address in (own.get_absolute_url(), other):
            page = client_of(person).get(address)
            assert page.status_code == 200
            assert b"n is small" not in page.content
            assert b"Do not concur" not in page.content
            assert own.question.encode() not in page.content
    for person in (cast.liaison, cast.signatory, cast.stranger, cast.partner, cast.admin):
        assert client_of(person).get(own.get_absolute_url()).status_code == 404


def test_a_recused_consultee_and_a_withdrawn_case_open_nothing(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """Recusal takes the page away; withdrawal leaves the page and closes its content."""
    case = walk.asked(cast, now)
    own = of_office(case, cast.office)
    move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    page = client_of(cast.consultee).get(own.get_absolute_url())
    assert page.status_code == 200
    assert own.question.encode() not in page.content
    case = walk.asked(cast, now)
    recuse(case=case, person=cast.consultee, reason="Former employer", by=cast.officer, now=now)
    client = client_of(cast.consultee)
    assert client.get(of_office(case, cast.office).get_absolute_url()).status_code == 404


def test_the_officer_asks_and_closes_through_the_pages(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """The forms carry question and documents; no response before the due hour needs its reason."""
    case = walk.labeling(cast, now)
    client, address = client_of(cast.officer), f"/cases/{case.pk}/consultations/new/"
    page = client.get(address)
    assert b"Cybersecurity and Infrastructure Security Agency" in page.content
    chosen = [str(document.pk) for document in case.documents.all()]
    assert client.post(address, {"question": "Do you concur?", "documents": chosen}).status_code == 302
    assert case.consultations.count() == 2
    again = client.post(address, {"question": "Do you concur?", "documents": chosen})
    assert again.status_code == 409
    assert b"on this very packet already" in again.content
    closing = f"/consultations/{of_office(case, cast.office).pk}/no-response/"
    assert client.post(closing, {"reason": ""}).status_code == 422
    assert client.post(closing, {"reason": "Told by mail."}).status_code == 302
    assert client.post(closing, {"reason": "Told by mail."}).status_code == 409
    assert client_of(cast.evaluator).get(address).status_code == 403
    assert client_of(cast.liaison).get(address).status_code == 403
