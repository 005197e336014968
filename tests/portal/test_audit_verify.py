"""Tampering by raw SQL, past the triggers, in every way; verification names the first broken entry and its fault."""

import pytest
from django.core.management import call_command
from django.db import connection

from portal.audit.journal import record
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.gate import writing
from tests.portal.helpers import NOW, StandInCase, organisation, person

pytestmark = pytest.mark.django_db

TAMPERING = {
    "reason edited": ("UPDATE portal_audit_entry SET reason = 'x' WHERE number = 4", 4, "changed"),
    "actor edited": ("UPDATE portal_audit_entry SET actor_id = NULL WHERE number = 4", 4, "changed"),
    "instant moved": (
        "UPDATE portal_audit_entry SET at = at + interval '1 us' WHERE number = 4",
        4,
        "changed",
    ),
    "data edited": ("""UPDATE portal_audit_entry SET data = '{"n": 1.0}' WHERE number = 4""", 4, "changed"),
    "case removed": ("UPDATE portal_audit_entry SET case_id = NULL WHERE number = 4", 4, "changed"),
    "digest made new": (
        "UPDATE portal_audit_entry SET digest = repeat('a', 64) WHERE number = 4",
        4,
        "changed",
    ),
    "one deleted": ("DELETE FROM portal_audit_entry WHERE number = 4", 4, "missing"),
    "first deleted": ("DELETE FROM portal_audit_entry WHERE number = 1", 1, "missing"),
    "all deleted": ("DELETE FROM portal_audit_entry", 1, "missing"),
    "tail cut": ("DELETE FROM portal_audit_entry WHERE number > 4", 5, "missing"),
    "two swapped": (
        "UPDATE portal_audit_entry SET number = 100 WHERE number = 4;"
        "UPDATE portal_audit_entry SET number = 4 WHERE number = 5;"
        "UPDATE portal_audit_entry SET number = 5 WHERE number = 100",
        4,
        "reordered",
    ),
    "one deleted, the rest moved up": (
        "DELETE FROM portal_audit_entry WHERE number = 4; UPDATE portal_audit_entry SET number = 4 WHERE number = 5;"
        "UPDATE portal_audit_entry SET number = 5 WHERE number = 6; UPDATE portal_audit_sequence SET length = 5",
        4,
        "reordered",
    ),
    "head made new": ("UPDATE portal_audit_sequence SET head = repeat('a', 64)", 6, "head differs"),
    "head counts fewer": ("UPDATE portal_audit_sequence SET length = 5", 6, "inserted"),
    "head gone": ("DELETE FROM portal_audit_sequence", 1, "head differs"),
    "history edited": ("UPDATE accounts_historicalorganisation SET name = 'x'", 1, "history changed"),
    "history deleted": ("DELETE FROM accounts_historicalorganisation", 1, "history missing"),
    "history given to another": (
        "UPDATE accounts_historicalorganisation SET id = gen_random_uuid()",
        1,
        "history missing",
    ),
    "later history edited": (
        "UPDATE accounts_historicalorganisation SET name = 'x' WHERE history_type = '~'",
        3,
        "history changed",
    ),
    "history and a later entry": (
        "UPDATE accounts_historicalorganisation SET name = 'x' WHERE history_type = '~';"
        "DELETE FROM portal_audit_entry WHERE number = 5",
        3,
        "history changed",
    ),
}


@pytest.fixture
def case() -> StandInCase:
    """A case with six entries, of which the first and the third tell of history rows."""
    case, office, ada = StandInCase(), organisation(), person()
    record("made", by=ada, now=NOW, case=case, rows=[office])
    record("seen", by=ada, now=NOW, case=case)
    with writing():
        office.sector = "Testing"
        office.save()
    record("changed", by=ada, now=NOW, case=case, rows=[office], reason="Größe 😀")
    for n in range(3):
        record("seen", by=ada, now=NOW, case=case, data={"n": n})
    return case


def tamper(sql: str) -> None:
    """As a superuser would: past the triggers and the foreign keys."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.mark.parametrize("way", TAMPERING)
def test_tampering_is_named(way: str, case: StandInCase) -> None:
    assert verify().fault is None
    sql, number, kind = TAMPERING[way]
    tamper(sql)
    fault = verify().fault
    assert fault is not None
    assert (fault.number, fault.kind) == (number, kind), str(fault)
    if way != "head gone":
        assert fault.sequence == f"case:{case.pk}"


def test_a_forged_entry_is_named(case: StandInCase) -> None:
    """Somebody who knows the encoding puts a well-formed entry in between and moves the others up."""
    last = Entry.objects.get(number=6).digest
    tamper(
        "UPDATE portal_audit_entry SET number = number + 100 WHERE number >= 4;"
        "UPDATE portal_audit_sequence SET length = 3, head = (SELECT digest FROM portal_audit_entry WHERE number = 3)"
    )
    record("forged", by=None, now=NOW, case=case)
    tamper(
        "UPDATE portal_audit_entry SET number = number - 99 WHERE number > 100;"
        f"UPDATE portal_audit_sequence SET length = 7, head = '{last}'"
    )
    fault = verify().fault
    assert fault is not None
    assert (fault.number, fault.kind) == (5, "reordered")
    assert "written as entry 4" in fault.sentence


def test_chains_alone_do_not_look_at_history(case: StandInCase) -> None:
    tamper("UPDATE accounts_historicalorganisation SET name = 'x'")
    assert verify(deep=False).fault is None


def test_the_first_fault_over_several_sequences(case: StandInCase) -> None:
    other = StandInCase()
    record("seen", by=None, now=NOW, case=other)
    tamper(f"UPDATE portal_audit_entry SET reason = 'x' WHERE case_id = '{other.pk}'")
    fault = verify().fault
    assert fault is not None
    assert fault.sequence == f"case:{other.pk}"


def test_the_command(case: StandInCase, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_audit")
    assert "Whole: 6 entries in 1 sequences." in capsys.readouterr().out
    tamper(TAMPERING["reason edited"][0])
    with pytest.raises(SystemExit) as left:
        call_command("verify_audit")
    assert left.value.code == 1
    assert f"case:{case.pk} entry 4: changed" in capsys.readouterr().err


def test_an_empty_log_is_whole() -> None:
    report = verify()
    assert (report.entries, report.sequences, report.fault) == (0, 0, None)
