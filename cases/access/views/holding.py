"""The pages of a grant's holder: the grant itself, its terms, its certificate. They show nothing else of the case."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.requests import Request
from accounts.roles import PARTNER
from cases.access import guards, lines, queries, terms
from cases.access.actions import accept_terms, close_out
from cases.access.forms import CloseOutForm, TermsForm
from cases.access.models import Grant
from cases.access.text import text_digest
from cases.access.views.pages import facts_of, one_action, sent, stop, visible_grant
from cases.rules import markings, window
from portal.kit.refusal import Refused, note_refusal

form_page = require_http_methods(["GET", "HEAD", "POST"])


def own_grant(request: Request, found: Grant) -> HttpResponse:
    """The partner's page: terms before the start, work and documents while it lives, then a sentence (403)."""
    now = request.now
    shown = queries.shown_grant(found, now, inside=False)
    state = shown["state"]
    said = _shut(found, state)
    if said:
        note_refusal(request, Refused(said, permission="grant.use"))
        page = {**holder_frame(found), "grant": found, "sentence": said, **_certificate(request, found)}
        page |= _incidents(request, found)
        return render(request, "cases/access/grant_shut.html", page, status=403)
    live = Grant.objects.live(now).filter(pk=found.pk).exists()
    papers = list(queries.shared_documents(found, request.user, now)) if live else []
    documents = [one for one in papers if one.under_grant_id is None]
    page = {
        **holder_frame(found, *(paper.marking for paper in papers)),
        "grant": found,
        "state": state,
        "state_tone": shown["tone"],
        "live": live,
        "line": lines.grant_line(found, state, now),
        **facts_of(found),
        "documents": documents,
        "findings": [one for one in papers if one.under_grant_id is not None],
        "credential": guards.open_credential(found) if live else None,
        **_incidents(request, found),
    }
    return render(request, "cases/access/grant_own.html", page)


def holder_frame(found: Grant, *shown: str) -> dict[str, Any]:
    """Title, way and marking of a page for the grant's holder; the case's own marking where partners may read at it."""
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


def _incidents(request: Request, found: Grant) -> dict[str, Any]:
    """What the holder reported, and whether it reports under this grant: the partner does, an office from the case."""
    seen = queries.incidents_of(found, request.user, request.now)
    return {"incidents": seen, "reports": found.kind == "partner"}


def _certificate(request: Request, found: Grant) -> dict[str, Any]:
    refused = guards.close_out_refusal(request.user, found, request.now)
    return {"certificate_due": found.certificate_due if refused is None else None}


@form_page
def grant_terms(request: Request, grant_id: UUID) -> HttpResponse:
    """Accept the partner terms."""
    found = visible_grant(request, grant_id)
    stop(request, guards.accept_refusal(request.user, found, request.now))
    text = terms.grant_terms(found)
    digest = text_digest(text)
    return one_action(
        request,
        TermsForm(sent(request), initial={"digest": digest}),
        lambda data: accept_terms(grant=found, digest=data["digest"], by=request.user, now=request.now),
        frame={
            **holder_frame(found), "title": f"Accept the terms: {found.model_version}", "text": text, "digest": digest,
            "appointment": guards.holding(request.user, found, request.now),
        },
        label="Accept the terms",
        done="The terms are accepted. The grant opens at its start and ends by itself.",
        then=found.get_absolute_url(),
    )  # fmt: skip


@form_page
def grant_close_out(request: Request, grant_id: UUID) -> HttpResponse:
    """File the return or destruction certificate; afterwards the grant is closed to the partner."""
    found = visible_grant(request, grant_id)
    stop(request, guards.close_out_refusal(request.user, found, request.now))
    return one_action(
        request,
        CloseOutForm(sent(request), words="I state this for my organization."),
        lambda data: close_out(
            grant=found,
            statement=data["statement"],
            remarks=data["remarks"],
            by=request.user,
            now=request.now,
        ),
        frame={
            **holder_frame(found),
            "title": f"Return or destruction certificate: {found.model_version}",
            "appointment": guards.certifier(request.user, found, request.now),
        },
        says=[
            f"The grant of {found.organisation.name} ended at {window.instant(found.ends_at)}.",
            f"The certificate is asked for by {window.instant(found.certificate_due)}; a later one counts as well.",
            "This is the last step. Afterwards this grant and its pages are closed to the people named on it.",
        ],
        label="File the certificate",
        done="The certificate is filed, and the grant is closed out.",
        then=found.get_absolute_url()
        if queries.inside(found, request.user, request.now)
        else reverse("cases:grants"),
    )
