"""The tus 1.0.0 server: what it answers to each request, in tables; what comes of the bytes; whose they are."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from cases.access.actions.grants import end_grant
from cases.documents.models import Document
from cases.documents.uploads.carrying import expire
from cases.documents.uploads.models import Upload
from cases.register.actions import recuse
from cases.register.models import Case
from portal.audit.models import Entry
from portal.kit import arriving
from tests import walk
from tests.cases.documents import tus
from tests.cases.documents.tus import b64, begun, create, creation, delete, head, patch, sent, told
from tests.cast import Cast
from tests.portal.test_files import stored_files

ClientOf = Callable[[User], Client]
PDF = walk.PDF
SIZE = len(PDF)


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """A case in scoping, and no file on its way."""
    tus.no_leftovers()
    return walk.acknowledged(cast, now)


@pytest.fixture
def liaison(cast: Cast, client_of: ClientOf) -> Client:
    """The developer's liaison."""
    return client_of(cast.liaison)


def row(place: str) -> Upload:
    """The row at an address."""
    return Upload.objects.get(pk=place.split("/")[2])


# -- the protocol ---------------------------------------------------------------------------------------------------

CREATION: tuple[tuple[str, dict[str, Any], int, str], ...] = (
    ("whole", {}, 201, ""),
    ("another version", {"headers": {"Tus-Resumable": "0.2.2"}}, 412, "1.0.0"),
    ("no version", {"headers": {"Tus-Resumable": None}}, 412, "1.0.0"),
    ("no length", {"headers": {"Upload-Length": None}}, 400, "Upload-Length"),
    ("a length below zero", {"length": -1}, 400, "Upload-Length"),
    ("a length that is no number", {"length": "9x"}, 400, "Upload-Length"),
    ("Arabic digits", {"length": "١٢"}, 400, "Upload-Length"),
    ("nothing", {"length": 0}, 400, "empty"),
    ("too much", {"length": 10**10}, 413, "Split it"),
    ("a number past all bounds", {"length": "9" * 40}, 400, "Upload-Length"),
    (
        "a deferred length",
        {"headers": {"Upload-Length": None, "Upload-Defer-Length": "1"}},
        400,
        "whole length",
    ),
    ("parts to be joined", {"headers": {"Upload-Concat": "partial"}}, 400, "one file"),
    ("no name", {"metadata": ""}, 400, "filename"),
    ("an empty name", {"metadata": "filename"}, 400, "filename"),
    ("no Base64", {"metadata": "filename $$$"}, 400, "Base64"),
    ("no UTF-8", {"metadata": f"filename {b64(bytes([255]))}"}, 400, "UTF-8"),
    ("twice the same", {"metadata": f"filename {b64('a')},filename {b64('b')}"}, 400, "twice"),
    ("no digest", {"metadata": told(filename="a.pdf", sha256="x")}, 400, "64 hexadecimal"),
    ("endless metadata", {"metadata": told(filename="x" * 5000)}, 400, "too long"),
    ("bytes of another type", {"body": b"x", "content_type": "text/plain"}, 415, tus.BYTES),
)


def test_what_creation_answers(case: Case, liaison: Client) -> None:
    """Each with the protocol's status, the version, and a sentence; only the whole one leaves a row."""
    for what, changes, status, said in CREATION:
        given = {"length": SIZE, **changes}
        type_ = given.pop("content_type", None)
        if type_:
            headers = {**tus.HEAD, "Upload-Length": "9", "Upload-Metadata": told(filename="a")}
            answer = liaison.generic(
                "POST", creation(case), given["body"], content_type=type_, headers=headers
            )
        else:
            answer = create(liaison, creation(case), **given)
        assert (answer.status_code, said in answer.content.decode()) == (status, True), (what, answer.content)
        assert answer["Tus-Resumable"] == "1.0.0", what
        assert Upload.objects.count() == 1, what
    first = Upload.objects.get()
    assert (first.length, first.file_name, first.purpose) == (SIZE, "card.pdf", "document")


def test_a_file_in_pieces(case: Case, liaison: Client) -> None:
    """HEAD tells how far it came, PATCH brings more; with the last byte it has its digest."""
    place = begun(liaison, creation(case), SIZE)
    asked = head(liaison, place)
    assert (asked["Upload-Offset"], asked["Upload-Length"]) == ("0", str(SIZE))
    assert asked["Cache-Control"] == "no-store"
    assert f"filename {b64('card.pdf')}" in asked["Upload-Metadata"]
    assert "GMT" in asked["Upload-Expires"]
    for start, end in ((0, 10), (10, 10), (10, 50), (50, SIZE)):
        answer = patch(liaison, place, start, PDF[start:end])
        assert (answer.status_code, answer["Upload-Offset"]) == (204, str(end))
        assert "Upload-Expires" in answer
        assert head(liaison, place)["Upload-Offset"] == str(end)
    assert row(place).sha256 == hashlib.sha256(PDF).hexdigest()
    assert head(liaison, place)["Upload-Offset"] == str(SIZE)


def test_abilities(case: Case, liaison: Client, settings: Any) -> None:
    """OPTIONS at both addresses."""
    for path in (creation(case), begun(liaison, creation(case), SIZE)):
        answer = liaison.options(path)
        assert answer.status_code == 204
        assert answer["Tus-Version"] == "1.0.0"
        assert {"creation", "creation-with-upload", "termination", "expiration", "checksum"} == set(
            answer["Tus-Extension"].split(",")
        )
        assert answer["Tus-Max-Size"] == str(settings.DOCUMENT_MAX_BYTES)
        assert {"sha1", "sha256"} == set(answer["Tus-Checksum-Algorithm"].split(","))


BRINGING: tuple[tuple[str, object, bytes, dict[str, str | None], int, str], ...] = (
    ("too early", 0, b"x", {}, 409, "10 bytes of this file are here"),
    ("too late", 11, b"x", {}, 409, "10 bytes"),
    ("no offset", 10, b"x", {"Upload_Offset": None}, 400, "Upload-Offset"),
    ("an offset below zero", -1, b"x", {}, 400, "Upload-Offset"),
    ("another type", 10, b"x", {"Content_Type": "application/octet-stream"}, 415, tus.BYTES),
    ("another version", 10, b"x", {"Tus_Resumable": "2.0.0"}, 412, "1.0.0"),
    ("more than announced", 10, b"x" * SIZE, {}, 413, "announced"),
    ("another checksum", 10, b"x", {"Upload_Checksum": f"sha1 {b64(bytes(20))}"}, 460, "checksum differs"),
    ("an unknown checksum", 10, b"x", {"Upload_Checksum": f"crc32 {b64(bytes(4))}"}, 400, "sha256 or sha1"),
    ("half a checksum", 10, b"x", {"Upload_Checksum": f"sha256 {b64(bytes(5))}"}, 400, "length"),
    ("no checksum", 10, b"x", {"Upload_Checksum": "sha256 $$$"}, 400, "Base64"),
)  # fmt: skip


def test_what_bytes_are_answered(case: Case, liaison: Client) -> None:
    """Whatever is wrong, nothing of it is kept, and the file goes on where it was."""
    place = begun(liaison, creation(case), SIZE)
    assert patch(liaison, place, 0, PDF[:10]).status_code == 204
    for what, offset, body, changes, status, said in BRINGING:
        answer = patch(liaison, place, offset, body, **changes)
        assert (answer.status_code, said in answer.content.decode()) == (status, True), (what, answer.content)
        assert answer["Tus-Resumable"] == "1.0.0", what
        assert head(liaison, place)["Upload-Offset"] == "10", what
    for algorithm in ("sha1", "sha256"):
        start = int(head(liaison, place)["Upload-Offset"])
        piece = PDF[start : start + 7]
        digest = hashlib.new(algorithm, piece).digest()
        assert (
            patch(liaison, place, start, piece, Upload_Checksum=f"{algorithm} {b64(digest)}").status_code
            == 204
        )
    assert patch(liaison, place, 24, PDF[24:]).status_code == 204
    assert row(place).sha256 == hashlib.sha256(PDF).hexdigest()


def test_creation_with_the_first_bytes(case: Case, liaison: Client) -> None:
    """All at once, or the beginning; what is refused leaves nothing."""
    whole = create(liaison, creation(case), SIZE, PDF)
    assert (whole.status_code, whole["Upload-Offset"]) == (201, str(SIZE))
    assert row(whole["Location"]).finished_at is not None
    part = create(liaison, creation(case), SIZE, PDF[:9])
    assert (part.status_code, part["Upload-Offset"]) == (201, "9")
    assert patch(liaison, part["Location"], 9, PDF[9:]).status_code == 204
    before = stored_files()
    wrong = create(liaison, creation(case), SIZE, PDF, headers={"Upload-Checksum": f"sha1 {b64(bytes(20))}"})
    assert wrong.status_code == 460
    assert create(liaison, creation(case), 5, PDF).status_code == 413
    assert stored_files() == before
    assert Upload.objects.filter(ended_at=None).count() == 2


def test_methods(case: Case, liaison: Client) -> None:
    """A POST may name PATCH and DELETE for networks that know no more; other methods and GET do nothing."""
    place = begun(liaison, creation(case), SIZE)
    named = {**tus.HEAD, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert liaison.generic("POST", place, PDF[:5], content_type=tus.BYTES, headers=named).status_code == 204
    assert head(liaison, place)["Upload-Offset"] == "5"
    assert liaison.get(place, headers={**tus.HEAD, "X-HTTP-Method-Override": "DELETE"}).status_code == 405
    assert liaison.post(place).status_code == 405
    assert liaison.put(place).status_code == 405
    assert liaison.get(creation(case)).status_code == 405
    assert row(place).ended_at is None


def test_termination(case: Case, liaison: Client) -> None:
    """The bytes go, the row says so, and every later request is answered 410."""
    before = stored_files()
    place = begun(liaison, creation(case), SIZE)
    patch(liaison, place, 0, PDF[:5])
    assert stored_files() > before
    assert delete(liaison, place).status_code == 204
    assert stored_files() == before
    assert row(place).end_reason == "removed"
    for answer in (head(liaison, place), patch(liaison, place, 5, b"x"), delete(liaison, place)):
        assert answer.status_code == 410
    assert stored_files() == before


def test_one_writer_at_a_time(case: Case, liaison: Client) -> None:
    """While one brings bytes, another is answered 423 and changes nothing; asking goes on."""
    place = begun(liaison, creation(case), SIZE)
    with arriving.sole(row(place).name_on_disk):
        assert patch(liaison, place, 0, PDF).status_code == 423
        assert delete(liaison, place).status_code == 423
        assert head(liaison, place).status_code == 200
        assert expire(row(place).expires_at) == 0
    assert patch(liaison, place, 0, PDF).status_code == 204


def test_another_digest_than_announced(case: Case, liaison: Client) -> None:
    """Nothing is kept, and the sentence says what to do; the right one is finished."""
    before = stored_files()
    wrong = begun(liaison, creation(case), SIZE, metadata=told(filename="card.pdf", sha256="0" * 64))
    answer = patch(liaison, wrong, 0, PDF)
    assert answer.status_code == 460
    assert "digest differs" in answer.content.decode()
    assert (row(wrong).end_reason, row(wrong).finished_at) == ("differs", None)
    assert stored_files() == before
    digest = hashlib.sha256(PDF).hexdigest()
    right = begun(liaison, creation(case), SIZE, metadata=told(filename="card.pdf", sha256=digest.upper()))
    assert patch(liaison, right, 0, PDF).status_code == 204
    assert row(right).sha256 == digest


def test_the_hour(case: Case, liaison: Client, cast: Cast, now: datetime) -> None:
    """What is left is gone after its hour: answered 410 at once, swept by the next sweep, with an entry each."""
    before = stored_files()
    place, whole = begun(liaison, creation(case), SIZE), sent(liaison, creation(case), PDF)
    patch(liaison, place, 0, PDF[:5])
    assert row(place).expires_at - row(place).begun_at == timedelta(hours=24)
    assert expire(now + timedelta(hours=23)) == 0
    assert expire(now + timedelta(hours=25)) == 2
    assert stored_files() == before
    assert {row(place).end_reason, Upload.objects.get(pk=whole.pk).end_reason} == {"expired"}
    assert head(liaison, place).status_code == 410
    assert Entry.objects.filter(kind="upload.ended", case_id=case.pk).count() == 2


def test_the_sweep_finds_what_a_killed_server_left(case: Case, liaison: Client, now: datetime) -> None:
    """The bytes of an upload whose row says that it ended."""
    place = begun(liaison, creation(case), SIZE)
    delete(liaison, place)
    with arriving.sole(row(place).name_on_disk):
        pass
    assert row(place).name_on_disk in arriving.arrived_names()
    kept = begun(liaison, creation(case), SIZE)
    patch(liaison, kept, 0, PDF[:5])
    expire(now)
    assert arriving.arrived_names() == [row(kept).name_on_disk]


# -- who, where, how much -------------------------------------------------------------------------------------------


def test_an_upload_is_its_owners_alone(
    case: Case, liaison: Client, cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """For everybody else it does not exist; for its owner neither, once it sees the case no more."""
    place = begun(liaison, creation(case), SIZE)
    for who in ("signatory", "officer", "stranger", "auditor", "partner"):
        other = client_of(cast.people[who])
        for answer in (
            head(other, place),
            patch(other, place, 0, PDF),
            delete(other, place),
            other.options(place),
        ):
            assert answer.status_code == 404, who
    theirs = begun(client_of(cast.officer), creation(case), SIZE)
    recuse(case=case, person=cast.officer, reason="Shares", by=cast.lead, now=now)
    assert patch(client_of(cast.officer), theirs, 0, PDF).status_code == 404


def test_no_upload_without_the_token_of_a_page(case: Case, cast: Cast) -> None:
    """Another site could begin, bring or remove nothing."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.liaison, backend="django.contrib.auth.backends.ModelBackend")
    assert create(client, creation(case), SIZE).status_code == 403
    place = begun(_without_checks(cast.liaison), creation(case), SIZE)
    for answer in (patch(client, place, 0, PDF), delete(client, place)):
        assert answer.status_code == 403
    assert row(place).ended_at is None


def _without_checks(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_grant_that_ends_ends_the_bringing(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Findings go on only while the grant lives; what came is never used."""
    case = walk.granted(cast, now)
    grant, partner = case.grants.get(kind="partner"), client_of(cast.partner)
    path = f"/grants/{grant.pk}/findings/uploads/"
    place = begun(partner, path, SIZE)
    assert patch(partner, place, 0, PDF[:5]).status_code == 204
    end_grant(grant=grant, by=cast.officer, now=now)
    assert patch(partner, place, 5, PDF[5:]).status_code in (404, 409)
    assert create(partner, path, SIZE).status_code in (404, 409)


def test_room(
    case: Case, liaison: Client, cast: Cast, settings: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is announced is set aside; the beginning is refused where it does not fit, and nobody has too many open."""
    taken = sum(version.size for paper in case.documents.all() for version in paper.versions.all())
    settings.CASE_MAX_BYTES = taken + 2 * SIZE
    first = begun(liaison, creation(case), SIZE + 1)
    answer = create(liaison, creation(case), SIZE)
    assert (answer.status_code, "does not fit" in answer.content.decode()) == (403, True)
    delete(liaison, first)
    whole = sent(liaison, creation(case), PDF)
    assert (
        walk.paper(case, cast.liaison, now, file=whole, file_name=whole.file_name).versions.get().size == SIZE
    )
    settings.CASE_MAX_BYTES = 10**9
    monkeypatch.setattr("cases.documents.uploads.actions.AT_ONCE", 2)
    for _ in range(2):
        begun(liaison, creation(case), 5)
    answer = create(liaison, creation(case), 5)
    assert (answer.status_code, "Finish or remove" in answer.content.decode()) == (403, True)


NAMES = (
    ("../../etc/passwd.pdf", "passwd.pdf"),
    ("..\\..\\card.pdf", "card.pdf"),
    ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie: x=1.pdf"),
    ("invoice\u202efdp.pdf", "invoice fdp.pdf"),
    ("a\x00b.pdf", "a b.pdf"),
    ("<img src=x onerror=alert(1)>.pdf", "<img src=x onerror=alert(1)>.pdf"),
    ("-rf.pdf", "-rf.pdf"),
    ("模" * 200 + ".pdf", "模" * 83 + ".pdf"),
    ("CON", "CON"),
)


def test_names(case: Case, liaison: Client) -> None:
    """No path, no control or direction mark, at most 255 bytes; the page shows them as text."""
    for raw, shown in NAMES:
        place = begun(liaison, creation(case), SIZE, metadata=told(filename=raw))
        assert row(place).file_name == shown
    page = liaison.get(f"/cases/{case.pk}/documents/new/").content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    assert not Document.objects.filter(case=case, title__contains="img").exists()
