"""Pages of trusted partners: nominate, read, concur, retract. A partner sees none of them."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.requests import Request
from cases.access import guards, queries
from cases.access.actions import concur, nominate, retract
from cases.access.forms import NominationForm, ReasonForm, RetractForm
from cases.access.sides import CONCUR, standing_for
from cases.access.views.pages import one_action, sent, stop, visible_case, visible_nomination
from cases.register.pages import frame

form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
def nomination_new(request: Request, case_id: UUID) -> HttpResponse:
    """Nominate a trusted partner."""
    case = visible_case(request, case_id)
    stop(request, guards.nominate_refusal(request.user, case, request.now))
    return one_action(
        request,
        NominationForm(sent(request)),
        lambda data: nominate(case=case, by=request.user, now=request.now, **data),
        frame=frame(case, "Nominate a trusted partner"),
        says=[
            "A partner needs both concurrences: the developer's signing official's and the framework lead's.",
            "Either side may retract at any time. Partners see neither each other nor this case.",
        ],
        label="Nominate",
        done="The partner is nominated. Both signing officials are told.",
        then=f"{case.get_absolute_url()}#access",
    )


@require_http_methods(["GET", "HEAD"])
def nomination(request: Request, nomination_id: UUID) -> HttpResponse:
    """One nomination: who concurs, until when the offer stands, the grants under it."""
    found = visible_nomination(request, nomination_id)
    user, now = request.user, request.now
    standing = standing_for(user, CONCUR, found.case, now)
    page = frame(
        found.case, f"Trusted partner {found.partner.short_name}", **queries.nomination_page(found, user, now)
    )
    for name, guard in (("concur_off", guards.concur_refusal), ("retract_off", guards.retract_refusal)):
        refused = guard(user, found, now)
        page[name] = refused.sentence if refused else ""
    page["side"] = standing[0] if standing else ""
    return render(request, "cases/access/nomination.html", page)


@form_page
def nomination_concur(request: Request, nomination_id: UUID) -> HttpResponse:
    """Concur for one's side."""
    found = visible_nomination(request, nomination_id)
    stop(request, guards.concur_refusal(request.user, found, request.now))
    return one_action(
        request,
        ReasonForm(sent(request)),
        lambda data: concur(nomination=found, by=request.user, now=request.now, reason=data["reason"]),
        frame=frame(found.case, f"Concur on {found.partner.short_name}"),
        says=["With both concurrences the case officer may issue a grant. You may retract at any time."],
        label="Concur",
        done=f"Your side concurs on {found.partner.short_name}.",
        then=found.get_absolute_url(),
    )


@form_page
def nomination_retract(request: Request, nomination_id: UUID) -> HttpResponse:
    """Retract one's side's concurrence: the page says in numbers what ends."""
    found = visible_nomination(request, nomination_id)
    stop(request, guards.retract_refusal(request.user, found, request.now))
    open_ = found.grants.filter(end_reason="", span__endswith__gt=request.now).count()
    ends = "1 grant ends" if open_ == 1 else f"{open_} grants end"
    return one_action(
        request,
        RetractForm(sent(request), words="I retract this concurrence for my side."),
        lambda data: retract(nomination=found, by=request.user, now=request.now, reason=data["reason"]),
        frame=frame(found.case, f"Retract the concurrence on {found.partner.short_name}"),
        says=[
            f"{ends} in this moment, for every person named. The nomination is over; a new one may follow."
        ],
        label="Retract the concurrence",
        kind="danger",
        done=f"The concurrence on {found.partner.short_name} is retracted, and nothing is open under it any more.",
        then=found.get_absolute_url(),
    )
