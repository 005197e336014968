"""What the developer is told, and nothing else; its response; the Decisions section; what waits for whom."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from accounts.models import User
from cases.labels import queries, texts
from cases.labels.actions import open_consultations, record_disclosure, record_response
from cases.labels.signing import rescind_determination
from cases.register.actions import move_case, open_government_case
from cases.register.models import Case
from cases.rules import clock
from portal.audit.models import Entry
from portal.kit.refusal import Refused
from portal.notify.models import Notice
from tests import walk
from tests.cast import Cast

ClientOf = Callable[[User], Client]
OUTCOMES = ("meets_threshold", "does_not_meet_threshold", "no_determination")


def test_each_extent_says_as_much_as_it_means(cast: Cast, now: datetime) -> None:
    """Full carries the rationale, summary the officer's words, fact only the one sentence, none nothing."""
    snapshot = walk.determined(cast, now).determinations.get().snapshot
    full = texts.disclosed_text(snapshot, now, "full")
    assert snapshot["rationale"] in full
    assert "meets the threshold" in full
    summary = texts.disclosed_text(snapshot, now, "summary", "In short.")
    assert summary.endswith("In short.")
    assert snapshot["rationale"] not in summary
    assert (
        texts.disclosed_text(snapshot, now, "fact_only")
        == "Review ended; a label is recorded for this model version."
    )
    assert (
        texts.disclosed_text(snapshot, now, "none")
        == "Review ended; nothing of the determination is disclosed."
    )


@pytest.mark.parametrize("extent", ["full", "fact_only"])
def test_does_not_meet_reads_one_sentence_outside(cast: Cast, now: datetime, extent: str) -> None:
    """Whatever the extent: review ended; no label recorded."""
    signed = walk.determined(cast, now, "does_not_meet_threshold").determinations.get()
    recorded = record_disclosure(determination=signed, extent=extent, by=cast.officer, now=now)
    assert recorded.text == "Review ended; no label recorded."


def test_what_an_extent_needs(cast: Cast, now: datetime) -> None:
    """None needs its reason, a summary its words, and "does not meet" takes no words."""
    signed = walk.determined(cast, now).determinations.get()
    with pytest.raises(Refused, match="Give the reason"):
        record_disclosure(determination=signed, extent="none", by=cast.officer, now=now)
    with pytest.raises(Refused, match="Write the summary"):
        record_disclosure(determination=signed, extent="summary", by=cast.officer, now=now)
    unmet = walk.determined(cast, now, "does_not_meet_threshold").determinations.get()
    with pytest.raises(Refused, match="Leave the summary empty"):
        record_disclosure(determination=unmet, extent="summary", summary="Nearly.", by=cast.officer, now=now)
    with pytest.raises(Refused, match="has changed since") as refused:
        record_disclosure(determination=signed, extent="full", text_digest="0" * 64, by=cast.officer, now=now)
    assert refused.value.status == 409


def test_disclosing_tells_the_developer_and_opens_its_register_entry(cast: Cast, now: datetime) -> None:
    """Entry and notices; the label is shown to the developer when its outcome was."""
    case = walk.labelled(cast, now)
    assert case.labels.get().disclosed_to_developer
    told = Notice.objects.filter(kind="disclosure.recorded", case_id=case.pk)
    assert {notice.recipient for notice in told} == {cast.liaison, cast.signatory}
    entry = Entry.objects.get(kind="disclosure.recorded", case_id=case.pk)
    assert {row["model"] for row in entry.rows} == {"cases.disclosure", "cases.label"}
    other = walk.determined(cast, now)
    record_disclosure(determination=other.determinations.get(), extent="fact_only", by=cast.officer, now=now)
    assert not other.labels.get().disclosed_to_developer


@pytest.mark.parametrize(("extent", "seen"), [("none", False), ("fact_only", True)])
def test_a_government_case_stays_unseen_until_something_is_disclosed(
    cast: Cast, now: datetime, client_of: ClientOf, extent: str, seen: bool
) -> None:
    """Disclosing nothing leaves case, notices and home of the developer as they were."""
    case = open_government_case(by=cast.lead, now=now, developer=cast.developer, model="Watched", version="1")
    for name in ("documents_only", "label_without_evidence"):
        case = move_case(case=case, name=name, by=cast.officer, now=now)
    for one in open_consultations(case=case, question="?", by=cast.officer, now=now):
        walk.answer_consultation(
            consultation=one,
            answer="no_view",
            now=now,
            by=cast.consultee if one.required else cast.consultee2,
        )
    signed = walk.signed(case, cast.official, now, "no_determination")
    record_disclosure(determination=signed, extent=extent, reason="ongoing", by=cast.officer, now=now)
    assert Notice.objects.filter(case_id=case.pk, recipient=cast.liaison).exists() is seen
    assert Case.objects.visible_to(cast.liaison, now).filter(pk=case.pk).exists() is seen
    assert client_of(cast.liaison).get(case.get_absolute_url()).status_code == (200 if seen else 404)
    assert bool(queries.waiting(cast.liaison, now)) is seen


def test_the_response_is_kept_once_beside_what_was_disclosed(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """Liaison or signing official; a second one conflicts; another developer finds nothing."""
    case = walk.labelled(cast, now)
    disclosure = case.determinations.get().disclosures.get()
    address = f"/disclosures/{disclosure.pk}/response/"
    assert client_of(cast.stranger).get(address).status_code == 404
    assert client_of(cast.officer).get(address).status_code == 403
    client = client_of(cast.signatory)
    assert client.post(address, {"text": ""}).status_code == 422
    assert client.post(address, {"text": "We read it differently."}).status_code == 302
    assert client.post(address, {"text": "Again."}).status_code == 409
    disclosure.refresh_from_db()
    assert (disclosure.response, disclosure.response_by) == ("We read it differently.", cast.signatory)
    assert {n.recipient for n in Notice.objects.filter(kind="response.recorded", case_id=case.pk)} == {
        cast.officer
    }


def test_recording_takes_two_steps_and_shows_what_will_be_read(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """First the preview, then the record; what was not previewed is not recorded."""
    case = walk.determined(cast, now)
    client = client_of(cast.officer)
    address = f"/determinations/{case.determinations.get().pk}/disclosure/"
    data = {"extent": "summary", "summary": "In short.", "reason": ""}
    assert client.post(address, {"extent": "summary", "summary": ""}).status_code == 422
    preview = client.post(address, data)
    assert b"In short." in preview.content
    seen = preview.context["preview_digest"]
    assert (
        client.post(address, {**data, "summary": "Else.", "step": "record", "seen": seen}).status_code == 409
    )
    assert client.post(address, {**data, "step": "edit"}).status_code == 200
    assert client.post(address, {**data, "step": "record", "seen": seen}).status_code == 302
    assert client.post(address, {**data, "step": "record", "seen": seen}).status_code == 409
    assert case.determinations.get().disclosures.get().text.endswith("In short.")


# -- the section --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_developers_section_shows_the_disclosure_and_nothing_else(
    cast: Cast, now: datetime, client_of: ClientOf, outcome: str
) -> None:
    """Neither offices nor answers nor signer nor outcome are on the developer's case page."""
    case = walk.determined(cast, now, outcome)
    client = client_of(cast.liaison)
    hidden = ("CISA", "NIST", "Concur", "Dana Whitfield", "finding holds", dict(texts.OUTCOMES)[outcome])
    before = client.get(case.get_absolute_url()).content.decode()
    assert not [word for word in hidden if word in before]
    record_disclosure(determination=case.determinations.get(), extent="fact_only", by=cast.officer, now=now)
    after = client.get(case.get_absolute_url()).content.decode()
    assert texts.FACTS[outcome] in after
    assert not [word for word in hidden if word in after]


def test_the_section_costs_the_same_for_many_rows(
    cast: Cast, now: datetime, django_assert_max_num_queries: Callable
) -> None:
    """At most four queries, with several rounds of consultation, determinations and disclosures."""
    case = walk.labelled(cast, now)
    people = (cast.officer, cast.official, cast.auditor, cast.liaison)
    for turn in range(2):
        if turn:
            rescind_determination(
                determination=case.determinations.get(), reason="x", by=cast.official, now=now
            )
            open_consultations(case=case, question="?", by=cast.officer, now=now + timedelta(seconds=1))
        for person in people:
            person.appointments_at(now)
            fresh = Case.objects.select_related("policy_version").get(pk=case.pk)
            with django_assert_max_num_queries(4):
                facts = queries.section(fresh, person, now)
            assert facts is not None


def test_buttons_carry_the_sentence_that_turns_them_off(cast: Cast, now: datetime) -> None:
    """The officer asks, the official waits for required answers, and nobody else has a button."""
    case = walk.asked(cast, now)

    def off(person: User) -> dict:
        return {one["label"]: one["off"] for one in (queries.section(case, person, now) or {})["buttons"]}

    assert off(cast.officer) == {"Ask the offices": None}
    assert "Required answers are open: CISA" in off(cast.official)["Sign the determination"]
    assert off(cast.auditor) == off(cast.lead) == off(cast.evaluator) == {}
    case = walk.determined(cast, now)
    assert off(cast.officer) == {"Record what is disclosed": None}
    assert off(cast.official) == {}
    case = walk.labelled(cast, now)
    assert off(cast.officer) == {}


# -- what waits ---------------------------------------------------------------------------------------------------


def verbs(person: User, now: datetime) -> list[str]:
    """What waits for a person in this room."""
    return [one.verb for one in queries.waiting(person, now)]


def test_what_waits_follows_the_case(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Each step waits for the person whose it is, and every link lands on a page that opens."""
    everybody = (cast.officer, cast.consultee, cast.official, cast.liaison, cast.lead)

    def waits() -> list[list[str]]:
        for person in everybody:
            for one in queries.waiting(person, now):
                assert client_of(person).get(one.url).status_code == 200, (person, one.url)
        return [verbs(person, now) for person in everybody]

    case = walk.labeling(cast, now)
    assert waits() == [["Ask the offices"], [], ["See what is missing"], [], []]
    open_consultations(case=case, question="?", by=cast.officer, now=now)
    assert waits() == [[], ["Answer the consultation"], ["See what is missing"], [], []]
    one = case.consultations.get(required=True)
    late = one.due_at + timedelta(minutes=1)
    assert verbs(cast.officer, late) == ["Record no response", "Record no response"]
    walk.answer_consultation(consultation=one, answer="concur", by=cast.consultee, now=now)
    assert waits() == [[], [], ["Sign the determination"], [], []]
    signed = walk.signed(case, cast.official, now)
    assert waits() == [["Record what is disclosed"], [], [], [], []]
    record_disclosure(determination=signed, extent="full", by=cast.officer, now=now)
    assert waits() == [[], [], [], ["Respond to what was disclosed"], []]
    record_response(disclosure=signed.disclosures.get(), text="Noted.", by=cast.liaison, now=now)
    assert waits() == [[], [], [], [], []]
    review = clock.due_at("label_review", now) - timedelta(days=20)
    for person in (cast.officer, cast.lead):
        person.appointments_at(review)
        assert verbs(person, review) == ["Review the label"]


def test_an_office_is_told_of_the_case_no_more_than_its_number_and_model(cast: Cast, now: datetime) -> None:
    """The developer's own tracking number stays with the programme."""
    walk.asked(cast, now)
    (one,) = queries.waiting(cast.consultee, now)
    assert (one.tracking_number, one.detail) == ("", "")
    assert one.until == clock.due_at("consultation", now)
