"""Slow senders leave room for everybody else: few large bodies at once, and none that has fallen silent.

A thread of the web server receives one body at a time, however slowly it comes. So a process takes in at most
`UPLOADS_AT_ONCE` large ones, fewer than it has threads, and asks whoever comes beyond them to come again.
"""

import socket
import threading
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

LARGE: Final = 256 * 1024  # bytes; smaller bodies are there in a moment
SILENT_S: Final = 30.0
COME_AGAIN_S: Final = 5


class PaceMiddleware:
    """Stands before everything that reads a body."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.places = threading.BoundedSemaphore(settings.UPLOADS_AT_ONCE)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        size = request.META.get("CONTENT_LENGTH") or "0"
        if not size.isdigit() or int(size) < LARGE:
            return self._patiently(request)
        if not self.places.acquire(blocking=False):
            return _come_again(request)
        try:
            return self._patiently(request)
        finally:
            self.places.release()

    def _patiently(self, request: HttpRequest) -> HttpResponse:
        """Answer, ending the wait for a sender of whom nothing comes; other servers than gunicorn wait as they do."""
        line = request.META.get("gunicorn.socket")
        if line is None or request.method in ("GET", "HEAD"):
            return self.get_response(request)
        before = line.gettimeout()
        line.settimeout(SILENT_S)
        try:
            return self.get_response(request)
        finally:
            line.settimeout(before)


def _come_again(request: HttpRequest) -> HttpResponse:
    """503, and no more is read: the server would wait for the rest of the body before it answers anybody else."""
    line = request.META.get("gunicorn.socket")
    if line is not None:
        line.shutdown(socket.SHUT_RD)
    page = render_to_string("503.html", {"retry_after": COME_AGAIN_S, "sent": True})
    return HttpResponse(page, status=503, headers={"Retry-After": str(COME_AGAIN_S)})
