"""`make run`: servers, tables, pages, demonstration, web server, worker and beat under one supervisor.

Runs in the environment that `deploy.bootstrap` made. `--reset` sets the demonstration back to its beginning first.
Everything it keeps is under `var/`; a database or broker named by `DATABASE_URL` or `REDIS_URL` is used instead of
an embedded one.
"""

from __future__ import annotations

import fcntl
import http.client
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from deploy import demonstration, frontend
from deploy.bootstrap import PYTHON, ROOT, say
from deploy.processes import Child, ServeError, end_leftover, tied
from deploy.servers import OWNER, WEB, Postgres, Valkey
from deploy.supervisor import Stop, Supervisor, listen_for_stop
from portal.env import is_loopback

HOME = Path(os.environ.get("VAR_DIR", ROOT / "var")).resolve()
RUN = HOME / "run"
HOST = os.environ.get("BIND_HOST", "127.0.0.1")
PORT = os.environ.get("PORT", "8000")
DEMO = os.environ.get("DEMO", "1").lower() in {"1", "true", "yes", "on"}
HEALTHY_WITHIN_S = 90
LOCAL = (
    "SECRET_KEY",
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "DEMO",
    "PUBLIC_ORIGIN",
    "BIND_HOST",
)


def only_one() -> IO[str]:
    """Hold the lock of this folder, or say who does. The system lets go of it even if we are killed."""
    RUN.mkdir(parents=True, exist_ok=True)
    lock = (RUN / "supervisor.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise ServeError(
            f"Foreview already runs here: {lock.read().strip()}. Stop it there with Ctrl-C."
        ) from None
    lock.truncate(0)
    lock.write(f"http://{HOST}:{PORT}, process {os.getpid()}")
    lock.flush()
    return lock


def address_is_right() -> None:
    """Say at once, before anything is started, if the address is not one to serve on or another program has it."""
    if DEMO and not is_loopback(HOST):
        raise ServeError(
            f"BIND_HOST={HOST}: the demonstration's people sign in without a password, so it serves loopback addresses "
            "only. Bind 127.0.0.1, or start with DEMO=0."
        )
    if not PORT.isdigit() or not 0 < int(PORT) < 65536:
        raise ServeError(f"PORT={PORT} is not a port. Give a number such as PORT=8001.")
    with socket.socket(socket.AF_INET6 if ":" in HOST else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(PORT)))
        except OSError as error:
            raise ServeError(
                f"Port {PORT} on {HOST} is not free ({error.strerror}). Choose another: make run PORT={int(PORT) + 1}"
            ) from None


def secret_key() -> str:
    """The key of this installation: from the environment, or made once and kept where only we may read it."""
    if given := os.environ.get("SECRET_KEY"):
        return given
    file = HOME / "secret_key"
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(50))
    return file.read_text().strip()


def start_servers(supervisor: Supervisor) -> dict[str, str]:
    """Start the embedded servers that the environment does not name; return the environment for everything else."""
    env = {**os.environ, "SECRET_KEY": secret_key(), "DEMO": "1" if DEMO else "0", "VAR_DIR": str(HOME)}
    env |= {"BIND_HOST": HOST, "PORT": PORT}
    env.setdefault("PUBLIC_ORIGIN", f"http://{HOST}:{PORT}")
    if "DATABASE_URL" not in os.environ:
        postgres = Postgres(HOME)
        say(
            "database: " + ("starting" if (postgres.data / "PG_VERSION").exists() else "creating its files …")
        )
        postgres.start()
        supervisor.adopt(postgres.child)
        env |= {"DATABASE_URL": postgres.url(WEB), "DATABASE_OWNER_URL": postgres.url(OWNER)}
    env.setdefault("DATABASE_OWNER_URL", env["DATABASE_URL"])
    if "REDIS_URL" not in os.environ:
        valkey = Valkey(HOME)
        valkey.start()
        supervisor.adopt(valkey.child)
        env["REDIS_URL"] = valkey.url
    write_local(env)
    return env


def write_local(env: dict[str, str]) -> None:
    """Leave the addresses where `manage.py` finds them when it is called by hand in this folder."""
    file = HOME / "local.env"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.writelines(f"{name}='{env[name]}'\n" for name in LOCAL)


def begin(env: dict[str, str], *arguments: str, show: bool = False) -> Callable[[], None]:
    """Start a management command; the function given back waits for it and shows what it printed if it fails."""
    command = tied([str(PYTHON), "manage.py", *arguments])
    output = None if show else subprocess.PIPE
    started = subprocess.Popen(command, cwd=ROOT, env=env, text=True, stdout=output, stderr=output)

    def finish() -> None:
        out, err = started.communicate()
        if started.returncode:
            detail = "" if show else f":\n{(out + err).strip()[-3000:]}"
            raise ServeError(f"manage.py {arguments[0]} did not finish{detail}")

    return finish


def manage(env: dict[str, str], *arguments: str, show: bool = False) -> None:
    """Run a management command; what it prints is shown if asked for, or if it fails."""
    begin(env, *arguments, show=show)()


def prepare(env: dict[str, str], *, reset: bool) -> None:
    """Bring tables, static files and demonstration up to date."""
    owner = env["DATABASE_OWNER_URL"]
    frontend.collect(ROOT, say)
    say("tables and static files: bringing them up to date …")
    collected = begin(env, "collectstatic", "--no-input", "--verbosity=0")  # needs no table
    manage(env, "migrate", "--no-input", "--verbosity=0")
    collected()
    found = demonstration.state(owner)
    if found == "other" and DEMO:
        raise ServeError(
            "This database has people that no demonstration made. Start it with: make run DEMO=0"
        )
    if reset or found == "loading":
        say("demonstration: setting it back to an empty database …")
        demonstration.start_over(owner)
        for folder in ("files", "mail"):
            shutil.rmtree(HOME / folder, ignore_errors=True)
        manage(env, "migrate", "--no-input", "--verbosity=0")
        found = "empty"
    if DEMO and found == "empty":
        say("demonstration: loading people and cases …")
        demonstration.mark(owner, demonstration.LOADING)
        manage(env, "load_demo", show=True)
        demonstration.mark(owner, demonstration.LOADED)


def programs(env: dict[str, str]) -> list[Child]:
    """The web server, the worker and beat."""
    celery = (str(PYTHON), "-m", "celery", "-A", "portal")
    commands = {
        "web": (str(PYTHON), "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "portal.wsgi"),
        "worker": (*celery, "worker", "--concurrency=2", "--without-gossip", "--without-mingle"),
        "beat": (*celery, "beat", f"--schedule={RUN / 'beat-schedule'}", "--pidfile="),
    }
    return [Child(name, tied(command), run=RUN, env=env) for name, command in commands.items()]


def health(env: dict[str, str]) -> tuple[bool, str]:
    """What `/health/` says now."""
    connection = http.client.HTTPConnection(HOST, int(env["PORT"]), timeout=10)
    try:
        connection.request("GET", "/health/")
        answer = connection.getresponse()
        return answer.status == 200, answer.read().decode(errors="replace")[:1000]
    except (OSError, http.client.HTTPException) as error:
        return False, str(error)
    finally:
        connection.close()


def wait_until_healthy(env: dict[str, str], supervisor: Supervisor) -> None:
    """Look after the processes until every part answers."""
    end, answer = time.monotonic() + HEALTHY_WITHIN_S, ""
    while time.monotonic() < end:
        supervisor.look_after()
        well, answer = health(env)
        if well:
            return
        time.sleep(0.25)
    raise ServeError(f"Foreview did not become healthy within {HEALTHY_WITHIN_S} seconds. It says: {answer}")


def welcome(env: dict[str, str], took_s: float) -> None:
    """Address and, for a demonstration, whom to sign in as."""
    say(
        f"\nForeview runs at {env['PUBLIC_ORIGIN']}/  (ready after {took_s:.0f} s; logs in {RUN}; Ctrl-C stops it)"
    )
    if not DEMO:
        return
    say(f"\nDemonstration: sign in with one click at {env['PUBLIC_ORIGIN']}/sign-in-as/")
    for role, email, name, organisation in demonstration.sign_ins(env["DATABASE_OWNER_URL"]):
        say(f"  {role.replace('_', ' '):<28} {email:<44} {name}, {organisation}")


def serve(supervisor: Supervisor, *, reset: bool) -> None:
    """From nothing to healthy, then until stopped."""
    began = time.monotonic()
    programmes = programs({})
    for child in reversed(programmes):
        end_leftover(child.pid_file, str(PYTHON))
    address_is_right()
    env = start_servers(supervisor)
    prepare(env, reset=reset)
    for child in programmes:
        child.env = env
        supervisor.start(child)
    wait_until_healthy(env, supervisor)
    welcome(env, time.monotonic() - began)
    while True:
        supervisor.look_after()
        time.sleep(0.5)


def main() -> int:
    """Serve until told to stop; say in a sentence what went wrong."""
    os.chdir(ROOT)
    os.umask(0o077)
    listen_for_stop()
    supervisor = Supervisor()
    try:
        lock = only_one()
        with lock:
            try:
                serve(supervisor, reset="--reset" in sys.argv[1:])
            finally:
                supervisor.stop()
    except Stop:
        say("\nForeview has stopped.")
        return 0
    except (ServeError, frontend.FrontendError) as problem:
        say(f"\n{problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
