"""Where the bench plays: servers of its own under `var/bench`, a small and a large database, a full case in both."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from deploy import frontend
from deploy.bootstrap import say
from deploy.servers import DATABASE, OWNER, WEB, Postgres, Valkey

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "var" / "bench"
SMALL, LARGE = "portal_small", DATABASE
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Size:
    """How much data: cases and permissions of the large database, bytes of a large file, rounds of slow rows."""

    cases: int
    permissions: int
    file_mb: int = 256
    entries: int = 100_000


SIZES = {
    "tiny": Size(cases=2_000, permissions=10_000, file_mb=8, entries=2_000),
    "small": Size(cases=100_000, permissions=1_000_000),
    "full": Size(cases=1_000_000, permissions=1_000_000),
}
FEW = 1000


@dataclass
class Stage:
    """The servers, the environment of their programs and, once Django is set up, people and cases by name."""

    size: Size
    postgres: Postgres
    valkey: Valkey
    env: dict[str, str]
    people: dict[str, Any] = field(default_factory=dict)
    full_case: Any = None
    sessions: dict[str, Any] = field(default_factory=dict)

    def manage(self, *arguments: str, database: str = LARGE, show: bool = False) -> None:
        """Run a management command on one of the databases."""
        env = {**self.env, "DATABASE_URL": self.postgres.url(WEB, database)}
        env["DATABASE_OWNER_URL"] = self.postgres.url(OWNER, database)
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=not show, text=True)
        if done.returncode:
            raise SystemExit(
                f"manage.py {arguments[0]} did not finish:\n{(done.stdout or '') + (done.stderr or '')}"
            )

    @contextmanager
    def on(self, database: str) -> Iterator[Any]:
        """Have Django use one of the databases for a block; its session stays open between blocks."""
        from django.db import connections
        from django.db.utils import load_backend

        before = connections["default"]
        if database not in self.sessions:
            settings = {**before.settings_dict, "NAME": database}
            self.sessions[database] = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, "default")
        connections["default"] = self.sessions[database]
        try:
            yield self.sessions[database]
        finally:
            connections["default"] = before

    def session_pid(self, database: str) -> int:
        """The process that works for our session on a database."""
        with self.on(database) as wrapper, wrapper.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return int(cursor.fetchone()[0])


@contextmanager
def opened(size: Size, port: int) -> Iterator[Stage]:
    """Fresh servers and empty tables; everything is gone afterwards."""
    shutil.rmtree(HOME, ignore_errors=True)
    (HOME / "static").mkdir(parents=True)
    postgres, valkey = Postgres(HOME), Valkey(HOME)
    postgres.start()
    valkey.start()
    env = {
        **os.environ,
        "DATABASE_URL": postgres.url(WEB),
        "DATABASE_OWNER_URL": postgres.url(OWNER),
        "REDIS_URL": valkey.url,
        "VAR_DIR": str(HOME),
        "SECRET_KEY": secrets.token_urlsafe(50),
        "PUBLIC_ORIGIN": f"http://{HOST}:{port}",
        "BIND_HOST": HOST,
        "PORT": str(port),
        "DEMO": "0",
        "LOG_LEVEL": "ERROR",
    }
    try:
        stage = Stage(size, postgres, valkey, env)
        _prepare(stage)
        yield stage
    finally:
        for wrapper in locals().get("stage", Stage(size, postgres, valkey, env)).sessions.values():
            wrapper.close()
        valkey.stop()
        postgres.stop()
        shutil.rmtree(HOME, ignore_errors=True)


def _prepare(stage: Stage) -> None:
    """Tables, static files, people, a full case; then the same database twice, with few and with many cases."""
    say("bench: tables and static files …")
    stage.manage("migrate", "--no-input", "--verbosity=0")
    frontend.collect(ROOT, say)
    stage.manage("collectstatic", "--no-input", "--verbosity=0")
    os.environ.update(stage.env)
    import django

    django.setup()
    say("bench: people and a case with every table filled …")
    from django.db import connection

    from tests.bench.full_case import full_case

    stage.people, stage.full_case = full_case()
    connection.close()
    with psycopg.connect(stage.postgres.url(OWNER, "postgres"), autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {SMALL} TEMPLATE {LARGE}")
    _load(stage)


def _load(stage: Stage) -> None:
    """Few cases into the one database and many into the other; while they come the server saves checkpoints up."""
    with psycopg.connect(stage.postgres.url("postgres", "postgres"), autocommit=True) as server:
        for setting in ("max_wal_size = '16GB'", "checkpoint_timeout = '1h'"):
            server.execute(f"ALTER SYSTEM SET {setting}")
        server.execute("SELECT pg_reload_conf()")
        stage.manage("load_demo", "--cases", str(FEW), database=SMALL)
        size = stage.size
        say(f"bench: {size.cases:,} cases with {size.permissions:,} permissions …")
        amounts = ("--cases", str(size.cases), "--permissions", str(size.permissions))
        stage.manage("load_demo", *amounts, show=True)
        server.execute("ALTER SYSTEM RESET ALL")
        server.execute("SELECT pg_reload_conf()")
        server.execute("CHECKPOINT")


def client(person: Any) -> Any:
    """A signed-in client, in the database now in use."""
    from django.test import Client

    made = Client(SERVER_NAME=HOST)
    made.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return made


def page(stage: Stage, database: str, person: Any, path: str) -> Callable[[], bytes]:
    """Something that fetches a page in one of the databases, and minds that it is there."""
    with stage.on(database):
        browser = client(person)

    def fetch() -> bytes:
        with stage.on(database):
            answer = browser.get(path)
        if answer.status_code != 200:
            raise AssertionError(f"{path} answered {answer.status_code}")
        return bytes(answer.content)

    return fetch
