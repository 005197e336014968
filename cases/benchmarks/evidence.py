"""From what an importer read to what a threshold rule looks at. A new kind of evidence is turned into tallies here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cases.benchmarks.thresholds import Evidence, Rule


def evidence_from(reading: Mapping[str, Any], rule: Rule, expected: int | None = None) -> Evidence:
    """The evidence in a reading (`Reading.as_dict()`) for a rule; `expected` is the suite's own declared count."""
    reasons = list(reading["reasons"])
    if reading["task"] != rule.task:
        reasons.append(f"The rule is for the task {rule.task}; the log is of {reading['task']}.")
    cluster = next(
        (
            c
            for c in reading["clusters"]
            if c["name"] == rule.scorer and (c["reducer"] or "mean") == rule.reducer
        ),
        None,
    )
    if cluster is None:
        reasons.append(f"The log has no recounted score {rule.scorer} reduced by {rule.reducer}.")
        cluster = {"tallies": [], "binary": False, "bounded": True, "epochs": 1}
    if rule.metric not in ("accuracy", "mean"):
        reasons.append(f"The portal cannot recount the metric {rule.metric} with an interval.")
    samples = reading["samples"]
    wanted = expected if expected is not None else samples["expected"]
    if wanted is not None and cluster["epochs"] == 1:
        wanted = -(-wanted // max(1, samples["epochs"] or 1))
    began = reading["provenance"].get("began_at")
    return Evidence(
        tallies=[(int(size), float(total), int(alike)) for size, total, alike in cluster["tallies"]],
        binary=cluster["binary"],
        bounded=cluster["bounded"],
        expected=wanted,
        epochs=cluster["epochs"],
        errored=samples["errored"],
        complete=not reasons and bool(reading["complete"]),
        reasons=reasons,
        started_at=datetime.fromisoformat(began) if began else None,
    )
