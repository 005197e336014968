"""Who is named on a grant: the page that lists them, names one more, and ends one person's access."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.requests import Request
from cases.access import guards
from cases.access.actions import end_person, name_person
from cases.access.actions.grants import nameable
from cases.access.forms import ConfirmForm, PersonForm
from cases.access.views.pages import one_action, sent, stop, visible_grant
from cases.register.pages import frame

form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
def grant_people(request: Request, grant_id: UUID) -> HttpResponse:
    """Name one more person on a grant."""
    found = visible_grant(request, grant_id)
    stop(request, guards.people_refusal(request.user, found, request.now))
    named = set(found.user_permissions.values_list("user", flat=True))
    people = [one for one in nameable(found.organisation, request.now) if one.pk not in named]
    return one_action(
        request,
        PersonForm(sent(request), people=people),
        lambda data: name_person(grant=found, person=data["person"], by=request.user, now=request.now),
        frame={**frame(found.case, "Name a person on the grant"), "back": found.get_absolute_url()},
        says=[
            f"People of {found.organisation.name} with a live appointment stand here, unless they are named already.",
            "After a grant has ended, a person named on it may file its certificate and sees nothing else.",
        ],
        label="Name the person",
        done="The person is named on the grant and is told.",
        then=f"{found.get_absolute_url()}#people",
    )


@form_page
def grant_person_end(request: Request, grant_id: UUID, person_id: UUID) -> HttpResponse:
    """End one named person's access."""
    found = visible_grant(request, grant_id)
    stop(request, guards.people_refusal(request.user, found, request.now))
    person = get_object_or_404(found.user_permissions.select_related("user"), user=person_id).user
    left = found.user_permissions.count() - 1
    rest = "Nobody else is named on it then." if not left else f"{left} named on it keep theirs."
    return one_action(
        request,
        ConfirmForm(sent(request), words=f"I end the access of {person.name} now."),
        lambda data: end_person(grant=found, person=person, by=request.user, now=request.now),
        frame={
            **frame(found.case, f"End the access of {person.name}"), "back": reverse("cases:grant", args=[found.pk]),
        },
        says=[f"Under the grant of {found.organisation.short_name} nothing is open to {person.name} any more. {rest}"],
        label="End the access",
        kind="danger",
        done=f"The access of {person.name} ended.",
        then=f"{found.get_absolute_url()}#people",
    )  # fmt: skip
