"""From empty tables to a page: `make run` with its packages installed, against Django's own new project."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.bench.rows import Row, Side, compare
from tests.bench.stage import HOST, ROOT, Stage

PATIENCE_S = 180


def first_run(stage: Stage) -> Iterator[Row]:
    """To the first page, sign-in there and welcome here. Without the demonstration: a new project has none either."""
    port = int(stage.env["PORT"]) + 2
    yield compare(
        "first_run", Side(lambda: _portal(port)), Side(lambda: _new_project(port + 1)), at_most=3, rounds=2, times=1,
        against="startproject, migrate, runserver", note="packages installed; servers made anew; no demonstration",
    )  # fmt: skip


def _portal(port: int) -> None:
    with tempfile.TemporaryDirectory(prefix="fv") as home:
        clean = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        env = {
            **clean,
            "VAR_DIR": home,
            "PORT": str(port),
            "DEMO": "0",
            "PUBLIC_ORIGIN": f"http://{HOST}:{port}",
        }
        _served([sys.executable, "-m", "deploy.serve"], env, port, "/sign-in/", ROOT)


def _new_project(port: int) -> None:
    with tempfile.TemporaryDirectory(prefix="fv") as home:
        env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        for words in (
            ["-m", "django", "startproject", "plain", "."],
            ["manage.py", "migrate", "--verbosity=0"],
        ):
            subprocess.run([sys.executable, *words], cwd=home, env=env, check=True)
        command = [sys.executable, "manage.py", "runserver", "--noreload", f"{HOST}:{port}"]
        _served(command, env, port, "/", Path(home))


def _served(command: list[str], env: dict[str, str], port: int, path: str, folder: Path) -> None:
    """Start, wait for the page, stop."""
    process = subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + PATIENCE_S
        while not _answers(port, path):
            if time.monotonic() > end or process.poll() is not None:
                raise AssertionError(f"{command[1:3]} did not serve a page")
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _answers(port: int, path: str) -> bool:
    try:
        connection = HTTPConnection(HOST, port, timeout=5)
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
