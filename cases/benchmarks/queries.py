"""What pages and other rooms ask of the benchmarks: the section of the case page, and what waits for an evaluator."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Prefetch, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse

from accounts.models import Appointment, User
from cases.benchmarks.models import Finding, HighSidePointer, Run, SuiteTask, SuiteVersion, ThresholdRule
from cases.benchmarks.panels import Panel
from cases.register import declarations
from cases.register.models import Case
from cases.register.waiting import Waiting
from cases.rules import lifecycle, policy, visibility

RUN_STAGES = (lifecycle.ACCESS, lifecycle.BENCHMARKING)
SHOWN = 20
LARGE = ("provenance", "reasons", "served_models")


def stage_refusal(case: Case) -> str | None:
    """Why evidence cannot be added or accepted in this case now; None in access and benchmarking."""
    if case.stage in RUN_STAGES:
        return None
    if case.is_terminal:
        return "This case has ended, so no evidence is added to it."
    stage = lifecycle.STAGES[case.stage].lower()
    return f"Evidence is taken in during access and benchmarking; this case is in the stage “{stage}”."


def room(case: Case) -> int:
    """How many bytes more of evaluation logs may be kept in the case."""
    kept: int | None = case.runs.aggregate(kept=Sum("size"))["kept"]
    return int(settings.CASE_MAX_BYTES) - (kept or 0)


def evidence_refusal(case: Case, user: User) -> str | None:
    """Why `user` cannot bring evidence into this case now: the stage, or a declaration that the policy asks for."""
    return stage_refusal(case) or declarations.undeclared(case, user, "evaluator")


def agree_refusal(rule: ThresholdRule, user: User) -> str | None:
    """Why `user` cannot agree to this rule, or None."""
    if rule.declared_by_id == user.pk:
        return "You declared this rule yourself. Another evaluator reads it and agrees."
    return "This rule is agreed to already; it is frozen." if rule.agreed_at else None


def check_refusal(pointer: HighSidePointer, user: User) -> str | None:
    """Why `user` cannot check this cover text, or None."""
    if pointer.recorded_by_id == user.pk:
        return "You wrote this cover text yourself. Another evaluator of the case checks it."
    return "This cover text was checked already." if pointer.checked_by_id else None


def counted(versions: "QuerySet[SuiteVersion]") -> "QuerySet[SuiteVersion]":
    """Suite versions with how many tasks, rules and agreed rules each has."""

    def number(rows: "QuerySet[Any]") -> Coalesce:
        grouped = rows.order_by().values("suite").annotate(number=Count("pk")).values("number")
        return Coalesce(Subquery(grouped), 0)

    tasks = SuiteTask.objects.filter(suite_version=OuterRef("pk")).annotate(suite=F("suite_version"))
    rules = ThresholdRule.objects.filter(task__suite_version=OuterRef("pk")).annotate(
        suite=F("task__suite_version")
    )
    return versions.annotate(
        task_count=number(tasks),
        rule_count=number(rules),
        agreed_count=number(rules.filter(agreed_at__isnull=False)),
    )


def evaluators(now: datetime) -> list[User]:
    """Everybody who holds a live appointment as evaluator."""
    live = Appointment.objects.live(now).in_role("evaluator").select_related("person")
    return list({a.person_id: a.person for a in live}.values())


def with_findings(runs: "QuerySet[Run]") -> "QuerySet[Run]":
    """Runs with their suite, importer and findings, in two queries."""
    findings = Finding.objects.select_related("rule__task", "rule__declared_by", "rule__agreed_by").order_by(
        "rule_id"
    )
    return runs.select_related("suite_version__suite", "imported_by").prefetch_related(
        Prefetch("findings", findings)
    )


@dataclass(frozen=True)
class RunRow:
    """A run with the panels of its findings, the first of which is its headline."""

    run: Run
    panels: list[Panel]

    @property
    def headline(self) -> Panel | None:
        """What the first rule says."""
        return self.panels[0] if self.panels else None


def run_rows(case: Case, user: User, now: datetime) -> list[RunRow]:
    """The newest runs of a case that `user` may see."""
    seen = with_findings(Run.objects.visible_to(user, now).filter(case=case)).defer(*LARGE)
    return [
        RunRow(run, [Panel(finding, run) for finding in run.findings.all()])
        for run in seen.order_by("-imported_at", "-pk")[:SHOWN]
    ]


def section(case: Case, user: User, now: datetime) -> dict[str, Any] | None:
    """The benchmarks section of the case page, in three queries; None for who sees no runs (every developer).

    Buttons are offered to who holds the right in some case; that it is this one the action asks again.
    """
    if visibility.runs(user, now) == visibility.NOTHING:
        return None
    rows = run_rows(case, user, now)
    pointers = HighSidePointer.objects.visible_to(user, now).filter(case=case)
    return {
        "case": case,
        "rows": rows,
        "shown": SHOWN,
        "pointers": list(
            pointers.select_related("recorded_by", "checked_by").order_by("-recorded_at", "-pk")
        ),
        "reads": visibility.reads_content(user, case, now),
        "imports": policy.may(user, "run.import", now=now),
        "off": evidence_refusal(case, user),
        "count": len(rows),
    }


def waiting(user: User, now: datetime) -> list[Waiting]:
    """What waits for an evaluator: runs to look at, cases without a run, rules and cover texts of others."""
    if not policy.may(user, "run.import", now=now):
        return []
    return [*_runs(user, now), *_without_run(user, now), *_rules(user, now), *_pointers(user, now)]


def _of_case(case: Case, verb: str, since: datetime, url: str, detail: str = "") -> Waiting:
    return Waiting.on(case, verb, url=url, since=since, detail=detail)


def _runs(user: User, now: datetime) -> list[Waiting]:
    """Runs read and not accepted, and logs that could not be read, unless a newer log of that suite is there."""
    newer = Run.objects.filter(
        case=OuterRef("case_id"),
        suite_version=OuterRef("suite_version_id"),
        imported_at__gt=OuterRef("imported_at"),
    )
    open_runs = (
        Run.objects.visible_to(user, now)
        .filter(
            ~Exists(newer),
            state__in=["read", "unreadable", "unread"],
            accepted_at=None,
            case__stage__in=RUN_STAGES,
        )
        .select_related("case__model_version__model", "suite_version__suite")
        .defer(*LARGE)
        .order_by("-state", "complete", "imported_at")
    )
    verbs = {
        ("unreadable", False): "Look at an unreadable log",
        ("unread", False): "Have a log read again",
        ("read", False): "Look at a run that is not complete",
    }
    return [
        _of_case(
            run.case, verbs.get((run.state, run.complete), "Accept the run"), run.read_at or run.imported_at,
            run.get_absolute_url(), str(run.suite_version),
        )
        for run in open_runs
    ]  # fmt: skip


def _without_run(user: User, now: datetime) -> list[Waiting]:
    mine = Case.objects.visible_to(user, now).filter(
        Exists(user.assignments.filter(case=OuterRef("pk"), role="evaluator", until=None)),
        ~Exists(Run.objects.filter(case=OuterRef("pk"))),
        ~Exists(HighSidePointer.objects.filter(case=OuterRef("pk"))),
        stage=lifecycle.BENCHMARKING,
    )
    return [
        _of_case(case, "Import a run", case.stage_since, reverse("cases:run_new", args=[case.pk]))
        for case in mine.select_related("model_version__model").order_by("stage_since")
    ]


def _rules(user: User, now: datetime) -> list[Waiting]:
    declared = ThresholdRule.objects.visible_to(user, now).filter(agreed_at=None).exclude(declared_by=user)
    return [
        Waiting(
            "Read a threshold rule and agree", "", "", "", rule.declared_at, None,
            reverse("cases:rule_agree", args=[rule.pk]), str(rule.task.suite_version),
        )
        for rule in declared.select_related("task__suite_version__suite").order_by("declared_at")
    ]  # fmt: skip


def _pointers(user: User, now: datetime) -> list[Waiting]:
    unchecked = (
        HighSidePointer.objects.visible_to(user, now)
        .filter(checked_by=None, case__stage__in=lifecycle.UNDER_REVIEW)
        .exclude(recorded_by=user)
        .select_related("case__model_version__model")
        .order_by("recorded_at")
    )
    return [
        _of_case(p.case, "Check a cover text", p.recorded_at, reverse("cases:pointer_check", args=[p.pk]))
        for p in unchecked
    ]
