"""What a killed server leaves of an upload goes after a day; what is being written stays."""

import os
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from portal.kit import files
from portal.notify import tasks, worker
from portal.notify.models import Outbox


def test_what_a_killed_server_left_goes_after_a_day_and_nothing_that_is_being_written(
    tmp_path: Path, settings: Any
) -> None:
    """By the age of the last byte and by the writer's lock; the beat orders it once a day."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    now = datetime.now(tz=UTC)
    folder = files._incoming()
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


@pytest.mark.django_db
def test_tidying_is_ordered_once_a_day() -> None:
    """Two beats, one job."""
    for _ in range(2):
        tasks.tidy()
    row = Outbox.objects.get(job=tasks.TIDY_JOB)
    assert worker.run(str(row.pk))
