"""What pages show of a run: findings, scores beside their recount, completeness, provenance. No query is made here."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from cases.benchmarks.models import Finding, Run
from portal.kit.charts import Count, Interval
from portal.kit.words import time_text

CLOSE = 1e-6
METHODS = {
    "clopper_pearson": "Clopper–Pearson, exact",
    "korn_graubard": "Korn–Graubard, effective sample size over items",
    "t": "Student’s t over items, clustered",
    "none": "none: nothing was scored",
}
AFTER = "after "


@dataclass(frozen=True)
class Panel:
    """A finding as `{% rule_panel %}` draws it."""

    finding: Finding
    run: Run

    @cached_property
    def interval(self) -> Interval:
        """The picture's facts."""
        found, rule = self.finding, self.finding.rule
        return Interval(
            label=f"{rule.task.name} · {rule.scorer} · {rule.metric}",
            estimate=found.estimate,
            low=found.low,
            high=found.high,
            threshold=rule.threshold,
            alert=rule.alert,
            state=found.get_outcome_display(),
            n=found.n or 0,
            effective_n=found.effective_n,
            direction=rule.direction,
            sentence=self.sentence,
        )

    @property
    def sentence(self) -> str:
        """The finding in words; what it says it says of this elicitation and budget alone."""
        found, rule = self.finding, self.finding.rule
        if found.outcome == "insufficient" or found.estimate is None:
            return found.sentence
        sign = "≥" if rule.direction == "at_least" else "≤"
        return (
            f"{found.estimate:.3f} ({100 * (1 - rule.alpha):g} % interval {found.low:.3f}–{found.high:.3f}, "
            f"n = {found.n}) against {sign} {rule.threshold:g}: {found.get_outcome_display()} "
            "at this elicitation and budget."
        )

    @property
    def gates(self) -> list[dict[str, Any]]:
        """The gates, instants in both zones."""
        return [
            {**gate, "value": _shown(gate["value"]), "needed": _shown(gate["needed"])}
            for gate in self.finding.gates
        ]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Arithmetic, people, instants and digests."""
        found, rule = self.finding, self.finding.rule
        return [
            (
                "Interval",
                f"{METHODS.get(found.method, found.method)}; {100 * (1 - rule.alpha):g} %, two-sided",
            ),
            ("Declared", f"{rule.declared_by}, {time_text(rule.declared_at)}"),
            ("Agreed", f"{rule.agreed_by}, {time_text(rule.agreed_at)}" if rule.agreed_at else "not yet"),
            ("Log began", time_text(self.run.started_at) if self.run.started_at else "the log does not say"),
            ("Found", time_text(found.made_at)),
            ("Digest of the rule", rule.digest),
            ("Digest of the log", self.run.sha256),
        ]


def _shown(value: Any) -> str:
    """A gate's figure or word; an instant as a page shows instants."""
    if value is None:
        return "not stated"
    text = str(value)
    word = AFTER if text.startswith(AFTER) else ""
    try:
        at = datetime.fromisoformat(text.removeprefix(AFTER)) if "T" in text else None
    except ValueError:
        at = None
    return f"{word}{time_text(at)}" if at is not None and at.tzinfo else text


@dataclass(frozen=True)
class Figure:
    """One figure of a score: the file's own beside the one recounted from its samples, and whether they agree."""

    score: str
    n: int | None
    metric: str
    own: float | None
    recounted: float | None
    word: str

    @property
    def tone(self) -> str:
        """Tone of the word's tag."""
        return {"differ": "warning", "agree": "neutral"}.get(self.word, "ended")


def figures(run: Run) -> Iterator[Figure]:
    """Every figure of a run's scores (prefetched), in the order of names."""
    for score in sorted(run.scores.all(), key=lambda score: (score.name, score.reducer)):
        name = f"{score.name} ({score.reducer})" if score.reducer else score.name
        for metric, own in sorted(score.metrics.items()):
            recounted = score.recounted.get(metric)
            yield Figure(name, score.n, metric, own, recounted, _word(own, recounted))


def _word(own: float | None, recounted: float | None) -> str:
    if recounted is None:
        return "not recounted"
    if own is not None and math.isclose(own, recounted, rel_tol=CLOSE, abs_tol=CLOSE):
        return "agree"
    return "differ"


def completeness(run: Run) -> list[Count]:
    """How many samples the suite asks for and how many were really found, as bars."""
    found = run.provenance.get("samples") or {}
    counts = [
        ("declared by the suite", run.samples_expected),
        ("found in the file", found.get("in_file")),
        ("completed", found.get("completed_in_file")),
        ("ended in an error", found.get("errored")),
    ]
    return [Count(label, int(value)) for label, value in counts if value is not None]


def claims(run: Run) -> str:
    """What the file says of its own samples, which decides nothing."""
    stated = [("in total", run.samples_total), ("completed", run.samples_completed)]
    words = ", ".join(f"{value} {label}" for label, value in stated if value is not None)
    return words or "nothing"


def provenance(run: Run) -> list[tuple[str, str]]:
    """Where the log comes from, by its own account, as (label, value); what it does not state is left out."""
    told = run.provenance
    attributes, revision = told.get("task_attribs") or {}, told.get("revision") or {}
    rows = [
        ("Format", run.format.replace("_", " ")),
        ("Task", run.task_name),
        ("Task version", _versions(told.get("task_version"), attributes.get("version"))),
        ("Model asked for", run.model_name),
        ("Model that answered", ", ".join(run.served_models)),
        ("Other models", _listed(told.get("role_models"))),
        ("Log’s own status", run.status),
        ("Tokens", _tokens(told.get("tokens"))),
        ("Dataset", told.get("dataset")),
        ("Solver", ", ".join(filter(None, told.get("solver") or []))),
        ("Generation settings", _pairs(told.get("generate_config"))),
        ("Packages", _pairs(told.get("packages"))),
        ("Source", _revision(revision)),
        ("Metadata", _pairs(told.get("metadata"))),
        ("Evaluation", told.get("eval_id")),
    ]
    return [(label, str(value)) for label, value in rows if value not in (None, "")]


def _versions(version: Any, declared: Any) -> str | None:
    if version is None:
        return None
    return str(version) if declared in (None, version) else f"{version} (declared as {declared})"


def _pairs(values: Any) -> str:
    return ", ".join(f"{key} {value}" for key, value in (values or {}).items())


def _listed(roles: Any) -> str:
    return "; ".join(f"{role}: {', '.join(models)}" for role, models in (roles or {}).items())


def _tokens(tokens: Any) -> str:
    return "; ".join(
        f"{model}: {usage.get('total_tokens', 0):,} in all" for model, usage in (tokens or {}).items()
    )


def _revision(revision: dict[str, Any]) -> str:
    if not revision.get("commit"):
        return ""
    changed = ", with changes not committed" if revision.get("dirty") else ""
    return f"{revision.get('origin') or 'repository not named'} at {revision['commit']}{changed}"
