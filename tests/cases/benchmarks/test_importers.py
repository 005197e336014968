"""What importers find in real logs, as inspect_ai's own API reads them, and in logs that were changed afterwards."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cases.benchmarks.importers import DEFAULT, Reading, Unreadable, read
from cases.benchmarks.importers.inspect_log.metrics import number, reduced, reducer
from tests.cases.benchmarks.true_values import REASONS, REFUSED, RETRY, SAMPLES, TRUE_VALUES
from tests.cases.benchmarks.zips import members_of, rewritten, write_zip


@pytest.mark.parametrize("name", TRUE_VALUES)
def test_true_values(name: str) -> None:
    status, counts, scores, complete = TRUE_VALUES[name]
    reading = read(SAMPLES / name)
    samples = reading.samples
    assert reading.status == status
    assert (samples.expected, samples.total, samples.completed, samples.in_file) == counts
    assert [(score.name, score.reducer, score.n) for score in reading.scores] == [row[:3] for row in scores]
    for score, (_, _, _, metrics) in zip(reading.scores, scores, strict=True):
        assert score.metrics == pytest.approx(metrics, abs=1e-6)
    assert reading.complete is complete
    assert bool(reading.reasons) is not complete


@pytest.mark.parametrize("name", [name for name, row in TRUE_VALUES.items() if row[3]])
def test_whole_logs_are_recounted_to_the_file_s_own_figures(name: str) -> None:
    for score in read(SAMPLES / name).scores:
        drawn = {"bootstrap_stderr"} & set(score.metrics)
        assert set(score.recounted) == set(score.metrics) - drawn
        assert score.recounted == pytest.approx({key: score.metrics[key] for key in score.recounted})


@pytest.mark.parametrize(("name", "sentence"), REFUSED.items())
def test_broken_structure_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(SAMPLES / name)
    assert refusal.value.sentence == sentence


@pytest.mark.parametrize(("name", "sentence"), REASONS.items())
def test_reasons_are_in_plain_words(name: str, sentence: str) -> None:
    assert sentence in read(SAMPLES / name).reasons


def test_every_sample_log_is_in_a_table() -> None:
    files = {str(path.relative_to(SAMPLES)) for path in SAMPLES.rglob("*") if path.is_file()}
    apart = {"102_reducers.eval", "103_unreduced.eval", "104_holes_errors.eval"}
    assert files == TRUE_VALUES.keys() | REFUSED.keys() | apart


def test_every_reducer_and_metric_is_recounted() -> None:
    """Eight reducers over values of every type: Inspect's own figures and ours, 264 of them."""
    reading = read(SAMPLES / "102_reducers.eval")
    assert reading.reasons == []
    assert {score.reducer for score in reading.scores} == {
        "mean", "median", "mode", "max", "pass_at_1", "pass_at_2", "pass_k_2", "at_least_2",
    }  # fmt: skip
    for score in reading.scores:
        left = set(score.metrics) - set(score.recounted)
        assert left <= {"lower", "upper", "lower2", "upper2"}
        assert score.recounted == pytest.approx({key: score.metrics[key] for key in score.recounted})


def test_epochs_without_a_reducer_count_each_for_itself() -> None:
    reading = read(SAMPLES / "103_unreduced.eval")
    assert (reading.complete, reading.scores[0].n, reading.scores[0].recounted_n) == (True, 18, 18)


def test_errored_samples_are_no_evidence_though_inspect_scored_them() -> None:
    reading = read(SAMPLES / "104_holes_errors.eval")
    assert reading.reasons == [
        "8 of 36 samples ended in an error.",
        "9 of 28 completed samples have no score holes.",
    ]
    assert reading.scores[0].recounted == pytest.approx(reading.scores[0].metrics)
    assert sum(size * alike for size, _, alike in reading.clusters[0].tallies) == 19


def test_who_answered_comes_from_the_samples() -> None:
    reading = read(SAMPLES / "06_judged.eval")
    assert reading.model == "openai-api/stub/solve-60"
    assert reading.served_models == ["solve-60-2026-11-01"]
    assert reading.role_models == {"grader": ["judge-2026-11-01"]}
    assert read(SAMPLES / "07_error_failfast.eval").served_models == []


def test_task_versions_and_provenance() -> None:
    reading = read(SAMPLES / "01_success_eval.eval")
    assert reading.task_version == 0
    assert reading.notes == ["The task version is 0; the task itself was declared with version 2."]
    assert reading.provenance["revision"]["commit"] == "e60b04b"
    assert reading.provenance["began_at"] == "2026-11-23T01:10:50+00:00"
    assert reading.tokens == {
        "openai-api/stub/solve-60": {
            "input_tokens": 1136,
            "output_tokens": 960,
            "total_tokens": 2096,
            "input_tokens_cache_read": 0,
            "reasoning_tokens": 0,
        }
    }
    assert read(SAMPLES / "102_reducers.eval").task_version == "1.2-x"
    assert read(SAMPLES / "38_safeguards_off.eval").provenance["metadata"]["safeguards"] == "on"


def test_retries_share_the_task_and_not_the_evaluation() -> None:
    first, second = (read(SAMPLES / RETRY.format(at)).provenance for at in ("11-22", "21-03"))
    assert first["task_id"] == second["task_id"]
    assert first["eval_id"] != second["eval_id"]


def test_readings_survive_strict_json() -> None:
    for name in TRUE_VALUES:
        reading = read(SAMPLES / name)
        text = json.dumps(reading.as_dict(), allow_nan=False)
        assert Reading.from_dict(json.loads(text)) == reading


@pytest.mark.parametrize(
    "name", ["01_success_eval.eval", "02_success_json.json", "64_nan_json.json", "101_chunked.eval"]
)
def test_large_samples_are_read_piece_by_piece_to_the_same_end(name: str) -> None:
    assert read(SAMPLES / name, replace(DEFAULT, value_bytes=3000)) == read(SAMPLES / name)


# ---- logs changed afterwards


def changed(tmp_path: Path, change: Any, source: str = "01_success_eval.eval", **how: Any) -> Reading:
    return read(rewritten(SAMPLES / source, tmp_path / "log", change, **how))


def is_sample(name: str) -> bool:
    return name.startswith("samples/")


@pytest.mark.parametrize("method", [0, 8, 93])
@pytest.mark.parametrize("zip64", [False, True])
def test_every_compression_reads_the_same(tmp_path: Path, method: int, zip64: bool) -> None:
    reading = changed(tmp_path, lambda name, content: content, method=method, zip64=zip64)
    assert (reading.complete, reading.reasons) == (True, [])


def test_a_sample_rewritten_with_the_header_in_step(tmp_path: Path) -> None:
    def change(name: str, content: Any) -> Any:
        if name == "samples/toy-00000_epoch_1.json":
            content["scores"]["includes"]["value"] = "C"
        if name == "header.json":
            metrics = content["results"]["scores"][0]["metrics"]
            metrics["accuracy"]["value"] = 0.675
            metrics["stderr"]["value"] = math.sqrt(0.675 * 0.325 / 39)
        return content

    assert sorted(changed(tmp_path, change).reasons) == [
        "1 samples differ from the log's summaries: toy-00000 epoch 1.",
        "Scores that differ from the transcript's own, 1: includes of toy-00000 epoch 1.",
    ]


def test_samples_dropped_with_every_count_in_step(tmp_path: Path) -> None:
    def change(name: str, content: Any) -> Any:
        if name == "samples/toy-00039_epoch_1.json":
            return None
        if name == "header.json":
            content["eval"]["dataset"]["samples"] = 39
            content["eval"]["dataset"]["sample_ids"].pop()
            content["results"].update(total_samples=39, completed_samples=39)
        return content

    reasons = changed(tmp_path, change).reasons
    assert "1 samples are in the log's summaries and not in the file: toy-00039 epoch 1." in reasons
    assert "The journal counted 40 samples at the start; the header 39." in reasons


def test_another_model_in_the_header(tmp_path: Path) -> None:
    def change(name: str, content: Any) -> Any:
        content["eval"]["model"] = "lab/other"
        return content

    reasons = changed(tmp_path, change, only=lambda name: name == "header.json").reasons
    assert "The header names the model lab/other; the samples asked openai-api/stub/solve-60." in reasons
    assert (
        "The journal's model was openai-api/stub/solve-60 at the start; the header's is lab/other." in reasons
    )


def test_a_second_model_answering(tmp_path: Path) -> None:
    def change(name: str, content: Any) -> Any:
        if name.endswith("toy-00003_epoch_1.json"):
            content["output"]["model"] = "another"
        return content

    reading = changed(tmp_path, change, only=is_sample)
    assert reading.served_models == ["another", "solve-60-2026-11-01"]
    assert reading.reasons == [
        "More than one model answered as the model under test: another in 1, solve-60-2026-11-01 in 40 samples."
    ]


def test_one_sample_under_two_names(tmp_path: Path) -> None:
    members = members_of(SAMPLES / "01_success_eval.eval")
    first = next(data for name, data in members if name == "samples/toy-00001_epoch_1.json")
    swapped = [(name, first if name == "samples/toy-00000_epoch_1.json" else data) for name, data in members]
    reasons = read(write_zip(tmp_path / "log", swapped)).reasons
    assert "Samples appear more than once: toy-00001 epoch 1." in reasons
    assert "The member samples/toy-00000_epoch_1.json has the sample toy-00001 epoch 1." in reasons


def test_token_counts_beyond_64_bits(tmp_path: Path) -> None:
    def change(amount: int) -> Any:
        def each(name: str, content: Any) -> Any:
            if name.endswith("toy-00000_epoch_1.json"):
                content["model_usage"]["openai-api/stub/solve-60"]["input_tokens"] = amount
            return content

        return each

    whole = changed(tmp_path, change(2**40), only=is_sample)
    assert whole.complete
    assert whole.tokens["openai-api/stub/solve-60"]["input_tokens"] > 2**40
    for amount in (2**63, -1):
        reading = changed(tmp_path, change(amount), only=is_sample)
        assert reading.reasons == ["1 samples carry token counts that are no 64-bit count."]


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("id", None, "it has no id"),
        ("epoch", "1", "its epoch is not a whole number"),
        ("scores", {"includes": 1}, "its score includes is not an object"),
    ],
)
def test_a_misshapen_sample(tmp_path: Path, key: str, value: Any, sentence: str) -> None:
    def change(name: str, content: Any) -> Any:
        return {**content, key: value} if name.endswith("toy-00000_epoch_1.json") else content

    reasons = changed(tmp_path, change, only=is_sample).reasons
    assert f"The sample samples/toy-00000_epoch_1.json cannot be used: {sentence}." in reasons


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (("invalidated",), True, "The log was marked as invalidated by its makers."),
        (("version",), 3, "The log's format version is 3; 2 is the newest this portal knows."),
        (("results", "scores"), [], "The file states no score."),
        (("results", "completed_samples"), 39, "The file declares 39 completed samples; 40 are found in it."),
        (("eval", "dataset", "samples"), None, "The log does not say how many samples its task has."),
        (("eval", "config", "epochs"), 2, "80 samples were expected; the file has 40."),
    ],
)
def test_a_header_that_says_otherwise(
    tmp_path: Path, place: tuple[str, ...], value: Any, sentence: str
) -> None:
    def change(name: str, content: Any) -> Any:
        inner = content
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
        return content

    reading = changed(tmp_path, change, only=lambda name: name == "header.json")
    assert sentence in reading.reasons


def test_hostile_text_is_made_fit_for_pages_and_the_database(tmp_path: Path) -> None:
    def change(name: str, content: Any) -> Any:
        content["eval"]["task"] = "a\x00b\ud800\u202e" + "x" * 10_000
        return content

    task = changed(tmp_path, change, only=lambda name: name == "header.json").task or ""
    assert len(task) == 300
    assert "\x00" not in task
    task.encode()


# ---- values and reducers by hand


@pytest.mark.parametrize(
    ("value", "counts_as"),
    [
        ("C", 1), ("I", 0), ("P", 0.5), ("N", 0), (True, 1), (False, 0), ("yes", 1), ("No", 0), ("TRUE", 1),
        ("0.25", 0.25), ("1e3", 1000), ("nan", 0), ("inf", 0), ("other", 0), (3, 3), (None, 0),
    ],
)  # fmt: skip
def test_values_count_as_inspect_counts_them(value: Any, counts_as: float) -> None:
    assert number(value) == counts_as


@pytest.mark.parametrize(
    ("name", "values", "result"),
    [
        (None, ["C", "I", "I", "C"], 0.5),
        ("mean", ["C", float("nan"), None, "I"], 0.5),
        ("median", ["C", "P", "I"], 0.5),
        ("mode", ["I", "C", "C"], 1),
        ("max", ["I", "P"], 0.5),
        ("pass_at_2", ["C", "I", "I", "I"], 0.5),
        ("pass_k_2", ["C", "C", "I", "I"], 1 / 6),
        ("at_least_2", ["C", "I", "C"], 1),
        ("at_least_3", ["C", "I", "C"], 0),
    ],
)
def test_reducers_by_hand(name: str | None, values: list[Any], result: float) -> None:
    found = reducer(name)
    assert found is not None
    assert reduced(values, found) == pytest.approx(result)


def test_reducers_that_cannot_say() -> None:
    assert reducer("majority") is None
    pass_at_3 = reducer("pass_at_3")
    assert pass_at_3 is not None
    assert math.isnan(reduced(["C", "I"], pass_at_3))
    assert math.isnan(reduced([None, float("nan")], pass_at_3))
