"""The embedded servers: they start on sockets only, heal what a killed run left, and keep their data."""

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from deploy import servers
from deploy.processes import end_leftover
from deploy.servers import OWNER, WEB, Postgres, Valkey


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    """A running cluster of its own with one row in it."""
    server = Postgres(tmp_path, durable=False)
    server.start()
    with psycopg.connect(server.url(OWNER)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS value")
    yield server
    server.stop()


def rows(server: Postgres) -> int:
    """How many rows are there."""
    with psycopg.connect(server.url(OWNER)) as connection:
        found = connection.execute("SELECT count(*) FROM kept").fetchone()
    return int(found[0]) if found else 0


def test_listens_on_an_owner_only_socket_and_nowhere_else(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url("postgres")) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert stat.S_IMODE(postgres.sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE(postgres.data.stat().st_mode) == 0o700


def test_roles_have_what_they_need_and_no_more(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url("postgres")) as connection:
        found = connection.execute(
            "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles "
            "WHERE rolname LIKE 'portal%' ORDER BY 1"
        ).fetchall()
    assert found == [(OWNER, False, True, False, False), (WEB, False, False, False, False)]
    with (
        psycopg.connect(postgres.url(WEB)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SET session_replication_role = replica")


def test_second_start_keeps_the_data(postgres: Postgres) -> None:
    postgres.stop()
    again = Postgres(postgres.home, durable=False)
    again.start()
    assert rows(again) == 1
    again.stop()


def test_killed_server_recovers(postgres: Postgres) -> None:
    process = postgres.child.process
    assert process is not None
    process.kill()
    process.wait()
    assert (postgres.data / "postmaster.pid").exists()
    again = Postgres(postgres.home, durable=False)
    again.start()
    assert rows(again) == 1
    again.stop()


def test_leftover_server_of_a_killed_supervisor_is_ended_first(postgres: Postgres) -> None:
    left = postgres.child.process
    assert left is not None
    again = Postgres(postgres.home, durable=False)
    again.start()
    assert left.wait(10) == 0  # it was asked to end, and ended cleanly
    assert rows(again) == 1
    again.stop()


def test_lock_naming_a_stranger_is_removed_and_the_stranger_lives(postgres: Postgres) -> None:
    postgres.stop()
    lock = postgres.data / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{postgres.data}\n1\n5432\n{postgres.sockets}\n\n\nready\n")
    postgres.start()
    assert rows(postgres) == 1


def test_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    for name in ("postgres", "postgres.new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "postgresql.conf").write_text("half\n")
    server = Postgres(tmp_path, durable=False)
    server.start()
    with psycopg.connect(server.url(WEB)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has more than one way")
def test_root_without_namespaces_runs_it_as_nobody(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.stop()
    works = servers._run

    def forbidden(command: list[str], user: int | None) -> object:
        if command[0] == "unshare":
            raise FileNotFoundError(command[0])
        return works(command, user)

    monkeypatch.setattr(servers, "_run", forbidden)
    again = Postgres(postgres.home, durable=False)
    again.start()
    assert again.data.stat().st_uid == servers.NOBODY
    assert rows(again) == 1
    again.stop()


def test_long_path_gets_a_short_socket_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    server = Valkey(deep)
    assert len(os.fsencode(server.socket)) < servers.LONGEST_SOCKET
    server.start()
    server.stop()
    server.socket.parent.rmdir()


def test_queue_survives_a_kill(tmp_path: Path) -> None:
    server = Valkey(tmp_path)
    server.start()
    client = redis.Redis.from_url(server.url)
    client.rpush("queue", "job")
    client.execute_command("WAITAOF", 1, 0, 5000)
    assert server.child.process is not None
    server.child.process.kill()
    server.child.process.wait()
    server.start()
    assert client.llen("queue") == 1
    client.close()
    server.stop()


def test_pid_file_of_a_stranger_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "web.pid"
    file.write_text(f"{os.getpid()}\n")
    assert not end_leftover(file, "no such program", (signal.SIGTERM,))
