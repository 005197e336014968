"""Recording: gap-free chains, cheap, all or nothing, and what is stored."""

import threading
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Organisation
from portal.audit import journal
from portal.audit.journal import Draft, record, record_many
from portal.audit.models import Entry, Sequence
from portal.audit.verify import verify
from portal.kit.context import request_id
from portal.kit.gate import writing
from tests.portal.helpers import NOW, StandInCase, organisation, person


@pytest.mark.django_db
def test_an_entry_tells_who_in_what_capacity_under_which_policy() -> None:
    ada, office, case = person(), organisation(), StandInCase()
    held = SimpleNamespace(pk=7, role="case_officer", capacity="acting", organisation=office)
    with request_id("req-1"):
        record(
            "case.acknowledged",
            by=ada,
            now=NOW,
            case=case,
            subject=office,
            rows=[office],
            appointment=held,
            reason="because",
            data={"n": 1},
        )
    entry = Entry.objects.get()
    assert (entry.actor, entry.actor_name, entry.at, entry.number) == (ada, "Ada Marsh", NOW, 1)
    assert (entry.role, entry.capacity, entry.appointment_id) == ("case_officer", "acting", "7")
    assert (entry.organisation_name, entry.reason, entry.request_id) == (office.name, "because", "req-1")
    assert (entry.case_id, entry.policy_version) == (case.pk, str(case.policy_version_id))
    assert (entry.subject_model, entry.subject_id) == ("accounts.organisation", str(office.pk))
    assert entry.rows[0]["history_id"] == str(office.history.get().history_id)
    assert entry.sequence.key == f"case:{case.pk}"


@pytest.mark.django_db
def test_chains_are_apart_and_each_is_gap_free() -> None:
    one, two = StandInCase(), StandInCase()
    for case in (one, two, None, one, None):
        record("seen", by=None, now=NOW, case=case)
    numbers = {
        head.key: [e.number for e in head.entries.order_by("number")] for head in Sequence.objects.all()
    }
    assert numbers == {f"case:{one.pk}": [1, 2], f"case:{two.pk}": [1], "stream:portal": [1, 2]}
    assert Entry.objects.filter(actor_name=journal.SYSTEM).count() == 5
    report = verify()
    assert (report.entries, report.sequences, report.fault) == (5, 3, None)


@pytest.mark.django_db
def test_many_entries_cost_what_one_costs() -> None:
    offices = [organisation(f"Office {n}") for n in range(3)]
    cases = [StandInCase() for _ in range(3)]
    drafts = [Draft(kind="told", by=None, now=NOW, case=c, rows=offices) for c in cases for _ in range(20)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        record_many(drafts)
    assert len(queries) == 3  # history rows, heads, entries with their heads
    assert verify().entries == 60
    with CaptureQueriesContext(connection) as queries:
        record("told", by=None, now=NOW, case=cases[0])
    assert len(queries) == 2
    assert verify().fault is None


@pytest.mark.django_db
def test_each_change_is_told_by_the_history_row_it_made() -> None:
    office = organisation()
    first = record("made", by=None, now=NOW, rows=[office])
    with writing():
        office.name = "Renamed"
        office.save()
    second = record("changed", by=None, now=NOW, rows=[office])
    assert first.rows[0]["history_id"] != second.rows[0]["history_id"]
    assert verify().fault is None


@pytest.mark.django_db
def test_a_column_added_later_leaves_old_digests_whole() -> None:
    record("made", by=None, now=NOW, rows=[organisation()])
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_historicalorganisation ADD later text NOT NULL DEFAULT 'x'")
    assert verify().fault is None


@pytest.mark.django_db
def test_what_cannot_be_recorded_is_an_error() -> None:
    with pytest.raises(LookupError):
        record("seen", by=None, now=NOW, rows=[Organisation(name="never stored")])
    with pytest.raises(TypeError):
        record("seen", by=None, now=NOW, rows=[Sequence(key="x")])
    with pytest.raises(TypeError):
        record("seen", by=None, now=NOW, data={"share": 0.5})
    with pytest.raises(ValueError, match="time zone"):
        record("seen", by=None, now=NOW.replace(tzinfo=None))
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_recording_needs_the_transaction_it_tells_of() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        record("seen", by=None, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_action_leaves_no_gap() -> None:
    for spoilt in (False, True, False):
        try:
            with transaction.atomic():
                record("seen", by=None, now=NOW)
                if spoilt:
                    raise InterruptedError
        except InterruptedError:
            pass
    assert list(Entry.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert verify().fault is None


@pytest.mark.django_db(transaction=True)
def test_eight_writers_at_once_leave_one_whole_chain() -> None:
    case, start, faults = StandInCase(), threading.Barrier(8), []

    def write() -> None:
        try:
            start.wait(timeout=30)
            for _ in range(25):
                with transaction.atomic():
                    record("seen", by=None, now=NOW, case=case)
        except Exception as error:
            faults.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert list(Entry.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 201))
    assert verify().fault is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE portal_audit_entry SET reason = 'x'",
        "DELETE FROM portal_audit_entry",
        "TRUNCATE portal_audit_entry CASCADE",
        "UPDATE accounts_historicalorganisation SET name = 'x'",
        "DELETE FROM accounts_historicalorganisation",
        "TRUNCATE accounts_historicalorganisation",
    ],
)
def test_the_database_refuses_changes_even_from_the_owner(sql: str) -> None:
    record("made", by=None, now=NOW, rows=[organisation()])
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            cursor.execute(sql)
    assert verify().fault is None
