"""What a review found open: who reads what through a side door. Each test was written to fail first."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http import Http404
from django.test import Client

from accounts.demo import sign_in_as
from accounts.models import User
from cases.access.actions import retract, suspend_grant
from cases.documents.actions import add_version, mark, open_version, share
from cases.documents.models import Document
from cases.documents.queries import versions
from cases.labels.actions import open_consultations, record_disclosure
from cases.labels.queries import waiting
from cases.register.actions import move_case, open_government_case, recuse
from cases.register.models import Case
from portal.kit.refusal import Refused
from tests import walk
from tests.cases.documents.grants import partner_grant
from tests.cast import Cast

ClientOf = Callable[[User], Client]


def page(client: Client, address: str, status: int = 200) -> str:
    """The page's text, after checking its status."""
    answer = client.get(address)
    assert answer.status_code == status, answer.content[:400]
    return answer.content.decode()


def history_of(client: Client, case: Case) -> str:
    """The whole history page of a case."""
    return page(client, f"{case.get_absolute_url()}history/")


# -- one side's words in the history ----------------------------------------------------------------------


def test_why_nothing_is_disclosed_stays_out_of_the_developers_history(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """The reason is the agency's alone; the entry is the developer's as well."""
    case = walk.determined(cast, now)
    signed = case.determinations.get()
    record_disclosure(determination=signed, extent="none", reason="Xyzzy matter", by=cast.officer, now=now)
    assert "Xyzzy" not in history_of(client_of(cast.liaison), case)
    assert "Xyzzy" in page(client_of(cast.officer), signed.get_absolute_url())


def test_a_reason_of_one_side_stays_out_of_the_others_history(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """Concurring, retracting and suspending: each side reads its own reasons, on their own pages."""
    case = walk.agreed(cast, now)
    grant = walk.partner_grant(cast, case, now)
    incident = walk.incident(cast, case, now)
    suspend_grant(grant=grant, by=cast.security, now=now, reason="Plugh incident", incident=incident)
    retract(nomination=grant.nomination, by=cast.lead, now=now, reason="Xyzzy incident")
    read = history_of(client_of(cast.liaison), case)
    assert "Plugh" not in read
    assert "Xyzzy" not in read
    assert f"Known to {cast.lead.name}" not in read
    assert f"Known to {cast.signatory.name}" not in history_of(client_of(cast.officer), case)


# -- recusal ----------------------------------------------------------------------------------------------


def test_a_recused_partner_opens_no_shared_document(cast: Cast, now: datetime) -> None:
    """A recusal blocks reads of the case, a grant or not."""
    case = walk.acknowledged(cast, now)
    share(document=case.documents.first(), grant=partner_grant(cast, case, now), by=cast.liaison, now=now)
    assert Document.objects.openable_by(cast.partner, now).exists()
    recuse(case=case, person=cast.partner, reason="related", by=cast.officer, now=now)
    assert not Document.objects.visible_to(cast.partner, now).exists()


def test_a_recused_consultee_opens_no_document_of_the_packet(cast: Cast, now: datetime) -> None:
    """As above, for the consulted office."""
    case = walk.asked(cast, now)
    assert Document.objects.openable_by(cast.consultee, now).exists()
    recuse(case=case, person=cast.consultee, reason="related", by=cast.officer, now=now)
    assert not Document.objects.visible_to(cast.consultee, now).exists()


# -- the packet, and nothing beyond -----------------------------------------------------------------------


def test_an_office_opens_the_version_in_its_packet_and_no_other(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """A packet is frozen: neither what was replaced before the asking nor what came after is in it."""
    case = walk.labeling(cast, now)
    document = case.documents.order_by("created_at", "pk")[0]
    for after, more in ((1, b"one"), (2, b"two")):
        at = now + timedelta(seconds=after)
        if after == 2:
            asked_at = now + timedelta(seconds=1, milliseconds=500)
            open_consultations(case=case, question="?", documents=[document], by=cast.officer, now=asked_at)
        add_version(
            document=document, file=_pdf(more), file_name=f"v{after + 1}.pdf", after=after, by=cast.liaison, now=at
        )  # fmt: skip
        walk.looked_through(document, at)
    seen = versions(document, cast.consultee, now + timedelta(seconds=3))
    assert [one.number for one in seen] == [2]
    client = client_of(cast.consultee)
    read = page(client, document.get_absolute_url())
    assert "v2.pdf" in read
    assert "v3.pdf" not in read
    for number, status in ((1, 404), (2, 200), (3, 404)):
        assert client.get(f"{document.get_absolute_url()}versions/{number}/").status_code == status
    assert client_of(cast.officer).get(f"{document.get_absolute_url()}versions/3/").status_code == 200


def _pdf(more: bytes) -> Any:
    from io import BytesIO

    return BytesIO(walk.PDF + b"% " + more + b"\n%%EOF\n")


# -- titles and file names are content ---------------------------------------------------------------------


@pytest.mark.parametrize("who", ["auditor", "security", "records"])
def test_who_reads_no_content_reads_no_titles(
    cast: Cast, now: datetime, client_of: ClientOf, who: str
) -> None:
    """They see that a document is there, its kind, size and digest."""
    case = walk.acknowledged(cast, now)
    document = case.documents.get(kind="system_card")
    client = client_of(cast.people[who])
    for address in (case.get_absolute_url(), document.get_absolute_url()):
        read = page(client, address)
        assert "Meridian system card" not in read
        assert "card.pdf" not in read
        assert "System card" in read
    assert "Meridian system card" in page(client_of(cast.liaison), case.get_absolute_url())


# -- withdrawn cases ----------------------------------------------------------------------------------------


def test_the_forms_of_labeling_show_nothing_of_a_withdrawn_case(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """Neither packet nor answers: the pages of a step that cannot be taken any more are no way to read."""
    case = walk.consulted(cast, now)
    move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    page(client_of(cast.official), f"{case.get_absolute_url()}determination/", 409)
    page(client_of(cast.officer), f"{case.get_absolute_url()}consultations/new/", 409)


# -- government cases ---------------------------------------------------------------------------------------


def test_a_disclosure_does_not_open_the_agencys_own_papers(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """Of a government case the developer reads what was disclosed: no question, no paper of the agency's."""
    case = open_government_case(
        by=cast.lead, now=now, developer=cast.developer, model="Watched", version="1", question="Xyzzy?"
    )
    document = walk.paper(case, cast.officer, now, "meeting_record", title="Plugh minutes")
    assert document.marking == "CUI_FEDONLY"
    for name in ("documents_only", "label_without_evidence"):
        case = move_case(case=case, name=name, by=cast.officer, now=now)
    for one in open_consultations(case=case, question="?", by=cast.officer, now=now):
        by = cast.consultee if one.required else cast.consultee2
        walk.answer_consultation(consultation=one, answer="no_view", now=now, by=by)
    signed = walk.signed(case, cast.official, now, "no_determination")
    record_disclosure(determination=signed, extent="fact_only", by=cast.officer, now=now)
    for address in (case.get_absolute_url(), f"{case.get_absolute_url()}history/"):
        read = page(client_of(cast.liaison), address)
        assert "Xyzzy" not in read
        assert "Plugh" not in read
    assert "Review ended; no label recorded." in page(client_of(cast.liaison), case.get_absolute_url())
    own = walk.paper(case, cast.liaison, now)
    assert Document.objects.openable_by(cast.liaison, now).get() == own


def test_nothing_of_a_withdrawn_case_is_disclosed(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The signed determination stays as a record; nobody is asked to disclose it, and the page says why not."""
    case = walk.determined(cast, now)
    signed = case.determinations.get()
    assert any(one.verb == "Record what is disclosed" for one in waiting(cast.officer, now))
    case = move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    with pytest.raises(Refused, match="withdrawn") as refused:
        record_disclosure(determination=signed, extent="full", by=cast.officer, now=now)
    assert refused.value.conflict
    assert not case.determinations.get().disclosures.exists()
    assert not any(one.verb == "Record what is disclosed" for one in waiting(cast.officer, now))
    client = client_of(cast.officer)
    assert "disclosure/" not in page(client, case.get_absolute_url())
    assert "This case was withdrawn" in page(client, f"{signed.get_absolute_url()}disclosure/")


def test_outside_the_agency_a_consulted_office_stands_for_its_people(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """The developer reads when and from which organization its paper was opened; the agency reads by whom."""
    case = walk.asked(cast, now)
    document = case.documents.get(kind="system_card")
    with open_version(version=document.versions.get(), by=cast.consultee, now=now):
        pass
    for who, named in ((cast.liaison, False), (cast.officer, True), (cast.auditor, True)):
        client = client_of(who)
        log = page(client, document.get_absolute_url()) if who != cast.officer else ""
        history = history_of(client, case)
        assert (cast.consultee.name in history) is named
        assert cast.office.name in history
        assert (cast.consultee.name in log) is (named and who != cast.officer)
        assert (cast.office.name in log) is (who != cast.officer)


# -- numbers and titles in confirmations ----------------------------------------------------------------------


def test_what_goes_with_a_submission_and_ends_with_a_case_is_what_its_reader_sees(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """After a recall the agency's own papers of the case stay the agency's; runs are not counted for a developer."""
    case = walk.submitted(cast, now)
    document = walk.paper(case, cast.officer, now, "meeting_record", title="Plugh minutes")
    mark(document=document, marking="CUI_FEDONLY", by=cast.officer, now=now)
    case = move_case(case=case, name="recall", by=cast.liaison, now=now)
    assert "Plugh" not in page(client_of(cast.liaison), f"{case.get_absolute_url()}move/submit/")
    read = page(client_of(cast.signatory), f"{case.get_absolute_url()}move/withdraw/")
    assert "2 documents remain" in read
    assert "run is waiting" not in read.lower()


# -- the auditor's desk ----------------------------------------------------------------------------------------


def test_the_desk_tells_of_no_draft_and_of_no_case_its_reader_is_recused_from(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """What the auditor cannot open as a case does not stand in the timeline either."""
    case = walk.drafted(cast, now)
    client = client_of(cast.auditor)
    assert "drafted the case" not in page(client, f"/history/?person={cast.liaison.name}")
    assert "drafted the case" not in page(client, f"/history/?case={case.number}")
    move_case(case=case, name="submit", by=cast.liaison, now=now)
    assert "drafted the case" in page(client, f"/history/?case={case.number}")
    recuse(case=case, person=cast.auditor, reason="related", by=cast.officer, now=now)
    assert "drafted the case" not in page(client, f"/history/?case={case.number}")


@pytest.mark.parametrize("address", ["/history/?before=%00", "/history/?before=abc", "/notices/?cursor=%00"])
def test_an_unreadable_cursor_gives_the_first_page(cast: Cast, client_of: ClientOf, address: str) -> None:
    """No error page, whatever stands in the address."""
    page(client_of(cast.auditor), address)


def test_an_unreadable_cursor_of_a_case_history(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """As above."""
    case = walk.submitted(cast, now)
    page(client_of(cast.liaison), f"{case.get_absolute_url()}history/?before=%00")


# -- banners ------------------------------------------------------------------------------------------------------


def test_a_history_bears_the_marking_of_the_documents_it_tells_of(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """The agency reads the title of a paper closed to the developer; the developer's page bears its own banner."""
    case = walk.acknowledged(cast, now)
    document = walk.paper(case, cast.officer, now, "meeting_record", title="Plugh minutes")
    mark(document=document, marking="CUI_FEDONLY", by=cast.officer, now=now)
    inside, outside = history_of(client_of(cast.officer), case), history_of(client_of(cast.liaison), case)
    assert "Plugh minutes" in inside
    assert 'aria-label="Marking of this page">CUI//FED ONLY<' in inside
    assert "FED ONLY" not in outside


# -- sign in as -----------------------------------------------------------------------------------------------------


def test_signing_in_as_nobody_is_not_found(cast: Cast, settings: Any, rf: Any) -> None:
    """Whatever is sent for a person, the answer is that there is none."""
    settings.DEMO = True
    for sent in ("x", "", "0" * 400):
        with pytest.raises(Http404):
            sign_in_as(rf.post("/sign-in-as/", {"person": sent}))
