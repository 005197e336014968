"""Pages of the access agreement: draft, read, sign."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods

from accounts.models import Appointment
from accounts.requests import Request
from cases.access import guards, queries
from cases.access.actions import draft_agreement, sign_agreement
from cases.access.forms import AgreementForm, SignForm
from cases.access.models import Agreement
from cases.access.sides import SIGN, standing_for
from cases.access.views.pages import sent, stop, visible_agreement, visible_case
from cases.register.models import Case
from cases.register.pages import crumbs, frame
from cases.rules import policy, visibility
from portal.kit.forms import attempt, status_of
from portal.kit.printing import pdf_of
from portal.kit.refusal import Refused

form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
def agreement_new(request: Request, case_id: UUID) -> HttpResponse:
    """Draft a version or an amendment; `step=look` shows the window's line and saves nothing."""
    case = visible_case(request, case_id)
    policy.require(request.user, guards.draft_permission(case), case, now=request.now)
    stop(request, guards.draft_refusal(request.user, case, request.now))
    stated, amends = guards.stated_dates(case), guards.in_force(case)
    last = case.agreements.order_by("-number").first()
    start = AgreementForm.start(case, stated, last, request.now, amends)
    form = AgreementForm(
        sent(request), case=case, stated=stated, now=request.now, amends=amends, initial=start
    )
    if request.method == "POST" and request.POST.get("step") != "look":
        drafted = attempt(request, form, lambda data: _draft(request, case, form))
        if drafted is not None:
            messages.success(
                request, f"Version {drafted.number} is drafted. Both sides can read and sign it."
            )
            return redirect(drafted)
    form.is_valid()
    terms = form.typed()
    page = frame(
        case,
        f"Amend version {amends.number} of the agreement" if amends else "Draft the access agreement",
        form=form,
        stated=bool(stated),
        line=queries.line_as_typed(case, terms, amends, request.now) if terms else None,
        amends=amends,
        replaced=last if last is not None and last.pending else None,
    )
    return render(request, "cases/access/agreement_new.html", page, status=status_of(form))


def _draft(request: Request, case: Case, form: AgreementForm) -> Agreement:
    revision = form.cleaned_data["revision"]
    return draft_agreement(case=case, terms=form.terms(), revision=revision, by=request.user, now=request.now)


@require_http_methods(["GET", "HEAD"])
def agreement(request: Request, agreement_id: UUID) -> HttpResponse:
    """One version: its exact text and digest, who signed, the window's line."""
    found = visible_agreement(request, agreement_id)
    refused = guards.sign_refusal(request.user, found, request.now) if found.pending else None
    title = f"Access agreement, version {found.number}"
    page = frame(found.case, title, **queries.agreement_page(found, request.user, request.now))
    page["sign_off"] = refused.sentence if refused else ""
    page["may_attest"] = guards.attest_refusal(request.user, found.case, request.now) is None
    page["may_sign"] = standing_for(request.user, SIGN, found.case, request.now) is not None
    return render(request, "cases/access/agreement.html", page)


@require_http_methods(["GET", "HEAD"])
def agreement_print(request: Request, agreement_id: UUID) -> HttpResponse:
    """One version as a PDF: the exact text, digest, signatures; to those who read content of the case."""
    found = visible_agreement(request, agreement_id)
    if not visibility.reads_content(request.user, found.case, request.now):
        raise Refused("The words of this agreement are read by those who work on the case.")
    title = f"Access agreement, version {found.number}"
    page = frame(found.case, title, **queries.printed(found, request.user, request.now))
    made = pdf_of(render_to_string("cases/access/agreement_print.html", page))
    name = f"agreement-{found.case.number}-version-{found.number}.pdf"
    return HttpResponse(
        made,
        content_type="application/pdf",
        headers={
            "Content-Disposition": content_disposition_header(True, name) or "attachment",
            "Cache-Control": "no-store, private",
        },
    )


@form_page
def agreement_sign(request: Request, agreement_id: UUID) -> HttpResponse:
    """Read the exact text, its digest, the capacity and the consequence; then sign."""
    found = visible_agreement(request, agreement_id)
    user, now = request.user, request.now
    stop(request, guards.sign_refusal(user, found, now))
    form = SignForm(sent(request), initial={"digest": found.text_digest})
    if request.method == "POST":
        signature = attempt(request, form, lambda data: _sign(request, found, data))
        if signature is not None:
            messages.success(request, f"You signed version {found.number} for the {signature.side}.")
            return redirect(found)
    standing = standing_for(user, SIGN, found.case, now)
    page = queries.agreement_page(found, user, now)
    page |= frame(found.case, f"Sign the access agreement, version {found.number}", form=form)
    page |= {"crumbs": crumbs(found.case, "Sign the agreement"), **_consequence(found, standing)}
    page["content"] = visibility.reads_content(user, found.case, now)
    return render(request, "cases/access/agreement_sign.html", page, status=status_of(form))


def _sign(request: Request, found: Agreement, data: dict[str, Any]) -> Any:
    return sign_agreement(agreement=found, digest=data["digest"], by=request.user, now=request.now)


def _consequence(found: Agreement, standing: tuple[str, Appointment] | None) -> dict[str, Any]:
    """Side and capacity of who signs, and whether this signature is the second, which begins access."""
    signed = queries.signatures_of(found)
    return {
        "side": standing[0] if standing else "",
        "appointment": standing[1] if standing else None,
        "second": bool(signed),
    }
