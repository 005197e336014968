"""Pages of the benchmarks room: suites with their rules, runs, high-side pointers."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from accounts.models import User
from cases.benchmarks import actions, forms, panels, queries, rulebook
from cases.benchmarks.models import HighSidePointer, Run, SuiteVersion, ThresholdRule
from cases.register.models import Case
from cases.rules import markings, policy, visibility
from portal.audit.models import Entry
from portal.kit.files import receiving, shown_name
from portal.kit.forms import attempt, status_of
from portal.kit.paging import keyset_page

HOME = {"label": "Home", "url": "/"}


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # sign-in is required everywhere
    return request.user


def _show_form(
    request: HttpRequest, form: Any, title: str, action_label: str, cancel_url: str, **more: Any
) -> HttpResponse:
    context = {"form": form, "title": title, "action_label": action_label, "cancel_url": cancel_url, **more}
    return render(request, "cases/benchmarks/form.html", context, status=status_of(form))


def _case(request: HttpRequest, case_id: UUID) -> Case:
    return get_object_or_404(Case.objects.visible_to(_person(request), request.now).for_list(), pk=case_id)


def _case_crumbs(case: Case, here: str) -> list[dict[str, str]]:
    return [HOME, {"label": case.number, "url": case.get_absolute_url()}, {"label": here, "url": ""}]


# -- suites and rules ---------------------------------------------------------------------------------------------


@require_GET
def suites(request: HttpRequest) -> HttpResponse:
    """Every suite version, newest first."""
    user = _person(request)
    seen = SuiteVersion.objects.visible_to(user, request.now).select_related("suite", "registered_by")
    page = keyset_page(
        queries.counted(seen), order=("-registered_at", "-id"), cursor=request.GET.get("cursor", "")
    )
    context = {
        "title": "Suites", "page": page, "off": policy.refusal(user, "suite.register", now=request.now),
        "markings": markings.MARKINGS, "marking": markings.highest(row.marking for row in page.items),
        "crumbs": [HOME, {"label": "Suites", "url": ""}],
    }  # fmt: skip
    return render(request, "cases/benchmarks/suites.html", context)


@require_http_methods(["GET", "POST"])
def suite_new(request: HttpRequest) -> HttpResponse:
    """Register a suite version."""
    user = _person(request)
    policy.require(user, "suite.register", now=request.now)
    form = forms.SuiteForm(_posted(request))
    made = attempt(
        request, form, lambda data: actions.register_suite_version(**data, by=user, now=request.now)
    )
    if made is None:
        return _show_form(request, form, "Register a suite version", "Register", reverse("cases:suites"))
    messages.success(
        request, f"{made} is registered. Declare its threshold rules before anything is measured."
    )
    return redirect(made)


def _suite(request: HttpRequest, suite_version_id: UUID) -> SuiteVersion:
    seen = SuiteVersion.objects.visible_to(_person(request), request.now).select_related(
        "suite", "registered_by"
    )
    return get_object_or_404(seen, pk=suite_version_id)


@require_GET
def suite(request: HttpRequest, suite_version_id: UUID) -> HttpResponse:
    """A suite version: its tasks, and its rules with who declared and who agreed."""
    user, version = _person(request), _suite(request, suite_version_id)
    rules = ThresholdRule.objects.filter(task__suite_version=version).order_by("declared_at", "pk")
    context = {
        "title": str(version),
        "version": version,
        "tasks": version.tasks.order_by("name"),
        "rules": rules.select_related("task", "declared_by", "agreed_by"),
        "marking": markings.MARKINGS[version.marking],
        "reads": visibility.reads_thresholds(user, request.now),
        "may_agree": policy.may(user, "rule.agree", now=request.now),
        "off": policy.refusal(user, "rule.declare", now=request.now),
        "crumbs": [
            HOME,
            {"label": "Suites", "url": reverse("cases:suites")},
            {"label": str(version), "url": ""},
        ],
    }
    return render(request, "cases/benchmarks/suite.html", context)


@require_http_methods(["GET", "POST"])
def rule_new(request: HttpRequest, suite_version_id: UUID) -> HttpResponse:
    """Declare a threshold rule for a task of a suite version."""
    user, version = _person(request), _suite(request, suite_version_id)
    policy.require(user, "rule.declare", now=request.now)
    form = forms.RuleForm(_posted(request), suite_version=version)
    made = attempt(request, form, lambda data: actions.declare_rule(**data, by=user, now=request.now))
    if made is None:
        return _show_form(
            request, form, "Declare a threshold rule", "Declare", version.get_absolute_url(),
            lead=f"For {version}. It counts for logs begun after another evaluator has agreed to it.",
        )  # fmt: skip
    messages.success(request, "The rule is declared. It counts once another evaluator has agreed to it.")
    return redirect(version)


@require_http_methods(["GET", "POST"])
def rule_agree(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    """Read another person's rule word for word, and agree to it."""
    user = _person(request)
    seen = ThresholdRule.objects.visible_to(user, request.now)
    rule = get_object_or_404(
        seen.select_related("task__suite_version__suite", "declared_by", "agreed_by"), pk=rule_id
    )
    policy.require(user, "rule.agree", now=request.now)
    form = forms.AgreeForm(_posted(request), initial={"digest": rule.digest})
    version = rule.task.suite_version
    done = attempt(
        request, form, lambda data: actions.agree_rule(rule=rule, **data, by=user, now=request.now)
    )
    if done is not None:
        messages.success(request, "You agreed to the rule. It is frozen now.")
        return redirect(version)
    context = {
        "title": "Agree to a threshold rule", "form": form, "rule": rule, "words": rulebook.in_words(rule),
        "off": queries.agree_refusal(rule, user), "version": version, "marking": markings.MARKINGS[version.marking],
    }  # fmt: skip
    return render(request, "cases/benchmarks/agree.html", context, status=status_of(form))


# -- runs ---------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def run_new(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Import an evaluation log."""
    user, case = _person(request), _case(request, case_id)
    policy.require(user, "run.import", case, now=request.now)
    versions = SuiteVersion.objects.visible_to(user, request.now)
    form = forms.RunForm(
        _posted(request), request.FILES if request.method == "POST" else None, versions=versions
    )

    def bring_in(data: dict[str, Any]) -> Run:
        with receiving(data["file"], may_be_empty=True) as kept:
            return actions.import_run(
                case=case, suite_version=data["suite_version"], received=kept,
                file_name=shown_name(data["file"].name), by=user, now=request.now,
            )  # fmt: skip

    made = attempt(request, form, bring_in)
    if made is None:
        return _show_form(
            request, form, "Import a run", "Import", case.get_absolute_url(), marking=markings.MARKINGS[case.marking],
            crumbs=_case_crumbs(case, "Import a run"), action_off=queries.stage_refusal(case),
        )  # fmt: skip
    messages.success(request, "The log is kept as evidence, and a worker reads it now.")
    return redirect(made)


def _run(request: HttpRequest, run_id: UUID) -> Run:
    seen = queries.with_findings(Run.objects.visible_to(_person(request), request.now))
    related = ("case__developer", "case__model_version__model", "model_version__model", "accepted_by")
    return get_object_or_404(seen.select_related(*related).prefetch_related("scores"), pk=run_id)


@require_GET
def run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """A run: where it comes from, how complete it is, its scores beside their recount, and what each rule says."""
    user, found = _person(request), _run(request, run_id)
    case = found.case
    off = policy.refusal(user, "run.accept", case, now=request.now) or queries.stage_refusal(case)
    context = {
        "title": f"Run of {found.task_name}" if found.task_name else "Run",
        "run": found,
        "case": case,
        "panels": [panels.Panel(finding, found) for finding in found.findings.all()],
        "figures": list(panels.figures(found)),
        "counts": panels.completeness(found),
        "claims": panels.claims(found),
        "provenance": panels.provenance(found),
        "reads": visibility.reads_content(user, case, request.now),
        "off": off,
        "set_back": _set_back(found),
        "marking": markings.highest([case.marking, found.suite_version.marking]),
        "crumbs": _case_crumbs(case, "Run"),
    }
    return render(request, "cases/benchmarks/run.html", context)


def _set_back(found: Run) -> bool:
    """Whether the demonstration's loader imported this run, whose clock it sets back so that rules precede logs."""
    if not (settings.DEMO and found.imported_by.is_demonstration):
        return False
    loaded = Entry.objects.filter(kind="demonstration.loaded").order_by("-at").first()
    return loaded is None or found.imported_at < loaded.at


@require_GET
def run_state(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The fragment that a run's page asks for again and again until the log is read; then the page loads anew."""
    found = _run(request, run_id)
    if request.htmx and found.state not in ("queued", "reading"):  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()
    return render(request, "cases/benchmarks/state.html", {"run": found})


@require_http_methods(["POST"])
def run_accept(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Accept a run as evidence of its case."""
    found = _run(request, run_id)
    actions.accept_run(run=found, by=_person(request), now=request.now)
    messages.success(request, "The run is accepted as evidence of the case.")
    return redirect(found)


# -- high-side pointers -------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def pointer_new(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Record where a result above the ceiling lives."""
    user, case = _person(request), _case(request, case_id)
    policy.require(user, "pointer.record", case, now=request.now)
    form = forms.PointerForm(_posted(request))
    made = attempt(
        request, form, lambda data: actions.record_pointer(case=case, **data, by=user, now=request.now)
    )
    if made is None:
        return _show_form(
            request, form, "Record a high-side pointer", "Record", case.get_absolute_url(),
            marking=markings.MARKINGS[case.marking], crumbs=_case_crumbs(case, "High-side pointer"),
            action_off=queries.stage_refusal(case),
            lead="Write where the record is kept, never what it says. Another evaluator checks the cover text.",
        )  # fmt: skip
    messages.success(request, "The pointer is recorded. Another evaluator of the case checks its cover text.")
    return redirect(case)


@require_http_methods(["GET", "POST"])
def pointer_check(request: HttpRequest, pointer_id: UUID) -> HttpResponse:
    """Read a pointer's cover text as a second person, and confirm that it may stand here."""
    user = _person(request)
    seen = HighSidePointer.objects.visible_to(user, request.now)
    related = ("case__developer", "case__model_version__model", "recorded_by", "checked_by")
    pointer = get_object_or_404(seen.select_related(*related), pk=pointer_id)
    policy.require(user, "pointer.record", pointer.case, now=request.now)
    if request.method == "POST":
        actions.check_pointer(pointer=pointer, by=user, now=request.now)
        messages.success(request, "You checked the cover text.")
        return redirect(pointer.case)
    context = {
        "title": "Check a cover text", "pointer": pointer, "case": pointer.case,
        "off": queries.check_refusal(pointer, user), "marking": markings.MARKINGS[pointer.case.marking],
        "crumbs": _case_crumbs(pointer.case, "Cover text"),
    }  # fmt: skip
    return render(request, "cases/benchmarks/pointer.html", context)
