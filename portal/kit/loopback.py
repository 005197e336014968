"""The demonstration's last defence: whoever is not on this machine is refused, however the server was started."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden

from portal.env import is_loopback

SENTENCE = "This is a demonstration whose people sign in without a password; it answers this machine only."


class LoopbackOnlyMiddleware:
    """Installed while `DEMO` is on. A forwarded request came from elsewhere, so a local proxy is no way around it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        forwarded = "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META
        if forwarded or not is_loopback(request.META.get("REMOTE_ADDR", "")):
            return HttpResponseForbidden(SENTENCE, content_type="text/plain")
        return self.get_response(request)
