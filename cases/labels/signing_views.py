"""Pages of the signed acts: signing a determination in two steps, its own page, and its rescission."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.requests import Request
from cases.benchmarks.models import SuiteVersion
from cases.labels import forms, guards, packets, queries, signing
from cases.labels.models import Determination
from cases.labels.pages import form_page, posted, stop_when_ended, visible_case, visible_determination
from cases.register import declarations
from cases.register.models import Case
from cases.register.pages import frame
from cases.rules import policy
from portal.kit.forms import attempt, status_of


@form_page
def determination_new(request: Request, case_id: UUID) -> HttpResponse:
    """Two steps on one address: write outcome and rationale, then read the exact text and sign it."""
    case = visible_case(request, case_id)
    appointment = policy.require(request.user, "determination.sign", case, now=request.now)
    stop_when_ended(case)
    consultations = signing.heard(case)
    packet = signing.packet_of(case, consultations)
    form = forms.DeterminationForm(posted(request), packet=packet)
    proposal = None
    if request.method == "POST" and request.POST.get("step") != "edit":
        proposal = attempt(request, form, lambda data: _proposal(request, case, data))
    if proposal is not None and request.POST.get("step") == "sign" and request.POST.get("confirmed"):
        signed = attempt(request, form, lambda data: _sign(request, case, data))
        if signed is not None:
            messages.success(request, "The determination is signed.")
            return redirect(signed)
    context = frame(
        case,
        "Sign the determination",
        also=packets.marking_ids(packet),
        form=form,
        proposal=proposal,
        unconfirmed=request.POST.get("step") == "sign",
        off=signing.signing_refusal(case, consultations)
        or declarations.undeclared(case, request.user, appointment.role),
        consultations=consultations,
        packet=packet,
        packet_digest=packets.digest(packet),
        panels=packets.panels(packet),
    )
    return render(request, "cases/labels/determination_new.html", context, status=status_of(form))


def _chosen(data: dict[str, Any]) -> dict[str, Any]:
    """What the signer wrote, with the suite version as a row."""
    pk = data.get("suite_version")
    suite = SuiteVersion.objects.select_related("suite").get(pk=pk) if pk else None
    return {"outcome": data["outcome"], "rationale": data["rationale"], "suite_version": suite}


def _proposal(request: Request, case: Case, data: dict[str, Any]) -> signing.Proposal:
    return signing.propose(case=case, by=request.user, now=request.now, **_chosen(data))


def _sign(request: Request, case: Case, data: dict[str, Any]) -> Determination:
    return signing.sign_determination(
        case=case, text_digest=data["seen"], by=request.user, now=request.now, **_chosen(data)
    )


@require_safe
def determination(request: Request, determination_id: UUID) -> HttpResponse:
    """A signed determination: its text, who signed it in what capacity, and what followed."""
    found = visible_determination(request, determination_id)
    case, content = found.case, queries.reads_determination(found, request.user, request.now)
    packet = found.snapshot["packet"]
    rescinding = policy.standing(request.user, "determination.sign", case, request.now) is not None
    disclosing = policy.standing(request.user, "disclosure.record", case, request.now) is not None
    disclosure = found.disclosures.select_related("recorded_by", "response_by").first()
    context = frame(
        case,
        "Determination",
        also=packets.marking_ids(packet) if content else [],
        state="rescinded" if found.rescinded_at else "in force",
        state_tone="ended" if found.rescinded_at else "info",
        determination=found,
        content=content,
        panels=packets.panels(packet) if content else [],
        disclosure=disclosure,
        may_rescind=rescinding and guards.rescinding(found) is None,
        may_disclose=disclosing and guards.disclosing(found.case, found, disclosure is not None) is None,
    )
    return render(request, "cases/labels/determination.html", context)


@form_page
def rescind(request: Request, determination_id: UUID) -> HttpResponse:
    """Rescind a determination, and with it the label that followed."""
    found = visible_determination(request, determination_id)
    policy.require(request.user, "determination.sign", found.case, now=request.now)
    form = forms.RescissionForm(posted(request))
    if request.method == "POST":
        rescinded = attempt(
            request,
            form,
            lambda data: signing.rescind_determination(
                determination=found, reason=data["reason"], by=request.user, now=request.now
            ),
        )
        if rescinded is not None:
            messages.success(request, "The determination is rescinded.")
            return redirect(found)
    off = guards.rescinding(found)
    context = frame(found.case, "Rescind the determination", determination=found, form=form, off=off)
    return render(request, "cases/labels/rescind.html", context, status=status_of(form))
