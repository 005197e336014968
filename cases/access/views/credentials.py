"""Pages of a grant's endpoint and secret: store, withdraw, and be shown them once for a reason."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.requests import Request
from cases.access import guards
from cases.access.actions import reveal_credential, store_credential, withdraw_credential
from cases.access.credential_forms import ConfirmForm, CredentialForm, RevealForm
from cases.access.views.holding import holder_frame
from cases.access.views.pages import one_action, sent, stop, visible_grant
from cases.register.pages import frame
from portal.kit.forms import attempt, status_of

form_page = require_http_methods(["GET", "HEAD", "POST"])


@sensitive_post_parameters("secret")
@form_page
def credential_store(request: Request, grant_id: UUID) -> HttpResponse:
    """Store endpoint and secret, or replace them."""
    found = visible_grant(request, grant_id)
    stop(request, guards.store_refusal(request.user, found, request.now))
    return one_action(
        request,
        CredentialForm(sent(request)),
        lambda data: store_credential(grant=found, by=request.user, now=request.now, **data),
        frame={**frame(found.case, "Store endpoint and secret"), "back": found.get_absolute_url()},
        says=[
            f"They are sealed at once and shown to the people named on the grant of {found.organisation.name} alone, "
            "each time for a reason that you read. What was stored before is gone.",
            "When the grant ends they are removed.",
        ],
        label="Store them",
        done="Endpoint and secret are stored. The people named on the grant are told.",
        then=f"{found.get_absolute_url()}#credential",
    )


@form_page
def credential_withdraw(request: Request, grant_id: UUID) -> HttpResponse:
    """Withdraw what is stored."""
    found = visible_grant(request, grant_id)
    stop(request, guards.withdraw_refusal(request.user, found, request.now))
    return one_action(
        request,
        ConfirmForm(sent(request), words="I withdraw endpoint and secret now."),
        lambda _: withdraw_credential(grant=found, by=request.user, now=request.now),
        frame={**frame(found.case, "Withdraw endpoint and secret"), "back": found.get_absolute_url()},
        says=[
            "They are shown to nobody any more. Whoever was shown them may still know them: change them there too."
        ],
        label="Withdraw them",
        kind="danger",
        done="Endpoint and secret are withdrawn.",
        then=f"{found.get_absolute_url()}#credential",
    )


@never_cache
@form_page
def credential_reveal(request: Request, grant_id: UUID) -> HttpResponse:
    """Give a reason; the answer to the form shows endpoint and secret once, and no address leads back to it."""
    found = visible_grant(request, grant_id)
    stop(request, guards.reveal_refusal(request.user, found, request.now))
    form = RevealForm(sent(request))
    page = {**holder_frame(found), "title": "Endpoint and secret", "grant": found, "form": form}
    if request.method == "POST":
        values = attempt(
            request, form,
            lambda data: reveal_credential(grant=found, reason=data["reason"], by=request.user, now=request.now),
        )  # fmt: skip
        if values is not None:
            return render(request, "cases/access/credential_shown.html", {**page, **values})
    return render(request, "cases/access/credential_reveal.html", page, status=status_of(form))
