"""What the frame of every page shows: navigation by role, the person, unread notices, the voluntary sentence.

Every value that asks the database is a function, called only by a template that uses it, so that an error page can
be drawn without a database.
"""

from collections.abc import Callable
from typing import Any, Final, cast

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Appointment, User
from accounts.requests import Request
from accounts.roles import AGENCY, DEVELOPER, OVERSIGHT, PARTNER
from cases.rules import visibility
from cases.rules.quotation import VOLUNTARY
from portal.notify.models import Notice

# label, url name, kinds of organisation that have it in their navigation; at most six words a role
NAVIGATION: Final = (
    ("Home", "cases:home", {DEVELOPER, AGENCY, PARTNER, OVERSIGHT}),
    ("Cases", "cases:cases", {DEVELOPER, AGENCY, OVERSIGHT}),
    ("Grants", "cases:grants", {PARTNER}),
    ("Incidents", "cases:incidents", {AGENCY}),
    ("Suites", "cases:suites", {AGENCY}),
    ("Register", "cases:register", {DEVELOPER, AGENCY, OVERSIGHT}),
    ("Records", "cases:records_desk", {AGENCY}),
    ("History", "cases:desk", {OVERSIGHT}),
)
ROLES_ALONE: Final = {"cases:records_desk": "records_officer"}


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context of `base.html`."""
    shared: dict[str, Any] = {
        "voluntary_sentence": VOLUNTARY,
        "version": settings.VERSION,
        "demonstration": settings.DEMO,
        "home_url": reverse("cases:home"),
    }
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not hasattr(request, "now"):
        return shared
    asked = cast(Request, request)
    return {
        **shared,
        "nav": _once(lambda: navigation(asked, user)),
        "person": _once(lambda: _person(user, asked)),
        "search_url": _once(lambda: reverse("cases:cases") if _sees_cases(user, asked) else ""),
        "notices_url": reverse("cases:notices"),
        "notices_count": _once(lambda: Notice.objects.of(user).unread().count()),
        "sign_out_url": reverse("account_logout"),
    }


def _once(function: Callable[[], Any]) -> Callable[[], Any]:
    kept: list[Any] = []

    def value() -> Any:
        if not kept:
            kept.append(function())
        return kept[0]

    return value


def _appointments(user: User, request: Request) -> list[Appointment]:
    return user.appointments_at(request.now)


def _sees_cases(user: User, request: Request) -> bool:
    return any(_has_cases(a) for a in _appointments(user, request))


def _has_cases(appointment: Appointment) -> bool:
    seeing = visibility.PROGRAMME_ROLES | visibility.DEVELOPER_ROLES | {"evaluator", "auditor"}
    return appointment.role in seeing


def navigation(request: Request, user: User) -> list[dict[str, Any]]:
    """Links of this person's navigation, the current one marked."""
    here = request.resolver_match.view_name if request.resolver_match else ""
    kinds = {a.organisation.kind for a in _appointments(user, request)}
    roles = {a.role for a in _appointments(user, request)}
    cases = _sees_cases(user, request)
    return [
        {"label": label, "url": reverse(name), "current": name == here}
        for label, name, seen_by in NAVIGATION
        if kinds & seen_by
        and ROLES_ALONE.get(name, "") in {"", *roles}
        and (cases or name in ("cases:home", "cases:grants"))
    ]


def _person(user: User, request: Request) -> dict[str, Any]:
    appointment = next(iter(_appointments(user, request)), None)
    return {
        "name": user.name,
        "role": appointment.title if appointment else "no appointment",
        "capacity": appointment.capacity if appointment else "",
        "organisation": appointment.organisation.short_name if appointment else "",
    }
