"""What people do to suites, rules, runs and pointers; `store_reading` and `store_refusal` are the reading job's.

Suites and rules belong to no case: their entries stand in `stream:benchmarks`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Model

from accounts.models import Appointment, User
from cases.benchmarks import queries, rulebook
from cases.benchmarks.importers import Reading
from cases.benchmarks.judging import judge
from cases.benchmarks.models import (
    Finding,
    HighSidePointer,
    Run,
    Score,
    Suite,
    SuiteTask,
    SuiteVersion,
    ThresholdRule,
)
from cases.register.actions import locked
from cases.register.journal import happened
from cases.register.models import Case
from cases.rules import markings, policy
from portal.audit.journal import record
from portal.kit.actions import action
from portal.kit.files import Received, refuse_without_room
from portal.kit.refusal import Refused
from portal.notify import outbox
from portal.notify.notices import tell

STREAM = "benchmarks"
READ_JOB = "benchmarks.read_run"
ENDED = "The case ended before its log was read."
LEFT = (
    "No worker could finish reading this log. Read it again; if that does not help, ask who runs the portal."
)


@dataclass(frozen=True)
class TaskSpec:
    """One task of a suite version: its name in logs, how many samples, how often each, and which version of it."""

    name: str
    expected_samples: int
    epochs: int = 1
    task_version: str = ""


def _recorded(
    kind: str,
    by: User,
    now: datetime,
    appointment: Appointment,
    subject: Model,
    rows: Sequence[Model],
    **data: str,
) -> None:
    """As `happened`, for what belongs to no case: evaluators are told of rules."""
    if kind != "suite.registered":
        tell(kind, subject=subject, to=queries.evaluators(now), by=by, now=now)
    record(
        kind,
        by=by,
        now=now,
        stream=STREAM,
        subject=subject,
        rows=rows,
        appointment=appointment,
        data=dict(data),
    )


# -- suites and rules ---------------------------------------------------------------------------------------------


@action
def register_suite_version(
    *, suite: str, version: str, tasks: Sequence[TaskSpec], by: User, now: datetime, purpose: str = "",
    marking: str = markings.DEFAULT,
) -> SuiteVersion:  # fmt: skip
    """Register a version of a suite with its tasks, once and for all: a change is a new version."""
    appointment = policy.require(by, "suite.register", now=now)
    above = markings.above_ceiling(marking, settings.CEILING)
    if above:
        raise Refused(above)
    if not tasks:
        raise Refused("Name at least one task: a run is compared with the samples its task declares.")
    if len({task.name for task in tasks}) != len(tasks):
        raise Refused("Two tasks bear the same name. Name each task once, as the logs name it.")
    the_suite, made = _named_suite(suite, purpose)
    if the_suite.versions.filter(name=version).exists():
        raise Refused(
            f"Version {version} of {suite} is registered already. A change is a new version.", conflict=True
        )
    row = SuiteVersion.objects.create(
        suite=the_suite, name=version, marking=marking, registered_at=now, registered_by=by
    )
    rows = [SuiteTask.objects.create(suite_version=row, **asdict(task)) for task in tasks]
    _recorded("suite.registered", by, now, appointment, row, [row, *made, *rows], version=version)
    return row


def _named_suite(name: str, purpose: str) -> tuple[Suite, list[Model]]:
    """The suite of that name, locked, made when there is none; and the rows made for it."""
    found = Suite.objects.select_for_update().filter(name=name).first()
    if found is not None:
        return found, []
    try:
        with transaction.atomic():
            made = Suite.objects.create(name=name, purpose=purpose)
    except IntegrityError:
        raise Refused(
            f"Someone registered {name} at this very moment. Look at it, then try again.", conflict=True
        ) from None
    return made, [made]


@action
def declare_rule(
    *, task: SuiteTask, scorer: str, threshold: float, by: User, now: datetime, metric: str = "accuracy",
    direction: str = "at_least", alert: float | None = None, alpha: float = 0.05, min_n: int = 30,
    min_effective_n: int = 30, min_completeness: float = 0.95, max_error_rate: float = 0.05,
) -> ThresholdRule:  # fmt: skip
    """Declare a threshold rule. It counts for logs begun after it was declared and a second person had agreed."""
    appointment = policy.require(by, "rule.declare", now=now)
    SuiteVersion.objects.select_for_update().get(pk=task.suite_version_id)
    rule = ThresholdRule(
        task=task, scorer=scorer, metric=metric, direction=direction, threshold=threshold, alert=alert, alpha=alpha,
        min_n=min_n, min_effective_n=min_effective_n, min_completeness=min_completeness,
        max_error_rate=max_error_rate, declared_at=now, declared_by=by,
    )  # fmt: skip
    _refuse_unsound(rule)
    if any(rulebook.meaning(other) == rulebook.meaning(rule) for other in task.rules.all()):
        raise Refused("This very rule is declared for the task already.", conflict=True)
    rule.digest = rulebook.digest_of(rule)
    rule.save()
    _recorded("rule.declared", by, now, appointment, rule, [rule])
    return rule


def _refuse_unsound(rule: ThresholdRule) -> None:
    shares = (
        rule.threshold,
        rule.min_completeness,
        rule.max_error_rate,
        0.0 if rule.alert is None else rule.alert,
    )
    if not all(0 <= share <= 1 for share in shares):
        raise Refused("Threshold, alert level, completeness and error rate are shares between 0 and 1.")
    if not 0 < rule.alpha < 0.5:
        raise Refused("The error α lies between 0 and 0.5; 0.05 is usual.")
    if rule.metric not in dict(rulebook.METRICS):
        raise Refused(
            "A rule measures the accuracy or the mean of a scorer: only these are recounted from samples."
        )


@action
def agree_rule(*, rule: ThresholdRule, digest: str, by: User, now: datetime) -> ThresholdRule:
    """Agree to another person's rule as the digest names it; from then on nothing changes it."""
    appointment = policy.require(by, "rule.agree", now=now)
    rule = ThresholdRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    said = queries.agree_refusal(rule, by)
    if said:
        raise Refused(said, conflict=rule.agreed_at is not None)
    if digest != rule.digest or rulebook.digest_of(rule) != rule.digest:
        raise Refused(
            "The rule is not the one you read. Open it again and compare its digest.", conflict=True
        )
    rule.agreed_at, rule.agreed_by = now, by
    rule.save()
    _recorded("rule.agreed", by, now, appointment, rule, [rule])
    return rule


# -- runs ---------------------------------------------------------------------------------------------------------


def _refuse_moment(said: str | None) -> None:
    if said:
        raise Refused(said, conflict=True)


@action
def import_run(
    *, case: Case, suite_version: SuiteVersion, received: Received, file_name: str, by: User, now: datetime
) -> Run:
    """Keep an evaluation log as evidence, whatever it is, and have a worker read it."""
    case = locked(case)
    appointment = policy.require(by, "run.import", case, now=now)
    _refuse_moment(queries.evidence_refusal(case, by))
    if case.runs.filter(sha256=received.sha256).exists():
        raise Refused("This very file was imported into this case already. See its run.", conflict=True)
    refuse_without_room(received.size, queries.room(case))
    assert case.model_version is not None  # by the constraint case_names_model_version
    run = Run.objects.create(
        case=case, model_version=case.model_version, suite_version=suite_version, file_name=file_name,
        imported_at=now, imported_by=by, **asdict(received),
    )  # fmt: skip
    outbox.enqueue(READ_JOB, key=f"read_run:{run.pk}", args={"run_id": str(run.pk)}, now=now)
    happened("run.imported", case=case, by=by, now=now, appointment=appointment, subject=run, rows=[run])
    return run


def _unread(run: Run) -> Run | None:
    """The run, its case locked before it; None when it was read before."""
    locked(run.case)
    fresh = (
        Run.objects.select_for_update(of=("self",))
        .select_related("case", "suite_version__suite")
        .get(pk=run.pk)
    )
    return fresh if fresh.state in ("queued", "reading") else None


@action
def begin_reading(*, run: Run, by: User, now: datetime) -> bool:
    """Show that a worker is on it; False when the run was read before. Its history row tells, no entry does."""
    fresh = _unread(run)
    if fresh is None:
        return False
    fresh.state = "reading"
    fresh.save(update_fields=["state"])
    return True


@action
def store_reading(*, run: Run, reading: Reading, by: User, now: datetime) -> None:
    """Keep what was read: the run's fields, its scores, and a finding for every agreed rule of its task. Once."""
    fresh = _unread(run)
    if fresh is None:
        return
    if fresh.case.is_terminal:
        _close_unread(fresh, ENDED, by, now)
        return
    judged = judge(reading, fresh.suite_version)
    for name, value in {**judged.fields, "state": "read", "read_at": now}.items():
        setattr(fresh, name, value)
    fresh.save()
    scores = [Score.objects.create(run=fresh, **score) for score in judged.scores]
    findings = [
        Finding.objects.create(
            run=fresh, rule=rule, outcome=said.outcome, estimate=said.estimate, low=said.low, high=said.high, n=said.n,
            effective_n=said.effective_n, gates=[asdict(gate) for gate in said.gates], method=said.method,
            sentence=said.sentence, made_at=now,
        )
        for rule, said in judged.decisions
    ]  # fmt: skip
    appointment = policy.appointment_for(by, "run.import", fresh.case, now)
    happened(
        "run.read", case=fresh.case, by=by, now=now, appointment=appointment, subject=fresh,
        rows=[fresh, *scores, *findings],
    )  # fmt: skip


@action
def store_refusal(*, run: Run, sentence: str, by: User, now: datetime) -> None:
    """Keep that a log could not be read, and why. The file stays as evidence; no score appears."""
    fresh = _unread(run)
    if fresh is not None:
        _close_unread(fresh, ENDED if fresh.case.is_terminal else sentence, by, now)


def _close_unread(run: Run, sentence: str, by: User, now: datetime) -> None:
    run.state, run.refused, run.read_at = "unreadable", sentence, now
    run.save()
    appointment = policy.appointment_for(by, "run.import", run.case, now)
    happened(
        "run.unreadable", case=run.case, by=by, now=now, appointment=appointment, subject=run, rows=[run]
    )


@action
def leave_unread(*, run: Run, by: User | None, now: datetime) -> None:
    """Keep that no worker could read a log after every attempt; nothing is said of the file, and it can be read again.

    `by` is None: nobody asked for it. The case's evaluators are told. A run that was read meanwhile stays as it is.
    """
    fresh = _unread(run)
    if fresh is None:
        return
    if fresh.case.is_terminal:
        _close_unread(fresh, ENDED, fresh.imported_by, now)
        return
    fresh.state, fresh.refused = "unread", LEFT
    fresh.save()
    happened("run.left_unread", case=fresh.case, by=by, now=now, subject=fresh, rows=[fresh])


@action
def read_again(*, run: Run, by: User, now: datetime) -> Run:
    """Have a worker read a log that none could read before; a second press finds it waiting already."""
    case = locked(run.case)
    appointment = policy.require(by, "run.import", case, now=now)
    _refuse_moment(queries.stage_refusal(case))
    run = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.state != "unread":
        raise Refused(f"This log is {run.get_state_display()}, so it is not read again.", conflict=True)
    run.state, run.refused = "queued", ""
    run.save()
    key = f"read_run:{run.pk}:{now.isoformat()}"
    outbox.enqueue(READ_JOB, key=key, args={"run_id": str(run.pk)}, now=now)
    happened("run.read_again", case=case, by=by, now=now, appointment=appointment, subject=run, rows=[run])
    return run


@action
def accept_run(*, run: Run, by: User, now: datetime) -> Run:
    """Accept a run that was read as evidence of the case, complete or not; its reasons stay beside it."""
    case = locked(run.case)
    appointment = policy.require(by, "run.accept", case, now=now)
    _refuse_moment(queries.stage_refusal(case))
    run = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.state != "read":
        raise Refused(
            f"This log is {run.get_state_display()}; only a run that was read is accepted.", conflict=True
        )
    if run.accepted_at is not None:
        raise Refused("This run is accepted already.", conflict=True)
    run.accepted_at, run.accepted_by = now, by
    run.save()
    happened(
        "run.accepted", case=case, by=by, now=now, appointment=appointment, subject=run, rows=[run],
        data={"complete": run.complete},
    )  # fmt: skip
    return run


# -- high-side pointers -------------------------------------------------------------------------------------------


@action
def record_pointer(
    *, case: Case, holding_agency: str, system: str, control_number: str, custodian: str, referenced_marking: str,
    cover_text: str, by: User, now: datetime,
) -> HighSidePointer:  # fmt: skip
    """Record where a result above the ceiling lives, never the result. A second person checks the cover text."""
    case = locked(case)
    appointment = policy.require(by, "pointer.record", case, now=now)
    _refuse_moment(queries.evidence_refusal(case, by))
    if case.high_side_pointers.filter(system=system, control_number=control_number).exists():
        raise Refused("This control number of that system is recorded for the case already.", conflict=True)
    pointer = HighSidePointer.objects.create(
        case=case, holding_agency=holding_agency, system=system, control_number=control_number, custodian=custodian,
        referenced_marking=referenced_marking, cover_text=cover_text, recorded_at=now, recorded_by=by,
    )  # fmt: skip
    happened(
        "pointer.recorded", case=case, by=by, now=now, appointment=appointment, subject=pointer, rows=[pointer]
    )  # fmt: skip
    return pointer


@action
def check_pointer(*, pointer: HighSidePointer, by: User, now: datetime) -> HighSidePointer:
    """Confirm, as a second person, that a pointer's cover text tells nothing above the ceiling."""
    case = locked(pointer.case)
    appointment = policy.require(by, "pointer.record", case, now=now)
    pointer = HighSidePointer.objects.select_for_update(of=("self",)).get(pk=pointer.pk)
    said = queries.check_refusal(pointer, by)
    if said:
        raise Refused(said, conflict=pointer.checked_by_id is not None)
    pointer.checked_by = by
    pointer.save()
    happened(
        "pointer.checked", case=case, by=by, now=now, appointment=appointment, subject=pointer, rows=[pointer]
    )  # fmt: skip
    return pointer
