"""What surrounds the running code: the id of the request or task, carried into every audit entry and log line."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """Id of the request or task being served; empty outside of both."""
    return _request_id.get()


@contextmanager
def request_id(value: str = "") -> Iterator[str]:
    """Run a block under a request id (a new random one when none is given)."""
    value = value or uuid.uuid4().hex
    token = _request_id.set(value)
    try:
        yield value
    finally:
        _request_id.reset(token)


class RequestIdMiddleware:
    """Gives each request a fresh id; ids sent by clients are not trusted."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with request_id() as value:
            response = self.get_response(request)
            response["X-Request-ID"] = value
            return response
