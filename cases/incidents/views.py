"""Pages of incidents: report, one incident with its timeline, and each step that may be taken about it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.requests import Request
from accounts.roles import PARTNER
from cases.access.models import Grant
from cases.access.views.pages import sent, visible_case, visible_grant
from cases.documents.models import Document
from cases.incidents import actions, forms, guards, listing, papers, queries
from cases.incidents.models import Incident
from cases.register.models import Case
from cases.register.pages import frame
from cases.rules import clock, markings
from portal.kit.forms import attempt, status_of
from portal.kit.refusal import Refused

form_page = require_http_methods(["GET", "HEAD", "POST"])
FORM = "cases/incidents/form.html"


def _visible(request: Request, incident_id: UUID) -> Incident:
    """The incident with what its pages show, or 404."""
    found = Incident.objects.visible_to(request.user, request.now).select_related(
        "case__model_version__model", "case__developer", "case__policy_version", "organisation", "reported_by",
        "appointment__organisation", "closed_by", "follows", "reported_under",
    )  # fmt: skip
    return get_object_or_404(found, pk=incident_id)


def _frame(request: Request, case: Case, title: str, under: Grant | None, *, within: bool) -> dict[str, Any]:
    """Title, way and marking; a partner's way leads to its grant, and shows the marking where partners read at it."""
    if within:
        return frame(case, title)
    assert under is not None
    own = [case.marking] if case.marking in markings.readable_by(PARTNER) else []
    crumbs = [
        {"label": "Grants", "url": reverse("cases:grants")},
        {"label": "Your grant", "url": under.get_absolute_url()},
        {"label": title, "url": ""},
    ]
    marking = markings.highest(own)
    return {"title": title, "marking": marking, "crumbs": crumbs, "back": under.get_absolute_url()}


# -- reporting --------------------------------------------------------------------------------------------------------


@form_page
def incident_new(request: Request, case_id: UUID) -> HttpResponse:
    """Report an incident of a case; `?follows=` names the closed one that it refers to."""
    return _report(request, visible_case(request, case_id), None)


@form_page
def grant_incident_new(request: Request, grant_id: UUID) -> HttpResponse:
    """Report an incident under a grant: the partner's way, and a shorter one for those inside the case."""
    found = visible_grant(request, grant_id)
    return _report(request, found.case, found)


def _report(request: Request, case: Case, under: Grant | None) -> HttpResponse:
    user, now = request.user, request.now
    refused = guards.report_refusal(user, case, now, under)
    if refused:
        raise refused
    within = Case.objects.visible_to(user, now).filter(pk=case.pk).exists()
    follows = _followed(request, case)
    form = forms.ReportForm(sent(request), case=case, user=user, now=now, under=under, choose_grants=within)
    if request.method == "POST":
        incident = attempt(
            request,
            form,
            lambda data: actions.report_incident(
                case=case, under=under, follows=follows, by=user, now=now, **data
            ),
        )
        if incident is not None:
            said = f"{incident.reference} is reported. The security manager is told."
            messages.success(request, said)
            return redirect(incident)
    page = _frame(request, case, "Report an incident", under, within=within)
    page |= {"form": form, "says": _report_words(case, follows, within), "label": "Report the incident"}
    return render(request, FORM, page, status=status_of(form))


def _report_words(case: Case, follows: Incident | None, within: bool) -> list[str]:
    hours = case.policy_version.clocks.get("incident_report", clock.CLOCKS["incident_report"].amount)
    readers = "Both sides read" if within else "The developer and the agency read, and no other partner,"
    says = [
        "Report at once and with what you know; everything can be added later.",
        f"{readers} what you write here. The security manager writes the first report within {hours} hours of the "
        "hour it was noticed.",
    ]
    return [*says, f"It will refer to {follows.reference}."] if follows else says


def _followed(request: Request, case: Case) -> Incident | None:
    given = request.GET.get("follows", "")
    if not given:
        return None
    seen = Incident.objects.visible_to(request.user, request.now).filter(case=case)
    try:
        return get_object_or_404(seen, pk=UUID(given))
    except ValueError:
        return None


# -- the list ---------------------------------------------------------------------------------------------------------


@require_safe
def incidents(request: Request) -> HttpResponse:
    """Every incident this person may see, with filters that live in the address."""
    form = forms.IncidentFilter(request.GET)
    page = listing.incident_list(form, request.user, request.now, request.GET.get("cursor", ""))
    context = {
        "title": "Incidents",
        "form": form,
        "page": page,
        "rows": listing.listed(page),
        "marking": listing.marking(page),
        "filtered": any(form.cleaned_data.values()),
    }
    return render(request, "cases/incidents/incidents.html", context)


# -- one incident -----------------------------------------------------------------------------------------------------


@require_safe
def incident(request: Request, incident_id: UUID) -> HttpResponse:
    """One incident: what happened, what it did to grants, its timeline, and the steps this person may take."""
    found = _visible(request, incident_id)
    shown = queries.page(found, request.user, request.now)
    page = _frame(
        request, found.case, f"Incident {found.reference}", found.reported_under, within=shown["inside"]
    )
    return render(request, "cases/incidents/incident.html", {**page, **shown})


Guard = Callable[[User, Incident, Any], Refused | None]


def _step(
    request: Request, found: Incident, title: str, guard: Guard, form: BaseForm, run: Callable[..., Any], *,
    label: str, done: str, says: tuple[str, ...] = (), kind: str = "primary",
) -> HttpResponse:  # fmt: skip
    """The page of one step. What overtook a form is said above it, and the next press is about what stands now."""
    refused = guard(request.user, found, request.now)
    if refused is not None and (request.method != "POST" or not refused.conflict):
        raise refused
    if request.method == "POST":
        taken = attempt(
            request, form, lambda data: run(incident=found, by=request.user, now=request.now, **data)
        )
        if taken is not None:
            messages.success(request, done)
            return redirect(found)
        _catch_up(request, form, found)
    within = queries.inside(found, request.user, request.now)
    page = _frame(request, found.case, f"{title}: {found.reference}", found.reported_under, within=within)
    page |= {"form": form, "says": says, "label": label, "kind": kind, "back": found.get_absolute_url()}
    return render(request, FORM, page, status=status_of(form))


def _catch_up(request: Request, form: BaseForm, found: Incident) -> None:
    if status_of(form) == 409 and "revision" in form.fields:
        again = request.POST.copy()
        again["revision"] = str(_visible(request, found.pk).revision)
        form.data = again


def _entry_options(request: Request, found: Incident) -> dict[str, Any]:
    return {"audiences": guards.audiences(request.user, found, request.now)}


@form_page
def incident_note(request: Request, incident_id: UUID) -> HttpResponse:
    """Add an entry to the timeline."""
    found = _visible(request, incident_id)
    asking = guards.handle_refusal(request.user, found, request.now) is None
    form = forms.EntryForm(sent(request), asking=asking, **_entry_options(request, found))
    return _step(
        request, found, "Add to the timeline", guards.write_refusal, form, actions.write_entry,
        label="Add the entry", done="The entry is in the timeline.",
        says=("Entries stay as they are written; a correction is another entry.",),
    )  # fmt: skip


@form_page
def incident_documents(request: Request, incident_id: UUID) -> HttpResponse:
    """Attach documents of the case."""
    found = _visible(request, incident_id)
    user, now = request.user, request.now
    form = forms.AttachForm(
        sent(request),
        seen=Document.objects.visible_to(user, now).filter(case=found.case_id),
        papers=guards.attachable(user, found, now),
        titled=queries.titled(found, user, now),
    )
    return _step(
        request, found, "Attach documents", guards.attach_refusal, form, papers.attach_documents,
        label="Attach the documents", done="The documents are attached.",
        says=("What you attach stays with the incident; whoever may not open it sees nothing of it here.",),
    )  # fmt: skip


@form_page
def incident_first_report(request: Request, incident_id: UUID) -> HttpResponse:
    """Write the first report."""
    found = _visible(request, incident_id)
    form = forms.StepForm(
        sent(request), incident=found, label="First report",
        hint="What is known, what was done, what is still open.", **_entry_options(request, found),
    )  # fmt: skip
    return _step(
        request, found, "Write the first report", guards.first_report_refusal, form, actions.write_first_report,
        label="Write the first report", done="The first report is written.",
    )  # fmt: skip


@form_page
def incident_severity(request: Request, incident_id: UUID) -> HttpResponse:
    """Change the severity."""
    found = _visible(request, incident_id)
    form = forms.SeverityForm(sent(request), incident=found, label="Reason", **_entry_options(request, found))
    return _step(
        request, found, "Change the severity", guards.handle_refusal, form, actions.set_severity,
        label="Change the severity", done="The severity is changed.",
        says=(f"It is {found.get_severity_display().lower()} now.",),
    )  # fmt: skip


@form_page
def incident_contain(request: Request, incident_id: UUID) -> HttpResponse:
    """Record that the incident is contained."""
    found = _visible(request, incident_id)
    form = forms.StepForm(
        sent(request), incident=found, label="What contains it", **_entry_options(request, found)
    )
    return _step(
        request, found, "Record the containment", guards.contain_refusal, form, actions.record_containment,
        label="Record the containment", done="The containment is recorded.",
    )  # fmt: skip


@form_page
def incident_suspend(request: Request, incident_id: UUID) -> HttpResponse:
    """Suspend grants at once because of the incident."""
    found = _visible(request, incident_id)
    concerned = found.concerned.values_list("grant", flat=True)
    grants = guards.suspendable(request.user, found, request.now)
    form = forms.SuspendForm(sent(request), grants=grants, concerned=concerned)
    return _step(
        request, found, "Suspend grants", guards.suspend_on_refusal, form, actions.suspend_grants,
        label="Suspend the grants", done="The grants are suspended.", kind="danger",
        says=(
            "Access stops at once for everybody named on the grants chosen: all of them, or none.",
            "The window and the grants' terms run on meanwhile.",
        ),
    )  # fmt: skip


@form_page
def incident_resume(request: Request, incident_id: UUID) -> HttpResponse:
    """Lift one's side's suspensions because of the incident."""
    found = _visible(request, incident_id)
    form = forms.ConfirmForm(sent(request), words="I lift my side's suspensions because of this incident.")
    return _step(
        request, found, "Resume grants", guards.resume_on_refusal, form,
        lambda *, confirmed, **told: actions.resume_grants(**told),
        label="Resume the grants", done="Your side's suspensions because of this incident are lifted.",
        says=(_lifted(request, found),),
    )  # fmt: skip


def _lifted(request: Request, found: Incident) -> str:
    """What lifting the side's suspensions opens again, in numbers and names."""
    holders = [
        one.grant.organisation.short_name for one in guards.lifted_by(request.user, found, request.now)
    ]
    if not holders:
        return "No grant is suspended because of this incident by your side, so none is resumed."
    grants = "1 grant is" if len(holders) == 1 else f"{len(holders)} grants are"
    return f"{grants} resumed at once, unless the other side suspends too: {', '.join(holders)}."


@form_page
def incident_close(request: Request, incident_id: UUID) -> HttpResponse:
    """Close the incident for good."""
    found = _visible(request, incident_id)
    form = forms.CloseForm(sent(request), initial={"revision": found.revision})
    return _step(
        request, found, "Close the incident", guards.close_refusal, form,
        lambda *, confirmed, **told: actions.close_incident(**told),
        label="Close the incident", done="The incident is closed.", kind="danger",
        says=("A closed incident never reopens; a new one may refer to it.", _lifted(request, found)),
    )  # fmt: skip
