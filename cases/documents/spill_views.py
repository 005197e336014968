"""Pages of a suspected spill: freezing a document, what the security manager sees of it, its end."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import Request
from cases.documents import queries, spills
from cases.documents.forms import SpillCloseForm, SpillForm
from cases.documents.models import Document, Spill
from cases.register.models import Case
from cases.register.pages import frame, on_case
from cases.rules import policy
from portal.kit.forms import attempt, status_of

FROZEN = "The document is frozen. The agency's security manager sees it through; everybody concerned is told."


@require_http_methods(["GET", "HEAD", "POST"])
def document_spill(request: Request, document_id: UUID) -> HttpResponse:
    """Freeze a document as a suspected spill."""
    visible = Document.objects.visible_to(request.user, request.now)
    found = on_case(visible.select_related("case__model_version__model", "owner"), document_id)
    get_object_or_404(Case.objects.visible_to(request.user, request.now), pk=found.case_id)
    refused = spills.declare_refusal(request.user, found, request.now)
    if refused is not None and (request.method != "POST" or not refused.conflict):
        raise refused
    form = SpillForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        declared = attempt(
            request, form,
            lambda values: spills.declare_spill(document=found, by=request.user, now=request.now, **values),
        )  # fmt: skip
        if declared is not None:
            messages.success(request, FROZEN)
            return redirect(found.case)
    context = frame(
        found.case, "Freeze as a suspected spill", also=[found.marking], form=form, document=found,
        numbers=spills.numbers(found), shared=len(queries.shares(found)),
    )  # fmt: skip
    context["back"] = found.get_absolute_url()
    return render(request, "cases/documents/spill_new.html", context, status=status_of(form))


def _spill(request: Request, spill_id: UUID) -> Spill:
    visible = Spill.objects.visible_to(request.user, request.now)
    related = visible.select_related(
        "case__model_version__model",
        "document__owner",
        "declared_by",
        "appointment__organisation",
        "closed_by",
    )
    return on_case(related, spill_id)


@require_safe
def spill(request: Request, spill_id: UUID) -> HttpResponse:
    """What the security manager sees of a suspected spill: no title, no name of a file, and who opened it."""
    found = _spill(request, spill_id)
    context = frame(
        found.case, "Suspected spill", also=[found.document.marking], spill=found, document=found.document,
        versions=found.document.versions.select_related("uploaded_by").order_by("-number"),
        openers=spills.openers(found.document), shares=queries.shares(found.document),
        closes=found.closed_at is None,
    )  # fmt: skip
    return render(request, "cases/documents/spill.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def spill_close(request: Request, spill_id: UUID) -> HttpResponse:
    """End a suspected spill."""
    found = _spill(request, spill_id)
    policy.require(request.user, "spill.close", found.case, now=request.now)
    form = SpillCloseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        closed = attempt(
            request,
            form,
            lambda values: spills.close_spill(spill=found, by=request.user, now=request.now, **values),
        )
        if closed is not None:
            messages.success(request, f"The suspected spill is ended: {spills.OUTCOMES[closed.outcome]}.")
            return redirect(found)
    context = frame(
        found.case, "End the suspected spill", also=[found.document.marking], form=form,
        intro="The officer, the lead, the document's side and everybody who opened it are told how it ended.",
        action_label="End it",
    )  # fmt: skip
    context["back"] = found.get_absolute_url()
    return render(request, "cases/documents/form.html", context, status=status_of(form))
