"""The documents room in the browser's words: who gets which page, what a download carries, what an upload answers."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.documents import queries
from cases.documents.actions import open_version, share, withdraw
from cases.documents.models import Document
from cases.register.actions import move_case
from cases.register.models import Case
from portal.audit.models import Entry
from tests import walk
from tests.cases.documents.grants import partner_grant
from tests.cast import Cast
from tests.portal.test_files import stored_files

ClientOf = Callable[[Any], Client]


def new_url(case: Case) -> str:
    """Where documents are uploaded."""
    return reverse("cases:document_new", args=[case.pk])


def file_url(document: Document, number: int = 1) -> str:
    """Where a version is downloaded."""
    return reverse("cases:document_file", args=[document.pk, number])


def body(response: Any) -> bytes:
    """What a streamed answer holds."""
    return b"".join(response.streaming_content)


def form(**changes: Any) -> dict[str, Any]:
    """A whole upload form."""
    return {
        "kind": "model_card",
        "title": "Model card",
        "designation": "none",
        "file": SimpleUploadedFile("card.pdf", walk.PDF),
        **changes,
    }


# -- upload ---------------------------------------------------------------------------------------------------------


def test_upload_through_the_form(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The page tells marking and assurance; the file lands on its document page with its digest."""
    case, client = walk.drafted(cast, now), client_of(cast.liaison)
    page = client.get(new_url(case))
    assert cast.policy.assurance in page.content.decode()
    assert "CUI//PROPIN" in page.content.decode()
    response = client.post(new_url(case), form(), follow=True)
    document = Document.objects.get(title="Model card")
    assert response.redirect_chain == [(document.get_absolute_url(), 302)]
    text = response.content.decode()
    assert document.versions.get().sha256 in text
    assert "was received and opens when its scan is over" in text


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"file": SimpleUploadedFile("card.pdf", b"")}, 403, "This file is empty"),
        ({"file": SimpleUploadedFile("card.pdf", b"MZ")}, 403, "not a whole file of a type that a model card may have"),
        ({"kind": "meeting_record"}, 422, "Select a valid choice"),
        ({"title": ""}, 422, "1 thing to mend"),
        ({"designation": "business_confidential"}, 422, "Say which pages you designate"),
    ],
)  # fmt: skip
def test_what_the_form_refuses(
    changes: dict[str, Any], status: int, said: str, cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """A sentence on the page, what was typed still there, nothing kept."""
    case, client = walk.drafted(cast, now), client_of(cast.liaison)
    files = stored_files()
    response = client.post(new_url(case), form(**changes))
    assert response.status_code == status
    assert said in response.content.decode()
    assert not Document.objects.filter(title="Model card").exists()
    assert stored_files() == files


def test_a_file_over_the_limit(cast: Cast, now: datetime, client_of: ClientOf, settings: Any) -> None:
    """The sentence names the limit, and nothing is kept."""
    case, client = walk.drafted(cast, now), client_of(cast.liaison)
    settings.DOCUMENT_MAX_BYTES = 1000
    files = stored_files()
    response = client.post(new_url(case), form(file=SimpleUploadedFile("card.pdf", walk.PDF + b"x" * 2000)))
    assert response.status_code == 403
    assert "larger than 1.0 kB" in response.content.decode()
    assert stored_files() == files


UPLOAD_STATUS = {
    "liaison": 200, "officer": 200,
    "signatory": 403, "lead": 403, "official": 403, "security": 403, "records": 403, "evaluator": 403, "auditor": 403,
    "evaluator2": 404, "consultee": 404, "partner": 404, "stranger": 404, "admin": 404, "org_admin": 404,
}  # fmt: skip


def test_who_gets_the_upload_page(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Seen but not theirs: 403 with the sentence. Not seen: 404, exactly as a case that does not exist."""
    case = walk.acknowledged(cast, now)
    for who, status in UPLOAD_STATUS.items():
        client = client_of(cast.people[who])
        for answer in (client.get(new_url(case)), client.post(new_url(case), form())):
            assert answer.status_code in ({status} if status != 200 else {200, 302, 422}), who
    absent = client_of(cast.stranger).get(reverse("cases:document_new", args=[uuid4()]))
    hidden = client_of(cast.stranger).get(new_url(case))
    stamp = re.compile(rb"<time.*?</time>")
    assert stamp.sub(b"", absent.content) == stamp.sub(b"", hidden.content)


# -- the document's page and its bytes ------------------------------------------------------------------------------


def test_download_is_an_attachment_and_recorded(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Headers that keep a browser from running it, the bytes whole, one entry; HEAD has the headers and no entry."""
    case = walk.acknowledged(cast, now)
    document = walk.paper(case, cast.liaison, now, file_name='a"b; modèle.pdf')
    client = client_of(cast.officer)
    head = client.head(file_url(document))
    assert head.status_code == 200
    assert not Entry.objects.filter(kind="document.opened").exists()
    response = client.get(file_url(document))
    assert body(response) == walk.PDF
    for answer in (head, response):
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment; filename")
        assert "mod%C3%A8le" in answer["Content-Disposition"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert "no-store" in answer["Cache-Control"]
        assert answer["Content-Length"] == str(len(walk.PDF))
    assert Entry.objects.filter(kind="document.opened", subject_id=str(document.pk)).count() == 1


FILE_STATUS = {
    **dict.fromkeys(("liaison", "signatory", "lead", "officer", "official", "evaluator"), 200),
    **dict.fromkeys(("security", "records", "auditor"), 403),
    **dict.fromkeys(
        ("evaluator2", "consultee", "partner", "other_partner", "stranger", "admin", "org_admin"), 404
    ),
}


def test_who_gets_the_bytes(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Content readers the bytes, metadata readers a sentence, everybody else what does not exist."""
    document = walk.acknowledged(cast, now).documents.first()
    for who, status in FILE_STATUS.items():
        client = client_of(cast.people[who])
        assert client.head(file_url(document)).status_code == status, who
        response = client.get(file_url(document))
        assert response.status_code == status, who
        page = client.get(document.get_absolute_url())
        assert page.status_code == (404 if status == 404 else 200), who
        if status == 403:
            assert "You see what this document is" in response.content.decode()
    assert client_of(cast.officer).get(file_url(document, 2)).status_code == 404
    assert Client().get(file_url(document)).status_code == 302


def test_a_withdrawn_case_closes_its_documents(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The developer keeps the list and the log; the records officer keeps the bytes."""
    case = walk.acknowledged(cast, now)
    document = case.documents.first()
    move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    for who, status in {
        "liaison": 403,
        "officer": 403,
        "evaluator": 403,
        "records": 200,
        "stranger": 404,
    }.items():
        client = client_of(cast.people[who])
        assert client.get(file_url(document)).status_code == status, who
    page = client_of(cast.liaison).get(document.get_absolute_url()).content.decode()
    assert "Who opened it" in page
    assert cast.records.name in page


def test_a_partner_sees_its_document_and_nothing_else(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Title, marking and bytes; not the case's number, the designation, the people, the log or the other document."""
    case = walk.acknowledged(cast, now)
    grant = partner_grant(cast, case, now)
    shared, other = case.documents.order_by("created_at", "pk")
    share(document=shared, grant=grant, by=cast.liaison, now=now)
    client = client_of(cast.partner)
    page = client.get(shared.get_absolute_url())
    assert page.status_code == 200
    text = page.content.decode()
    for hidden in (
        case.number,
        case.tracking_number,
        cast.liaison.name,
        "Who opened it",
        other.title,
        "designation",
    ):
        assert hidden not in text, hidden
    assert body(client.get(file_url(shared))) == walk.PDF
    assert client.get(other.get_absolute_url()).status_code == 404
    assert client.get(file_url(other)).status_code == 404
    assert client.get(case.get_absolute_url()).status_code == 404
    for name in ("document_share", "document_marking", "document_withdraw", "document_version_new"):
        assert client.get(reverse(f"cases:{name}", args=[shared.pk])).status_code == 404, name
    assert client_of(cast.other_partner).get(shared.get_absolute_url()).status_code == 404


def test_who_opened_it_is_shown_to_developer_and_auditor(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """Person, organisation and version; the case officer's page has no such log."""
    document = walk.acknowledged(cast, now).documents.first()
    open_version(version=document.versions.get(), by=cast.evaluator, now=now).close()
    for who in (cast.liaison, cast.signatory, cast.auditor, cast.security):
        text = client_of(who).get(document.get_absolute_url()).content.decode()
        assert "Who opened it" in text, who
        assert cast.evaluator.name in text
        assert cast.agency.name in text
    assert "Who opened it" not in client_of(cast.evaluator).get(document.get_absolute_url()).content.decode()


def test_hostile_names_are_text(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """A title or file name with markup shows as what was typed."""
    case = walk.acknowledged(cast, now)
    document = walk.paper(
        case, cast.liaison, now, title="<script>alert(1)</script>", file_name="<img src=x>.pdf"
    )
    text = client_of(cast.officer).get(document.get_absolute_url()).content.decode()
    assert "<script>alert" not in text
    assert "<img src=x>" not in text


# -- the other forms ------------------------------------------------------------------------------------------------


def test_version_share_marking_and_withdrawal_by_form(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Each form does its one thing and comes back to the document; each is off afterwards where it must be."""
    case = walk.acknowledged(cast, now)
    partner_grant(cast, case, now)
    document = case.documents.first()
    liaison, officer = client_of(cast.liaison), client_of(cast.officer)

    def post(client: Client, name: str, **data: Any) -> Any:
        return client.post(reverse(f"cases:{name}", args=[document.pk]), data)

    for name in ("document_version_new", "document_share", "document_withdraw"):
        assert liaison.get(reverse(f"cases:{name}", args=[document.pk])).status_code == 200, name
        assert officer.get(reverse(f"cases:{name}", args=[document.pk])).status_code == 403, name
    changed = SimpleUploadedFile("card.pdf", walk.PDF + b"%%EOF\n")
    assert post(liaison, "document_version_new", after=1, file=changed).status_code == 302
    changed.seek(0)
    assert post(liaison, "document_version_new", after=1, file=changed).status_code == 409
    grant = case.grants.get()
    assert post(liaison, "document_share", grant=grant.pk).status_code == 302
    assert post(liaison, "document_share", grant=grant.pk).status_code == 409
    assert post(liaison, "document_share", grant=uuid4()).status_code == 422
    assert post(officer, "document_marking", marking="CUI").status_code == 302
    assert post(officer, "document_marking", marking="TS").status_code == 422
    assert post(liaison, "document_marking", marking="U").status_code == 403
    assert post(liaison, "document_withdraw").status_code == 302
    assert post(liaison, "document_withdraw").status_code == 409
    document.refresh_from_db()
    assert (document.marking, document.withdrawn_at is not None, document.versions.count()) == (
        "CUI",
        True,
        2,
    )
    page = liaison.get(document.get_absolute_url()).content.decode()
    assert "This document was withdrawn" in page


def test_get_changes_nothing(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Looking at every page of a document leaves no entry."""
    document = walk.acknowledged(cast, now).documents.first()
    client = client_of(cast.liaison)
    before = Entry.objects.count()
    for name in ("document", "document_share", "document_withdraw", "document_version_new"):
        assert client.get(reverse(f"cases:{name}", args=[document.pk])).status_code == 200
    assert Entry.objects.count() == before
    assert client.post(document.get_absolute_url()).status_code == 405
    assert client.post(file_url(document)).status_code == 405


# -- cost -----------------------------------------------------------------------------------------------------------


def test_the_section_is_one_query_whatever_the_number(cast: Cast, now: datetime) -> None:
    """Flat in documents and versions; the withdrawn one says so."""
    case = walk.acknowledged(cast, now)
    for number in range(5):
        walk.paper(case, cast.liaison, now, title=f"Paper {number}")
    withdraw(document=case.documents.first(), by=cast.liaison, now=now)
    cast.officer.appointments_at(now)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        section = queries.section(case, cast.officer, now)
    assert len(asked) == 1
    assert section is not None
    assert section["count"] == 7
    assert [row["tag"] for row in section["documents"]].count(("withdrawn", "ended")) == 1
    assert all(row["row"].newest["number"] == 1 for row in section["documents"])


def test_the_document_page_stays_within_its_queries(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """At most 20 queries, however often it was opened."""
    document = walk.acknowledged(cast, now).documents.first()
    client = client_of(cast.liaison)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            client.get(document.get_absolute_url())
        counts.append(len(asked))
        for _ in range(5):
            open_version(version=document.versions.get(), by=cast.officer, now=now).close()
    assert counts[0] == counts[1] <= 20
