"""Sign in as: one click a role, for the demonstration alone.

The page exists only while `settings.DEMO` is on, which the settings and the supervisor allow on loopback addresses
only; it signs in nobody but people made by the demonstration.
"""

from uuid import UUID

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.models import Appointment, User
from accounts.requests import Request


@login_not_required
@require_http_methods(["GET", "POST"])
def sign_in_as(request: Request) -> HttpResponse:
    """Choose a demonstration person and go on as that person."""
    if not settings.DEMO:
        raise Http404
    if request.method == "POST":
        try:
            wanted = UUID(request.POST.get("person", ""))
        except ValueError:
            raise Http404 from None
        person = get_object_or_404(User, pk=wanted, is_demonstration=True, is_active=True)
        login(request, person, backend="django.contrib.auth.backends.ModelBackend")
        return redirect("cases:home")
    live = (
        Appointment.objects.live(request.now)
        .filter(person__is_demonstration=True)
        .select_related("person", "organisation")
        .order_by("organisation__kind", "organisation__name", "person__name")
    )
    return render(request, "accounts/sign_in_as.html", {"title": "Sign in as", "appointments": live})
