"""The page "what exactly can this organisation see?"."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.requests import Request
from cases.register.models import Case
from cases.register.pages import frame
from cases.reports import sight_page
from cases.reports.forms import SightForm
from cases.rules import policy


@require_safe
def sight(request: Request, case_id: UUID) -> HttpResponse:
    """What an organisation's people see of a case, now or as of a past instant."""
    user, now = request.user, request.now
    visible = Case.objects.visible_to(user, now).select_related("model_version__model", "policy_version")
    case = get_object_or_404(visible, pk=case_id)
    policy.require(user, "case.sight", case, now=now)
    choices = sight_page.choices(case, user, now)
    listed = [(str(one.pk), f"{one.short_name} · {relation}") for one, relation in choices]
    form = SightForm(request.GET, organizations=listed, now=now)
    context = frame(case, "What can this organization see?", form=form, choices=choices)
    if form.is_valid() and form.cleaned_data["organization"]:
        context |= _answer(request, case, form, choices)
    return render(request, "cases/reports/sight.html", context)


def _answer(
    request: Request, case: Case, form: SightForm, choices: list[sight_page.Choice]
) -> dict[str, Any]:
    wanted, at = form.cleaned_data["organization"], form.cleaned_data["at"]
    chosen = next(one for one in choices if str(one.organisation.pk) == wanted)
    page = _page_number(request)
    found = sight_page.answer(case, chosen.organisation, request.user, request.now, at, page)
    if request.method == "GET" and any(thing.restricted for thing in found.things):
        sight_page.record_sight(
            case=case, organisation=chosen.organisation, at=at, by=request.user, now=request.now
        )
    marks = [thing.marking for thing in found.things if thing.marking]
    return {
        **frame(case, f"What can {chosen.organisation.short_name} see?", also=marks),
        "chosen": chosen,
        "at": at,
        "answer": found,
        "page": page,
    }


def _page_number(request: Request) -> int:
    given = request.GET.get("page", "")
    return int(given) if given.isascii() and given.isdigit() and 0 < len(given) < 5 and int(given) else 1
