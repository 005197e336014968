"""`make run`, for real: start, stop, kill, start again. In a folder of its own and without demonstration data, but
otherwise as a person starts it. (The demonstration's own start is part of the journey's tests.)"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from deploy.bootstrap import ROOT
from deploy.processes import command_line, read_pid

pytestmark = [pytest.mark.worker, pytest.mark.faults]
NAMES = ("postgres", "valkey", "web", "worker", "beat")


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Run:
    """One installation under `home`, started and stopped as a person would."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def surroundings(self, **more: str) -> dict[str, str]:
        """A person's shell: none of the tests' own variables."""
        kept = {
            name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}
        }
        return {**kept, "VAR_DIR": str(self.home), "PORT": str(self.port), "DEMO": "0", **more}

    def command(self, **more: str) -> subprocess.Popen[bytes]:
        """Start it without waiting."""
        return subprocess.Popen(
            [sys.executable, "-m", "deploy.serve"],
            cwd=ROOT,
            env=self.surroundings(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def start(self) -> None:
        """Start it and wait until it says that it runs."""
        self.process = self.command()
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line.decode())
            if "Foreview runs at" in lines[-1]:
                return
        pytest.fail("".join(lines))

    def stop(self, sign: signal.Signals) -> int:
        """Send a signal and wait for the end."""
        assert self.process is not None
        self.process.send_signal(sign)
        return self.process.wait(60)

    def pids(self) -> dict[str, int]:
        """The processes that the pid files name."""
        return {name: read_pid(self.home / "run" / f"{name}.pid") for name in NAMES}

    def health(self) -> int:
        """Status of `/health/`."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request("GET", "/health/")
        status = connection.getresponse().status
        connection.close()
        return status

    def database(self) -> str:
        """Address of the owner's database, as `manage.py` would find it."""
        lines = (self.home / "local.env").read_text().splitlines()
        values = dict(line.split("=", 1) for line in lines)
        return values["DATABASE_OWNER_URL"].strip("'")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """An installation that is gone after the test."""
    installation = Run(tmp_path / "var")
    yield installation
    if installation.process is not None and installation.process.poll() is None:
        installation.stop(signal.SIGINT)


def ended(pids: dict[str, int], within_s: float = 30) -> bool:
    """Whether all of them have ended in time."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if not any(command_line(pid) for pid in pids.values()):
            return True
        time.sleep(0.2)
    return False


def test_start_stop_kill_and_start_again(run: Run) -> None:
    run.start()
    assert run.health() == 200
    pids = run.pids()
    assert all(pids.values()), pids
    for name in ("local.env", "secret_key"):
        assert (run.home / name).stat().st_mode & 0o077 == 0
    assert conninfo_to_dict(run.database())["user"] == "portal_owner"
    with psycopg.connect(run.database()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS value")

    # a second one in the same folder, and one elsewhere on the same port, each get a sentence
    second = run.command(PORT=str(free_port()))
    assert b"already runs here: http://127.0.0.1:" in second.communicate(timeout=60)[0]
    assert second.returncode == 1
    elsewhere = run.command(VAR_DIR=str(run.home.parent / "other"))
    assert f"make run PORT={run.port + 1}".encode() in elsewhere.communicate(timeout=60)[0]
    assert elsewhere.returncode == 1

    # kill -9: nothing of it stays in the way, and what was written is there
    run.stop(signal.SIGKILL)
    run.start()
    assert run.health() == 200
    with psycopg.connect(run.database()) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (1,)
    assert ended({name: pid for name, pid in pids.items() if pid not in run.pids().values()})

    # a worker that dies is started again; Ctrl-C ends all
    before = run.pids()["worker"]
    os.kill(before, signal.SIGKILL)
    end = time.monotonic() + 60
    while time.monotonic() < end and (run.pids()["worker"] in {0, before} or run.health() != 200):
        time.sleep(0.2)
    assert run.health() == 200
    last = run.pids()
    assert last["worker"] != before
    assert run.stop(signal.SIGINT) == 0
    assert ended(last)


def test_demonstration_does_not_start_where_others_reach_it(run: Run) -> None:
    process = run.command(DEMO="1", BIND_HOST="0.0.0.0")
    said = process.communicate(timeout=120)[0].decode()
    assert process.returncode == 1
    assert "serves loopback addresses only" in said


@pytest.mark.parametrize("port", ["http", "0", "70000"])
def test_port_that_is_none_gets_a_sentence(run: Run, port: str) -> None:
    process = run.command(PORT=port)
    assert f"PORT={port} is not a port" in process.communicate(timeout=60)[0].decode()
    assert process.returncode == 1
