"""Walks a case to a stage by real actions, as the people whose steps they are. A room adds its own steps here.

Each function returns the fresh case. Numbers and model versions differ from call to call, so a test may have many.
"""

from datetime import datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cases.benchmarks.actions import (
    TaskSpec,
    accept_run,
    agree_rule,
    declare_rule,
    import_run,
    register_suite_version,
)
from cases.benchmarks.models import Run, SuiteVersion, ThresholdRule
from cases.benchmarks.tasks import read
from cases.documents.actions import upload
from cases.documents.models import Document
from cases.register.actions import assign, draft_case, move_case
from cases.register.models import Case
from portal.kit.files import receive
from tests.cast import Cast
from tests.fresh_log import SCORER, TASK, fresh_log

_numbers = count(1)

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
RELEASE_AFTER = timedelta(days=40)


def paper(case: Case, by: Any, now: datetime, kind: str = "system_card", **more: Any) -> Document:
    """A small PDF of `kind`, uploaded."""
    named = {"title": "Meridian system card", "file_name": "card.pdf", "file": BytesIO(PDF), **more}
    return upload(case=case, kind=kind, by=by, now=now, **named)


def drafted(cast: Cast, now: datetime, **changes: Any) -> Case:
    """A draft by the liaison, complete for submission, with a system card and a red-team report."""
    number = next(_numbers)
    values = {
        "origin": "developer_offer",
        "tracking_number": f"MER-{number}",
        "question": "Is this version covered?",
        "model": "Meridian",
        "version": f"4.{number}",
        "release_at": now + RELEASE_AFTER,
        **changes,
    }
    case = draft_case(by=cast.liaison, now=now, **values)
    paper(case, cast.liaison, now)
    paper(
        case, cast.liaison, now, "red_team_report", title="Meridian red-team report", file_name="red-team.pdf"
    )
    return Case.objects.get(pk=case.pk)


def submitted(cast: Cast, now: datetime, **changes: Any) -> Case:
    """Submitted by the liaison; received, not yet acknowledged."""
    return move_case(case=drafted(cast, now, **changes), name="submit", by=cast.liaison, now=now)


def acknowledged(cast: Cast, now: datetime, **changes: Any) -> Case:
    """In scoping, with the case officer and the first evaluator assigned."""
    case = move_case(case=submitted(cast, now, **changes), name="acknowledge", by=cast.officer, now=now)
    assign(case=case, person=cast.officer, role="case_officer", by=cast.officer, now=now)
    assign(case=case, person=cast.evaluator, role="evaluator", by=cast.officer, now=now)
    return Case.objects.get(pk=case.pk)


def benchmarking(cast: Cast, now: datetime, **changes: Any) -> Case:
    """Benchmarking on documents alone."""
    return move_case(case=acknowledged(cast, now, **changes), name="documents_only", by=cast.officer, now=now)


def suite(cast: Cast, now: datetime, task: str = TASK, samples: int = 60, epochs: int = 1) -> SuiteVersion:
    """A registered suite version with one task."""
    spec = TaskSpec(task, samples, epochs)
    return register_suite_version(
        suite=f"toy-cyber {next(_numbers)}", version="1.0", tasks=[spec], by=cast.evaluator, now=now
    )


def agreed_rule(cast: Cast, version: SuiteVersion, now: datetime, **changes: Any) -> ThresholdRule:
    """A rule on the version's task, declared by one evaluator and agreed to by the other."""
    values = {"scorer": SCORER, "threshold": 0.5, "alert": 0.4, **changes}
    rule = declare_rule(task=version.tasks.get(), by=cast.evaluator, now=now, **values)
    return agree_rule(rule=rule, digest=rule.digest, by=cast.evaluator2, now=now)


def imported(cast: Cast, case: Case, version: SuiteVersion, log: Path, now: datetime) -> Run:
    """A log kept as evidence and waiting for a worker."""
    with log.open("rb") as file:
        kept = receive(file, may_be_empty=True)
    return import_run(
        case=case, suite_version=version, received=kept, file_name=log.name, by=cast.evaluator, now=now
    )


def measured(cast: Cast, now: datetime, **changes: Any) -> Case:
    """Benchmarking with an agreed rule and an accepted run of a log made just now, which meets it."""
    case, version = benchmarking(cast, now, **changes), suite(cast, now)
    agreed_rule(cast, version, now)
    with TemporaryDirectory() as folder:
        run = imported(cast, case, version, fresh_log(Path(folder) / "fresh.eval"), now)
    read(run, lambda: now)
    accept_run(run=run, by=cast.evaluator, now=now)
    return Case.objects.get(pk=case.pk)
