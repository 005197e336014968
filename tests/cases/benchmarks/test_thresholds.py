"""The interval arithmetic against SciPy's figures, its laws as properties, and what rules say of evidence."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.benchmarks.distributions import beta_cdf, beta_quantile, t_quantile
from cases.benchmarks.evidence import evidence_from
from cases.benchmarks.importers import read
from cases.benchmarks.thresholds import (
    Decision,
    Evidence,
    Rule,
    clopper_pearson,
    clustered_stderr,
    decide,
    effective_n,
    pass_at_k,
    wilson,
)

SAMPLES = Path(__file__).parents[2] / "samples" / "inspect"
BEGAN = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)

# k, n, confidence, exact low, exact high, Wilson low, Wilson high: scipy 1.x, binomtest(k, n).proportion_ci
GOLDEN = [
    (0, 10, 0.95, 0, 0.308497107819, 0, 0.277532799863),
    (10, 10, 0.95, 0.691502892181, 1, 0.722467200137, 1),
    (1, 10, 0.95, 0.00252857854446, 0.445016117028, 0.0178762130951, 0.404150026795),
    (26, 40, 0.95, 0.483155546351, 0.793717509129, 0.495058808373, 0.778654711268),
    (74, 125, 0.95, 0.500517993773, 0.679019178479, 0.504351064829, 0.674162902729),
    (113, 120, 0.9, 0.893228274585, 0.972305317813, 0.895789661446, 0.968066990961),
    (3, 2500, 0.99, 0.000135190303636, 0.00438399071429, 0.000303158155402, 0.00473742299112),
    (5000, 10000, 0.95, 0.49015138059, 0.50984861941, 0.490202061815, 0.509797938185),
    (1, 1, 0.95, 0.025, 1, 0.206549314377, 1),
    (0, 30, 0.9, 0, 0.0950338528553, 0, 0.0827243081251),
]
# scipy.stats.t.ppf(p, df) and beta.ppf(p, a, b)
STUDENT = [
    (0.975, 1, 12.7062047362),
    (0.975, 24, 2.06389856163),
    (0.95, 124, 1.65723497015),
    (0.995, 9999, 2.57632109586),
    (0.6, 3, 0.276670662333),
    (0.025, 24, -2.06389856163),
]
BETA = [
    (0.025, 25.63, 18.67, 0.432144225674),
    (0.975, 0.5, 0.5, 0.998458666867),
    (0.5, 3, 7, 0.286236668023),
    (0.001, 2000, 3000, 0.378713294056),
]


@pytest.mark.parametrize(("k", "n", "confidence", "low", "high", "wilson_low", "wilson_high"), GOLDEN)
def test_intervals_agree_with_scipy(
    k: int, n: int, confidence: float, low: float, high: float, wilson_low: float, wilson_high: float
) -> None:
    assert clopper_pearson(k, n, confidence) == pytest.approx((low, high), abs=1e-10)
    assert wilson(k, n, confidence) == pytest.approx((wilson_low, wilson_high), abs=1e-10)


@pytest.mark.parametrize(("p", "df", "value"), STUDENT)
def test_t_quantiles_agree_with_scipy(p: float, df: float, value: float) -> None:
    assert t_quantile(p, df) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(("p", "a", "b", "value"), BETA)
def test_beta_quantiles_agree_with_scipy(p: float, a: float, b: float, value: float) -> None:
    assert beta_quantile(p, a, b) == pytest.approx(value, rel=1e-9)
    assert beta_cdf(value, a, b) == pytest.approx(p, rel=1e-8)


counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@given(counts, levels)
def test_intervals_lie_within_0_and_1_and_around_the_share(pair: tuple[int, int], level: float) -> None:
    k, n = pair
    for low, high in (clopper_pearson(k, n, level), wilson(k, n, level)):
        assert 0.0 <= low <= k / n + 1e-12
        assert k / n - 1e-12 <= high <= 1.0


@given(counts, levels)
def test_intervals_mirror(pair: tuple[int, int], level: float) -> None:
    k, n = pair
    for method in (clopper_pearson, wilson):
        low, high = method(k, n, level)
        assert method(n - k, n, level) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))), levels)
def test_one_more_success_moves_both_ends_up(pair: tuple[int, int], level: float) -> None:
    k, n = pair
    low, high = clopper_pearson(k, n, level)
    more_low, more_high = clopper_pearson(k + 1, n, level)
    assert more_low > low
    assert more_high >= high


@given(counts)
def test_more_confidence_is_never_narrower(pair: tuple[int, int]) -> None:
    k, n = pair
    for method in (clopper_pearson, wilson):
        narrow, wide = method(k, n, 0.9), method(k, n, 0.99)
        assert wide[0] <= narrow[0] + 1e-12
        assert wide[1] >= narrow[1] - 1e-12


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.77])
@pytest.mark.parametrize("n", [5, 31, 80])
def test_the_exact_interval_covers_as_often_as_it_says(share: float, n: int) -> None:
    covered = math.fsum(
        math.comb(n, k) * share**k * (1 - share) ** (n - k)
        for k in range(n + 1)
        if clopper_pearson(k, n, 0.95)[0] <= share <= clopper_pearson(k, n, 0.95)[1]
    )
    assert covered >= 0.95


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_is_a_chance_that_grows_with_k(numbers: tuple[int, int, int]) -> None:
    n, c, k = numbers
    assert 0.0 <= pass_at_k(n, c, k) <= 1.0
    assert pass_at_k(n, c, 1) == pytest.approx(c / n)
    if k < n:
        assert pass_at_k(n, c, k + 1) >= pass_at_k(n, c, k)


def test_pass_at_k_by_hand() -> None:
    assert pass_at_k(5, 2, 3) == pytest.approx(0.9)
    with pytest.raises(ValueError, match="1 <= k <= n"):
        pass_at_k(5, 2, 6)


@pytest.mark.parametrize("wrong", [(-1, 10, 0.95), (11, 10, 0.95), (1, 10, 0.0), (1, 10, 1.0)])
def test_impossible_figures_raise(wrong: tuple[int, int, float]) -> None:
    for method in (clopper_pearson, wilson):
        with pytest.raises(ValueError, match="between"):
            method(*wrong)


def test_clusters_of_one_give_the_plain_standard_error() -> None:
    tallies = [(1, 0.0, 14), (1, 1.0, 26)]
    assert clustered_stderr(tallies) == pytest.approx(0.07637626158259733)
    assert effective_n(tallies, 0.95) == 40


def test_scores_without_spread_count_each_cluster_once() -> None:
    assert effective_n([(5, 5.0, 25)], 0.95) == 25


# ---- rules


def rule(**changes: object) -> Rule:
    return Rule(
        **{
            "task": "t",
            "scorer": "s",
            "metric": "accuracy",
            "direction": "at_least",
            "threshold": 0.5,
            "declared_at": BEGAN - timedelta(days=1),
            **changes,
        }
    )


def evidence(k: int, n: int, **changes: object) -> Evidence:
    return Evidence(
        **{
            "tallies": [(1, 0.0, n - k), (1, 1.0, k)],
            "binary": True,
            "bounded": True,
            "expected": n,
            "epochs": 1,
            "errored": 0,
            "complete": True,
            "started_at": BEGAN,
            **changes,
        }
    )


def of_sample(name: str, **changes: object) -> tuple[Rule, Evidence]:
    reading = read(SAMPLES / name).as_dict()
    began = datetime.fromisoformat(reading["provenance"]["began_at"])
    first = reading["scores"][0]
    found = rule(
        task=reading["task"], scorer=first["name"], **{"declared_at": began - timedelta(hours=1), **changes}
    )
    return found, evidence_from(reading, found)


def test_the_worked_example() -> None:
    """25 items by 5 epochs: naive Wilson says met, the rule says inconclusive."""
    found, given_ = of_sample("04_epochs.eval")
    decision = decide(found, given_)
    assert wilson(74, 125, 0.95)[0] > 0.5
    assert (decision.outcome, decision.method) == ("inconclusive", "korn_graubard")
    assert decision.estimate == pytest.approx(0.592)
    assert (round(decision.low or 0, 3), round(decision.high or 0, 3)) == (0.432, 0.739)
    assert decision.n == 125
    assert decision.effective_n == pytest.approx(43.2958, abs=1e-3)
    assert all(gate.holds for gate in decision.gates)


@pytest.mark.parametrize(
    ("sample", "threshold", "outcome"),
    [
        ("40_high_score.eval", 0.5, "met"),
        ("39_safeguards_on.eval", 0.5, "not_met"),
        ("38_safeguards_off.eval", 0.8, "inconclusive"),
        ("06_judged.eval", 0.5, "insufficient"),
        ("57_tampered_header.eval", 0.5, "insufficient"),
        ("08_partial_errors.eval", 0.5, "insufficient"),
    ],
)
def test_what_a_rule_says_of_real_logs(sample: str, threshold: float, outcome: str) -> None:
    found, given_ = of_sample(sample, threshold=threshold)
    assert decide(found, given_).outcome == outcome


def test_another_task_another_score_and_another_metric_are_insufficient() -> None:
    for changes in ({"task": "other"}, {"scorer": "other"}, {"metric": "std"}, {"reducer": "max"}):
        reading = read(SAMPLES / "40_high_score.eval").as_dict()
        began = datetime.fromisoformat(reading["provenance"]["began_at"])
        base = {"task": "toy_ctf", "scorer": "includes", "declared_at": began - timedelta(days=1)}
        found = rule(**{**base, **changes})
        assert decide(found, evidence_from(reading, found)).outcome == "insufficient"


def test_the_suite_s_own_count_decides_completeness() -> None:
    reading = read(SAMPLES / "40_high_score.eval").as_dict()
    began = datetime.fromisoformat(reading["provenance"]["began_at"])
    found = rule(task="toy_ctf", scorer="includes", declared_at=began - timedelta(days=1))
    decision = decide(found, evidence_from(reading, found, expected=200))
    assert decision.outcome == "insufficient"
    assert "completeness 0.6, 0.95 needed" in decision.sentence


def test_a_rule_declared_after_the_log_began_is_insufficient() -> None:
    decision = decide(rule(declared_at=BEGAN + timedelta(seconds=1)), evidence(60, 60))
    assert decision.outcome == "insufficient"
    assert decision.sentence == "Insufficient: rule declared afterwards."
    assert decide(rule(declared_at=BEGAN), evidence(60, 60)).outcome == "insufficient"
    assert decide(rule(), evidence(60, 60, started_at=None)).outcome == "insufficient"


@pytest.mark.parametrize(
    ("changes", "gate"),
    [
        ({"k": 20, "n": 29}, "scored samples"),
        ({"k": 40, "n": 60, "expected": 70}, "completeness"),
        ({"k": 40, "n": 60, "expected": 59}, "completeness"),
        ({"k": 40, "n": 60, "errored": 4}, "error rate"),
        ({"k": 40, "n": 60, "bounded": False}, "scores between 0 and 1"),
        ({"k": 40, "n": 60, "complete": False, "reasons": ["A gap."]}, "log complete"),
        ({"k": 0, "n": 0, "expected": None}, "scored samples"),
        ({"k": 0, "n": 1, "tallies": [(5, 5.0, 20)], "expected": 100, "epochs": 5}, "effective sample size"),
    ],
)
def test_each_gate(changes: dict[str, object], gate: str) -> None:
    decision = decide(rule(), evidence(**changes))  # type: ignore[arg-type]
    assert decision.outcome == "insufficient"
    assert gate in [found.name for found in decision.gates if not found.holds]


def test_missing_samples_widen_both_ends() -> None:
    whole, short = decide(rule(), evidence(48, 96)), decide(rule(), evidence(48, 96, expected=100))
    assert short.outcome == "inconclusive"
    assert (short.low, short.high) == pytest.approx(
        (clopper_pearson(48, 100, 0.95)[0], clopper_pearson(52, 100, 0.95)[1])
    )
    assert (short.low or 0) < (whole.low or 0) < (whole.high or 0) < (short.high or 0)


def test_missing_epochs_widen_a_clustered_interval() -> None:
    tallies = [(5, 3.0, 20), (5, 2.0, 19), (3, 2.0, 1)]
    short = decide(rule(), evidence(0, 0, tallies=tallies, expected=205, epochs=5))
    low = decide(
        rule(), evidence(0, 0, tallies=[(5, 3.0, 20), (5, 2.0, 20), (5, 0.0, 1)], expected=205, epochs=5)
    )
    high = decide(
        rule(), evidence(0, 0, tallies=[(5, 3.0, 20), (5, 2.0, 19), (5, 4.0, 1), (5, 5.0, 1)], expected=205)
    )
    assert short.low == pytest.approx(low.low)
    assert short.high == pytest.approx(high.high)


def test_bounded_means_go_by_t() -> None:
    tallies = [(1, 0.5, 20), (1, 0.75, 20)]
    decision = decide(rule(), evidence(0, 0, tallies=tallies, binary=False, expected=40))
    reach = t_quantile(0.975, 39) * clustered_stderr(tallies)
    assert decision.method == "t"
    assert (decision.low, decision.high) == pytest.approx((0.625 - reach, 0.625 + reach))
    assert decision.outcome == "met"


def test_means_without_spread_do_not_pretend_certainty() -> None:
    decision = decide(rule(), evidence(0, 0, tallies=[(1, 0.6, 40)], binary=False, expected=40))
    assert decision.outcome == "inconclusive"
    assert (decision.low or 0) < 0.5


def test_the_threshold_itself_counts_as_met() -> None:
    low = clopper_pearson(60, 80, 0.95)[0]
    assert decide(rule(threshold=low), evidence(60, 80)).outcome == "met"
    assert decide(rule(threshold=math.nextafter(low, 1)), evidence(60, 80)).outcome == "inconclusive"
    high = clopper_pearson(60, 80, 0.95)[1]
    assert decide(rule(threshold=high), evidence(60, 80)).outcome == "inconclusive"
    assert decide(rule(threshold=math.nextafter(high, 1)), evidence(60, 80)).outcome == "not_met"


def test_at_most_mirrors_and_alerts_are_told() -> None:
    low_scores: Decision = decide(rule(direction="at_most", threshold=0.5, alert=0.2), evidence(10, 80))
    assert (low_scores.outcome, low_scores.alert_reached) == ("met", True)
    assert decide(rule(direction="at_most"), evidence(70, 80)).outcome == "not_met"
    assert decide(rule(alert=0.9), evidence(70, 80)).alert_reached is False


def test_sentences_name_every_figure() -> None:
    decision = decide(rule(), evidence(60, 80))
    assert decision.sentence == (
        "Met: accuracy 0.750 over 80 samples, 95 % interval 0.641 to 0.840, is at least 0.5 throughout."
    )


@given(
    st.integers(30, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.01, 0.99)
)
def test_outcomes_follow_the_interval(pair: tuple[int, int], threshold: float) -> None:
    decision = decide(rule(threshold=threshold), evidence(*pair))
    assert decision.low is not None
    assert decision.high is not None
    expected = (
        "met" if decision.low >= threshold else "not_met" if decision.high < threshold else "inconclusive"
    )
    assert decision.outcome == expected
