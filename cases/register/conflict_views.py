"""Pages of conflicts of interest: declare, read the declarations of a case, lift a recusal."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import Request
from cases.register import conflicts
from cases.register import declarations as asked
from cases.register.forms import DeclareForm, LiftForm
from cases.register.models import Case, Recusal
from cases.register.pages import crumbs, frame
from cases.rules import policy
from portal.kit.forms import attempt, status_of

form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
def declare(request: Request, case_id: UUID) -> HttpResponse:
    """Declare whether one has a conflict of interest; also for an office that is asked and a partner with a grant."""
    user, now = request.user, request.now
    case = get_object_or_404(asked.declarable(user, now), pk=case_id)
    policy.require(user, "conflict.declare", case, now=now)
    form = DeclareForm(request.POST if request.method == "POST" else None)
    opens = Case.objects.visible_to(user, now).filter(pk=case.pk).exists()
    above = case.get_absolute_url() if opens else reverse("cases:home")
    if request.method == "POST":
        declared = attempt(request, form, lambda data: conflicts.declare(case=case, by=user, now=now, **data))
        if declared is not None:
            return _thanked(request, case, above, recused=declared.recusal is not None)
    context = frame(case, "Declare a conflict of interest, or none", form=form, own=asked.own(case, user))
    context |= {"back": above, "crumbs": context["crumbs"] if opens else []}
    return render(request, "cases/register/declare.html", context, status=status_of(form))


def _thanked(request: Request, case: Case, above: str, *, recused: bool) -> HttpResponse:
    if recused:
        messages.success(request, f"Your declaration is recorded, and you are recused from {case.number}.")
        return redirect("cases:home")
    messages.success(request, f"Recorded: you have no conflict of interest in {case.number}.")
    return redirect(above)


def _case(request: Request, case_id: UUID) -> Case:
    visible = Case.objects.visible_to(request.user, request.now).select_related("model_version__model")
    return get_object_or_404(visible, pk=case_id)


@require_safe
def declarations(request: Request, case_id: UUID) -> HttpResponse:
    """What was declared on the case, and who is recused: for the lead and the security manager."""
    case = _case(request, case_id)
    policy.require(request.user, "conflict.read", case, now=request.now)
    context = frame(
        case, "Conflicts of interest", declared=asked.declared_on(case, request.user, request.now),
        recusals=asked.recused_from(case),
        may_lift=policy.standing(request.user, "case.lift_recusal", case, request.now) is not None,
    )  # fmt: skip
    return render(request, "cases/register/declarations.html", context)


@form_page
def recusal_lift(request: Request, recusal_id: UUID) -> HttpResponse:
    """Lift a recusal, with a reason."""
    row = get_object_or_404(asked.recusals_seen(request.user, request.now), pk=recusal_id)
    policy.require(request.user, "case.lift_recusal", row.case, now=request.now)
    form = LiftForm(request.POST if request.method == "POST" else None)
    above = reverse("cases:declarations", args=[row.case_id])
    if request.method == "POST":

        def run(data: dict[str, Any]) -> Recusal:
            return conflicts.lift_recusal(
                recusal=row, reason=data["reason"], by=request.user, now=request.now
            )

        if attempt(request, form, run) is not None:
            messages.success(request, f"{row.person.name} reads {row.case.number} again, as its roles say.")
            return redirect(above)
    context = frame(
        row.case, "Lift a recusal", form=form, action_label="Lift the recusal",
        intro=f"{row.person.name} reads the case again from that second, as its roles say. Assignments that the "
        "recusal ended stay ended; a declaration that the policy asks for is made anew.",
    )  # fmt: skip
    context |= {"back": above, "crumbs": crumbs(row.case, "Lift a recusal")}
    return render(request, "cases/register/form.html", context, status=status_of(form))
