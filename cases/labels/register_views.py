"""Pages of the register of labels."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.requests import Request
from cases.labels import forms, queries
from cases.labels.models import Label
from cases.register.pages import on_case
from cases.rules import markings, visibility
from portal.kit.paging import keyset_page


@require_safe
def register(request: Request) -> HttpResponse:
    """Labels this person may see, effective ones first."""
    form = forms.RegisterFilter(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    found = queries.register(
        request.user, request.now, words=asked.get("q", ""), state=asked.get("state", "")
    )
    page = keyset_page(found, order=queries.REGISTER_ORDER, cursor=request.GET.get("cursor", ""))
    context = {
        "title": "Register",
        "form": form,
        "page": page,
        "marking": markings.highest(one.case.marking for one in page.items),
        "count": found.order_by().count(),
        "filtered": any(asked.values()),
        "inside": visibility.sees_several_developers(request.user, request.now),
    }
    return render(request, "cases/labels/register.html", context)


@require_safe
def label(request: Request, label_id: UUID) -> HttpResponse:
    """One register entry, with its evidence trail for those who may follow it."""
    found = on_case(
        Label.objects.visible_to(request.user, request.now).as_told(request.user, request.now).select_related(
            "case", "model_version__model__developer", "suite_version__suite", "determination__signed_by",
            "determination__appointment__organisation", "determination__policy_version",
        ),
        label_id,
    )  # fmt: skip
    inside = visibility.inside(request.user, found.case, request.now)
    snapshot = found.determination.snapshot
    context = {
        "title": str(found.model_version),
        "state": found.told_state,  # type: ignore[attr-defined]
        "state_tone": "info" if found.told_state == "effective" else "ended",  # type: ignore[attr-defined]
        "label": found,
        "inside": inside,
        "runs": snapshot["packet"]["runs"] if inside else [],
        "findings": snapshot["packet"]["findings"] if inside else [],
        "heard": len(snapshot["consultations"]),
        "packet_digest": snapshot["packet_digest"],
        "successor": queries.successor(found, request.user, request.now),
        "crumbs": [
            {"label": "Register", "url": reverse("cases:register")},
            {"label": str(found.model_version), "url": ""},
        ],
        "marking": markings.MARKINGS[found.case.marking],
    }
    return render(request, "cases/labels/label.html", context)
