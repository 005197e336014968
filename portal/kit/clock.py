"""One clock, the database's: `now` is taken once a request or task and passed in everywhere."""

from collections.abc import Callable
from datetime import UTC, datetime

from django.db import connection
from django.http import HttpRequest, HttpResponse

CLOCKLESS = ("/health/", "/static/")


def database_now() -> datetime:
    """The database's clock at this moment (`clock_timestamp()`), in UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    instant: datetime = now
    return instant.astimezone(UTC)


def after_wait(now: datetime) -> datetime:
    """`now`, later by what this transaction has waited (for a row lock, say), by the database's clock.

    A guard on a window asks it after the lock. Where the clock is set back (the demonstration) it stays set back.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp() - transaction_timestamp()")
        (waited,) = cursor.fetchone()
    instant: datetime = now + waited
    return instant


class NowMiddleware:
    """Gives each request one instant, `request.now`. Addresses that must answer without a database get none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(CLOCKLESS):
            request.now = database_now()  # type: ignore[attr-defined]
        return self.get_response(request)
