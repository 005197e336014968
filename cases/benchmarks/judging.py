"""What is kept of a reading: fields, scores, what the suite finds missing, what each rule says. Nothing is written."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cases.benchmarks import thresholds
from cases.benchmarks.evidence import evidence_from
from cases.benchmarks.importers import Reading
from cases.benchmarks.importers.base import clean
from cases.benchmarks.models import SuiteTask, SuiteVersion, ThresholdRule
from cases.benchmarks.rulebook import as_rule, samples_in_words

LARGEST = 2**31 - 1  # of an integer column; a log may claim more
AGREED_LATE = "The rule was agreed to by its second person only after the log began"


@dataclass(frozen=True)
class Judged:
    """Values ready to be stored: fields of the run, rows of its scores, and a decision a rule."""

    fields: dict[str, Any]
    scores: list[dict[str, Any]]
    decisions: list[tuple[ThresholdRule, thresholds.Decision]]


def judge(reading: Reading, version: SuiteVersion) -> Judged:
    """Compare a reading with its suite version and let every agreed rule of its task speak."""
    task = next((task for task in version.tasks.all() if task.name == reading.task), None)
    reasons = [*reading.reasons, *against_suite(reading, task, version)]
    complete = bool(reading.complete) and not reasons
    data = {**reading.as_dict(), "reasons": reasons, "complete": complete}
    rules = []
    if task is not None:
        agreed = task.rules.filter(agreed_at__isnull=False).order_by("declared_at", "pk")
        rules = list(agreed.select_related("task__suite_version__suite"))
    return Judged(
        fields=_fields(reading, task, reasons, complete),
        scores=list(_scores(reading)),
        decisions=[(rule, decide(rule, data)) for rule in rules],
    )


def decide(row: ThresholdRule, data: dict[str, Any]) -> thresholds.Decision:
    """What one agreed rule says of a reading. A rule counts only if two people had it fixed before the log began."""
    expected = row.task.expected_samples * row.task.epochs
    evidence = evidence_from(data, as_rule(row), expected)
    began = evidence.started_at
    if began is not None and row.agreed_at is not None and row.declared_at < began <= row.agreed_at:
        evidence = evidence_from(
            {**data, "reasons": [AGREED_LATE, *data["reasons"]], "complete": False}, as_rule(row), expected
        )
    return thresholds.decide(as_rule(row), evidence)


def against_suite(reading: Reading, task: SuiteTask | None, version: SuiteVersion) -> list[str]:
    """What of the reading does not fit what the suite version declares, in sentences."""
    if task is None:
        return [f"The suite version {version} has no task {reading.task}."]
    reasons = []
    found, declared = reading.samples, task.expected_samples * task.epochs
    epochs = found.epochs or 1
    sizes = found.expected in (None, declared) and epochs == task.epochs
    if not sizes or found.completed_in_file != declared:
        per_epoch = "an unknown number of" if found.expected is None else str(found.expected // epochs)
        reasons.append(
            f"The suite declares {samples_in_words(task)}; the log is of {per_epoch} samples × {epochs}, "
            f"and {found.completed_in_file} completed ones are in the file."
        )
    attributes = reading.provenance.get("task_attribs") or {}
    known = {
        str(version) for version in (reading.task_version, attributes.get("version")) if version is not None
    }
    if task.task_version and task.task_version not in known:
        shown = " or ".join(sorted(known)) or "none"
        reasons.append(f"The suite declares version {task.task_version} of the task; the log names {shown}.")
    return reasons


def _fields(reading: Reading, task: SuiteTask | None, reasons: list[str], complete: bool) -> dict[str, Any]:
    found, provenance = reading.samples, reading.provenance
    declared = task.expected_samples * task.epochs if task is not None else found.expected
    return {
        "format": _text(reading.format, 40),
        "status": _text(reading.status, 20),
        "task_name": _text(reading.task, 200),
        "model_name": _text(reading.model, 200),
        "served_models": reading.served_models,
        "started_at": _instant(provenance.get("began_at")),
        "completed_at": _instant(provenance.get("completed_at")),
        "samples_expected": _small(declared),
        "samples_total": _small(found.total),
        "samples_completed": _small(found.completed),
        "samples_errored": _small(found.errored),
        "complete": complete,
        "reasons": reasons,
        "provenance": {
            **provenance,
            "task_version": reading.task_version,
            "samples": asdict(found),
            "role_models": reading.role_models,
            "tokens": reading.tokens,
            "notes": reading.notes,
        },
    }


def _scores(reading: Reading) -> Iterator[dict[str, Any]]:
    """Score rows; a name that comes twice is completed by its scorer, then numbered."""
    taken: set[tuple[str, str]] = set()
    for score in reading.scores:
        reducer = _text(score.reducer, 60)
        name = _text(score.name, 120)
        if (name, reducer) in taken:
            name = _text(f"{score.scorer}: {score.name}", 120)
        number = 2
        while (name, reducer) in taken:
            name, number = f"{_text(score.name, 110)} #{number}", number + 1
        taken.add((name, reducer))
        yield {
            "name": name,
            "reducer": reducer,
            "n": _small(score.n),
            "metrics": score.metrics,
            "recounted": score.recounted,
        }


def _text(value: Any, limit: int) -> str:
    return clean(value, limit) or ""


def _small(value: int | None) -> int | None:
    return value if value is not None and value <= LARGEST else None


def _instant(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
