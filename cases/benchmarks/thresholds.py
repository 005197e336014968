"""What a threshold rule says of the evidence: intervals, gates, decision. Pure; add an interval method here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import NormalDist
from typing import Literal

from cases.benchmarks.distributions import beta_quantile, t_quantile

Interval = tuple[float, float]
Tallies = Sequence[tuple[int, float, int]]
Outcome = Literal["met", "not_met", "inconclusive", "insufficient"]


def _check(k: float, n: float, confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise ValueError("confidence lies between 0 and 1")
    if n < 0 or not 0 <= k <= n:
        raise ValueError("k lies between 0 and n")


def wilson(k: float, n: float, confidence: float) -> Interval:
    """The two-sided Wilson score interval for k successes in n (Wilson 1927, JASA 22:209). n = 0 gives (0, 1)."""
    _check(k, n, confidence)
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    share, z2 = k / n, z * z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    low = 0.0 if k == 0 else max(0.0, centre - half)
    high = 1.0 if k == n else min(1.0, centre + half)
    return low, high


def clopper_pearson(k: float, n: float, confidence: float) -> Interval:
    """The exact two-sided binomial interval (Clopper & Pearson 1934, Biometrika 26:404) by beta quantiles.

    k and n may be fractions, as the Korn–Graubard interval needs. n = 0 gives (0, 1).
    """
    _check(k, n, confidence)
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if k <= 0 else beta_quantile(tail, k, n - k + 1)
    high = 1.0 if k >= n else 1.0 - beta_quantile(tail, n - k, k + 1)
    return low, high


def pass_at_k(n: int, c: int, k: int) -> float:
    """The chance that k of n draws without replacement hold one of the c correct: 1 − C(n−c, k)/C(n, k).

    Source: Chen et al. 2021, arXiv:2107.03374, equation 1. Needs 0 <= c <= n and 1 <= k <= n.
    """
    if not (0 <= c <= n and 1 <= k <= n):
        raise ValueError("pass_at_k needs 0 <= c <= n and 1 <= k <= n")
    return 1.0 - math.comb(n - c, k) / math.comb(n, k)


def clustered_stderr(tallies: Tallies) -> float:
    """The standard error of a mean over clusters, with the factor C/(C−1) for few clusters.

    `tallies` are (trials in a cluster, sum of their scores, clusters alike). Source: Miller 2024, arXiv:2411.00640,
    appendix A, with the finite-cluster factor of Cameron & Miller 2015. Fewer than two clusters give 0.
    """
    clusters = sum(alike for _, _, alike in tallies)
    trials = sum(size * alike for size, _, alike in tallies)
    if clusters < 2 or trials == 0:
        return 0.0
    mean = math.fsum(total * alike for _, total, alike in tallies) / trials
    spread = math.fsum(alike * (total - size * mean) ** 2 for size, total, alike in tallies)
    return math.sqrt(spread * clusters / (clusters - 1)) / trials


def effective_n(tallies: Tallies, confidence: float) -> float:
    """Korn & Graubard's effective sample size, adjusted for degrees of freedom, never above the trials counted.

    p(1−p)/v · (t_{n−1}/t_{C−1})² (Korn & Graubard 1998, Survey Methodology 24:193). Where the scores show no
    spread the design effect cannot be estimated, and each cluster counts once.
    """
    clusters = sum(alike for _, _, alike in tallies)
    trials = sum(size * alike for size, _, alike in tallies)
    if clusters == trials or clusters < 2:
        return float(clusters)
    mean = math.fsum(total * alike for _, total, alike in tallies) / trials
    variance = clustered_stderr(tallies) ** 2
    if mean <= 0.0 or mean >= 1.0 or variance == 0.0:
        return float(clusters)
    upper = 0.5 + confidence / 2.0
    adjusted = (t_quantile(upper, trials - 1) / t_quantile(upper, clusters - 1)) ** 2
    return min(float(trials), mean * (1.0 - mean) / variance * adjusted)


@dataclass(frozen=True)
class Gates:
    """What evidence must show before a rule says anything of a model."""

    min_n: int = 30
    min_effective_n: float = 30.0
    completeness: float = 0.95
    error_rate: float = 0.05


@dataclass(frozen=True)
class Rule:
    """A threshold declared beforehand. The interval is two-sided at confidence 1 − alpha, so that each side errs at
    most alpha/2, within the one-sided alpha a rule states: 0.05 gives the 95 % interval shown on the page.
    """

    task: str
    scorer: str
    metric: str
    direction: Literal["at_least", "at_most"]
    threshold: float
    alert: float | None = None
    alpha: float = 0.05
    reducer: str = "mean"
    gates: Gates = field(default_factory=Gates)
    declared_at: datetime | None = None

    @property
    def confidence(self) -> float:
        """Two-sided, 1 − alpha."""
        return 1.0 - self.alpha


@dataclass(frozen=True)
class Evidence:
    """The recounted figures a rule looks at: tallies (trials, sum, alike) an item, and what was expected of them."""

    tallies: Tallies
    binary: bool
    bounded: bool
    expected: int | None
    epochs: int
    errored: int
    complete: bool
    reasons: Sequence[str] = ()
    started_at: datetime | None = None

    @property
    def n(self) -> int:
        """Scored trials."""
        return sum(size * alike for size, _, alike in self.tallies)

    @property
    def total(self) -> float:
        """Sum of the scores."""
        return math.fsum(total * alike for _, total, alike in self.tallies)

    @property
    def missing(self) -> int:
        """Expected trials without a score."""
        return max(0, (self.expected or 0) - self.n)


@dataclass(frozen=True)
class Gate:
    """One condition on the evidence: what was found, what was needed, and whether it is there."""

    name: str
    value: float | str | None
    needed: float | str
    holds: bool


@dataclass(frozen=True)
class Decision:
    """What a rule says, with the figures and the sentence shown beside it."""

    outcome: Outcome
    estimate: float | None
    low: float | None
    high: float | None
    n: int
    effective_n: float
    gates: list[Gate]
    sentence: str
    method: str
    alert_reached: bool | None = None


def _padded(evidence: Evidence, value: float) -> Tallies:
    """The tallies with every missing trial scored `value`: within seen items first, then as items of their own."""
    if not evidence.missing:
        return evidence.tallies
    epochs = max(1, evidence.epochs)
    full = [
        (max(size, epochs), total + value * max(0, epochs - size), alike)
        for size, total, alike in evidence.tallies
    ]
    rest = (evidence.expected or 0) - sum(size * alike for size, _, alike in full)
    if rest >= epochs:
        full.append((epochs, epochs * value, rest // epochs))
    if rest > 0 and rest % epochs:
        full.append((rest % epochs, rest % epochs * value, 1))
    return full


def _bounds(tallies: Tallies, binary: bool, confidence: float) -> tuple[Interval, str]:
    """The interval of one set of tallies and the method's name: exact, effective-n, or t for bounded means."""
    clusters = sum(alike for _, _, alike in tallies)
    trials = sum(size * alike for size, _, alike in tallies)
    total = math.fsum(score * alike for _, score, alike in tallies)
    if trials == 0:
        return (0.0, 1.0), "none"
    mean = min(1.0, max(0.0, total / trials))
    if binary and clusters == trials:
        return clopper_pearson(min(total, trials), trials, confidence), "clopper_pearson"
    stderr = clustered_stderr(tallies)
    if binary or stderr == 0.0:
        size = effective_n(tallies, confidence)
        return clopper_pearson(min(size, mean * size), size, confidence), "korn_graubard"
    reach = t_quantile(0.5 + confidence / 2.0, clusters - 1) * stderr
    return (max(0.0, mean - reach), min(1.0, mean + reach)), "t"


def interval(evidence: Evidence, confidence: float) -> tuple[Interval, str]:
    """The interval with missing trials counted as 0 for its lower and as 1 for its upper end, and the method's name."""
    (low, _), method = _bounds(_padded(evidence, 0.0), evidence.binary, confidence)
    (_, high), _ = _bounds(_padded(evidence, 1.0), evidence.binary, confidence)
    return (low, high), method


def _gates(rule: Rule, evidence: Evidence, size: float) -> list[Gate]:
    wanted, n = rule.gates, evidence.n
    trials = evidence.expected or 0
    share = n / trials if trials else 0.0
    errors = evidence.errored / trials if trials else 1.0
    declared, began = rule.declared_at, evidence.started_at
    return [
        Gate("scored samples", n, wanted.min_n, n >= wanted.min_n),
        Gate("effective sample size", round(size, 2), wanted.min_effective_n, size >= wanted.min_effective_n),
        Gate("completeness", round(share, 4), wanted.completeness, wanted.completeness <= share <= 1.0),
        Gate("error rate", round(errors, 4), wanted.error_rate, errors <= wanted.error_rate),
        Gate("scores between 0 and 1", "yes" if evidence.bounded else "no", "yes", evidence.bounded),
        Gate("log complete", "yes" if evidence.complete else "no", "yes", evidence.complete),
        Gate(
            "rule declared before the log began",
            began.isoformat() if began else None,
            f"after {declared.isoformat()}" if declared else "a declared rule",
            bool(declared and began and declared < began),
        ),
    ]


_GATE_WORDS = {
    "scored samples": "{value:g} scored samples, {needed:g} needed",
    "effective sample size": "effective sample size {value:g}, {needed:g} needed",
    "completeness": "completeness {value:g}, {needed:g} needed",
    "error rate": "error rate {value:g}, at most {needed:g}",
    "scores between 0 and 1": "scores outside 0 to 1",
    "log complete": "the log is not complete",
}


def _shortfall(rule: Rule, evidence: Evidence, gates: Sequence[Gate]) -> str:
    """Why the evidence is insufficient, the most telling reason first."""
    words: list[str] = []
    if not gates[-1].holds:
        known = evidence.started_at is not None and rule.declared_at is not None
        words.append("rule declared afterwards" if known else "the log or the rule bears no date to compare")
    for gate in gates[:-1]:
        if not gate.holds:
            words.append(_GATE_WORDS[gate.name].format(value=gate.value, needed=gate.needed))
    words.extend(reason.rstrip(".") for reason in list(evidence.reasons)[:3])
    return "; ".join(words)


def decide(rule: Rule, evidence: Evidence) -> Decision:
    """What the rule says: insufficient if a gate is open, else met, not met or inconclusive by the interval.

    With direction at_least: met if low >= threshold, not met if high < threshold; mirrored for at_most.
    """
    (low, high), method = interval(evidence, rule.confidence)
    n = evidence.n
    size = effective_n(evidence.tallies, rule.confidence)
    gates = _gates(rule, evidence, size)
    estimate = evidence.total / n if n else None
    upward = rule.direction == "at_least"
    outcome: Outcome = "inconclusive"
    if not all(gate.holds for gate in gates):
        outcome = "insufficient"
    elif low >= rule.threshold if upward else high <= rule.threshold:
        outcome = "met"
    elif high < rule.threshold if upward else low > rule.threshold:
        outcome = "not_met"
    alert = None
    if rule.alert is not None and estimate is not None:
        alert = estimate >= rule.alert if upward else estimate <= rule.alert
    if estimate is None:
        return Decision(
            outcome, None, None, None, n, size, gates, _sentence(rule, evidence, outcome, None, gates), method
        )
    span = (estimate, low, high)
    sentence = _sentence(rule, evidence, outcome, span, gates)
    return Decision(outcome, estimate, low, high, n, size, gates, sentence, method, alert)


def _sentence(
    rule: Rule,
    evidence: Evidence,
    outcome: Outcome,
    span: tuple[float, float, float] | None,
    gates: Sequence[Gate],
) -> str:
    if outcome == "insufficient" or span is None:
        return f"Insufficient: {_shortfall(rule, evidence, gates)}."
    estimate, low, high = span
    side = "at least" if rule.direction == "at_least" else "at most"
    figures = (
        f"{rule.metric} {estimate:.3f} over {evidence.n} samples, {100 * rule.confidence:g} % interval "
        f"{low:.3f} to {high:.3f}"
    )
    verdict = {
        "met": f"Met: {figures}, is {side} {rule.threshold:g} throughout.",
        "not_met": f"Not met: {figures}, nowhere reaches {side} {rule.threshold:g}.",
        "inconclusive": f"Inconclusive: {figures}, lies on both sides of {rule.threshold:g}.",
    }
    return verdict[outcome]
