"""One clock, the database's: `now` is taken once a request or task and passed in everywhere. It never runs back.

The worker writes down every few seconds what the clock says. Where the clock is set back by less than a day it stands
still here until it has caught up: what is over stays over. Set back further it was wrong before, and is believed.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from django.db import connection
from django.http import HttpRequest, HttpResponse

CLOCKLESS = ("/health/", "/static/")
# the table is that of `portal.notify.models.Heartbeat`, named because the cellar imports nothing from above
NOW = """
SELECT greatest(clock_timestamp(),
                (SELECT max(at) FROM portal_heartbeat WHERE at < clock_timestamp() + interval '1 day'))
"""


def database_now() -> datetime:
    """The database's clock at this moment, in UTC; where it was set back, the latest instant it was seen to say."""
    with connection.cursor() as cursor:
        cursor.execute(NOW)
        (now,) = cursor.fetchone()
    instant: datetime = now
    return instant.astimezone(UTC)


def after_wait(now: datetime) -> datetime:
    """`now`, later by what this transaction has waited (for a row lock, say), by the database's clock.

    A guard on a window asks it after the lock. Where the clock is set back (the demonstration) it stays set back.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT greatest(clock_timestamp() - transaction_timestamp(), interval '0')")
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
