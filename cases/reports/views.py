"""Pages over all rooms: home, case list, case page, history, the auditor's desk, verification, notices."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import Request
from cases.documents.models import Document
from cases.incidents.queries import with_incidents
from cases.questions.actions import mark_seen
from cases.questions.forms import SeenForm
from cases.questions.queries import with_last_seen, with_questions
from cases.records.queries import with_records
from cases.register.models import Case
from cases.register.pages import one_case
from cases.register.queries import with_stage_left
from cases.reports import case_page, desk, history, verification
from cases.reports.forms import CaseFilter, DeskFilter
from cases.reports.home import home as home_of
from cases.reports.lists import case_list
from cases.reports.notices import notice_list
from cases.rules import markings, policy, visibility
from cases.rules.facts import with_facts
from portal.kit.refusal import Refused
from portal.notify.models import Notice
from portal.notify.notices import mark_read


@require_safe
def home(request: Request) -> HttpResponse:
    """What waits for this person, and until when."""
    found = home_of(request.user, request.now)
    context = {"title": "Home", "home": found, "marking": markings.highest(found.marks)}
    return render(request, "cases/reports/home.html", context)


@require_safe
def cases(request: Request) -> HttpResponse:
    """The case list with filters and search."""
    form = CaseFilter(request.GET)
    found = case_list(form, request.user, request.now, request.GET.get("cursor", ""))
    context = {
        "title": "Cases",
        "form": form,
        "list": found,
        "page": found.page,
        "marking": markings.highest(one.marking for one in found.page.items),
        "search_words": form.cleaned_data.get("q", ""),
        "filtered": any(form.cleaned_data.values()),
        "shows_developer": visibility.sees_several_developers(request.user, request.now),
    }
    return render(request, "cases/reports/cases.html", context)


@require_safe
def case(request: Request, case_id: UUID) -> HttpResponse:
    """One case, complete in itself."""
    visible = with_stage_left(Case.objects.visible_to(request.user, request.now))
    told = with_incidents(visible, request.user, request.now)
    asked = with_last_seen(with_questions(told, request.user, request.now), request.user)
    kept = with_records(asked, request.user, request.now)
    whole = with_facts(kept, request.now).select_related(
        "model_version__model", "developer", "policy_version", "related_case"
    )
    found = get_object_or_404(whole, pk=case_id)
    return render(request, "cases/reports/case.html", case_page.context(found, request.user, request.now))


@require_POST
def case_seen(request: Request, case_id: UUID) -> HttpResponse:
    """Mark the case as seen until the hour of the page that was open; what comes after is new."""
    found = one_case(Case.objects.visible_to(request.user, request.now), case_id)
    form = SeenForm(request.POST)
    if not form.is_valid():
        raise Refused(
            "This form does not say until when you saw the case. Open its page and press once more.",
            conflict=True,
        )
    mark_seen(case=found, until=form.cleaned_data["until"], by=request.user, now=request.now)
    messages.success(request, "Marked as seen. What comes from now on is marked as new on this page.")
    return redirect(found)


def _before(request: Request) -> str:
    """The cursor of a history page, an entry's digest; anything else gives the first page."""
    given = request.GET.get("before", "")
    return given if len(given) == 64 and given.isalnum() else ""


@require_safe
def case_history(request: Request, case_id: UUID) -> HttpResponse:
    """The whole history of a case, filtered by chips, page by page."""
    visible = Case.objects.visible_to(request.user, request.now)
    found = one_case(visible.select_related("model_version__model"), case_id)
    group = request.GET.get("about", "")
    group = group if group in history.GROUPS else ""
    entries, older = history.page(history.entries(found, request.user, request.now, group), _before(request))
    papers = Document.objects.visible_to(request.user, request.now).filter(case=found)
    context = {
        "title": f"History of {found.number}",
        "case": found,
        "marking": markings.highest([found.marking, *papers.values_list("marking", flat=True)]),
        "lines": history.lines(entries, request.user, found, request.now),
        "older": older,
        "group": group,
        "groups": [(key, words) for key, (words, _) in history.GROUPS.items()],
        "verify_off": policy.refusal(request.user, "history.verify", now=request.now),
        "crumbs": case_page.crumbs(found, "History"),
    }
    return render(request, "cases/reports/history.html", context)


@require_safe
def auditors_desk(request: Request) -> HttpResponse:
    """One timeline over all cases and streams, for auditors."""
    policy.require(request.user, "history.read_all", now=request.now)
    form = DeskFilter(request.GET)
    entries, older = desk.page(form, _before(request), request.user, request.now)
    context = {
        "title": "History",
        "form": form,
        "rows": desk.rows(entries, request.user, request.now),
        "older": older,
        "newest": next(iter(verification.newest(1)), None),
    }
    return render(request, "cases/reports/desk.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: Request) -> HttpResponse:
    """Verify the audit log, and see what earlier verifications found."""
    policy.require(request.user, "history.verify", now=request.now)
    if request.method == "POST":
        verification.ask_verification(by=request.user, now=request.now)
        messages.success(request, "Verification has begun. Its result appears below.")
        return redirect("cases:verify")
    running = verification.running()
    context = {
        "title": "Verification",
        "found": verification.newest(),
        "running": running,
        "off": verification.RUNNING if running else "",
    }
    template = "verify_results.html" if getattr(request, "htmx", False) else "verify.html"
    return render(request, f"cases/reports/{template}", context)


@require_safe
def notices(request: Request) -> HttpResponse:
    """Everything this person was told, newest first, worded for what it may see now."""
    page, rows = notice_list(request.user, request.now, request.GET.get("cursor", ""))
    return render(request, "cases/reports/notices.html", {"title": "Notices", "page": page, "rows": rows})


@require_POST
def notices_read(request: Request) -> HttpResponse:
    """Mark all of one's notices as read."""
    mark_read(notices=Notice.objects.of(request.user), by=request.user, now=request.now)
    return redirect("cases:notices")
