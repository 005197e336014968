"""Many cases in a few minutes, for measuring: rows, history and audit entries as the actions would leave them.

`load` writes chunk by chunk, each in a transaction of its own, and may be run again to add more. Nobody is told of
these cases. What is written stands in `bulk_plan` (ways of a case) and `bulk_tables` (rows).
"""

import json
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Permission
from django.db import connection, transaction

from accounts.models import Appointment
from cases.register.models import NUMBER_ALPHABET, PolicyVersion
from cases.rules import clock
from demo import bulk_audit, bulk_sql, bulk_tables
from demo.bulk_people import PARTNERS, add_people
from demo.bulk_plan import MODEL_WORDS, step_rows
from demo.people import load_people

YEARS: Final = timedelta(hours=17520)
CHUNK: Final = 4000  # a multiple of 8: eight cases share a model
NAMED: Final = 10  # people a grant, where the number of permissions allows it
NAMED_AT_MOST: Final = 16
STEP_COLUMNS: Final = ("path", "n", "kind", "who", "at", "stage", "closed", "about", "data")


class NotPossible(Exception):
    """A load that cannot be made, as a sentence."""


@dataclass(frozen=True)
class Plan:
    """One load: how many cases, which carry a grant, for how many named people. `tag` sets its names apart."""

    tag: str
    now: datetime
    cases: int
    developers: int
    every: int
    named: int
    start: int


def load(
    *,
    cases: int,
    now: datetime,
    permissions: int | None = None,
    tell: Callable[[str], None],
    side_by_side: int = 1,
) -> Plan:
    """Add `cases` cases with about `permissions` permissions on grants (as many as cases when left out).

    tell: takes a line of progress. side_by_side: chunks written at the same time, on connections of their own; with 1
    everything happens on the caller's connection. Raises NotPossible for more permissions than grants can name.
    """
    began = now - YEARS - timedelta(days=1)
    if not PolicyVersion.objects.exists():
        load_people(began)
    plan = _plan(cases, cases if permissions is None else permissions, now)
    tell(f"{plan.developers} developers, {len(PARTNERS)} partners with {plan.named} people each")
    add_people(tag=plan.tag, developers=plan.developers, named=plan.named, now=began)
    parameters = _parameters(plan, began)
    done = 0
    for size in _written(plan, parameters, side_by_side):
        done += size
        tell(f"{done:,} of {cases:,} cases")
    return plan


def tidy() -> None:
    """Give the planner fresh figures and the search index its pending words. Needs the owner, outside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _plan(cases: int, permissions: int, now: datetime) -> Plan:
    with connection.cursor() as cursor:
        every_case: dict[str, Any] = {
            "now": now,
            "cases": cases,
            "first": 0,
            "last": cases - 1,
            "every": cases + 1,
        }
        cursor.execute(bulk_sql.COUNT_GRANTABLE, every_case)
        grantable, always = cursor.fetchone()
    if permissions > (grantable + always) * NAMED_AT_MOST:
        raise NotPossible(
            f"{cases:,} cases can carry {(grantable + always) * NAMED_AT_MOST:,} permissions at most."
        )
    every = max(1, grantable * NAMED // max(1, permissions - always * NAMED))
    named = max(1, round(permissions / max(1, grantable // every + always)))
    return Plan(
        tag="".join(secrets.choice("bcdfghjkmnpqrstvwxz") for _ in range(4)),
        now=now,
        cases=cases,
        developers=max(2, cases // 200),
        every=every,
        named=min(named, NAMED_AT_MOST),
        start=secrets.randbelow(2**30),
    )


def _parameters(plan: Plan, began: datetime) -> dict[str, Any]:
    policy = PolicyVersion.objects.latest("number")
    staff = {role: _staff(role, plan.now) for role in ("case_officer", "framework_lead", "evaluator")}
    days = [began + timedelta(days=n) for n in range((plan.now - began).days + 2)]
    return {
        **asdict(plan),
        "partners": len(PARTNERS),
        "alphabet": NUMBER_ALPHABET,
        "years": sorted({day.year for day in days}),
        "model_words": list(MODEL_WORDS),
        "policy": str(policy.pk),
        "marking": policy.default_marking,
        "permission": Permission.objects.get(codename="use_grant", content_type__app_label="cases").pk,
        "staff": [post.pk for post in staff.values()],
        "evaluator": json.dumps(staff["evaluator"].person.name)[1:-1],
        "due_day": [day.astimezone(ZoneInfo("America/New_York")).date() for day in days],
        "due_at": [clock.due_at("acknowledge", day, policy.clocks) for day in days],
        **{f"s_{name}": column for name, column in zip(STEP_COLUMNS, step_rows(), strict=True)},
    }


def _staff(role: str, now: datetime) -> Appointment:
    post = Appointment.objects.live(now).in_role(role).select_related("person").order_by("span", "pk").first()
    if post is None:
        raise NotPossible(f"Nobody is appointed as {role.replace('_', ' ')}. Load the demonstration first.")
    return post


def _written(plan: Plan, parameters: dict[str, Any], side_by_side: int) -> Iterator[int]:
    """Write all chunks; yields the size of each when it is stored."""
    chunks = [(first, min(first + CHUNK, plan.cases) - 1) for first in range(0, plan.cases, CHUNK)]
    if side_by_side == 1:
        for first, last in chunks:
            yield _write(first, last, parameters)
        return

    def elsewhere(chunk: tuple[int, int]) -> int:
        try:
            return _write(*chunk, parameters)
        finally:
            connection.close()

    with ThreadPoolExecutor(side_by_side) as pool:
        yield from pool.map(elsewhere, chunks)


def _write(first: int, last: int, parameters: dict[str, Any]) -> int:
    """Write one chunk of cases with everything that hangs on them, or nothing of it."""
    values = {**parameters, "first": first, "last": last}
    with transaction.atomic(), connection.cursor() as cursor:
        for statements in (bulk_sql.SESSION, bulk_sql.NUMBERS, bulk_sql.PEOPLE, bulk_sql.CASES):
            cursor.execute(statements, values)
        for place, (model, select) in enumerate(bulk_tables.TABLES):
            cursor.execute(bulk_tables.fill(model, select, place), values)
        cursor.execute(bulk_audit.ENTRIES, values)
    return last - first + 1
