"""What is made of uploads: documents, versions, findings; by the ordinary forms; once, and by who brought them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cases.documents.actions import Told, add_version, upload_several
from cases.documents.findings import upload_findings
from cases.documents.models import Document
from cases.documents.uploads.models import Upload
from cases.register.models import Case
from portal.audit.models import Entry
from portal.kit import arriving
from portal.kit.refusal import Refused
from tests import walk
from tests.cases.documents import tus
from tests.cases.documents.tus import begun, creation, patch, sent, told
from tests.cast import Cast
from tests.portal.test_files import stored_files

ClientOf = Callable[[User], Client]
PDF = walk.PDF
OTHER = PDF.replace(b"Catalog", b"Kanalog")


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """A case in scoping, and no file on its way."""
    tus.no_leftovers()
    return walk.acknowledged(cast, now)


@pytest.fixture
def liaison(cast: Cast, client_of: ClientOf) -> Client:
    """The developer's liaison."""
    return client_of(cast.liaison)


def form(**changes: Any) -> dict[str, Any]:
    """The upload form without a file."""
    return {"kind": "model_card", "title": "", "designation": "none", **changes}


def test_several_documents_of_one_form(
    case: Case, liaison: Client, django_capture_on_commit_callbacks: Any
) -> None:
    """Each upload becomes a document under its own title, or its file's name; the bytes move without a copy."""
    page = reverse("cases:document_new", args=[case.pk])
    one = sent(liaison, creation(case), PDF, metadata=told(filename="one.pdf"))
    two = sent(liaison, creation(case), OTHER, metadata=told(filename="two.pdf"))
    assert f"one.pdf ({len(PDF)} bytes" in liaison.get(page).content.decode()
    inode = arriving.place(one.name_on_disk).stat().st_ino
    fields = form(uploads=[one.pk, two.pk], **{f"title-{one.pk}": "The first card"})
    with django_capture_on_commit_callbacks(execute=True):
        answer = liaison.post(page, fields)
    assert (answer.status_code, answer["Location"]) == (302, case.get_absolute_url())
    papers = {paper.title: paper.versions.get() for paper in case.documents.filter(kind="model_card")}
    assert set(papers) == {"The first card", "two"}
    assert (papers["two"].sha256, papers["two"].file_name) == (two.sha256, "two.pdf")
    assert inode in {path.stat().st_ino for path in stored_files()}
    assert arriving.arrived_names() == []
    for upload in Upload.objects.all():
        assert (upload.end_reason, upload.version in papers.values()) == ("used", True)
    assert Entry.objects.filter(case_id=case.pk, kind="document.uploaded").count() == 4


def test_all_of_them_or_none(case: Case, liaison: Client, cast: Cast, now: datetime) -> None:
    """One file that is no paper: the sentence names it, no document is made, and all uploads wait as before."""
    good = sent(liaison, creation(case), PDF, metadata=told(filename="good.pdf"))
    bad = sent(liaison, creation(case), b"MZ" * 40, metadata=told(filename="bad.exe"))
    before = stored_files()
    answer = liaison.post(reverse("cases:document_new", args=[case.pk]), form(uploads=[good.pk, bad.pk]))
    assert answer.status_code == 403
    assert "“bad.exe”" in answer.content.decode()
    assert (case.documents.count(), stored_files() == before) == (2, True)
    assert Upload.objects.filter(ended_at=None).count() == 2
    with pytest.raises(Refused, match=r"bad\.exe"):
        upload_several(
            case=case,
            told=Told("model_card"),
            titled=[("Good", good), ("Bad", bad)],
            by=cast.liaison,
            now=now,
        )
    assert stored_files() == before


def test_one_upload_is_used_once_and_for_what_it_was_begun(
    case: Case, liaison: Client, cast: Cast, now: datetime
) -> None:
    """Not twice, not for another case, not by another person, not before it is whole, not after it was removed."""
    whole = sent(liaison, creation(case), PDF)
    elsewhere = walk.drafted(cast, now)
    with pytest.raises(Refused, match="meant for something else"):
        walk.paper(elsewhere, cast.liaison, now, file=whole)
    with pytest.raises(Refused, match="meant for something else"):
        walk.paper(case, cast.officer, now, "correspondence", file=whole)
    with pytest.raises(Refused, match="meant for something else"):
        add_version(
            document=case.documents.all()[0], file=whole, file_name="x.pdf", after=1, by=cast.liaison, now=now
        )
    part = begun(liaison, creation(case), len(PDF))
    patch(liaison, part, 0, PDF[:7])
    with pytest.raises(Refused, match="not arrived whole"):
        walk.paper(case, cast.liaison, now, file=Upload.objects.get(pk=part.split("/")[2]))
    before = stored_files()
    walk.paper(case, cast.liaison, now, file=whole)
    with pytest.raises(Refused, match="used or removed") as refused:
        walk.paper(case, cast.liaison, now, file=whole)
    assert refused.value.conflict
    assert len(stored_files()) == len(before) + 1


def test_a_version_and_findings(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """By their own forms, each from its own address."""
    case = walk.granted(cast, now)
    liaison, partner = client_of(cast.liaison), client_of(cast.partner)
    document, grant = case.documents.get(kind="system_card"), case.grants.get(kind="partner")
    changed = sent(liaison, reverse("cases:version_upload", args=[document.pk]), OTHER)
    page = reverse("cases:document_version_new", args=[document.pk])
    assert liaison.post(page, {"after": "1", "uploads": [changed.pk]}).status_code == 302
    assert document.versions.get(number=2).sha256 == changed.sha256
    assert liaison.post(page, {"after": "2", "uploads": [changed.pk]}).status_code == 422
    found = sent(partner, reverse("cases:findings_upload", args=[grant.pk]), PDF)
    page = reverse("cases:findings_new", args=[grant.pk])
    assert partner.post(page, {"title": "Findings", "uploads": [found.pk]}).status_code == 302
    assert Document.objects.get(kind="partner_findings").versions.get().sha256 == found.sha256
    with pytest.raises(Refused, match="used or removed"):
        upload_findings(
            grant=grant,
            title="Again",
            file=Upload.objects.get(pk=found.pk),
            file_name="x.pdf",
            by=cast.partner,
            now=now,
        )


def test_what_the_form_says(case: Case, liaison: Client) -> None:
    """Neither file nor upload; both; an upload that is not there."""
    page = reverse("cases:document_new", args=[case.pk])
    whole = sent(liaison, creation(case), PDF)
    file = SimpleUploadedFile("card.pdf", PDF)
    for fields, said in (
        (form(title="T"), "Choose a file."),
        (form(title="T", uploads=[whole.pk], file=file), "not both at once"),
        (form(title="T", uploads=["00000000-0000-4000-8000-000000000000"]), "not one of the available"),
        (form(title="T", uploads=["x"]), "not a valid"),
    ):
        answer = liaison.post(page, fields)
        assert (answer.status_code, said in answer.content.decode()) == (422, True), answer.content.decode()[
            -3000:
        ]
    assert liaison.post(page, form(title="One card", uploads=[whole.pk])).status_code == 302
    assert Document.objects.get(title="One card").versions.get().sha256 == whole.sha256


def test_the_page_lists_what_is_on_its_way_and_removes_it(case: Case, liaison: Client) -> None:
    """Name and bytes so far, and a button; once removed it is gone."""
    page = reverse("cases:document_new", args=[case.pk])
    place = begun(liaison, creation(case), 5_000_000, metadata=told(filename="long.pdf"))
    patch(liaison, place, 0, b"x" * 1_500_000)
    text = liaison.get(page).content.decode()
    assert "long.pdf" in text
    assert "1.5" in text
    assert "5.0" in text
    answer = liaison.post(f"{place}remove/")
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert "long.pdf” is removed" in liaison.get(page).content.decode()
    assert liaison.post(f"{place}remove/").status_code == 409
    assert "long.pdf" not in liaison.get(page).content.decode()


def test_a_server_killed_after_the_last_byte(case: Case, liaison: Client) -> None:
    """The row says nothing yet: asking how far it came finishes it, and so does the form."""
    for finishing in ("asking", "the form"):
        place = begun(liaison, creation(case), len(PDF))
        name = Upload.objects.get(pk=place.split("/")[2]).name_on_disk
        arriving.place(name).write_bytes(PDF)
        if finishing == "asking":
            assert tus.head(liaison, place)["Upload-Offset"] == str(len(PDF))
        else:
            page = reverse("cases:document_new", args=[case.pk])
            assert liaison.post(page, form(uploads=[place.split("/")[2]])).status_code == 302
        assert Upload.objects.get(pk=place.split("/")[2]).finished_at is not None
