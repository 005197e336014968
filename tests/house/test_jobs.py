"""Workers know every job: a room's `tasks.py` that the index leaves out would wait in the outbox for ever."""

from pathlib import Path

from django.conf import settings

from cases import tasks


def test_every_room_with_jobs_stands_in_the_index() -> None:
    """`cases/tasks.py` names each room that has a `tasks.py`."""
    rooms = {file.parent.name for file in (Path(settings.BASE_DIR) / "cases").glob("*/tasks.py")}
    assert set(tasks.__all__) == rooms
