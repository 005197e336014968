"""A real web server on the test database, as the web role, and people who ask it over real connections."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client

from tests.portal.helpers import web_conninfo
from tests.worker import ROOT, until

CSRF = "a" * 32
SMALL_BUFFER = 64 * 1024  # so that a download waits for its reader


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def web_server(log: Path) -> Iterator[int]:
    """Gunicorn as an installation runs it, until the block ends; gives its port."""
    port = free_port()
    environment = {
        **os.environ, "FOREVIEW_DB": "web", "DATABASE_URL": web_conninfo(), "PORT": str(port), "DEMO": "0",
    }  # fmt: skip
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "portal.wsgi"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
        try:
            until(lambda: process.poll() is not None or _answers(port), patience_s=60)
            assert process.poll() is None, log.read_text()
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _answers(port: int) -> bool:
    with suppress(OSError, HTTPException):
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/sign-in/")
        return connection.getresponse().status == 200
    return False


class Visitor:
    """Somebody signed in, with one connection that is kept open."""

    def __init__(self, port: int, person: Any) -> None:
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        cookies = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={CSRF}"
        self.headers = {"Cookie": cookies, "X-CSRFToken": CSRF}
        self.connection = HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, path: str, form: str | None = None) -> tuple[int, str]:
        """Status and text of an answer; with `form` (as encoded) of a POST."""
        headers = dict(self.headers)
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request("GET" if form is None else "POST", path, form, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")

    def download(self, path: str) -> "Download":
        """A file on its way, of which no byte was read yet."""
        self.connection.sock = socket.socket()
        self.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        self.connection.sock.connect((self.connection.host, self.connection.port))
        self.connection.request("GET", path, headers=self.headers)
        return Download(self.connection)


class Download:
    """A running download: its promised length, and what came of it."""

    def __init__(self, connection: HTTPConnection) -> None:
        self.answer = connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        self.promised, self.came = int(self.answer.headers["Content-Length"]), 0

    def read(self, size: int) -> None:
        """Take so many bytes."""
        self.came += len(self.answer.read(size))

    def finish(self) -> int:
        """Take what still comes until the connection closes; returns how much came in all."""
        while piece := self.answer.read1(1024 * 1024):
            self.came += len(piece)
        return self.came
