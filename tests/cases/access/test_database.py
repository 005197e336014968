"""The database refuses what the actions refuse: raw SQL against the window's rules, and two at once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from cases.access.actions import issue_grant, sign_agreement
from cases.access.models import Agreement, Grant, WindowPeriod
from cases.register.actions import move_case
from cases.register.models import Case
from portal.kit.gate import writing
from portal.kit.refusal import Refused
from tests import walk
from tests.cast import Cast

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def sql(statement: str, *values: Any) -> None:
    """Run one statement as its own transaction, deferred triggers included."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def refused(constraint: str) -> Iterator[None]:
    """Expect the database to refuse, naming this constraint (append-only tables have a sentence alone)."""
    with pytest.raises(IntegrityError) as found:
        yield
    cause: Any = found.value.__cause__
    assert constraint in (cause.diag.constraint_name or str(cause))


def second_version(agreement: Agreement) -> Agreement:
    """Another version of the same terms, as if signed once before: a row to hang a further period on."""
    agreement.pk, agreement.number, agreement.state = uuid4(), agreement.number + 1, "superseded"
    with writing():
        agreement.save(force_insert=True)
    return agreement


PERIOD = (
    "INSERT INTO cases_windowperiod (id, case_id, agreement_id, span, agreed_end, cut_cause) "
    "VALUES (%s, %s, %s, tstzrange(%s, %s), %s, '')"
)


def period(version: Agreement, start: datetime, end: datetime) -> None:
    """A window period written by hand."""
    sql(PERIOD, uuid4(), version.case_id, version.pk, start, end, end)


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """In access; twenty days of window, the release five days later."""
    return walk.agreed(cast, now)


def test_periods_by_hand(case: Case, now: datetime) -> None:
    """Over 720 hours, overlapping, past the anchor, before its 30 days, of another case, unbounded, empty."""
    version = second_version(case.agreements.get())
    anchor = version.anchor_at
    with refused("window_periods_apart"):
        period(version, now + 19 * DAY, now + 21 * DAY)
    with refused("window_period_before_anchor"):
        period(version, now + 21 * DAY, anchor + timedelta(microseconds=1))
    with refused("window_period_before_anchor"):
        period(version, anchor - 721 * HOUR, now)
    with refused("window_period_bounded"):
        sql(PERIOD, uuid4(), case.pk, version.pk, now + 21 * DAY, None, anchor)
    with refused("window_period_bounded"):
        period(version, now + 21 * DAY, now + 21 * DAY)
    period(version, anchor - 720 * HOUR, now)  # 5 days before and 20 after make 25
    later = "interval '20 days'"
    sql(
        f"UPDATE cases_agreement SET opens_at = opens_at + {later}, closes_at = closes_at + {later}, "
        f"anchor_at = anchor_at + {later} WHERE id = %s",
        version.pk,
    )
    with refused("window_total_within_limit"):
        period(version, now + 20 * DAY, now + 25 * DAY + timedelta(microseconds=1))


def test_an_agreement_of_721_hours(case: Case) -> None:
    """The terms themselves are bound by the same limit."""
    moved = "UPDATE cases_agreement SET opens_at = anchor_at - interval '721 hours' WHERE case_id = %s"
    with refused("agreement_window_within_limit"):
        sql(moved, case.pk)
    with refused("agreement_window_before_anchor"):
        sql(
            "UPDATE cases_agreement SET closes_at = anchor_at + interval '1 second' WHERE case_id = %s",
            case.pk,
        )


def test_grants_by_hand(cast: Cast, case: Case, now: datetime) -> None:
    """Outside the window, past the release, longer than the window after it shrank."""
    grant = walk.office_grant(cast, case, now, ends_at=now + DAY)
    move = "UPDATE cases_grant SET span = tstzrange(%s, %s) WHERE id = %s"
    for start, end in ((now - HOUR, now + DAY), (now, now + 21 * DAY), (now + 26 * DAY, now + 27 * DAY)):
        with refused("grant_within_window"):
            sql(move, start, end, grant.pk)
    with refused("grant_bounded"):
        sql(move, now, None, grant.pk)
    shrink = "UPDATE cases_windowperiod SET span = tstzrange(lower(span), %s) WHERE case_id = %s"
    with refused("grant_within_window"):
        sql(shrink, now + HOUR, case.pk)


def test_the_first_end_is_final_by_hand(cast: Cast, case: Case, now: datetime) -> None:
    """Neither reason nor instant of an end changes; nor is a certificate filed for a grant that has not ended."""
    grant = walk.office_grant(cast, case, now)
    with refused("grant_closed_out_after_its_end"):
        sql("UPDATE cases_grant SET closed_out_at = %s, close_out = 'returned' WHERE id = %s", now, grant.pk)
    move_case(case=case, name="withdraw", by=cast.signatory, now=now + DAY)
    with refused("grant_first_end_is_final"):
        sql("UPDATE cases_grant SET end_reason = 'revoked' WHERE id = %s", grant.pk)
    with refused("grant_first_end_is_final"):
        sql("UPDATE cases_grant SET ended_at = %s WHERE id = %s", now, grant.pk)


def test_signatures_by_hand(case: Case) -> None:
    """Append-only, one a side, two people."""
    with refused("append-only"):
        sql("UPDATE cases_signature SET signed_at = now()")
    again = (
        "INSERT INTO cases_signature (id, agreement_id, side, signed_by_id, appointment_id, capacity, text_digest, "
        "signed_at) SELECT %s, agreement_id, side, signed_by_id, appointment_id, capacity, text_digest, signed_at "
        "FROM cases_signature LIMIT 1"
    )
    with refused("signature_"):
        sql(again, uuid4())


# -- two at once ----------------------------------------------------------------------------------------------------


def at_once(*runs: Callable[[], object]) -> list[object]:
    """Run each in a thread and connection of its own; answers results and exceptions in order."""
    answers: list[object] = [None] * len(runs)
    start = threading.Barrier(len(runs))

    def one(index: int, run: Callable[[], object]) -> None:
        start.wait()
        try:
            answers[index] = run()
        except (Refused, IntegrityError) as fault:
            answers[index] = fault
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(runs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.django_db(transaction=True)
def test_two_windows_at_once_never_exceed_the_limit(
    transactional_db: None, cast: Cast, now: datetime
) -> None:
    """Two periods of 500 hours, each alone within the limit: exactly one is committed, every time."""
    for _ in range(5):
        case = walk.acknowledged(cast, now, release_at=now + 30 * DAY)
        one = walk.agreement(cast, case, now, closes_at=now + 500 * HOUR)
        two = second_version(Agreement.objects.get(pk=one.pk))
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE cases_agreement SET anchor_at = %s WHERE id = %s", [now + 720 * HOUR, one.pk]
            )
            later = now + 1100 * HOUR
            cursor.execute(
                "UPDATE cases_agreement SET opens_at = %s, closes_at = %s, anchor_at = %s WHERE id = %s",
                [later - 500 * HOUR, later, later, two.pk],
            )
        answers = at_once(
            lambda one=one: period(one, now, now + 500 * HOUR),
            lambda two=two, later=later: period(two, later - 500 * HOUR, later),
        )
        assert sorted(type(answer).__name__ for answer in answers) == ["IntegrityError", "NoneType"]
        assert WindowPeriod.objects.filter(case=case).count() == 1


@pytest.mark.django_db(transaction=True)
def test_both_signatories_at_once(transactional_db: None, cast: Cast, now: datetime) -> None:
    """Two clicks of each side: exactly one signature of each, one window, the case in access once."""
    for _ in range(5):
        case = walk.acknowledged(cast, now, release_at=now + walk.ANCHOR_AFTER)
        version = walk.agreement(cast, case, now)

        def sign(by: Any, version: Agreement = version) -> str:
            return sign_agreement(agreement=version, digest=version.text_digest, by=by, now=now).side

        answers = at_once(
            *(lambda by=by: sign(by) for by in (cast.signatory, cast.lead, cast.signatory, cast.lead))
        )
        assert sorted(answer for answer in answers if isinstance(answer, str)) == ["agency", "developer"]
        assert all(fault.conflict for fault in answers if isinstance(fault, Refused))
        assert Case.objects.get(pk=case.pk).stage == "access"
        assert WindowPeriod.objects.filter(case=case).count() == 1


@pytest.mark.django_db(transaction=True)
def test_issuing_while_the_case_is_withdrawn(transactional_db: None, cast: Cast, now: datetime) -> None:
    """Whatever comes first, no grant is open afterwards."""
    for _ in range(5):
        case = walk.agreed(cast, now)
        values = {"case": case, "organisation": cast.agency, "people": [cast.evaluator], "mode": "weights",
                  "tasks_allowed": "x", "ends_at": now + DAY}  # fmt: skip
        at_once(
            lambda values=values: issue_grant(by=cast.officer, now=now, **values),
            lambda case=case: move_case(case=case, name="withdraw", by=cast.signatory, now=now),
        )
        assert Case.objects.get(pk=case.pk).stage == "withdrawn"
        assert not Grant.objects.filter(case=case, end_reason="").exists()
