"""Slow senders leave room for everybody else: few large bodies at once, and none that has fallen silent.

A thread of the web server receives one body at a time, however slowly it comes. So a process takes in fewer large ones
than it has threads, and asks whoever comes beyond them to come again. Stands before Django, around `portal.wsgi`.
"""

import socket
import threading
from collections.abc import Iterable
from typing import Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LARGE: Final = 256 * 1024  # bytes; smaller bodies are there in a moment
SILENT_S: Final = 30.0
FREE: Final = 2  # threads that are never given to large bodies
SENTENCE: Final = (
    b"As many files as can be taken in at once are arriving just now. Send this again in a few seconds.\n"
)
HEADERS: Final = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", str(len(SENTENCE))),
    ("Cache-Control", "no-store, private"),
    ("X-Content-Type-Options", "nosniff"),
    ("Retry-After", "5"),
]


class Pace:
    """An application that serves large bodies only while threads are left."""

    def __init__(self, application: WSGIApplication, threads: int) -> None:
        self.application = application
        self.places = threading.BoundedSemaphore(max(1, threads - FREE))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        size = environ.get("CONTENT_LENGTH") or "0"
        if not size.isdigit() or int(size) < LARGE:
            return self._patiently(environ, start_response)
        if not self.places.acquire(blocking=False):
            return _come_again(environ, start_response)
        try:
            return self._patiently(environ, start_response)
        finally:
            self.places.release()

    def _patiently(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, ending the wait for a sender of whom nothing comes; other servers than gunicorn wait as they do."""
        line = environ.get("gunicorn.socket")
        if line is None or environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return self.application(environ, start_response)
        before = line.gettimeout()
        line.settimeout(SILENT_S)
        try:
            return self.application(environ, start_response)
        finally:
            line.settimeout(before)


def _come_again(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """503, and no more is read: the server would wait for the rest of the body before it answers anybody else."""
    line = environ.get("gunicorn.socket")
    if line is not None:
        line.shutdown(socket.SHUT_RD)
    start_response("503 Service Unavailable", HEADERS)
    return [SENTENCE]
