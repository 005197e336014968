"""Pages of consultations, disclosure and response. Signing and the register: `signing_views`, `register_views`."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.requests import Request
from cases.documents.models import Document
from cases.labels import actions, forms, guards, packets, queries, texts
from cases.labels.models import Consultation, Determination, Disclosure
from cases.labels.pages import (
    decisions_of,
    form_page,
    posted,
    stop_when_ended,
    visible_case,
    visible_determination,
)
from cases.register.pages import frame, on_case
from cases.rules import policy, visibility
from cases.rules.facts import declared
from portal.kit.forms import attempt, status_of


@form_page
def consultation_new(request: Request, case_id: UUID) -> HttpResponse:
    """Ask every office of the roster, on a packet frozen now."""
    case = visible_case(request, case_id)
    policy.require(request.user, "consultation.open", case, now=request.now)
    stop_when_ended(case)
    form = forms.ConsultationForm(posted(request), case=case, user=request.user, now=request.now)
    if request.method == "POST":
        asked = attempt(
            request,
            form,
            lambda data: actions.open_consultations(case=case, by=request.user, now=request.now, **data),
        )
        if asked is not None:
            messages.success(request, f"Asked {', '.join(one.office.short_name for one in asked)}.")
            return redirect(decisions_of(case))
    context = frame(
        case,
        "Ask the offices",
        form=form,
        off=guards.asking(case, list(case.determinations.all())),
        roster=case.policy_version.roster.select_related("office").order_by(
            "-required", "office__short_name"
        ),
        packet=packets.assemble(case, []),
    )
    return render(request, "cases/labels/consultation_new.html", context, status=status_of(form))


def _consultation(request: Request, consultation_id: UUID) -> Consultation:
    visible = Consultation.objects.visible_to(request.user, request.now)
    return on_case(
        visible.select_related(
            "office",
            "asked_by",
            "answered_by",
            "case__model_version__model",
            "case__developer",
            "case__policy_version",
        ),
        consultation_id,
    )


@form_page
def consultation(request: Request, consultation_id: UUID) -> HttpResponse:
    """One office's consultation: packet, question and answer; the office answers here."""
    found = _consultation(request, consultation_id)
    form = forms.AnswerForm(posted(request))
    if request.method == "POST":
        answered = attempt(
            request,
            form,
            lambda data: actions.answer_consultation(
                consultation=found, by=request.user, now=request.now, **data
            ),
        )
        if answered is not None:
            messages.success(request, f"The answer of {answered.office.short_name} is recorded.")
            return redirect(answered)
    context = _consultation_context(request, found, form)
    return render(request, "cases/labels/consultation.html", context, status=status_of(form))


def _consultation_context(request: Request, found: Consultation, form: forms.AnswerForm) -> dict[str, Any]:
    user, now, case = request.user, request.now, found.case
    content = queries.reads_packet(found, user, now)
    inside = visibility.inside(user, case, now)
    speaks = queries.speaks_for_office(found, user, now)
    off = guards.answering(case, found, list(case.determinations.all())) if speaks else None
    visible = Document.objects.visible_to(user, now).filter(pk__in=packets.document_ids(found.packet))
    others = Consultation.objects.visible_to(user, now).filter(case=case).exclude(pk=found.pk)
    context = frame(
        case,
        f"Consultation of {found.office.short_name}",
        also=packets.marking_ids(found.packet) if content else [],
        consultation=found,
        content=content,
        inside=inside,
        form=form,
        answers=speaks and off is None,
        declares=speaks,
        declared=speaks and declared(case, user.pk),
        off=off,
        documents=visible.order_by("created_at") if content else [],
        panels=packets.panels(found.packet) if content else [],
        others=others.select_related("office").order_by("asked_at", "office__short_name"),
        closes=policy.standing(user, "consultation.open", case, now) is not None and not found.answer,
    )
    return context if inside else {**context, "crumbs": []}


@form_page
def consultation_close(request: Request, consultation_id: UUID) -> HttpResponse:
    """Record that an office gave no response."""
    found = _consultation(request, consultation_id)
    policy.require(request.user, "consultation.open", found.case, now=request.now)
    form = forms.NoResponseForm(posted(request), consultation=found, now=request.now)
    if request.method == "POST":
        closed = attempt(
            request,
            form,
            lambda data: actions.close_consultation(
                consultation=found, by=request.user, now=request.now, **data
            ),
        )
        if closed is not None:
            messages.success(request, f"No response of {closed.office.short_name} is recorded.")
            return redirect(decisions_of(found.case))
    title = f"Record no response from {found.office.short_name}"
    context = frame(found.case, title, consultation=found, form=form, off=guards.settled(found))
    return render(request, "cases/labels/consultation_close.html", context, status=status_of(form))


@form_page
def disclosure_new(request: Request, determination_id: UUID) -> HttpResponse:
    """Two steps on one address: choose what is told, then read what the developer will read and record it."""
    found = visible_determination(request, determination_id)
    policy.require(request.user, "disclosure.record", found.case, now=request.now)
    form = forms.DisclosureForm(posted(request), determination=found)
    preview = None
    if request.method == "POST" and request.POST.get("step") != "edit" and form.is_valid():
        preview = texts.disclosed_text(
            found.snapshot,
            found.signed_at,
            form.cleaned_data["extent"],
            texts.tidy(form.cleaned_data["summary"]),
        )
        if request.POST.get("step") == "record":
            recorded = attempt(request, form, lambda data: _disclose(request, found, data))
            if recorded is not None:
                messages.success(request, "What is disclosed is recorded, and the developer is told.")
                return redirect(decisions_of(found.case))
    context = frame(
        found.case,
        "Record what is disclosed",
        determination=found,
        form=form,
        preview=preview,
        preview_digest=texts.text_digest(preview) if preview else "",
        off=guards.disclosing(found.case, found, found.disclosures.exists()),
    )
    return render(request, "cases/labels/disclosure_new.html", context, status=status_of(form))


def _disclose(request: Request, found: Determination, data: dict[str, Any]) -> Disclosure:
    return actions.record_disclosure(
        determination=found, extent=data["extent"], summary=data["summary"], reason=data["reason"],
        text_digest=data["seen"], by=request.user, now=request.now,
    )  # fmt: skip


@form_page
def response(request: Request, disclosure_id: UUID) -> HttpResponse:
    """The developer's response to what was disclosed."""
    visible = Disclosure.objects.visible_to(request.user, request.now)
    found = get_object_or_404(
        visible.select_related("determination__case__model_version__model", "determination__case__developer"),
        pk=disclosure_id,
    )
    case = found.determination.case
    policy.require(request.user, "response.record", case, now=request.now)
    form = forms.ResponseForm(posted(request))
    if request.method == "POST":
        recorded = attempt(
            request,
            form,
            lambda data: actions.record_response(disclosure=found, by=request.user, now=request.now, **data),
        )
        if recorded is not None:
            messages.success(request, "Your response is recorded.")
            return redirect(decisions_of(case))
    off = guards.responding(found)
    context = frame(case, "Respond to what was disclosed", disclosure=found, form=form, off=off)
    return render(request, "cases/labels/response.html", context, status=status_of(form))
