"""A stored threshold rule as the arithmetic takes it, as its digest covers it, and in words. New fields go in all."""

from typing import Any, Literal, cast

from cases.benchmarks import thresholds
from cases.benchmarks.models import SuiteTask, ThresholdRule
from portal.audit import canonical

METRICS = (("accuracy", "accuracy"), ("mean", "mean"))


def as_rule(row: ThresholdRule) -> thresholds.Rule:
    """The row as `thresholds.decide` takes it."""
    return thresholds.Rule(
        task=row.task.name,
        scorer=row.scorer,
        metric=row.metric,
        direction=cast(Literal["at_least", "at_most"], row.direction),
        threshold=row.threshold,
        alert=row.alert,
        alpha=row.alpha,
        gates=thresholds.Gates(
            min_n=row.min_n,
            min_effective_n=row.min_effective_n,
            completeness=row.min_completeness,
            error_rate=row.max_error_rate,
        ),
        declared_at=row.declared_at,
    )


def meaning(row: ThresholdRule) -> dict[str, Any]:
    """What the rule demands, of which task of which suite version; fractions as strings, as canonical JSON asks."""
    task, version = row.task, row.task.suite_version
    return {
        "suite": version.suite.name,
        "suite_version": version.name,
        "task": task.name,
        "task_version": task.task_version,
        "samples": task.expected_samples,
        "epochs": task.epochs,
        "scorer": row.scorer,
        "metric": row.metric,
        "direction": row.direction,
        "threshold": repr(float(row.threshold)),
        "alert": "" if row.alert is None else repr(float(row.alert)),
        "alpha": repr(float(row.alpha)),
        "min_n": row.min_n,
        "min_effective_n": row.min_effective_n,
        "min_completeness": repr(float(row.min_completeness)),
        "max_error_rate": repr(float(row.max_error_rate)),
    }


def digest_of(row: ThresholdRule) -> str:
    """SHA-256 of the canonical bytes of the rule's meaning and of the instant it was declared."""
    return canonical.digest({**meaning(row), "declared_at": canonical.instant(row.declared_at)})


def in_words(row: ThresholdRule) -> list[tuple[str, str]]:
    """The rule as (label, value), for the page on which a second person reads and agrees."""
    task = row.task
    return [
        ("Suite", str(task.suite_version)),
        ("Task", f"{task.name}, {samples_in_words(task)}"),
        ("Measured", f"{row.metric} of the scorer {row.scorer}"),
        ("Threshold", f"{row.get_direction_display()} {row.threshold:g}"),
        ("Alert level", "none" if row.alert is None else f"{row.alert:g}"),
        ("Interval", f"two-sided, {100 * (1 - row.alpha):g} %"),
        ("Scored samples needed", str(row.min_n)),
        ("Effective sample size needed", str(row.min_effective_n)),
        ("Completeness needed", f"{row.min_completeness:g}"),
        ("Error rate at most", f"{row.max_error_rate:g}"),
    ]


def samples_in_words(task: SuiteTask) -> str:
    """How many samples the suite declares for a task: "40 samples" or "25 samples × 5 epochs"."""
    return f"{task.expected_samples} samples" + (f" × {task.epochs} epochs" if task.epochs > 1 else "")
