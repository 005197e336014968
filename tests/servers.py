"""Pytest plugin: real servers for a test run, started before Django reads its settings.

One PostgreSQL and one Redis-protocol server a run, under `var/test/<pid>/`, shared by the xdist workers and gone
afterwards. Tests connect as the owner role, which makes the test database. To use servers of your own, name both
`FOREVIEW_TEST_DATABASE_URL` (a role that may create databases) and `FOREVIEW_TEST_REDIS_URL`.
"""

import os
import secrets
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from deploy.processes import command_line
from deploy.servers import OWNER, WEB, Postgres, Valkey

ROOT = Path(__file__).resolve().parent.parent
HOMES = ROOT / "var" / "test"


class Servers:
    """What one run uses: the addresses, and the embedded servers behind them if it started any."""

    def __init__(self) -> None:
        self.home = HOMES / str(os.getpid())
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None

    def start(self) -> dict[str, str]:
        """Start what is needed and return the environment that Django's settings are to read."""
        _remove_leftovers()
        (self.home / "static").mkdir(parents=True, exist_ok=True)
        database, broker = (os.environ.get(f"FOREVIEW_TEST_{name}_URL", "") for name in ("DATABASE", "REDIS"))
        web = os.environ.get("FOREVIEW_TEST_WEB_URL", "")
        if not database:
            self.postgres = Postgres(self.home, durable=False)
            self.postgres.start()
            database, web = self.postgres.url(OWNER), self.postgres.url(WEB)
        if not broker:
            self.valkey = Valkey(self.home)
            self.valkey.start()
            broker = self.valkey.url
        return {
            "DATABASE_URL": web or database,
            "DATABASE_OWNER_URL": database,
            "FOREVIEW_DB": "owner",
            "FOREVIEW_TEST_WEB_URL": web,
            "REDIS_URL": broker,
            "VAR_DIR": str(self.home),
            "SECRET_KEY": secrets.token_urlsafe(50),
            "PUBLIC_ORIGIN": "http://localhost:8000",
            "PLAIN_STATIC": "1",
            "LOG_LEVEL": "WARNING",
        }

    def stop(self) -> None:
        """Stop what was started and remove its files."""
        for server in (self.valkey, self.postgres):
            if server is not None:
                server.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def _remove_leftovers() -> None:
    """Files of runs that were killed. Their servers ended with them, or are found by their folder and ended now."""
    for home in HOMES.glob("*"):
        if home.name.isdigit() and "pytest" not in command_line(int(home.name)):
            for server in (Postgres(home, durable=False), Valkey(home)):
                server.end_leftover()
            shutil.rmtree(home, ignore_errors=True)


def _as_worker(number: int) -> None:
    """An xdist worker shares the servers, but has a broker database and files of its own."""
    os.environ["REDIS_URL"] += f"?db={number + 1}"
    os.environ["VAR_DIR"] += f"/gw{number}"
    (Path(os.environ["VAR_DIR"]) / "static").mkdir(parents=True, exist_ok=True)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Start the servers. A wrapper, because pytest-django reads the settings in this very hook."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker:
        _as_worker(int(worker.removeprefix("gw")))
        return (yield)
    servers = Servers()
    early_config.add_cleanup(servers.stop)
    os.environ.update(servers.start())
    return (yield)
