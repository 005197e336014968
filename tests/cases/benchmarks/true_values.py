"""What inspect_ai itself reads in each sample log, which logs are refused, and one reason of each incomplete one."""

from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[2] / "samples" / "inspect"
RETRY = "31_retry/2026-11-23T01-{}-00-00_toy-ctf-errors_4dgZKhhj67FNZ4rtrRqaEN.eval"
ACCURACY = [("includes", None, 40, {"accuracy": 0.65, "stderr": 0.076376})]

# file: status, (expected, total, completed, in file), scores (name, reducer, n, metrics), complete
TRUE_VALUES: dict[str, tuple[str, tuple[int | None, ...], list[Any], bool]] = {
    "01_success_eval.eval": ("success", (40, 40, 40, 40), ACCURACY, True),
    "02_success_json.json": (
        "success", (30, 30, 30, 30), [("includes", None, 30, {"accuracy": 0.266667, "stderr": 0.082118})], True,
    ),
    "04_epochs.eval": (
        "success",
        (125, 125, 125, 125),
        [
            ("includes", "mean", 25, {"accuracy": 0.592, "stderr": 0.071629}),
            ("includes", "pass_at_1", 25, {"accuracy": 0.592, "stderr": 0.071629}),
            ("includes", "pass_at_3", 25, {"accuracy": 0.808, "stderr": 0.067557}),
            ("includes", "pass_at_5", 25, {"accuracy": 0.88, "stderr": 0.066332}),
            ("includes", "at_least_3", 25, {"accuracy": 0.64, "stderr": 0.09798}),
            ("includes", "max", 25, {"accuracy": 0.88, "stderr": 0.066332}),
        ],
        True,
    ),
    "05_multiscore.eval": (
        "success",
        (60, 60, 60, 60),
        [
            ("includes", None, 60, {"accuracy": 0.633333, "stderr": 0.062737}),
            ("flag", None, 60, {"accuracy": 0.633333, "stderr": 0.062737}),
            ("progress", None, 60, {"mean": 0.803333, "std": 0.314598, "stderr": 0.040614}),
            ("steps", None, 60, {"mean": 8.533333}),
            (
                "clustered",
                None,
                60,
                {
                    "accuracy": 0.633333, "stderr": 0.062737, "stderr2": 0.133333, "bootstrap_stderr": 0.05746,
                    "base64": 0.833333, "hex": 0.833333, "rot13": 0.5, "reverse": 0.833333, "xor": 0.166667,
                    "all": 0.633333, "easy": 0.55, "medium": 0.6, "hard": 0.75,
                },
            ),
        ],
        True,
    ),
    "06_judged.eval": (
        "success", (15, 15, 15, 15), [("model_graded_qa", None, 15, {"accuracy": 0.533333, "stderr": 0.133333})], True,
    ),
    "07_error_failfast.eval": ("error", (30, None, None, 27), [], False),
    "08_partial_errors.eval": (
        "success", (30, 30, 25, 30), [("includes", None, 25, {"accuracy": 0.6, "stderr": 0.1})], False,
    ),
    "12_nosamples.eval": (
        "success", (50, 50, 50, 0), [("includes", None, 50, {"accuracy": 0.6, "stderr": 0.069985})], False,
    ),
    "13_nosamples_json.json": (
        "success", (50, 50, 50, 0), [("includes", None, 50, {"accuracy": 0.32, "stderr": 0.066639})], False,
    ),
    "14_unscored.eval": (
        "success", (28, 28, 28, 28), [("sometimes_unscored", None, 24, {"accuracy": 0.375, "stderr": 0.100947})],
        False,
    ),
    "18_limit_subset.eval": (
        "success", (40, 10, 10, 10), [("includes", None, 10, {"accuracy": 0.4, "stderr": 0.163299})], False,
    ),
    "19_refuse.eval": ("success", (16, 16, 16, 16), [("includes", None, 16, {"accuracy": 0.0, "stderr": 0.0})], True),
    "25_cancelled_sigint.eval": (
        "cancelled", (400, 400, 66, 70), [("includes", None, 66, {"accuracy": 0.681818, "stderr": 0.057772})], False,
    ),
    "28_killed.eval": ("started", (60, None, None, 0), [], False),
    RETRY.format("11-22"): ("error", (30, None, None, 27), [], False),
    RETRY.format("21-03"): (
        "success", (30, 30, 25, 30), [("includes", None, 25, {"accuracy": 0.76, "stderr": 0.087178})], False,
    ),
    "33_edited.eval": (
        "success", (40, 40, 40, 40), [("includes", None, 40, {"accuracy": 0.625, "stderr": 0.077522})], False,
    ),
    "38_safeguards_off.eval": (
        "success", (80, 80, 80, 80), [("includes", None, 80, {"accuracy": 0.8, "stderr": 0.045004})], True,
    ),
    "39_safeguards_on.eval": (
        "success", (80, 80, 80, 80), [("includes", None, 80, {"accuracy": 0.2375, "stderr": 0.047878})], True,
    ),
    "40_high_score.eval": (
        "success", (120, 120, 120, 120), [("includes", None, 120, {"accuracy": 0.941667, "stderr": 0.021485})], True,
    ),
    "55_bitflip_sample.eval": ("success", (40, 40, 40, 39), ACCURACY, False),
    "57_tampered_header.eval": (
        "success", (40, 40, 40, 40), [("includes", None, 40, {"accuracy": 0.95, "stderr": 0.034})], False,
    ),
    "58_dropped_samples.eval": ("success", (40, 40, 40, 35), ACCURACY, False),
    "64_nan_json.json": (
        "success", (30, 30, 30, 30), [("includes", None, 30, {"accuracy": 0.266667, "stderr": None})], False,
    ),
    "66_deflate.eval": ("success", (40, 40, 40, 40), ACCURACY, True),
    "69_json_bom.json": (
        "success", (30, 30, 30, 30), [("includes", None, 30, {"accuracy": 0.266667, "stderr": 0.082118})], True,
    ),
    "101_chunked.eval": ("success", (16, 16, 16, 16), [("includes", None, 16, {"accuracy": 0.0, "stderr": 0.0})], True),
}  # fmt: skip

REFUSED = {
    "50_trunc_eval.eval": "The zip file is truncated or its directory is damaged.",
    "52_trunc_json.json": "The JSON file cannot be read: it ends in the middle.",
    "53_empty.eval": "The file is empty.",
}

REASONS = {
    "07_error_failfast.eval": "The log's status is error, not success.",
    "08_partial_errors.eval": "5 of 30 samples ended in an error.",
    "12_nosamples.eval": "The file has no samples, so nothing can be recounted.",
    "13_nosamples_json.json": "The file has no samples, so nothing can be recounted.",
    "14_unscored.eval": "4 of 28 completed samples have no score sometimes_unscored.",
    "18_limit_subset.eval": "The task has 40 samples; the file declares 10.",
    "25_cancelled_sigint.eval": "400 samples were expected; the file has 70.",
    "28_killed.eval": "The log was never finished: its status is started.",
    "33_edited.eval": "Scores edited after scoring, 1: includes of toy-00003 epoch 1.",
    "55_bitflip_sample.eval": (
        "The member samples/toy-00007_epoch_1.json cannot be used: its checksum does not agree with its data."
    ),
    "57_tampered_header.eval": (
        "The file states accuracy 0.95 of includes; recounted from its samples it is 0.65."
    ),
    "58_dropped_samples.eval": "40 samples were expected; the file has 35.",
    "64_nan_json.json": "The file's stderr of includes is nan, which is no figure.",
}
