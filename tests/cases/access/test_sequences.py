"""Random sequences of what people do about access: whatever the order, rules 4 and 5 hold after every step."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from cases.access.actions import end_grant, resume_grant, retract, suspend_grant
from cases.access.guards import release_of, stated_dates
from cases.access.models import Grant
from cases.register.actions import move_case, state_release
from cases.register.models import Case
from cases.rules import window
from portal.kit.refusal import Refused
from tests import walk
from tests.cast import Cast

HOUR = timedelta(hours=1)
Ends = dict[Any, tuple[str, datetime]]


def steps(cast: Cast, case: Case, at: datetime, chance: random.Random) -> dict[str, Callable[[], object]]:
    """What may be tried at `at`; most of it is refused most of the time."""

    def move(name: str, by: Any) -> Callable[[], object]:
        return lambda: move_case(case=case, name=name, by=by, now=at)

    def some(kind: str) -> Grant:
        found = list(Grant.objects.filter(case=case, kind=kind).select_related("nomination"))
        if not found:
            raise Refused("none yet")
        return chance.choice(found)

    def hours(low: int, high: int) -> datetime:
        return at + chance.randint(low, high) * HOUR

    def release(state: str, when: datetime) -> Callable[[], object]:
        return lambda: state_release(
            case=case, kind="general_release", state=state, at=when, by=cast.liaison, now=at
        )

    def sign() -> Case:
        version = walk.agreement(cast, case, at, opens_at=hours(0, 60), closes_at=hours(61, 700))
        return walk.sign_both(cast, version, at)

    return {
        "sign": sign,
        "benchmark": move("benchmark", cast.officer),
        "offer_access": move("offer_access", cast.officer),
        "rescope": move("rescope", cast.officer),
        "office": lambda: walk.office_grant(cast, case, at, starts_at=hours(0, 60), ends_at=hours(10, 700)),
        "partner": lambda: walk.partner_grant(cast, case, at, ends_at=hours(1, 700)),
        "earlier_or_later": release("planned", hours(1, 900)),
        "suspend": lambda: suspend_grant(grant=some("partner"), by=cast.security, now=at),
        "resume": lambda: resume_grant(grant=some("partner"), by=cast.security, now=at),
        "retract": lambda: retract(nomination=some("partner").nomination, by=cast.lead, now=at),
        "end": lambda: end_grant(grant=some("office"), by=cast.officer, now=at),
        **({"withdraw": move("withdraw", cast.signatory)} if chance.random() < 0.1 else {}),
        **({"released": release("actual", at - HOUR)} if chance.random() < 0.1 else {}),
    }  # fmt: skip


def check(case: Case, at: datetime, ends: Ends) -> None:
    """Rules 4 and 5, from the rows as they stand."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what the commit would refuse
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    case.refresh_from_db()
    periods = list(case.window_periods.select_related("agreement"))
    spans = [period.left for period in periods if period.left]
    assert sum((span.length for span in spans), timedelta(0)) == window.total(spans) <= window.LIMIT
    for period in periods:
        if period.left:
            anchor = period.agreement.anchor_at
            assert anchor - window.LIMIT <= period.left.start < period.left.end <= anchor
    release = release_of(stated_dates(case))
    for grant in case.grants.all():
        if grant.end_reason:
            assert ends.setdefault(grant.pk, (grant.end_reason, grant.ended_at)) == (
                grant.end_reason,
                grant.ended_at,
            )
        elif grant.span.upper > at:
            assert not case.is_terminal
            assert any(span.start <= grant.span.lower < grant.span.upper <= span.end for span in spans)
            assert release is not None
            assert grant.span.upper <= release


@pytest.mark.parametrize("seed", range(6))
def test_no_sequence_breaks_the_window(cast: Cast, now: datetime, seed: int) -> None:
    """Twenty-five steps of chance; the seed names a failing one."""
    chance = random.Random(seed)
    case = walk.acknowledged(cast, now, release_at=now + 650 * HOUR)
    at, ends, done = now, Ends(), []
    for _ in range(25):
        at += chance.randint(0, 40) * HOUR
        tried = steps(cast, case, at, chance)
        name = "sign" if case.stage == "scoping" else chance.choice(sorted(tried))
        try:
            tried[name]()
            done.append(name)
        except Refused:
            continue
        finally:
            check(case, at, ends)
    assert "sign" in done
