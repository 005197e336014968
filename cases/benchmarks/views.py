"""Pages of the benchmarks room: suites with their rules, runs, high-side pointers."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.requests import Request
from cases.benchmarks import actions, forms, panels, queries, rulebook
from cases.benchmarks.models import HighSidePointer, Run, SuiteVersion, SuiteVersionQuerySet, ThresholdRule
from cases.register.models import Case
from cases.register.pages import frame, on_case, one_case
from cases.rules import markings, policy, visibility
from portal.audit.models import Entry
from portal.kit.files import receiving, shown_name
from portal.kit.forms import attempt, status_of
from portal.kit.paging import keyset_page

GET_POST = ["GET", "HEAD", "POST"]


def _posted(request: Request) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _show_form(
    request: Request, form: Any, context: dict[str, Any], action_label: str, **more: Any
) -> HttpResponse:
    """Show a form, or show it again; the page's `back` is where leaving it leads."""
    shown = {**context, "form": form, "action_label": action_label, "cancel_url": context["back"], **more}
    return render(request, "cases/benchmarks/form.html", shown, status=status_of(form))


def _below_suites(title: str, version: SuiteVersion | None = None, **more: Any) -> dict[str, Any]:
    """The context of a page about suites, below a suite version where one is named."""
    way = [{"label": "Suites", "url": reverse("cases:suites")}]
    if version is not None:
        way.append({"label": str(version), "url": version.get_absolute_url()})
    if way[-1]["label"] == title:
        way.pop()
    marking = markings.MARKINGS[version.marking if version is not None else markings.DEFAULT]
    back = version.get_absolute_url() if version is not None else reverse("cases:suites")
    return {
        "title": title,
        "crumbs": [*way, {"label": title, "url": ""}],
        "marking": marking,
        "back": back,
        "suite_version": version,
        **more,
    }


def _case(request: Request, case_id: UUID) -> Case:
    return one_case(Case.objects.visible_to(request.user, request.now).for_list(), case_id)


# -- suites and rules ---------------------------------------------------------------------------------------------


def _suites(request: Request) -> SuiteVersionQuerySet:
    """The suite versions this person may see; 404 for those to whom the register of suites does not exist."""
    if visibility.suites(request.user, request.now) == visibility.NOTHING:
        raise Http404
    return SuiteVersion.objects.visible_to(request.user, request.now)


@require_safe
def suites(request: Request) -> HttpResponse:
    """Every suite version, newest first."""
    user = request.user
    seen = _suites(request).select_related("suite", "registered_by")
    page = keyset_page(
        queries.counted(seen), order=("-registered_at", "-id"), cursor=request.GET.get("cursor", "")
    )
    context = _below_suites(
        "Suites",
        page=page,
        off=policy.refusal(user, "suite.register", now=request.now),
        marking=markings.highest(row.marking for row in page.items),
    )
    return render(request, "cases/benchmarks/suites.html", context)


@require_http_methods(GET_POST)
def suite_new(request: Request) -> HttpResponse:
    """Register a suite version."""
    user, _ = request.user, _suites(request)
    policy.require(user, "suite.register", now=request.now)
    form = forms.SuiteForm(_posted(request))
    made = attempt(
        request, form, lambda data: actions.register_suite_version(**data, by=user, now=request.now)
    )
    if made is None:
        return _show_form(request, form, _below_suites("Register a suite version"), "Register")
    messages.success(
        request, f"{made} is registered. Declare its threshold rules before anything is measured."
    )
    return redirect(made)


def _suite(request: Request, suite_version_id: UUID) -> SuiteVersion:
    return get_object_or_404(_suites(request).select_related("suite", "registered_by"), pk=suite_version_id)


@require_safe
def suite(request: Request, suite_version_id: UUID) -> HttpResponse:
    """A suite version: its tasks, and its rules with who declared and who agreed."""
    user, version = request.user, _suite(request, suite_version_id)
    rules = ThresholdRule.objects.visible_to(user, request.now).filter(task__suite_version=version)
    context = _below_suites(
        str(version),
        version,
        tasks=version.tasks.order_by("name"),
        rules=rules.select_related("task", "declared_by", "agreed_by").order_by("declared_at", "pk"),
        reads=visibility.reads_thresholds(user, request.now),
        may_agree=policy.may(user, "rule.agree", now=request.now),
        off=policy.refusal(user, "rule.declare", now=request.now),
    )
    return render(request, "cases/benchmarks/suite.html", context)


@require_http_methods(GET_POST)
def rule_new(request: Request, suite_version_id: UUID) -> HttpResponse:
    """Declare a threshold rule for a task of a suite version."""
    user, version = request.user, _suite(request, suite_version_id)
    policy.require(user, "rule.declare", now=request.now)
    form = forms.RuleForm(_posted(request), suite_version=version)
    made = attempt(request, form, lambda data: actions.declare_rule(**data, by=user, now=request.now))
    if made is None:
        lead = f"For {version}. It counts for logs begun after another evaluator has agreed to it."
        return _show_form(
            request, form, _below_suites("Declare a threshold rule", version), "Declare", lead=lead
        )
    messages.success(request, "The rule is declared. It counts once another evaluator has agreed to it.")
    return redirect(version)


@require_http_methods(GET_POST)
def rule_agree(request: Request, rule_id: UUID) -> HttpResponse:
    """Read another person's rule word for word, and agree to it."""
    user = request.user
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
    context = _below_suites(
        "Agree to a threshold rule",
        version,
        form=form,
        rule=rule,
        words=rulebook.in_words(rule),
        off=queries.agree_refusal(rule, user),
    )
    return render(request, "cases/benchmarks/agree.html", context, status=status_of(form))


# -- runs ---------------------------------------------------------------------------------------------------------


@require_http_methods(GET_POST)
def run_new(request: Request, case_id: UUID) -> HttpResponse:
    """Import an evaluation log."""
    user, case = request.user, _case(request, case_id)
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
        context = frame(case, "Import a run", action_off=queries.evidence_refusal(case, user))
        return _show_form(request, form, context, "Import")
    messages.success(request, "The log is kept as evidence, and a worker reads it now.")
    return redirect(made)


def _run(request: Request, run_id: UUID) -> Run:
    seen = queries.with_findings(Run.objects.visible_to(request.user, request.now))
    related = ("case__developer", "case__model_version__model", "model_version__model", "accepted_by")
    return on_case(seen.select_related(*related).prefetch_related("scores"), run_id)


@require_safe
def run(request: Request, run_id: UUID) -> HttpResponse:
    """A run: where it comes from, how complete it is, its scores beside their recount, and what each rule says."""
    user, found = request.user, _run(request, run_id)
    case = found.case
    reads = visibility.reads_content(user, case, request.now)
    context = frame(
        case,
        f"Run of {found.task_name}" if found.task_name and reads else "Run",
        also=[found.suite_version.marking],
        run=found,
        panels=[panels.Panel(finding, found) for finding in found.findings.all()],
        figures=list(panels.figures(found)),
        counts=panels.completeness(found),
        claims=panels.claims(found),
        provenance=panels.provenance(found),
        reads=reads,
        off=policy.refusal(user, "run.accept", case, now=request.now) or queries.stage_refusal(case),
        set_back=_set_back(found),
    )
    return render(request, "cases/benchmarks/run.html", context)


def _set_back(found: Run) -> bool:
    """Whether the demonstration's loader imported this run, whose clock it sets back so that rules precede logs."""
    if not (settings.DEMO and found.imported_by.is_demonstration):
        return False
    loaded = Entry.objects.filter(kind="demonstration.loaded", case_id__isnull=True).order_by("-at").first()
    return loaded is None or found.imported_at < loaded.at


@require_safe
def run_state(request: Request, run_id: UUID) -> HttpResponse:
    """The fragment that a run's page asks for again and again until the log is read; then the page loads anew."""
    found = _run(request, run_id)
    if request.htmx and found.state not in ("queued", "reading"):  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()
    return render(request, "cases/benchmarks/state.html", {"run": found})


@require_POST
def run_read_again(request: Request, run_id: UUID) -> HttpResponse:
    """Have a log that no worker could read be read again."""
    found = _run(request, run_id)
    actions.read_again(run=found, by=request.user, now=request.now)
    messages.success(request, "A worker reads the log again.")
    return redirect(found)


@require_POST
def run_accept(request: Request, run_id: UUID) -> HttpResponse:
    """Accept a run as evidence of its case."""
    found = _run(request, run_id)
    actions.accept_run(run=found, by=request.user, now=request.now)
    messages.success(request, "The run is accepted as evidence of the case.")
    return redirect(found)


# -- high-side pointers -------------------------------------------------------------------------------------------


@require_http_methods(GET_POST)
def pointer_new(request: Request, case_id: UUID) -> HttpResponse:
    """Record where a result above the ceiling lives."""
    user, case = request.user, _case(request, case_id)
    policy.require(user, "pointer.record", case, now=request.now)
    form = forms.PointerForm(_posted(request))
    made = attempt(
        request, form, lambda data: actions.record_pointer(case=case, **data, by=user, now=request.now)
    )
    if made is None:
        lead = "Write where the record is kept, never what it says. Another evaluator checks the cover text."
        context = frame(
            case, "Record a high-side pointer", action_off=queries.evidence_refusal(case, user), lead=lead
        )
        return _show_form(request, form, context, "Record")
    messages.success(request, "The pointer is recorded. Another evaluator of the case checks its cover text.")
    return redirect(case)


@require_http_methods(GET_POST)
def pointer_check(request: Request, pointer_id: UUID) -> HttpResponse:
    """Read a pointer's cover text as a second person, and confirm that it may stand here."""
    user = request.user
    seen = HighSidePointer.objects.visible_to(user, request.now)
    related = ("case__developer", "case__model_version__model", "recorded_by", "checked_by")
    pointer = on_case(seen.select_related(*related), pointer_id)
    policy.require(user, "pointer.record", pointer.case, now=request.now)
    if request.method == "POST":
        actions.check_pointer(pointer=pointer, by=user, now=request.now)
        messages.success(request, "You checked the cover text.")
        return redirect(pointer.case)
    off = queries.check_refusal(pointer, user)
    context = frame(pointer.case, "Check a cover text", pointer=pointer, off=off)
    return render(request, "cases/benchmarks/pointer.html", context)
