"""History as people read it: who reads which entries, content as *changed*, cursors that count nothing."""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from cases.documents.actions import mark
from cases.documents.models import Document
from cases.register.actions import move_case, recuse, write_note
from cases.register.models import Case
from cases.reports import history
from cases.rules import window
from cases.rules.events import sentence
from portal.audit.models import Entry
from portal.kit.gate import writing
from tests import walk
from tests.cast import Cast

QUESTION = "A question that is content"

ClientOf = Callable[[User], Client]


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """A case in scoping with a note, and words that are content."""
    case = walk.acknowledged(cast, now, question=QUESTION)
    write_note(case=case, text="Agency words", by=cast.officer, now=now)
    return case


def page_of(client_of: ClientOf, person: User, case: Case, **query: str) -> str:
    """The history page of a case."""
    answer = client_of(person).get(reverse("cases:history", args=[case.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_content_shows_as_changed_without_a_content_grant(
    cast: Cast, case: Case, client_of: ClientOf
) -> None:
    """Officer and developer read the values; auditor, security manager and records officer read *changed*."""
    assert QUESTION in page_of(client_of, cast.liaison, case)
    assert "Agency words" in page_of(client_of, cast.officer, case)
    for person in (cast.auditor, cast.security, cast.records):
        page = page_of(client_of, person, case)
        assert QUESTION not in page
        assert "Agency words" not in page
        assert "<em>changed</em>" in page or person != cast.auditor
        assert "card.pdf" not in page
        assert "Meridian system card" not in page


def test_values_of_every_type_are_read_by_their_field(cast: Cast, now: datetime) -> None:
    """Numbers, instants, ranges, names, choices and what became of them, as the rows had them; in three queries."""
    case = walk.labelled(cast, now)
    entries = list(history.entries(case, cast.auditor, now))
    with CaptureQueriesContext(connection) as asked:
        drawn = history.lines(entries, cast.officer, Case.objects.get(pk=case.pk), now)
    assert len(asked) <= 5
    told = {(line.sentence, one.field): (one.old, one.new) for line in drawn for one in line.changes}
    assert told["uploaded a system card", "number"] == ("", "1")
    assert told["acknowledged the submission", "stage"] == ("Received", "Scoping")
    assert told["accepted the run", "accepted_by"] == ("", cast.evaluator.name)
    assert told["read the evaluation log", "complete"] == ("no", "yes")
    assert told["accepted the run", "accepted_at"] == ("", window.instant(now))


def test_agency_entries_are_not_the_developers(cast: Cast, case: Case, client_of: ClientOf) -> None:
    """The developer reads neither notes nor assignments, nor how many there are; the auditor reads both, numbered."""
    page = page_of(client_of, cast.liaison, case)
    assert "agency note" not in page
    assert "assigned" not in page
    assert "Entry " not in page
    whole = page_of(client_of, cast.auditor, case)
    assert "agency note" in whole
    assert "Entry 1" in whole


def test_restricted_documents_leave_no_trace(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """An entry about a document shows only to who may see the document."""
    document = Document.objects.filter(case=case).first()
    assert document is not None
    mark(document=document, marking="CUI_FEDONLY", by=cast.officer, now=now)
    about = {str(document.pk), *(str(v.pk) for v in document.versions.all())}
    seen = {e.subject_id for e in history.entries(case, cast.liaison, now)}
    assert not about & seen
    assert about & {e.subject_id for e in history.entries(case, cast.officer, now)}


def test_withdrawn_content_closes_to_the_agency(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """After a withdrawal the agency's staff read that content changed, not what it was."""
    move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    assert QUESTION not in page_of(client_of, cast.officer, case)


def test_recused_people_read_no_history(cast: Cast, case: Case, now: datetime, client_of: ClientOf) -> None:
    """A recusal takes away the history page with everything else."""
    recuse(case=case, person=cast.official, reason="A relative works there.", by=cast.lead, now=now)
    assert client_of(cast.official).get(reverse("cases:history", args=[case.pk])).status_code == 404


def test_cursors_are_digests_of_readable_entries(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """Pages follow one another; a cursor of an entry one may not read, or of none, begins at the first page."""
    with writing():
        for n in range(60):
            walk.paper(case, cast.liaison, now, title=f"Paper {n}", file=BytesIO(walk.PDF))
    first, older = history.page(history.entries(case, cast.liaison, now))
    assert len(first) == history.PAGE
    assert older == first[-1].digest
    second, _ = history.page(history.entries(case, cast.liaison, now), older)
    assert {e.pk for e in first}.isdisjoint(e.pk for e in second)
    hidden = Entry.objects.get(case_id=case.pk, kind="note.written").digest
    assert history.page(history.entries(case, cast.liaison, now), hidden)[0] == first
    assert history.page(history.entries(case, cast.liaison, now), "junk")[0] == first


def test_chips_narrow(cast: Cast, case: Case, client_of: ClientOf) -> None:
    """A group shows its kinds alone; an unknown group shows all."""
    documents = page_of(client_of, cast.officer, case, about="documents")
    assert "uploaded a" in documents
    assert "acknowledged" not in documents
    assert "acknowledged" in page_of(client_of, cast.officer, case, about="nothing")


def test_the_article_follows_the_word() -> None:
    """Kinds of documents begin with consonants and with vowels."""
    said = [
        sentence("document.opened", {"kind": kind, "number": 1})
        for kind in ("system card", "incident report")
    ]
    assert said == ["opened a system card, version 1", "opened an incident report, version 1"]
