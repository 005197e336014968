"""Random sequences of what people do about access: whatever the order, rules 4 to 8 hold after every step.

The oracle reads the rows and knows the rules in its own words; it uses nothing of `cases.rules.window`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from cases.access.actions import (
    concur,
    end_grant,
    issue_grant,
    nominate,
    resume_grant,
    retract,
    suspend_grant,
)
from cases.access.models import Grant, Nomination
from cases.register.actions import move_case, state_release
from cases.register.models import Case
from portal.kit.refusal import Refused
from tests import walk
from tests.cast import Cast

HOUR: Final = timedelta(hours=1)
LIMIT: Final = 720 * HOUR
GENERAL: Final = "general_release"
OTHER: Final = "other_trusted_partners"
Seen = dict[Any, Any]


class Walk:
    """One case and what may be tried on it; `a` and `b` are hours ahead, `at` the instant of the step."""

    def __init__(self, cast: Cast, case: Case) -> None:
        self.cast, self.case, self.done = cast, case, set[str]()

    def grant(self, **which: Any) -> Grant:
        """The newest grant of a kind that has no recorded end."""
        found = Grant.objects.filter(case=self.case, end_reason="", **which).order_by("-issued_at", "pk")
        return found.select_related("nomination")[0]

    def offer(self) -> Nomination:
        """The newest nomination."""
        return Nomination.objects.filter(case=self.case).order_by("-proposed_at", "pk")[0]

    def release(self, kind: str, state: str, at: datetime, when: datetime) -> None:
        """A date stated by the developer."""
        state_release(case=self.case, kind=kind, state=state, at=when, by=self.cast.liaison, now=at)

    def sign(self, at: datetime, a: int, b: int, kind: str = GENERAL) -> None:
        """A version, or an amendment, signed by both: from `a` hours ahead for `b`."""
        span = {"opens_at": at + a * HOUR, "closes_at": at + (a + b) * HOUR}
        by = (self.cast.officer, self.cast.liaison)[b % 2] if self.case.stage != "scoping" else None
        version = walk.agreement(self.cast, self.case, at, anchor_kind=kind, by=by, **span)
        walk.sign_both(self.cast, version, at + (a % 3) * HOUR)

    def partner(self, at: datetime, a: int, b: int) -> None:
        """A grant on the newest offer, its terms accepted half of the time."""
        cast = self.cast
        grant = issue_grant(
            case=self.case, organisation=cast.partner_org, people=[cast.partner], mode="developer_api",
            tasks_allowed="x", starts_at=at + a * HOUR, ends_at=at + (a + b) * HOUR, nomination=self.offer(),
            by=cast.officer, now=at,
        )  # fmt: skip
        if b % 2:
            walk.accepted_terms(grant, cast.partner, at)

    def step(self, name: str, at: datetime, a: int, b: int) -> None:
        """Try one thing; most are refused most of the time."""
        cast, case = self.cast, self.case

        def move(way: str, by: Any) -> Callable[[], object]:
            return lambda: move_case(case=case, name=way, by=by, now=at)

        office = {"starts_at": at + a * HOUR, "ends_at": at + (a + b) * HOUR}
        by = (cast.signatory, cast.lead)[b % 2]
        ways: dict[str, Callable[[], object]] = {
            "sign": lambda: self.sign(at, a, b),
            "sign_other_anchor": lambda: self.sign(at, a, b, OTHER),
            "benchmark": move("benchmark", cast.officer),
            "offer_access": move("offer_access", cast.officer),
            "rescope": move("rescope", cast.officer),
            "office": lambda: walk.office_grant(cast, case, at, **office),
            "nominate": lambda: nominate(
                case=case, partner=cast.partner_org, purpose="x", basis="x", by=cast.liaison, now=at
            ),
            "concur_developer": lambda: concur(nomination=self.offer(), by=cast.signatory, now=at),
            "concur_agency": lambda: concur(nomination=self.offer(), by=cast.lead, now=at),
            "retract": lambda: retract(nomination=self.offer(), by=by, now=at),
            "partner": lambda: self.partner(at, a, b),
            "move_release": lambda: self.release(GENERAL, "planned", at, at + (a + b) * HOUR),
            "move_other": lambda: self.release(OTHER, "planned", at, at + b * HOUR),
            "released": lambda: self.release(GENERAL, "actual", at, at - a * HOUR),
            "suspend": lambda: suspend_grant(
                grant=self.grant(), by=cast.security, now=at, incident=case.incidents.get()
            ),
            "resume": lambda: resume_grant(grant=self.grant(state="suspended"), by=cast.security, now=at),
            "end": lambda: end_grant(grant=self.grant(), by=cast.officer, now=at),
            "withdraw": move("withdraw", cast.signatory),
            "wait": lambda: None,
        }
        try:
            with transaction.atomic():
                ways[name]()
            self.done.add(name)
        except (Refused, IndexError):
            pass


def dates_of(case: Case, kind: str) -> datetime | None:
    """A release, planned or actual, whichever comes first."""
    rows = case.model_version.milestones.filter(kind=kind).order_by("stated_at")
    newest = {row.state: row.at for row in rows}
    return min(newest.values(), default=None)


def check(case: Case, at: datetime, seen: Seen) -> None:
    """Rules 4 to 8 from the rows as they stand, and that nothing grew since it was last seen."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what the commit would refuse
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    case.refresh_from_db()
    general = dates_of(case, GENERAL)
    signed = case.agreements.filter(state="signed").first()
    covered: list[tuple[datetime, datetime]] = []
    for period in case.window_periods.select_related("agreement"):
        if period.span.isempty:
            continue
        start, end, anchor = period.span.lower, period.span.upper, period.agreement.anchor_at
        assert anchor - LIMIT <= start < end <= anchor  # rule 4
        _, ended = seen.setdefault(period.pk, (start, end))
        assert end <= ended  # rule 5: never stretched
        seen[period.pk] = (start, end)
        assert all(end <= other or start >= until for other, until in covered)
        covered.append((start, end))
        if signed and case.stage not in ("closed", "withdrawn"):
            assert general is None or end <= general  # rule 5: an earlier release cuts at once
    assert sum((end - start for start, end in covered), timedelta(0)) <= LIMIT
    for grant in case.grants.select_related("nomination"):
        check_grant(grant, case, at, seen, covered, general)


def check_grant(
    grant: Grant, case: Case, at: datetime, seen: Seen, covered: list[Any], general: datetime | None
) -> None:
    """One grant: its first end is final, an open one lies inside and has what it needs, a live one is open."""
    end = (grant.end_reason, grant.ended_at)
    if grant.end_reason:
        assert seen.setdefault((grant.pk, "end"), end) == end
    start, until = grant.span.lower, grant.span.upper
    assert until <= seen.get(grant.pk, until)
    seen[grant.pk] = until
    live = Grant.objects.live(at).filter(pk=grant.pk).exists()
    assert live == (
        not grant.end_reason and grant.state == "agreed" and start <= at < until
        and (grant.kind == "office" or grant.terms_accepted_at is not None)
    )  # fmt: skip
    if grant.end_reason or at >= until:
        return
    assert case.stage in ("access", "benchmarking", "labeling")  # rule 6
    assert general is None or until <= general
    signed = case.agreements.get(state="signed")
    if grant.kind == "partner":  # rule 8
        current = grant.nomination.concurrences.filter(retracted_at__isnull=True)
        assert {row.side for row in current} == {"developer", "agency"}
    if grant.kind == "partner" and signed.anchor_kind == OTHER:
        assert general is not None
        assert start >= signed.anchor_at
        return
    reached = start
    for first, last in sorted(covered):
        reached = last if first <= reached <= last else reached
    assert until <= reached


NAMES: Final = (
    "sign sign sign sign_other_anchor move_other benchmark office office office partner partner nominate "
    "concur_developer concur_agency retract move_release move_release released suspend resume end withdraw wait "
    "offer_access rescope"
).split()
STEP: Final = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from((0, 0, 1, 30, 100, 300)),  # hours that pass before it
    st.sampled_from((0, 0, 1, 24, 80)),
    st.sampled_from((1, 2, 51, 100, 301, 480, 720, 721)),
)
LONG: Final = [
    ("sign", 0, 0, 480), ("office", 0, 0, 301), ("nominate", 0, 0, 1), ("concur_developer", 0, 0, 1),
    ("concur_agency", 0, 0, 1), ("partner", 1, 0, 301), ("suspend", 1, 0, 1), ("sign", 30, 0, 100),
    ("resume", 1, 0, 1), ("move_release", 30, 300, 720), ("sign", 100, 0, 480), ("office", 1, 0, 100),
    ("benchmark", 1, 0, 1), ("move_other", 1, 0, 51), ("sign_other_anchor", 1, 0, 2), ("retract", 1, 0, 1),
    ("withdraw", 1, 0, 1), ("office", 1, 0, 1),
]  # fmt: skip


@settings(
    max_examples=8, deadline=None, derandomize=True, database=None,
    phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(st.lists(STEP, min_size=15, max_size=25))
@example(LONG)
def test_no_sequence_breaks_the_window(
    cast: Cast, now: datetime, steps: list[tuple[str, int, int, int]]
) -> None:
    """Agreements, amendments, dates, suspensions, partners, withdrawal, time: in any order."""
    with transaction.atomic():
        walked = Walk(cast, walk.acknowledged(cast, now, release_at=now + 650 * HOUR))
        walk.incident(cast, walked.case, now)
        at, seen = now, Seen()
        for number, (name, hours, a, b) in enumerate(steps):
            at += hours * HOUR + timedelta(seconds=1)
            walked.step("sign" if number == 0 else name, at, a, b)
            check(walked.case, at, seen)
        if steps == LONG:
            assert walked.done == {name for name, *_ in LONG}
        transaction.set_rollback(True)
