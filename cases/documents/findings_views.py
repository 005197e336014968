"""The page on which a partner uploads findings under its grant."""

from uuid import UUID

from django.apps import apps
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.requests import Request
from cases.documents.findings import findings_refusal, upload_findings
from cases.documents.forms import FindingsForm
from cases.documents.uploads.pages import Bringing
from cases.documents.uploads.using import Meant
from cases.rules import markings
from portal.kit.forms import attempt, status_of


@require_http_methods(["GET", "HEAD", "POST"])
def findings_new(request: Request, grant_id: UUID) -> HttpResponse:
    """Upload findings. The grant is found by name of its model: its room stands beside this one."""
    visible = apps.get_model("cases", "Grant").objects.visible_to(request.user, request.now)
    grant = get_object_or_404(
        visible.select_related("case__policy_version", "organisation", "model_version__model"), pk=grant_id
    )
    refused = findings_refusal(request.user, grant, request.now)
    if refused is not None and (request.method != "POST" or not refused.conflict):
        raise refused
    posted = request.method == "POST"
    bringing = Bringing(request, Meant(grant.case, grant=grant))
    form = FindingsForm(
        request.POST if posted else None, request.FILES if posted else None, arrived=bringing.arrived
    )
    if posted:
        document = attempt(
            request, form,
            lambda _: upload_findings(grant=grant, by=request.user, now=request.now, **form.told()),
        )  # fmt: skip
        if document is not None:
            messages.success(
                request,
                f"“{document.title}” is uploaded and scanned now. The developer and the agency are told.",
            )
            return redirect(grant)
    context = {
        "title": "Upload findings",
        "grant": grant,
        "form": form,
        "marking": markings.MARKINGS[grant.case.policy_version.default_marking],
        "bringing": bringing,
        "back": grant.get_absolute_url(),
    }
    return render(request, "cases/documents/findings_new.html", context, status=status_of(form))
