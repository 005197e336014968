"""What an organisation can see of a case: the answer now and as of a past instant, with many cases and with few."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.bench.rows import Row, Side, compare, cpu_of
from tests.bench.stage import FEW, LARGE, SMALL, Stage


def sight(stage: Stage) -> Iterator[Row]:
    """The officer asks about the agency (many people) and the developer about a partner (one), now and as of then."""
    for name, viewer, asked in (("agency", "officer", "agency"), ("partner", "liaison", "partner_org")):
        for when, past in (("now", False), ("as_of", True)):
            large, small = (
                _answer(stage, database, stage.people[viewer], stage.people[asked], past)
                for database in (LARGE, SMALL)
            )
            yield compare(
                f"sight_{name}_{when}", Side(large, cpu_of(stage.session_pid(LARGE))),
                Side(small, cpu_of(stage.session_pid(SMALL))), against=f"the same at {FEW:,} cases", at_most=1.5,
                rounds=7, times=1, note=f"{_count(stage, large)} queries at {stage.size.cases:,} cases",
            )  # fmt: skip


def _answer(stage: Stage, database: str, viewer: Any, asked: Any, past: bool) -> Callable[[], object]:
    """Something that answers in one of the databases; the past instant is when the case was whole."""
    from cases.register.models import Case
    from cases.reports import sight_page
    from portal.kit.clock import database_now

    def answer() -> object:
        with stage.on(database):
            case = Case.objects.select_related("policy_version").get(pk=stage.full_case.pk)
            at = case.stage_since + timedelta(minutes=1) if past else None
            person = type(viewer).objects.get(pk=viewer.pk)
            found = sight_page.answer(case, asked, person, database_now() + timedelta(minutes=2), at)
        if not any(group.rows for group in found.groups):
            raise AssertionError("nobody sees anything")
        return found

    return answer


def _count(stage: Stage, answer: Callable[[], object]) -> int:
    with stage.on(LARGE), CaptureQueriesContext(connection) as seen:
        answer()
    return len(seen)
