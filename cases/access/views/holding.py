"""The pages of a grant's partner: the grant itself, its terms, its certificate. They show nothing else of the case."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.requests import Request
from accounts.roles import PARTNER
from cases.access import guards, lines, queries
from cases.access.actions import accept_terms, close_out
from cases.access.forms import CloseOutForm, ConfirmForm
from cases.access.models import Grant
from cases.access.views.pages import one_action, sent, stop, visible_grant
from cases.rules import clock, markings, window
from portal.kit.refusal import Refused, note_refusal

form_page = require_http_methods(["GET", "HEAD", "POST"])


def own_grant(request: Request, found: Grant) -> HttpResponse:
    """The partner's page: terms before the start, work and documents while it lives, then a sentence (403)."""
    now = request.now
    state = queries.shown_grant(found, now, inside=False)["state"]
    said = _shut(found, state)
    if said:
        note_refusal(request, Refused(said, permission="grant.use"))
        page = {**_frame(found), "grant": found, "sentence": said, **_certificate(request, found)}
        return render(request, "cases/access/grant_shut.html", page, status=403)
    live = Grant.objects.live(now).filter(pk=found.pk).exists()
    documents = list(queries.shared_documents(found, request.user, now)) if live else []
    page = {
        **_frame(found, *(document.marking for document in documents)),
        "grant": found,
        "state": state,
        "live": live,
        "line": lines.grant_line(found, state, now),
        "safeguards": queries.terms_of_grant(found),
        "documents": documents,
    }
    return render(request, "cases/access/grant_own.html", page)


def _frame(found: Grant, *shown: str) -> dict[str, Any]:
    """Title, way and marking; the case's own marking where partners may read at it."""
    own = [found.case.marking] if found.case.marking in markings.readable_by(PARTNER) else []
    title = f"Your grant: {found.model_version}"
    return {
        "title": title,
        "marking": markings.highest([*own, *shown]),
        "crumbs": [{"label": "Grants", "url": reverse("cases:grants")}, {"label": title, "url": ""}],
        "back": found.get_absolute_url(),
    }


def _shut(found: Grant, state: str) -> str:
    """Why the grant opens nothing, in a plain sentence; empty while it does or is still to begin."""
    if state == "suspended":
        return (
            "This grant is suspended, so the model and its documents are not open to you. Its time runs on."
        )
    if state in ("ended", "expired"):
        return (
            f"This grant ended at {window.instant(found.ends_at)}. "
            "The model and the documents shared with it are not open to you any more."
        )
    return ""


def _certificate(request: Request, found: Grant) -> dict[str, Any]:
    refused = guards.close_out_refusal(request.user, found, request.now)
    due = clock.due_at("close_out", found.ends_at, found.case.policy_version.clocks)
    return {"certificate_due": due if refused is None else None}


@form_page
def grant_terms(request: Request, grant_id: UUID) -> HttpResponse:
    """Accept the partner terms."""
    found = visible_grant(request, grant_id)
    stop(request, guards.accept_refusal(request.user, found, request.now))
    return one_action(
        request,
        ConfirmForm(sent(request), words="I accept these terms for my organization."),
        lambda data: accept_terms(grant=found, by=request.user, now=request.now),
        frame={
            **_frame(found),
            "title": f"Accept the terms: {found.model_version}",
            "grant": found,
            "safeguards": queries.terms_of_grant(found),
        },
        label="Accept the terms",
        done="The terms are accepted. The grant opens at its start and ends by itself.",
        then=found.get_absolute_url(),
    )


@form_page
def grant_close_out(request: Request, grant_id: UUID) -> HttpResponse:
    """File the return or destruction certificate; afterwards the grant is closed to the partner."""
    found = visible_grant(request, grant_id)
    stop(request, guards.close_out_refusal(request.user, found, request.now))
    return one_action(
        request,
        CloseOutForm(sent(request), words="I state this for my organization."),
        lambda data: close_out(grant=found, statement=data["statement"], by=request.user, now=request.now),
        frame={**_frame(found), "title": f"Return or destruction certificate: {found.model_version}"},
        says=["This is the last step. Afterwards this grant and its pages are closed to you."],
        label="File the certificate",
        done="The certificate is filed, and the grant is closed out.",
        then=reverse("cases:grants"),
    )
