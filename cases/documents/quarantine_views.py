"""The page on which the security manager decides about a version in quarantine."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.requests import Request
from cases.documents import quarantine, queries, states
from cases.documents.forms import QuarantineForm
from cases.documents.models import Document
from cases.register.models import Case
from cases.register.pages import frame, on_case
from cases.rules import policy
from portal.kit.forms import attempt, status_of

DONE = {
    "released": "The version is released: it opens to whoever may read the document.",
    "kept": "Recorded. The version stays in quarantine.",
}


@require_http_methods(["GET", "HEAD", "POST"])
def document_quarantine(request: Request, document_id: UUID, number: int) -> HttpResponse:
    """Release a version from quarantine, or record that it stays there."""
    visible = Document.objects.visible_to(request.user, request.now)
    found = on_case(visible.select_related("case__model_version__model", "owner"), document_id)
    get_object_or_404(Case.objects.visible_to(request.user, request.now), pk=found.case_id)
    versions = queries.read_versions(found, request.user, request.now)
    version = get_object_or_404(versions.select_related("document__case", "uploaded_by"), number=number)
    version.document = found
    policy.require(request.user, quarantine.PERMISSION, found.case, now=request.now)
    refused = quarantine.decide_refusal(request.user, version)
    if refused is not None and request.method != "POST":
        raise refused
    form = QuarantineForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        decided = attempt(
            request, form,
            lambda values: quarantine.decide(version=version, by=request.user, now=request.now, **values),
        )  # fmt: skip
        if decided is not None:
            messages.success(request, DONE[decided.decision])
            return redirect(found)
    context = frame(
        found.case, f"Version {number} in quarantine", also=[found.marking], form=form, document=found,
        looked_at=version, said=states.scanned(version, inside=True),
    )  # fmt: skip
    context["back"] = found.get_absolute_url()
    return render(request, "cases/documents/quarantine.html", context, status=status_of(form))
