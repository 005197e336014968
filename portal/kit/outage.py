"""When the database or broker does not answer: one calm page that says what to do, with `Retry-After`.

Named as `handler500` by `portal.urls`, because that is the one place that sees errors of every middleware as well as
of views. It must not touch the database, so it renders a template without a request.
"""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error as fault_page
from redis.exceptions import ConnectionError as BrokerUnreachable
from redis.exceptions import TimeoutError as BrokerSilent

OUTAGES = (OperationalError, InterfaceError, BrokerUnreachable, BrokerSilent)
RETRY_AFTER_S = 5


def is_outage(error: BaseException | None) -> bool:
    """True if `error`, or what it was raised from, says that a server under us is away, full, locked or too slow."""
    while error is not None:
        if isinstance(error, OUTAGES):
            return True
        error = error.__cause__ or error.__context__
    return False


def server_error(request: HttpRequest) -> HttpResponse:
    """503 with `Retry-After` for an outage; Django's own 500 page for a fault of ours."""
    if not is_outage(sys.exc_info()[1]):
        return fault_page(request)
    page = render_to_string("503.html", {"retry_after": RETRY_AFTER_S, "sent": request.method != "GET"})
    return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_AFTER_S)})
