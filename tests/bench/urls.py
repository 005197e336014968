"""The portal's addresses and a bare view, for the bench alone."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def bare(request: HttpRequest) -> HttpResponse:
    """Nothing but an answer, behind the same middleware and for a signed-in person."""
    return HttpResponse("ok")


urlpatterns = [path("bench/bare/", bare), path("", include("portal.urls"))]
