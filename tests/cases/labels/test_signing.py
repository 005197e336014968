"""The signed determination, what it is signed on, its rescission, and the label that follows."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.actions import add_person, appoint
from accounts.models import User
from cases.benchmarks.models import HighSidePointer
from cases.labels import texts
from cases.labels.actions import answer_consultation, close_consultation, open_consultations
from cases.labels.models import Determination, Label
from cases.labels.signing import STALE_PACKET, propose, rescind_determination, sign_determination
from cases.register.actions import move_case
from cases.register.models import Case
from cases.rules import clock
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.clock import database_now
from portal.kit.gate import writing
from portal.kit.refusal import Refused
from portal.notify.models import Notice
from tests import walk
from tests.cast import Cast

ClientOf = Callable[[User], Client]
WORDS = {"outcome": "meets_threshold", "rationale": "It holds."}


def pointer_of(case: Case, cast: Cast, now: datetime) -> HighSidePointer:
    """A pointer to a record that is kept elsewhere, its cover text checked by a second person."""
    with writing():
        return HighSidePointer.objects.create(
            case=case, holding_agency="NSA", system="HS-1", control_number="A-77", custodian="Records",
            referenced_marking="S", cover_text="", recorded_at=now, recorded_by=cast.evaluator,
            checked_by=cast.evaluator2,
        )  # fmt: skip


def test_the_snapshot_alone_gives_back_the_signed_text(cast: Cast, now: datetime) -> None:
    """Text and digest follow from the stored snapshot; it holds findings, answers, packet, rules and policy."""
    case = walk.determined(cast, now)
    signed = Determination.objects.get(case=case)
    assert texts.determination_text(signed.snapshot) == signed.text
    assert texts.text_digest(signed.text) == signed.text_digest
    consultation = case.consultations.first()
    finding = case.runs.get().findings.get()
    assert signed.snapshot["packet_digest"] == consultation.packet_digest
    assert signed.snapshot["policy"] == {"number": 1, "text_digest": cast.policy.text_digest}
    assert {one["answer"] for one in signed.snapshot["consultations"]} == {"concur", "no_view"}
    for said in (
        case.number, consultation.packet_digest, finding.rule.digest, finding.run.sha256, finding.sentence,
        cast.policy.text_digest, "Meets the threshold", "Concur", "No view", "Dana Whitfield", "in own capacity",
    ):  # fmt: skip
        assert said in signed.text
    assert signed.suite_version == case.runs.get().suite_version
    assert (signed.signed_by, signed.capacity, signed.signed_at) == (cast.official, "own", now)


def test_a_signed_threshold_makes_one_effective_label(cast: Cast, now: datetime) -> None:
    """Effective when signed and never before; review due by the policy's clock; entries, notices, a whole log."""
    case = walk.determined(cast, now)
    label = Label.objects.get(case=case)
    assert (label.state, label.signed_at, label.effective_at) == ("effective", now, now)
    assert label.review_due_at == clock.due_at("label_review", now)
    assert label.model_version == case.model_version
    assert not label.disclosed_to_developer
    kinds = Entry.objects.filter(case_id=case.pk, kind__in=["determination.signed", "label.effective"])
    assert list(kinds.order_by("number").values_list("kind", flat=True)) == [
        "determination.signed",
        "label.effective",
    ]
    told = Notice.objects.filter(kind="determination.signed", case_id=case.pk).values_list(
        "recipient__email", flat=True
    )
    assert set(told) == {cast.officer.email, cast.lead.email}
    assert verify(deep=True).fault is None


@pytest.mark.parametrize("outcome", ["does_not_meet_threshold", "no_determination"])
def test_no_other_outcome_makes_a_label(cast: Cast, now: datetime, outcome: str) -> None:
    """The absence of a label is all there is."""
    case = walk.determined(cast, now, outcome)
    assert case.determinations.get().outcome == outcome
    assert not case.labels.exists()


def test_without_evidence_only_no_determination(cast: Cast, now: datetime) -> None:
    """No accepted run and no pointer: the other outcomes are refused with the reason."""
    case = walk.benchmarking(cast, now)
    case = move_case(case=case, name="label_without_evidence", by=cast.officer, now=now)
    for one in open_consultations(case=case, question="?", by=cast.officer, now=now):
        close_consultation(consultation=one, reason="nothing to read", by=cast.officer, now=now)
    with pytest.raises(Refused, match="only “no determination” can be signed"):
        walk.signed(case, cast.official, now, "meets_threshold")
    signed = walk.signed(case, cast.official, now, "no_determination")
    assert "No accepted run." in signed.text
    assert "No response" in signed.text


def test_recorded_elsewhere_needs_a_pointer(cast: Cast, now: datetime) -> None:
    """The outcome is stated elsewhere only where something says where."""
    case = walk.consulted(cast, now)
    with pytest.raises(Refused, match="high-side pointer recorded first"):
        walk.signed(case, cast.official, now, "recorded_elsewhere")
    case = walk.labeling(cast, now)
    pointer_of(case, cast, now)
    for one in open_consultations(case=case, question="?", by=cast.officer, now=now):
        close_consultation(consultation=one, reason="told by phone", by=cast.officer, now=now)
    signed = walk.signed(case, cast.official, now, "recorded_elsewhere")
    assert "NSA, HS-1, A-77 (SECRET)." in signed.text


def test_evidence_added_after_the_packet_asks_again_first(cast: Cast, now: datetime) -> None:
    """A determination rests on what the offices were asked on."""
    case = walk.consulted(cast, now)
    pointer_of(case, cast, now)
    with pytest.raises(Refused) as refused:
        walk.signed(case, cast.official, now)
    assert refused.value.sentence == STALE_PACKET
    for one in open_consultations(case=case, question="?", by=cast.officer, now=now + timedelta(minutes=1)):
        close_consultation(consultation=one, reason="unchanged view", by=cast.officer, now=now)
    assert walk.signed(case, cast.official, now).snapshot["packet"]["pointers"]


def test_the_text_must_be_the_one_that_was_read(cast: Cast, now: datetime) -> None:
    """An answer that arrives while the page is open changes the text, and the signature is refused as stale."""
    case = walk.asked(cast, now)
    answer_consultation(
        consultation=case.consultations.get(required=True), answer="concur", by=cast.consultee, now=now
    )
    read = propose(case=case, by=cast.official, now=now, **WORDS)
    answer_consultation(
        consultation=case.consultations.get(required=False), answer="no_view", by=cast.consultee2, now=now
    )
    with pytest.raises(Refused, match="has changed since") as refused:
        sign_determination(case=case, text_digest=read.digest, by=cast.official, now=now, **WORDS)
    assert refused.value.status == 409
    assert not Determination.objects.filter(case=case).exists()


@pytest.mark.parametrize("capacity", ["acting", "delegated"])
def test_the_capacity_is_the_appointments(cast: Cast, now: datetime, capacity: str) -> None:
    """Acting and delegated signatures say so; a delegation with where it is on file."""
    person = add_person(email="deputy@agency.example", name="Deputy", by=None, now=now)
    appoint(
        person=person, organisation=cast.agency, role="determining_official", capacity=capacity,
        delegation_reference="DEL-2026-14" if capacity == "delegated" else "", by=None, now=now,
    )  # fmt: skip
    signed = walk.signed(walk.consulted(cast, now), person, now)
    assert signed.capacity == capacity
    assert ("DEL-2026-14" in signed.text) == (capacity == "delegated")
    assert Entry.objects.get(kind="determination.signed", case_id=signed.case_id).capacity == capacity


def test_a_new_label_supersedes_the_earlier_one_of_the_model_version(cast: Cast, now: datetime) -> None:
    """One effective label a model version; the earlier one's own case gets the entry."""
    same = {"model": "Twice", "version": "1.0"}
    first, second = walk.consulted(cast, now, **same), walk.consulted(cast, now, **same)
    walk.signed(first, cast.official, now)
    later = now + timedelta(minutes=1)
    walk.signed(second, cast.official, later)
    earlier, newer = Label.objects.get(case=first), Label.objects.get(case=second)
    assert (earlier.state, earlier.ended_at, newer.state) == ("superseded", later, "effective")
    assert Entry.objects.filter(kind="label.superseded", case_id=first.pk).count() == 1
    assert verify(deep=True).fault is None


def test_rescission_ends_the_label_and_opens_the_way_to_another_signature(cast: Cast, now: datetime) -> None:
    """An act of its own, with entry and notice; what was signed stays as it was."""
    case = walk.determined(cast, now)
    signed = case.determinations.get()
    later = now + timedelta(minutes=1)
    rescind_determination(determination=signed, reason="The log was misread.", by=cast.official, now=later)
    signed.refresh_from_db()
    assert (signed.rescinded_at, signed.rescinded_by) == (later, cast.official)
    assert texts.text_digest(signed.text) == signed.text_digest
    label = signed.label
    assert (label.state, label.ended_at) == ("rescinded", later)
    assert (
        Entry.objects.filter(kind__in=["determination.rescinded", "label.rescinded"], case_id=case.pk).count()
        == 2
    )
    again = walk.signed(case, cast.official, later)
    assert again.label.state == "effective"


def test_the_database_holds_one_determination_and_one_label(cast: Cast, now: datetime) -> None:
    """What the action refuses the constraints refuse too, and an effective instant before the signature."""
    case = walk.determined(cast, now)
    signed, label = case.determinations.get(), case.labels.get()
    for changed in ({"pk": None, "id": None}, {}):
        row: Any = Determination.objects.get(pk=signed.pk) if changed else Label.objects.get(pk=label.pk)
        row.pk = None
        row._state.adding = True
        if not changed:
            row.determination_id = signed.pk
        with pytest.raises(IntegrityError), transaction.atomic(), writing():
            row.save(force_insert=True)
    label.effective_at = label.signed_at - timedelta(seconds=1)
    with pytest.raises(IntegrityError, match="label_effective_after_signed"), transaction.atomic(), writing():
        label.save()


# -- at once ------------------------------------------------------------------------------------------------------


def _at_once(*acts: Callable[[], object]) -> list[object]:
    """Run the acts in threads that start together; what each returned or raised."""
    barrier, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            answers[number] = act()
        except Exception as fault:
            answers[number] = fault
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.django_db(transaction=True)
def test_two_officials_at_once_give_one_signature(cast: Cast, now: datetime) -> None:
    """20 of 20 rounds: one determination, one label, and the other official reads why (409)."""
    second = add_person(email="official2@agency.example", name="Second Official", by=None, now=now)
    appoint(person=second, organisation=cast.agency, role="determining_official", by=None, now=now)
    case = walk.consulted(cast, now)
    walk.quiet(case, second, now)
    for _ in range(20):
        at = database_now()
        read = {one.pk: propose(case=case, by=one, now=at, **WORDS).digest for one in (cast.official, second)}

        def sign(by: User, at: datetime = at, read: dict = read) -> Determination:
            return sign_determination(case=case, text_digest=read[by.pk], by=by, now=at, **WORDS)

        answers = _at_once(lambda: sign(cast.official), lambda: sign(second))
        won = [one for one in answers if isinstance(one, Determination)]
        lost = [one for one in answers if isinstance(one, Refused)]
        assert (len(won), len(lost)) == (1, 1), answers
        assert lost[0].status == 409
        assert "signed and in force" in lost[0].sentence
        assert Determination.objects.filter(case=case, rescinded_at=None).count() == 1
        assert Label.objects.filter(case=case, state="effective").count() == 1
        rescind_determination(determination=won[0], reason="next round", by=second, now=database_now())
    assert verify(deep=True).fault is None


@pytest.mark.django_db(transaction=True)
def test_two_cases_of_one_model_version_at_once_leave_one_effective_label(cast: Cast, now: datetime) -> None:
    """Both are signed, one after the other, and the first label is superseded."""
    same = {"model": "Twice", "version": "1.0"}
    cases = [walk.consulted(cast, now, **same), walk.consulted(cast, now, **same)]
    answers = _at_once(
        *(lambda case=case: walk.signed(case, cast.official, database_now()) for case in cases)
    )
    assert all(isinstance(one, Determination) for one in answers), answers
    assert sorted(Label.objects.values_list("state", flat=True)) == ["effective", "superseded"]
    assert verify(deep=True).fault is None


# -- pages --------------------------------------------------------------------------------------------------------


def test_signing_takes_two_steps_and_the_exact_text(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """First the text with its digest, then the confirmed signature; unconfirmed or stale posts sign nothing."""
    case = walk.consulted(cast, now)
    client, address = client_of(cast.official), f"/cases/{case.pk}/determination/"
    assert b"Read the text" in client.get(address).content
    assert client.post(address, {"outcome": "", "rationale": ""}).status_code == 422
    read = client.post(address, WORDS)
    assert read.status_code == 200
    proposal = read.context["proposal"]
    assert proposal.digest in read.content.decode()
    assert "DETERMINATION" in read.content.decode()
    unconfirmed = client.post(address, {**WORDS, "step": "sign", "seen": proposal.digest})
    assert b"nothing is signed yet" in unconfirmed.content
    stale = client.post(address, {**WORDS, "step": "sign", "seen": "0" * 64, "confirmed": "1"})
    assert stale.status_code == 409
    assert b"has changed since" in stale.content
    assert b"Read the text" in client.post(address, {**WORDS, "step": "edit"}).content
    assert not case.determinations.exists()
    final = {**WORDS, "step": "sign", "seen": proposal.digest, "confirmed": "1"}
    done = client.post(address, final)
    assert done.status_code == 302
    assert client.post(address, final).status_code == 409
    assert case.determinations.count() == 1
    page = client.get(done.url).content.decode()
    assert "in own capacity" in page
    assert case.determinations.get().text_digest in page


def test_a_rationale_of_several_lines_keeps_its_digest(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """Browsers send line ends in several ways; the text is the same."""
    case = walk.consulted(cast, now)
    one = propose(case=case, by=cast.official, now=now, outcome="meets_threshold", rationale="a\r\nb ")
    other = propose(case=case, by=cast.official, now=now, outcome="meets_threshold", rationale="a\nb")
    assert one.digest == other.digest


def test_an_outcome_beyond_the_evidence_is_said_beside_the_field(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """422 with the sentence; the rationale typed is still there."""
    case = walk.consulted(cast, now)
    data = {"outcome": "recorded_elsewhere", "rationale": "TYPED"}
    page = client_of(cast.official).post(f"/cases/{case.pk}/determination/", data)
    assert page.status_code == 422
    assert b"TYPED" in page.content
    assert b"Nothing says where it is recorded" in page.content


def test_rescinding_names_what_ends_and_is_confirmed(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Reason and confirmation are needed; a second post conflicts."""
    case = walk.determined(cast, now)
    client, address = client_of(cast.official), f"/determinations/{case.determinations.get().pk}/rescind/"
    assert b"One label ends at once" in client.get(address).content
    assert client.post(address, {"reason": "misread"}).status_code == 422
    assert client.post(address, {"reason": "misread", "confirmed": "on"}).status_code == 302
    assert client.post(address, {"reason": "misread", "confirmed": "on"}).status_code == 409
    assert client_of(cast.officer).get(address).status_code == 403


def test_the_determination_is_content(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Readers see the text; the auditor and others of the programme see that one is recorded; outside it is 404."""
    case = walk.determined(cast, now)
    address = case.determinations.get().get_absolute_url()
    for person in (cast.official, cast.officer, cast.lead, cast.evaluator):
        assert b"Meets the threshold" in client_of(person).get(address).content
    for person in (cast.auditor, cast.security, cast.records):
        page = client_of(person).get(address)
        assert page.status_code == 200
        assert b"Meets the threshold" not in page.content
        assert b"recorded" in page.content
    for person in (cast.liaison, cast.signatory, cast.stranger, cast.partner, cast.consultee, cast.admin):
        assert client_of(person).get(address).status_code == 404


def test_after_withdrawal_the_signer_reads_what_it_signed(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """A signed determination stays; its frozen evidence is open to its signer and the records officer."""
    case = walk.determined(cast, now)
    move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    address = case.determinations.get().get_absolute_url()
    for person, reads in (
        (cast.official, True),
        (cast.records, True),
        (cast.officer, False),
        (cast.lead, False),
    ):
        assert (b"Meets the threshold" in client_of(person).get(address).content) is reads
