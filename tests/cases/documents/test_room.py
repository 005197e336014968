"""How much an organisation may keep in one case: said in a sentence, asked before, while and after bytes arrive."""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as all_settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.urls import resolve, reverse

from accounts.models import User
from cases.documents.actions import add_version, withdraw
from cases.documents.queries import room
from cases.register.models import Case
from portal.kit import files
from portal.kit.refusal import Refused
from tests import walk
from tests.cast import Cast
from tests.fresh_log import fresh_log


def pdf(size: int) -> bytes:
    """A PDF of that many bytes."""
    end = b"\n%%EOF\n"
    return walk.PDF + b"x" * (size - len(walk.PDF) - len(end)) + end


BIG = pdf(5000)


def on_disk() -> set[Path]:
    """Every file in private storage, the incoming folder included."""
    return {path for path in Path(default_storage.path("")).rglob("*") if path.is_file()}


@pytest.fixture
def case(cast: Cast, now: datetime, settings: Any) -> Case:
    """Two small papers of the developer's; a thousand bytes are left to it."""
    case = walk.acknowledged(cast, now)
    settings.CASE_MAX_BYTES = 2 * len(walk.PDF) + 1000
    assert room(case, cast.developer.pk) == 1000
    return case


def test_an_action_keeps_no_more_than_there_is_room_for(case: Case, cast: Cast, now: datetime) -> None:
    """A new paper and a new version; withdrawing one gives nothing back; another organisation has its own room."""
    document, kept = case.documents.all()[0], on_disk()
    with pytest.raises(Refused, match=r"does not fit: .* 1\.0 kB are left"):
        walk.paper(case, cast.liaison, now, "model_card", file=BytesIO(BIG))
    with pytest.raises(Refused, match="does not fit"):
        add_version(
            document=document, file=BytesIO(BIG), file_name="x.pdf", after=1, by=cast.liaison, now=now
        )
    assert on_disk() == kept
    withdraw(document=document, by=cast.liaison, now=now)
    assert room(case, cast.developer.pk) == 1000
    assert room(case, cast.agency.pk) == all_settings.CASE_MAX_BYTES
    walk.paper(case, cast.liaison, now, "model_card", file=BytesIO(pdf(1000)))
    assert room(case, cast.developer.pk) == 0


@pytest.mark.parametrize("name", ["document_new", "document_version_new", "run_new"])
def test_what_does_not_fit_is_not_written_while_it_arrives(
    name: str, case: Case, cast: Cast, now: datetime, client_of: Callable[[User], Client], settings: Any,
    rf: RequestFactory,
) -> None:  # fmt: skip
    """The address tells whose room it is; the bytes beyond it never reach the disk, and the page says why."""
    document = case.documents.all()[0]
    about = document if name == "document_version_new" else case
    person = cast.evaluator if name == "run_new" else cast.liaison
    if name == "run_new":
        case = walk.benchmarking(cast, now)
        about = case
        settings.CASE_MAX_BYTES = 1000
    fields = {"kind": "model_card", "title": "Model card", "designation": "none", "after": "1",
              "suite_version": walk.suite(cast, now).pk, "file": SimpleUploadedFile("card.pdf", BIG)}  # fmt: skip
    kept = on_disk()
    answer = client_of(person).post(reverse(f"cases:{name}", args=[about.pk]), fields)
    assert (answer.status_code, "does not fit" in answer.content.decode()) == (403, True)
    assert on_disk() == kept
    request = rf.post(reverse(f"cases:{name}", args=[about.pk]))
    request.user, request.now, request.resolver_match = person, now, resolve(request.path_info)
    handler = files.HashingUploadHandler(request)
    handler.new_file("file", "card.pdf", "application/pdf", None)
    handler.receive_data_chunk(BIG, 0)
    handler.file.flush()
    assert Path(handler.file.temporary_file_path()).stat().st_size == 0
    handler.upload_interrupted()


def test_logs_have_a_room_of_their_own(
    case: Case, cast: Cast, now: datetime, settings: Any, tmp_path: Path
) -> None:
    """The evaluation logs of a case together."""
    case = walk.benchmarking(cast, now)
    log = fresh_log(tmp_path / "a.eval")
    settings.CASE_MAX_BYTES = log.stat().st_size + 10
    walk.imported(cast, case, walk.suite(cast, now), log, now)
    again = tmp_path / "b.eval"
    again.write_bytes(b"twenty bytes of junk")
    with pytest.raises(Refused, match="10 bytes are left"):
        walk.imported(cast, case, walk.suite(cast, now), again, now)
