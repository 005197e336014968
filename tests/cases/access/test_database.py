"""The database refuses what the actions refuse: raw SQL against the window's rules, and two at once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from cases.access.actions import issue_grant, sign_agreement, store_credential
from cases.access.models import Agreement, Grant, WindowPeriod
from cases.register.actions import move_case
from cases.register.models import Case
from portal.kit.gate import writing
from portal.kit.refusal import Refused
from tests import walk
from tests.cast import Cast

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def sql(statement: str, *values: Any, **named: Any) -> None:
    """Run one statement as its own transaction, deferred triggers included."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, named or values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def refused(constraint: str) -> Iterator[None]:
    """Expect the database to refuse, naming this constraint (append-only tables have a sentence alone)."""
    with pytest.raises(IntegrityError) as found:
        yield
    cause: Any = found.value.__cause__
    assert constraint in (cause.diag.constraint_name or str(cause))


def second_version(agreement: Agreement, **changes: Any) -> Agreement:
    """Another version of the same terms, as if signed once before: a row to hang a further period on."""
    agreement.pk, agreement.number, agreement.state = uuid4(), agreement.number + 1, "superseded"
    for name, value in changes.items():
        setattr(agreement, name, value)
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


def copied(table: str, **changes: str) -> str:
    """SQL that inserts a copy of the row with id %s, some columns otherwise (SQL expressions)."""
    keys = ", ".join(f"'{name}', {value}" for name, value in {"id": "gen_random_uuid()", **changes}.items())
    return (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object({keys}))).* "
        f"FROM {table} t WHERE t.id = %s"
    )


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """In access; twenty days of window, the release five days later; as committed."""
    case = walk.agreed(cast, now)
    sql("SELECT 1")
    return case


def test_periods_by_hand(cast: Cast, case: Case, now: datetime) -> None:
    """Over 720 hours, overlapping, past the anchor, before its 30 days, unbounded, empty, unsigned."""
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
    dates = {name: getattr(version, name) + 20 * DAY for name in ("opens_at", "closes_at", "anchor_at")}
    later = second_version(version, **dates)
    with refused("window_total_within_limit"):
        period(later, now + 20 * DAY, now + 25 * DAY + timedelta(microseconds=1))
    draft = walk.agreement(cast, case, now, closes_at=now + DAY)
    with refused("window_period_signed"):
        period(draft, now + 20 * DAY, now + 21 * DAY)


SIGNED: Final = "UPDATE cases_agreement SET {} WHERE id = %(agreement)s"
DRAFT: Final = "UPDATE cases_agreement SET {} WHERE id = %(draft)s"
PERIODS: Final = "UPDATE cases_windowperiod SET {} WHERE case_id = %(case)s"
STAGE: Final = "UPDATE cases_case SET {} WHERE id = %(case)s"
GRANT: Final = "UPDATE cases_grant SET {} WHERE id = %(office)s"
PARTNER: Final = "UPDATE cases_grant SET {} WHERE id = %(partner)s"
MILESTONE: Final = (
    "INSERT INTO cases_releasemilestone (id, model_version_id, kind, state, at, stated_at, stated_by_id) "
    "SELECT gen_random_uuid(), model_version_id, kind, '{}', stated_at + interval '{}', stated_at + interval "
    "'1 hour', stated_by_id FROM cases_releasemilestone WHERE model_version_id = %(version)s LIMIT 1"
)
# what is tried -> the rule that refuses it; office and partner hold grants from now to the window's end
TRIED: Final = {
    SIGNED.format("text = 'other'"): "agreement_signed_is_final",
    SIGNED.format("closes_at = closes_at - interval '1 day'"): "agreement_signed_is_final",
    SIGNED.format("people = '[]'"): "agreement_signed_is_final",
    SIGNED.format("state = 'draft'"): "agreement_signed_is_final",
    DRAFT.format("opens_at = anchor_at - interval '721 hours'"): "agreement_window_within_limit",
    DRAFT.format("closes_at = anchor_at + interval '1 second'"): "agreement_window_before_anchor",
    DRAFT.format("state = 'signed'"): "agreement_one_signed",
    "WITH o AS (UPDATE cases_agreement SET state = 'superseded' WHERE id = %(agreement)s RETURNING id) UPDATE "
    "cases_agreement SET state = 'superseded', amends_id = id WHERE id = %(draft)s": "agreement_amends_its_own_case",
    PERIODS.format("span = tstzrange(lower(span), upper(span) + interval '1 second')"): "window_period_only_shrinks",
    PERIODS.format("agreed_end = agreed_end + interval '1 day'"): "window_period_only_shrinks",
    PERIODS.format("span = tstzrange(lower(span), lower(span) + interval '1 hour')"): "grant_within_window",
    GRANT.format("span = tstzrange(lower(span), upper(span) + interval '1 second')"): "grant_only_shrinks",
    GRANT.format("span = tstzrange(lower(span) - interval '1 hour', upper(span))"): "grant_only_shrinks",
    GRANT.format("organisation_id = %(developer)s"): "grant_only_shrinks",
    GRANT.format("span = tstzrange(lower(span), lower(span))"): "grant_bounded",
    GRANT.format("closed_out_at = now(), close_out = 'returned'"): "grant_closed_out_after_its_end",
    GRANT.format("end_reason = 'revoked'"): "grant_ended_with_reason",
    GRANT.format("kind = 'partner'"): "grant_only_shrinks",
    PARTNER.format("nomination_id = NULL"): "grant_only_shrinks",
    PARTNER.format("terms_accepted_at = NULL, terms_accepted_by_id = NULL"): "grant_terms_accepted_once",
    PARTNER.format("terms_accepted_at = terms_accepted_at - interval '1 hour'"): "grant_terms_accepted_once",
    GRANT.format("terms_accepted_at = now(), terms_accepted_by_id = issued_by_id"): "grant_terms_word_for_word",
    "UPDATE cases_concurrence SET retracted_at = now() WHERE side = 'developer'": "grant_with_both_concurrences",
    "UPDATE cases_concurrence SET retracted_at = now() WHERE side = 'agency'": "grant_with_both_concurrences",
    STAGE.format("stage = 'withdrawn', ended_at = now()"): "grant_in_a_case_with_access",
    STAGE.format("stage = 'closed', ended_at = now(), closed_reason = 'duplicate'"): "grant_in_a_case_with_access",
    STAGE.format("stage = 'scoping'"): "grant_in_a_case_with_access",
    MILESTONE.format("planned", "19 days"): "window_ends_at_release",
    MILESTONE.format("actual", "1 second"): "window_ends_at_release",
    "INSERT INTO cases_signature (id, agreement_id, side, signed_by_id, appointment_id, capacity, text_digest, "
    "signed_at) SELECT gen_random_uuid(), %(draft)s, side, signed_by_id, appointment_id, capacity, text_digest, "
    "signed_at FROM cases_signature WHERE agreement_id = %(agreement)s LIMIT 1": "signature_under_its_text",
    "INSERT INTO cases_signature (id, agreement_id, side, signed_by_id, appointment_id, capacity, text_digest, "
    "signed_at) SELECT gen_random_uuid(), agreement_id, side, signed_by_id, appointment_id, capacity, text_digest, "
    "signed_at FROM cases_signature WHERE agreement_id = %(agreement)s LIMIT 1": "signature_",
    "UPDATE cases_signature SET signed_at = now()": "append-only",
    "DELETE FROM cases_signature": "append-only",
}  # fmt: skip


def test_what_the_database_alone_refuses(cast: Cast, case: Case, now: datetime) -> None:
    """Domain rules 4 to 8 by hand, each in a transaction of its own, each refused by the rule that names it."""
    office, partner = walk.office_grant(cast, case, now), walk.partner_grant(cast, case, now)
    draft = walk.agreement(cast, case, now, closes_at=now + DAY)
    ids = {
        "case": case.pk, "agreement": case.agreements.get(state="signed").pk, "draft": draft.pk,
        "office": office.pk, "partner": partner.pk, "version": case.model_version_id,
        "developer": cast.developer.pk,
    }  # fmt: skip
    sql("SELECT 1")
    wrong = {}
    for statement, rule in TRIED.items():
        try:
            with refused(rule):
                sql(statement, **ids)
        except (AssertionError, pytest.fail.Exception) as fault:
            wrong[statement] = f"{rule}: {fault}"
    assert not wrong
    sql("UPDATE cases_grant SET span = tstzrange(lower(span), upper(span) - interval '1 hour') WHERE id = %(office)s",
        **ids)  # fmt: skip


def test_grants_by_hand(cast: Cast, case: Case, now: datetime) -> None:
    """A new grant outside the window, past the release, of another case, without its nomination's concurrences."""
    office, partner = walk.office_grant(cast, case, now), walk.partner_grant(cast, case, now)
    other = walk.agreed(cast, now)
    for start, end in ((now - HOUR, now + DAY), (now, now + 21 * DAY), (now + 26 * DAY, now + 27 * DAY)):
        with refused("grant_within_window"):
            sql(copied("cases_grant", span=f"tstzrange('{start}', '{end}')"), office.pk)
    for changes in ({"case_id": f"'{other.pk}'"}, {"case_id": f"'{walk.submitted(cast, now).pk}'"}):
        with refused("grant_in_a_case_with_access"):
            sql(copied("cases_grant", **changes), office.pk)
    with refused("grant_with_both_concurrences"):
        sql(copied("cases_grant", organisation_id=f"'{cast.agency.pk}'"), partner.pk)
    with refused("grant_partner_nominated"):
        sql(copied("cases_grant", nomination_id="NULL"), partner.pk)


REVEAL: Final = (
    "INSERT INTO cases_credentialreveal (id, credential_id, reason, revealed_at, revealed_by_id, appointment_id, "
    "capacity) SELECT gen_random_uuid(), id, 'x', now() + interval '1 hour', stored_by_id, appointment_id, 'own' "
    "FROM cases_endpointcredential WHERE grant_id = %s"
)


def test_use_by_hand(cast: Cast, case: Case, now: datetime) -> None:
    """Neither a secret shown nor findings under a partner's grant before its terms are accepted, nor after its end."""
    grant = walk.partner_grant(cast, case, now, accepted=False)
    store_credential(grant=grant, endpoint="https://x.example", secret="s", by=cast.liaison, now=now)
    paper = case.documents.order_by("pk")[0].pk
    findings = copied(
        "cases_document", under_grant_id=f"'{grant.pk}'", created_at="now() + interval '1 hour'"
    )
    sql("SELECT 1")

    def tried(rule: str) -> None:
        for statement, key in ((REVEAL, grant.pk), (findings, paper)):
            with refused(rule):
                sql(statement, key)

    tried("grant_used_on_accepted_terms")
    with refused("grant_terms_word_for_word"):
        accepted = "terms_accepted_at = now(), terms_accepted_by_id = issued_by_id"
        sql(f"UPDATE cases_grant SET {accepted} WHERE id = %s", grant.pk)
    walk.accepted_terms(Grant.objects.get(pk=grant.pk), cast.partner, now)
    sql(REVEAL, grant.pk)
    sql(findings, paper)
    sql("UPDATE cases_grant SET state = 'suspended', suspended_at = now() WHERE id = %s", grant.pk)
    tried("grant_used_while_open")


def test_the_first_end_is_final_by_hand(cast: Cast, case: Case, now: datetime) -> None:
    """Neither reason nor instant of an end changes; nothing is open again after a withdrawal."""
    grant = walk.office_grant(cast, case, now)
    move_case(case=case, name="withdraw", by=cast.signatory, now=now + DAY)
    for change in ("end_reason = 'revoked'", "ended_at = now()", "end_reason = '', ended_at = NULL"):
        with refused("grant_first_end_is_final"):
            sql(f"UPDATE cases_grant SET {change} WHERE id = %s", grant.pk)
    with refused("grant_in_a_case_with_access"):
        sql(copied("cases_grant", end_reason="''", ended_at="NULL", state="'agreed'"), grant.pk)


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
        later = now + 1100 * HOUR
        one = second_version(Agreement.objects.get(pk=one.pk))
        dates = {"opens_at": later - 500 * HOUR, "closes_at": later, "anchor_at": later}
        two = second_version(Agreement.objects.get(pk=one.pk), **dates)
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
