"""Servers broken on purpose: restarted, killed, locked, full, and a migration cut in half (faults F11-F13, F30).

The measure is always the same: what was answered is there once, what was not is not half there, the audit log is
whole, and a person gets a page that says what to do within seconds.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.test import Client

from deploy.bootstrap import ROOT
from deploy.servers import OWNER, WEB, Postgres
from portal.kit import clock
from tests.worker import until

pytestmark = pytest.mark.faults
WITHIN_S = 10.0  # no page hangs longer, whatever the database does


class Installation:
    """A migrated database in a cluster of its own, and drills run against it as the web role."""

    def __init__(self, postgres: Postgres, database: str = "portal") -> None:
        self.postgres = postgres
        self.owner, self.web = (postgres.url(role, database) for role in (OWNER, WEB))
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
            "DATABASE_URL": self.web,
            "DATABASE_OWNER_URL": self.owner,
            "FOREVIEW_DB": "web",
            "REDIS_URL": os.environ["REDIS_URL"].partition("?")[0] + "?db=15",
        }

    def python(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """A process of this installation."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**self.env, **more},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def does(self, *arguments: str, **more: str) -> str:
        """Run to the end; it must succeed."""
        process = self.python(*arguments, **more)
        said = process.communicate(timeout=180)[0]
        assert process.returncode == 0, said
        return said

    def migrate(self) -> None:
        """Bring the tables up to date, as the owner."""
        self.does("manage.py", "migrate", "--no-input", "--verbosity=0", FOREVIEW_DB="owner")

    def drill(self, *arguments: str) -> str:
        """Run one of `drills.py`."""
        return self.does("-m", "tests.deploy.drills", *arguments)

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """Rows, as the owner sees them."""
        with psycopg.connect(self.owner) as owner:
            return owner.execute(query).fetchall()  # type: ignore[arg-type]


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    """A durable cluster that a test may break."""
    server = Postgres(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def installation(postgres: Postgres) -> Installation:
    """Tables and people in it."""
    made = Installation(postgres)
    made.migrate()
    made.drill("people")
    return made


def assert_nothing_lost(installation: Installation, ledger: Path) -> None:
    """Acked is present, once; each case has the one entry of its drafting; nothing is half there."""
    lines = [line.split() for line in ledger.read_text().splitlines()]
    acked = {f"DRILL-{line[1]}" for line in lines if line[0] == "done"}
    tried = {f"DRILL-{line[1]}" for line in lines if line[0] == "try"}
    present = [name for (name,) in installation.ask("SELECT tracking_number FROM cases_case")]
    assert acked
    assert acked <= set(present) <= tried
    assert len(present) == len(set(present))
    entries = installation.ask(
        "SELECT count(e.id) FROM cases_case c LEFT JOIN portal_audit_entry e "
        "ON e.case_id = c.id AND e.number = 1 GROUP BY c.id"
    )
    assert {count for (count,) in entries} == {1}
    installation.drill("verify")


def test_database_restarted_under_load_loses_nothing(installation: Installation, tmp_path: Path) -> None:
    """F11: three immediate restarts while cases are drafted; the writer reconnects by itself."""
    ledger, stop = tmp_path / "ledger", tmp_path / "stop"
    writer = installation.python("-m", "tests.deploy.drills", "draft", str(ledger), str(stop))

    def done() -> int:
        return ledger.read_text().count("done") if ledger.exists() else 0

    for _ in range(3):
        seen = done()
        until(lambda seen=seen: done() > seen + 3 or writer.poll() is not None, patience_s=60)  # type: ignore[misc]
        server = installation.postgres.child.process
        assert server is not None
        server.send_signal(signal.SIGQUIT)  # what `pg_ctl restart -m immediate` sends
        server.wait()
        until(lambda: "away" in ledger.read_text() or writer.poll() is not None)
        installation.postgres.start()
    seen = done()
    until(lambda: done() > seen or writer.poll() is not None, patience_s=60)
    stop.touch()
    said = writer.communicate(timeout=60)[0]
    assert writer.returncode == 0, said
    assert ledger.read_text().splitlines()[-1].startswith("done"), (
        "it did not come back after the last restart"
    )
    assert_nothing_lost(installation, ledger)


def get_timed(client: Client, address: str) -> tuple[int, float, str]:
    """Status, seconds and text of a page."""
    client.raise_request_exception = False
    began = time.monotonic()
    answer = client.get(address)
    took = time.monotonic() - began
    if answer.status_code == 503:
        assert int(answer.headers["Retry-After"]) > 0
        assert "load this page again" in answer.content.decode()
    return answer.status_code, took, answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_lock_wait_ends_in_a_retry_page(client: Client) -> None:
    """F12: somebody holds a lock on a table that the page needs."""
    with psycopg.connect(_this_database()) as other:
        other.execute("LOCK TABLE django_session IN ACCESS EXCLUSIVE MODE")
        client.cookies["foreview_session"] = "x" * 32
        status, took, _ = get_timed(client, "/sign-in/")
        other.rollback()
    assert (status, took < WITHIN_S) == (503, True)
    assert get_timed(client, "/sign-in/")[0] in {200, 302}


def _kill_own_session() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def _never_end() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '300ms'")
        cursor.execute("SELECT pg_sleep(60)")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", [_kill_own_session, _never_end])
def test_lost_session_or_slow_query_ends_in_a_retry_page(
    client: Client, monkeypatch: pytest.MonkeyPatch, fault: Callable[[], None]
) -> None:
    """F12: the backend is ended, or a query runs into its limit, in the middle of a request."""
    with monkeypatch.context() as patch:
        patch.setattr(clock, "database_now", fault)
        status, took, _ = get_timed(client, "/sign-in/")
    assert (status, took < WITHIN_S) == (503, True)
    connection.close()  # what the end of a request does outside tests
    assert get_timed(client, "/sign-in/")[0] in {200, 302}


@pytest.mark.django_db
def test_limits_are_in_force() -> None:
    """Every session of a server has them; without them a lock would hold a page for good."""
    with connection.cursor() as cursor:
        for name, longest_s in (
            ("lock_timeout", 5),
            ("statement_timeout", 20),
            ("idle_in_transaction_session_timeout", 60),
            ("client_connection_check_interval", 2),
        ):
            cursor.execute("SELECT extract(epoch FROM current_setting(%s)::interval)", [name])
            assert 0 < cursor.fetchone()[0] <= longest_s, name
    assert connection.settings_dict["CONN_HEALTH_CHECKS"]


def _this_database() -> str:
    found = connection.settings_dict
    return psycopg.conninfo.make_conninfo(host=found["HOST"], user=found["USER"], dbname=found["NAME"])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs", str(place)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"a small disk needs the right to mount: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_full_disk_refuses_writes_and_goes_on_reading(small_disk: Path, tmp_path: Path) -> None:
    """F13: the database's disk fills up under a writer, and is freed again."""
    postgres = Postgres(tmp_path / "home")
    postgres._own(small_disk)
    postgres.start()
    try:
        with psycopg.connect(postgres.url("postgres", "postgres"), autocommit=True) as server:
            server.execute(f"CREATE TABLESPACE small LOCATION '{small_disk}'")  # type: ignore[arg-type]
            server.execute(f"CREATE DATABASE small OWNER {OWNER} TABLESPACE small")  # type: ignore[arg-type]
        installation = Installation(postgres, "small")
        installation.migrate()
        installation.drill("people")
        ledger = tmp_path / "ledger"
        installation.drill("draft", str(ledger), "1")
        _fill(small_disk / "filler")
        installation.drill("draft", str(ledger), "4")
        assert "DiskFull" in ledger.read_text(), "the disk was never full for the writer"
        assert installation.ask("SELECT count(*) > 0 FROM cases_case") == [(True,)]
        (small_disk / "filler").unlink()
        installation.drill("draft", str(ledger), "1")
        assert ledger.read_text().splitlines()[-1].startswith("done"), (
            "it did not go on when there was room again"
        )
        assert_nothing_lost(installation, ledger)
    finally:
        postgres.stop()


def _fill(file: Path) -> None:
    """Take what is left of the disk."""
    with file.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(b"\0" * 65536)
        except OSError:
            return


REFUSALS = 1_000_000
FILL = f"""
    INSERT INTO portal_audit_refusal (key, first_at, last_at, times)
    SELECT n::text, now() - n * interval '1 second', now(), 1 + n % 9 FROM generate_series(1, {REFUSALS}) n"""
SUM = "SELECT count(*), sum(times), sum(hashtext(id || key || first_at || last_at)) FROM portal_audit_refusal"
LEFT = """SELECT count(*) FROM portal_audit_refusal
    WHERE heavy_at IS NULL OR (times > 4 AND heavy_seen IS DISTINCT FROM last_at)"""
HEAVY = {"FOREVIEW_DB": "owner", "DJANGO_SETTINGS_MODULE": "tests.deploy.heavy.settings"}


@pytest.fixture
def undurable(tmp_path: Path) -> Iterator[Postgres]:
    """A cluster whose power stays on; only its clients are killed."""
    server = Postgres(tmp_path, durable=False)
    server.start()
    yield server
    server.stop()


def _kill_migrating(installation: Installation, moment: Callable[[], bool], **more: str) -> None:
    """Start `migrate`, and kill -9 it at a moment; the moment must last until it is dead."""
    process = installation.python("manage.py", "migrate", "--no-input", **more)
    until(lambda: moment() or process.poll() is not None, patience_s=60)
    process.kill()
    said = process.communicate()[0]
    assert moment(), f"it was over before the kill: {said}"


def test_migration_killed_half_way_completes_when_run_again(undurable: Postgres) -> None:
    """F30: killed between migrations, and inside one that rewrites a million rows, migrate goes on where it was."""
    installation = Installation(undurable)
    _kill_migrating(installation, lambda: _applied(installation) >= 9, FOREVIEW_DB="owner")
    reached = _applied(installation)
    installation.migrate()
    assert _applied(installation) > reached, "the kill came too late to cut it in half"
    with psycopg.connect(installation.owner) as owner:
        owner.execute(FILL)  # type: ignore[arg-type]
    before = installation.ask(SUM)
    assert before[0][0] == REFUSALS
    _kill_migrating(
        installation, lambda: _at_work(installation, "UPDATE portal_audit_refusal SET heavy"), **HEAVY
    )
    assert _applied(installation, "heavy") == 1
    installation.does("manage.py", "migrate", "--no-input", **HEAVY)
    assert _applied(installation, "heavy") == 2
    assert installation.ask(SUM) == before
    assert installation.ask(LEFT) == [(0,)]
    installation.does("-m", "tests.deploy.drills", "settled", **HEAVY)


def _at_work(installation: Installation, statement: str) -> bool:
    """Whether a session works at this statement, and does not wait for a lock."""
    asked = f"""SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE '{statement}%'
        AND wait_event_type IS DISTINCT FROM 'Lock'"""
    return bool(installation.ask(asked))


def _applied(installation: Installation, app: str = "%") -> int:
    try:
        asked = f"SELECT count(*) FROM django_migrations WHERE app LIKE '{app}'"
        return int(str(installation.ask(asked)[0][0]))
    except psycopg.errors.UndefinedTable:
        return 0
