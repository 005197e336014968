"""A large evaluation log: the samples of a real one, again and again under new ids, with figures that agree."""

import json
import statistics
from pathlib import Path
from typing import Any

from tests.bench.stage import ROOT
from tests.cases.benchmarks.zips import members_of, write_zip

REAL = ROOT / "tests" / "samples" / "inspect" / "01_success_eval.eval"


def big_log(path: Path, samples: int) -> Path:
    """Write a log of `samples` samples of ten kilobytes each at `path`."""
    real = {name: data for name, data in members_of(REAL)}
    bodies = [json.loads(data) for name, data in real.items() if name.startswith("samples/")]
    summaries = {row["id"]: row for row in json.loads(real["summaries.json"])}
    members: list[tuple[str, bytes]] = []
    rows, values = [], []
    for number in range(samples):
        body, name = bodies[number % len(bodies)], f"toy-{number:05d}"
        rows.append({**summaries[body["id"]], "id": name})
        values.append(float(body["scores"]["includes"]["value"] == "C"))
        members.append((f"samples/{name}_epoch_1.json", json.dumps({**body, "id": name}).encode()))
    header = json.loads(real["header.json"])
    _agree(header, [row["id"] for row in rows], values)
    start = {"version": header["version"], "eval": header["eval"], "plan": header["plan"]}
    others = {
        "_journal/start.json": start,
        "summaries.json": rows,
        "reductions.json": [],
        "header.json": header,
    }
    return write_zip(path, members + [(name, json.dumps(value).encode()) for name, value in others.items()])


def _agree(header: dict[str, Any], ids: list[str], values: list[float]) -> None:
    """Have the header say what the samples say."""
    header["eval"]["dataset"] |= {"samples": len(ids), "sample_ids": ids}
    header["results"] |= {"total_samples": len(ids), "completed_samples": len(ids)}
    header["results"].pop("headline", None)
    score = header["results"]["scores"][0]
    score["scored_samples"] = len(ids)
    score["metrics"]["accuracy"]["value"] = statistics.fmean(values)
    score["metrics"]["stderr"]["value"] = statistics.stdev(values) / len(values) ** 0.5
