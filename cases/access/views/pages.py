"""What the pages of access have in common: getting a visible row, and the page of one form and one action."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render

from accounts.requests import Request
from cases.access.models import Agreement, Grant, Nomination
from cases.access.queries import with_signatures, with_suspensions
from cases.access.terms import lines_of, safeguards_of
from cases.register.models import Case
from cases.register.pages import on_case, one_case
from portal.kit.forms import attempt, status_of
from portal.kit.refusal import Refused

ON_CASE = ("case__model_version__model", "case__developer", "case__policy_version__lead_office")


def visible_case(request: Request, case_id: UUID) -> Case:
    """The case, or 404 for those who may not see it."""
    cases = Case.objects.visible_to(request.user, request.now)
    wide = cases.select_related("model_version__model", "developer", "policy_version__lead_office")
    return one_case(wide, case_id)


def visible_agreement(request: Request, agreement_id: UUID) -> Agreement:
    """The agreement version with its signatures, or 404."""
    found = Agreement.objects.visible_to(request.user, request.now).select_related(*ON_CASE, "drafted_by")
    return on_case(with_signatures(found), agreement_id)


def visible_nomination(request: Request, nomination_id: UUID) -> Nomination:
    """The nomination with its sides, or 404."""
    found = Nomination.objects.visible_to(request.user, request.now).with_sides()
    return on_case(found.select_related(*ON_CASE, "partner", "proposed_by"), nomination_id)


def visible_grant(request: Request, grant_id: UUID) -> Grant:
    """The grant with its suspensions, or 404."""
    found = with_suspensions(Grant.objects.visible_to(request.user, request.now))
    held = ("acceptance__accepted_by", "certificate__filed_by")
    return on_case(
        found.select_related(*ON_CASE, "organisation", "nomination", "model_version__model", *held), grant_id
    )


def facts_of(grant: Grant) -> dict[str, Any]:
    """The terms of a grant as lists, for the table of its facts."""
    return {
        "allowed": lines_of(grant.tasks_allowed),
        "forbidden": lines_of(grant.tasks_forbidden),
        "safeguards": safeguards_of(grant),
    }


def sent(request: Request) -> QueryDict | None:
    """What was sent, or None on a first look (an empty form that was sent is sent all the same)."""
    return request.POST if request.method == "POST" else None


def stop(request: Request, refused: Refused | None) -> None:
    """Raise what the guard answers; a form sent at the wrong moment keeps what was typed, and its action refuses."""
    if refused is not None and (request.method != "POST" or not refused.conflict):
        raise refused


def one_action(
    request: Request,
    form: BaseForm,
    run: Callable[[dict[str, Any]], Any],
    *,
    frame: dict[str, Any],
    label: str,
    done: str,
    then: str,
    says: Sequence[str] = (),
    kind: str = "primary",
) -> HttpResponse:
    """A page with one form and one button. Success leads to `then` with the message `done`; `says` stands above it."""
    if request.method == "POST" and attempt(request, form, run) is not None:
        messages.success(request, done)
        return redirect(then)
    page = {**frame, "form": form, "says": says, "label": label, "kind": kind}
    return render(request, "cases/access/form.html", page, status=status_of(form))
