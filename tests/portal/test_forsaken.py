"""What a killed server leaves of an upload goes after a day; what is being written stays."""

import os
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from portal.kit import files
from portal.kit.gate import writing
from portal.kit.rowless import put_rowless_aside
from portal.notify import tasks, worker
from portal.notify.models import Outbox
from tests import walk
from tests.cast import Cast


def test_what_a_killed_server_left_goes_after_a_day_and_nothing_that_is_being_written(
    tmp_path: Path, settings: Any
) -> None:
    """By the age of the last byte and by the writer's lock; the beat orders it once an hour."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    now = datetime.now(tz=UTC)
    folder = files.incoming()
    (folder / "folder").mkdir()
    for name, hours in (("old.part", 25), ("young.part", 23), ("written.part", 200)):
        (folder / name).write_bytes(b"x")
        at = (now - timedelta(hours=hours)).timestamp()
        os.utime(folder / name, (at, at))
    with (folder / "written.part").open("rb") as writer:
        files._being_written(writer)
        assert files.remove_forsaken(now) == 1
        assert sorted(path.name for path in folder.iterdir()) == ["folder", "written.part", "young.part"]
    assert files.remove_forsaken(now) == 1


def test_both_ways_of_receiving_lock_what_they_write(tmp_path: Path, settings: Any, rf: Any) -> None:
    """An upload by form and a stream: while they write, nothing removes the file, however old it looks."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    later = datetime.now(tz=UTC) + timedelta(days=3)
    handler = files.HashingUploadHandler(rf.post("/"))
    handler.request.user = SimpleNamespace(is_authenticated=True)
    handler.new_file("file", "a.bin", "application/octet-stream", None)
    handler.receive_data_chunk(b"x", 0)
    assert files.remove_forsaken(later) == 0
    handler.upload_interrupted()

    class Watched(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert files.remove_forsaken(later) == 0
            return super().read(size)

    assert files.receive(Watched(b"x")).size == 1


def test_kept_bytes_without_a_row_are_put_aside_after_a_day_and_nothing_with_a_row(
    cast: Cast, now: datetime, tmp_path: Path, settings: Any
) -> None:
    """As a server leaves them that was killed between the rename and the commit. Documents and runs keep their bytes,
    also when only history names them; what is not a kept file's name is left alone."""
    store = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": store}
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    case = walk.measured(cast, now)
    alone, past = files.receive(BytesIO(b"alone")), files.receive(BytesIO(b"past"))
    version = case.documents.get(kind="system_card").versions.get()
    with writing():
        version.storage_name, mine = past.storage_name, version.storage_name
        version.save()
        version.storage_name = mine
        version.save()
    (tmp_path / "ab").mkdir(exist_ok=True)
    (tmp_path / "ab" / "a note of the operator").write_text("x")
    before = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("??/*")}
    assert put_rowless_aside(now + timedelta(hours=23)) == 0
    assert put_rowless_aside(now + timedelta(hours=25)) == 1
    after = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("??/*")}
    assert before - after == {alone.storage_name}
    assert len(after) == 5
    assert [path.read_bytes() for path in (tmp_path / "rowless").iterdir()] == [b"alone"]
    assert put_rowless_aside(now + timedelta(hours=26)) == 0


@pytest.mark.django_db
def test_tidying_is_ordered_once_an_hour() -> None:
    """Two beats, one job."""
    for _ in range(2):
        tasks.tidy()
    row = Outbox.objects.get(job=tasks.TIDY_JOB)
    assert worker.run(str(row.pk))
