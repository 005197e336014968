"""Files that changed on disk: each fault by its name, what is damaged stays shut until it is restored."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from cases.documents.actions import open_version
from cases.documents.models import DocumentVersion
from cases.documents.scrub import SCRUB_JOB, order_scrub, scrub
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.files import receive
from portal.kit.refusal import Refused
from portal.kit.stored import FOLDERS
from portal.notify import worker
from portal.notify.models import Outbox
from tests import walk
from tests.cast import Cast
from tests.fresh_log import fresh_log


def path_of(row: Any) -> Path:
    """Where a row's file lies."""
    return Path(default_storage.path(row.storage_name))


@pytest.fixture
def fresh_storage(settings: Any, tmp_path: Path) -> None:
    """A storage of the test's own, so that other tests' files are no extra ones."""
    (tmp_path / "incoming").mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path, "base_url": None}},
    }


@pytest.mark.usefixtures("fresh_storage")
def test_each_fault_is_named_and_damaged_versions_stay_shut(
    cast: Cast, now: datetime, tmp_path: Path, client_of: Callable[[Any], Client]
) -> None:
    """A flipped bit, a missing, two swapped and an extra file, an evaluation log; restored, all is whole."""
    case = walk.benchmarking(cast, now)
    for number in range(3):
        walk.paper(
            case, cast.liaison, now, file=BytesIO(walk.PDF + b"%%%d\n%%%%EOF\n" % number), title=f"{number}"
        )
    left, right, flipped, whole, gone = DocumentVersion.objects.select_related("document__case").order_by(
        "document__title", "pk"
    )[:5]  # the three by number first: no two of them are alike
    run = walk.imported(cast, case, walk.suite(cast, now), fresh_log(tmp_path / "a.eval"), now)
    assert {one.fault for one in scrub(now)} == {""}
    saved = tmp_path / "saved"
    shutil.copytree(tmp_path, saved, ignore=shutil.ignore_patterns("saved", "incoming"))
    for row, at in ((flipped, 20), (run, 40)):
        with path_of(row).open("r+b") as file:
            file.seek(at)
            bit = file.read(1)[0] ^ 1
            file.seek(at)
            file.write(bytes([bit]))
    path_of(gone).unlink()
    path_of(left).rename(tmp_path / "between")
    path_of(right).rename(path_of(left))
    (tmp_path / "between").rename(path_of(right))
    extra = receive(BytesIO(b"nobody's"))
    for version in (flipped, gone):  # found on the way, before anything was marked
        with pytest.raises(Refused, match="not the ones that were received"):
            open_version(version=version, by=cast.officer, now=now)
    told = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_files", stderr=told)
    assert ended.value.code == 1
    lines = told.getvalue().splitlines()
    for name, said in (
        (flipped.storage_name, "the bytes changed"), (run.storage_name, "the bytes changed"),
        (gone.storage_name, "the file is gone"), (left.storage_name, "another file lies in its place"),
        (right.storage_name, "another file lies in its place"), (extra.storage_name, "no row names it"),
    ):  # fmt: skip
        assert [line for line in lines if line.startswith(name) and said in line], (said, lines)
    assert len(lines) == 7
    states = dict(DocumentVersion.objects.values_list("pk", "state"))
    assert {pk for pk, state in states.items() if state == "damaged"} == {
        one.pk for one in (flipped, gone, left, right)
    }
    officer = client_of(cast.officer)
    for version, status in ((whole, 200), (flipped, 403), (left, 403)):
        answer = officer.get(reverse("cases:document_file", args=[version.document_id, version.number]))
        assert answer.status_code == status
    assert "damaged" in officer.get(flipped.document.get_absolute_url()).content.decode()
    shutil.copytree(saved, tmp_path, dirs_exist_ok=True)
    path_of(extra).unlink()
    shutil.rmtree(saved)
    call_command("verify_files", stdout=StringIO())
    open_version(
        version=DocumentVersion.objects.select_related("document__case").get(pk=left.pk),
        by=cast.officer,
        now=now,
    ).close()
    kinds = Entry.objects.filter(kind__in=["document.damaged", "document.restored"]).values_list(
        "kind", flat=True
    )
    assert sorted(kinds) == ["document.damaged"] * 4 + ["document.restored"] * 4
    assert verify(deep=True).fault is None


@pytest.mark.usefixtures("fresh_storage")
def test_a_share_is_read_every_night(cast: Cast, now: datetime) -> None:
    """Ordered once a day; seven nights read every folder once; the job marks what is damaged."""
    version = walk.drafted(cast, now).documents.first().versions.get()
    path_of(version).write_bytes(b"other")
    shares = []
    for day in range(7):
        at = now - timedelta(days=day)
        order_scrub(at)
        order_scrub(at)
        shares += Outbox.objects.get(job=SCRUB_JOB, key=f"{SCRUB_JOB}:{at.date()}").args["folders"]
    assert sorted(shares) == sorted(FOLDERS)
    for order in Outbox.objects.filter(job=SCRUB_JOB, run_at__lte=now):
        worker.run(str(order.pk))
    version.refresh_from_db()
    assert version.state == "damaged"
