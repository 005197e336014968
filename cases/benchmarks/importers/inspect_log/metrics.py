"""Inspect's reducers and metrics, written anew from its documentation so that its figures can be recounted.

A reducer turns an item's epochs into one value; a metric turns items into a figure. Add either to its table here;
what is in neither is shown as the file's own figure and not recounted.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cases.benchmarks.importers.inspect_log.samples import Scalar
from cases.benchmarks.thresholds import clustered_stderr, pass_at_k

_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
_NAMED = re.compile(r"^(pass_at|pass_k|at_least)_(\d{1,4})$")


def is_scored(value: Scalar) -> bool:
    """Whether a value is a score at all: NaN and null stand for none."""
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def number(value: Scalar) -> float:
    """A score value as Inspect counts it: C, I, P, N as 1, 0, 0.5, 0, words and numerals read, anything else 0."""
    if isinstance(value, str):
        if value in _LETTERS:
            return _LETTERS[value]
        if value.lower() in _WORDS:
            return _WORDS[value.lower()]
        try:
            found = float(value)
        except ValueError:
            return 0.0
        return found if math.isfinite(found) else 0.0
    try:
        return float(value) if value is not None else 0.0
    except OverflowError:
        return math.inf


def _mean(values: Sequence[Scalar]) -> float:
    return math.fsum(map(number, values)) / len(values)


def _median(values: Sequence[Scalar]) -> float:
    ranked, half = sorted(map(number, values)), len(values) // 2
    return ranked[half] if len(ranked) % 2 else (ranked[half - 1] + ranked[half]) / 2.0


def _mode(values: Sequence[Scalar]) -> float:
    return number(Counter(values).most_common(1)[0][0])


def _max(values: Sequence[Scalar]) -> float:
    return max(map(number, values))


def _counted(kind: str, k: int) -> Callable[[Sequence[Scalar]], float]:
    def reduce(values: Sequence[Scalar]) -> float:
        total, correct = len(values), sum(number(value) >= 1.0 for value in values)
        if kind == "at_least":
            return 1.0 if correct >= k else 0.0
        if k < 1 or total < k:
            return math.nan
        if kind == "pass_at":
            return pass_at_k(total, correct, k)
        return math.comb(correct, k) / math.comb(total, k)

    return reduce


REDUCERS: dict[str, Callable[[Sequence[Scalar]], float]] = {
    "mean": _mean,
    "median": _median,
    "mode": _mode,
    "max": _max,
}


def reducer(name: str | None) -> Callable[[Sequence[Scalar]], float] | None:
    """The reducer of that name (none means the mean), or None when it is not known."""
    if name in (None, *REDUCERS):
        return REDUCERS[name or "mean"]
    named = _NAMED.match(name or "")
    if named:
        return _counted(named.group(1), int(named.group(2)))
    return None


def reduced(values: Sequence[Scalar], reduce: Callable[[Sequence[Scalar]], float]) -> float:
    """One item's epochs as one value; NaN when none of them is scored."""
    scored = [value for value in values if is_scored(value)]
    return reduce(scored) if scored else math.nan


Item = tuple[float, Mapping[str, Scalar]]


def mean(items: Sequence[Item], _: Mapping[str, Any]) -> float:
    """The mean over items; accuracy is the same figure."""
    return math.fsum(value for value, _ in items) / len(items) if items else 0.0


def var(items: Sequence[Item], _: Mapping[str, Any]) -> float:
    """The sample variance (n − 1); 0 below two items."""
    if len(items) < 2:
        return 0.0
    middle = mean(items, {})
    return math.fsum((value - middle) ** 2 for value, _ in items) / (len(items) - 1)


def std(items: Sequence[Item], _: Mapping[str, Any]) -> float:
    """The sample standard deviation."""
    return math.sqrt(var(items, {}))


def stderr(items: Sequence[Item], params: Mapping[str, Any]) -> float | None:
    """The standard error of the mean, clustered by a metadata key when the metric names one."""
    key = params.get("cluster")
    if key is None:
        return math.sqrt(var(items, {}) / len(items)) if items else 0.0
    groups: dict[Scalar, list[float]] = {}
    for value, metadata in items:
        if not is_scored(metadata.get(key)):
            return None
        groups.setdefault(metadata[key], []).append(value)
    return clustered_stderr([(len(group), math.fsum(group), 1) for group in groups.values()])


METRICS: dict[str, Callable[[Sequence[Item], Mapping[str, Any]], float | None]] = {
    "accuracy": mean,
    "mean": mean,
    "var": var,
    "std": std,
    "stderr": stderr,
}


def recount(metric: Mapping[str, Any], items: Sequence[Item]) -> float | None:
    """The figure of a metric as it stands in a header, from the items; None when this portal cannot recount it."""
    params = metric.get("params")
    params = params if isinstance(params, dict) else {}
    if metric.get("group") == "grouped":
        return _grouped(str(metric.get("name")), params, items)
    known = METRICS.get(str(metric.get("name")))
    if known is None or metric.get("group") or "to_float" in params:
        return None
    return known(items, params)


def _grouped(label: str, params: Mapping[str, Any], items: Sequence[Item]) -> float | None:
    """One group of a grouped metric, or its aggregate over samples or over groups."""
    inner, key = params.get("metric"), params.get("group_key")
    if not isinstance(inner, dict) or not isinstance(key, str):
        return None
    groups: dict[str, list[Item]] = {}
    template = str(params.get("name_template", "{group_name}"))
    for item in items:
        if key not in item[1]:
            return None
        groups.setdefault(template.replace("{group_name}", str(item[1][key])), []).append(item)
    everything = params.get("all", "samples")
    if everything and label == params.get("all_label", "all"):
        if everything == "samples":
            return recount(inner, items)
        parts = [recount(inner, group) for group in groups.values()]
        known = [part for part in parts if part is not None]
        return math.fsum(known) / len(known) if known and len(known) == len(parts) else None
    return recount(inner, groups[label]) if label in groups else None


def grouping_keys(metric: Mapping[str, Any]) -> set[str]:
    """The metadata keys a metric needs of every sample."""
    params = metric.get("params")
    params = params if isinstance(params, dict) else {}
    keys = {params.get("cluster"), params.get("group_key")}
    inner = params.get("metric")
    if isinstance(inner, dict):
        nested = inner.get("params")
        keys.add(nested.get("cluster") if isinstance(nested, dict) else None)
    return {key for key in keys if isinstance(key, str)}
