"""Pages of grants: issue, list, one grant as developer and agency see it. `holding` is the partner's side."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from accounts.models import Organisation, User
from accounts.requests import Request
from cases.access import guards, lines, queries
from cases.access.actions import end_grant, issue_grant, resume_grant, suspend_grant
from cases.access.actions.grants import nameable
from cases.access.forms import ConfirmForm, GrantForm, HolderForm, ReasonForm
from cases.access.models import Grant, Nomination
from cases.access.views.holding import own_grant
from cases.access.views.pages import facts_of, one_action, sent, stop, visible_case, visible_grant
from cases.register.models import Case
from cases.register.pages import frame
from cases.rules import policy, visibility
from portal.kit.refusal import Refused

form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
def grant_new(request: Request, case_id: UUID) -> HttpResponse:
    """Issue a grant: first for whom (`?for=`), then its terms."""
    case = visible_case(request, case_id)
    policy.require(request.user, "grant.issue", case, now=request.now)
    stop(request, guards.issue_refusal(request.user, case, request.now))
    chosen = HolderForm(request.GET.get("for", "")).chosen()
    if chosen is None:
        page = frame(case, "Issue a grant", holders=queries.holders(case, request.now))
        return render(request, "cases/access/grant_new.html", page)
    organisation, nomination = _holder(case, *chosen)
    end = max((span.end for span in guards.spans_of(list(case.window_periods.all()))), default=None)
    form = GrantForm(
        sent(request), people=nameable(organisation, request.now), safeguards=queries.signed_safeguards(case),
        initial={"ends_at": end},
    )  # fmt: skip
    return one_action(
        request,
        form,
        lambda _: issue_grant(
            case=case, organisation=organisation, nomination=nomination, by=request.user, now=request.now,
            **form.told(),
        ),
        frame=frame(case, f"Issue a grant to {organisation.short_name}"),
        says=[
            f"{organisation.name} may use {case.model_version} under the signed agreement, nothing else of the case."
        ],
        label="Issue the grant",
        done=f"The grant of {organisation.short_name} is issued. The people named on it are told.",
        then=f"{case.get_absolute_url()}#access",
    )  # fmt: skip


def _holder(case: Case, kind: str, key: UUID) -> tuple[Organisation, Nomination | None]:
    if kind == "office":
        return get_object_or_404(Organisation.objects.filter(kind="agency", is_active=True), pk=key), None
    nomination = get_object_or_404(Nomination.objects.select_related("partner"), pk=key, case=case)
    return nomination.partner, nomination


@require_http_methods(["GET", "HEAD"])
def grants(request: Request) -> HttpResponse:
    """The grants this person may see, newest first; for a partner its own."""
    page = queries.grant_list(request.user, request.now, request.GET.get("cursor", ""))
    rows = [queries.shown_grant(grant, request.now, inside=grant.in_case) for grant in page.items]  # type: ignore[attr-defined]
    inside = any(grant.in_case for grant in page.items)  # type: ignore[attr-defined]
    context = {"title": "Grants", "page": page, "rows": rows, "inside": inside}
    return render(request, "cases/access/grants.html", context)


@require_http_methods(["GET", "HEAD"])
def grant(request: Request, grant_id: UUID) -> HttpResponse:
    """One grant. Its partner gets a page of its own; once access has ended or is suspended, a sentence and 403."""
    found = visible_grant(request, grant_id)
    if not queries.inside(found, request.user, request.now):
        return own_grant(request, found)
    return render(request, "cases/access/grant.html", _inside_page(request, found))


def _said(refused: Refused | None) -> str:
    return refused.sentence if refused else ""


def _inside_page(request: Request, found: Grant) -> dict[str, Any]:
    user, now = request.user, request.now
    shown = queries.shown_grant(found, now)
    page = frame(found.case, f"Grant of {found.organisation.short_name}")
    for name, guard in (
        ("suspend_off", guards.suspend_refusal),
        ("resume_off", guards.resume_refusal),
        ("end_off", guards.end_refusal),
    ):
        page[name] = _said(guard(user, found, now))
    names = policy.standing(user, "grant.name_people", found.case, now) is not None
    return {
        **page,
        "grant": found,
        "state": shown["state"],
        "state_tone": shown["tone"],
        "line": lines.grant_line(found, shown["state"], now),
        "content": visibility.reads_content(user, found.case, now),
        **facts_of(found),
        **_papers(found, user, now),
        **_credential(found, user, now),
        "people": found.user_permissions.select_related("user").order_by("user__name"),
        "names": names,
        "people_off": _said(guards.people_refusal(user, found, now)) if names else "",
        "certifies": found.owes_certificate(now) and guards.close_out_refusal(user, found, now) is None,
        "certificate_due": found.certificate_due if found.owes_certificate(now) else None,
        "suspends": policy.standing(user, "grant.suspend", found.case, now) is not None,
        "ends": policy.standing(user, "grant.end", found.case, now) is not None,
        "asks_sight": policy.standing(user, "case.sight", found.case, now) is not None,
        "incidents": queries.incidents_of(found, user, now),
        "reports": policy.standing(user, "incident.report", found.case, now) is not None,
    }


def _papers(found: Grant, user: User, now: datetime) -> dict[str, Any]:
    papers = list(queries.shared_documents(found, user, now))
    return {
        "documents": [one for one in papers if one.under_grant_id is None],
        "findings": [one for one in papers if one.under_grant_id is not None],
    }


def _credential(found: Grant, user: User, now: datetime) -> dict[str, Any]:
    """When endpoint and secret were stored and who was shown them; neither of the two."""
    credential = guards.open_credential(found)
    stores = policy.standing(user, "credential.store", found.case, now) is not None
    return {
        "credential": credential,
        "reveals": queries.reveals(found),
        "stores": stores and not found.has_ended(now),
        "shows": credential is not None and guards.reveal_refusal(user, found, now) is None,
    }


@form_page
def grant_suspend(request: Request, grant_id: UUID) -> HttpResponse:
    """Suspend for one's side."""
    found = visible_grant(request, grant_id)
    stop(request, guards.suspend_refusal(request.user, found, request.now))
    return one_action(
        request,
        ReasonForm(sent(request)),
        lambda data: suspend_grant(grant=found, by=request.user, now=request.now, reason=data["reason"]),
        frame=frame(found.case, f"Suspend the grant of {found.organisation.short_name}"),
        says=["Access stops at once for everybody named. The window and the grant's term run on meanwhile."],
        label="Suspend the grant",
        kind="danger",
        done="The grant is suspended.",
        then=found.get_absolute_url(),
    )


@form_page
def grant_resume(request: Request, grant_id: UUID) -> HttpResponse:
    """Lift one's side's suspension."""
    found = visible_grant(request, grant_id)
    stop(request, guards.resume_refusal(request.user, found, request.now))
    return one_action(
        request,
        ConfirmForm(sent(request), words="I lift my side's suspension."),
        lambda data: resume_grant(grant=found, by=request.user, now=request.now),
        frame=frame(found.case, f"Resume the grant of {found.organisation.short_name}"),
        says=[
            "Access is open again at once, unless the other side suspends it too. Its end stays where it was."
        ],
        label="Resume the grant",
        done="Your side's suspension is lifted.",
        then=found.get_absolute_url(),
    )


@form_page
def grant_end(request: Request, grant_id: UUID) -> HttpResponse:
    """End a grant before its term."""
    found = visible_grant(request, grant_id)
    stop(request, guards.end_refusal(request.user, found, request.now))
    named = found.user_permissions.count()
    return one_action(
        request,
        ConfirmForm(sent(request), words="I end this grant now."),
        lambda data: end_grant(grant=found, by=request.user, now=request.now),
        frame=frame(found.case, f"End the grant of {found.organisation.short_name}"),
        says=[
            f"Access ends at once for {named} named {'person' if named == 1 else 'people'}. An end is final."
        ],
        label="End the grant",
        kind="danger",
        done=f"The grant of {found.organisation.short_name} ended.",
        then=found.get_absolute_url(),
    )
