"""The benchmarks' jobs, run by a worker: reading a log, in a child process and outside any transaction."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cases.benchmarks import actions
from cases.benchmarks.importers import Unreadable
from cases.benchmarks.models import Run
from cases.benchmarks.reading import read_in_child
from portal.kit.clock import database_now
from portal.kit.files import open_stored
from portal.notify.jobs import job

CHANGED = "The stored file no longer has the digest it was received with."


@job(actions.READ_JOB)
def read_run(run_id: str, *, now: datetime) -> None:
    """Read the log of a run under the person who imported it; a run that was read before is left as it is."""
    read(Run.objects.select_related("case", "imported_by").get(pk=run_id), database_now)


def read(run: Run, clock: Callable[[], datetime]) -> None:
    """Read a run's log and store what was found, each at the instant `clock` then tells."""
    by = run.imported_by
    if not actions.begin_reading(run=run, by=by, now=clock()):
        return
    try:
        with open_stored(run.storage_name) as file:  # held open, so that the child reads this very file
            reading = read_in_child(Path(file.name))
        if reading.sha256 != run.sha256:
            raise Unreadable(CHANGED)
    except Unreadable as refused:
        actions.store_refusal(run=run, sentence=refused.sentence, by=by, now=clock())
    else:
        actions.store_reading(run=run, reading=reading, by=by, now=clock())
