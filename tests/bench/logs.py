"""Evaluation logs: reading and recounting a log of ten thousand samples, against decoding the same bytes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.rows import Row, Side, compare, limited
from tests.bench.stage import HOME, ROOT, Stage

MIB = 1024 * 1024
SAMPLES = 10_000
DECODE = """
import json, sys, zlib, zipfile, zstandard
archive, squeezed = zipfile.ZipFile(sys.argv[1]), zstandard.ZstdDecompressor()
with open(sys.argv[1], 'rb') as file:
    for member in archive.infolist():
        file.seek(member.header_offset + 26)
        skip = int.from_bytes(file.read(2), 'little') + int.from_bytes(file.read(2), 'little')
        file.seek(skip, 1)
        data = squeezed.decompress(file.read(member.compress_size), member.file_size)
        if zlib.crc32(data) != member.CRC:
            sys.exit(1)
        json.loads(data)
"""


def logs(stage: Stage) -> Iterator[Row]:
    """Time and memory of the reading child. inspect_ai is not installed here, so nothing is measured against it."""
    samples = SAMPLES if stage.size.file_mb >= 256 else SAMPLES // 20
    log = _log(samples)
    ours = _Child([sys.executable, "-E", "-s", "-m", "cases.benchmarks.reading", str(log), _caps()])
    theirs = _Child([sys.executable, "-E", "-s", "-c", DECODE, str(log)])
    row = compare(
        "verify_log", Side(ours.run, ours.cpu), Side(theirs.run, theirs.cpu), at_most=1.5, rounds=3, times=1,
        against="CRC and JSON decode of every member", note=f"{samples:,} samples, {log.stat().st_size / MIB:.0f} MB",
    )  # fmt: skip
    yield row
    yield limited(
        "read_log_10k_header_scores", ours.peak / MIB, "MB", 64,
        note="peak memory of the reading process; inspect_ai is not installed, so its time is not measured",
    )  # fmt: skip


def _caps() -> str:
    from dataclasses import asdict

    from cases.benchmarks.importers import DEFAULT

    return json.dumps(asdict(DEFAULT))


class _Child:
    """A process run again and again: its CPU seconds so far, and the most memory it ever took."""

    def __init__(self, command: list[str]) -> None:
        self.command, self.used, self.peak = command, 0.0, 0

    def run(self) -> None:
        """Run it once; minds that it ended well."""
        process = subprocess.Popen(self.command, cwd=ROOT, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise AssertionError(f"{self.command[:5]} ended with {process.returncode}")
        self.used += usage.ru_utime + usage.ru_stime
        self.peak = max(self.peak, usage.ru_maxrss * (1024 if sys.platform == "linux" else 1))

    def cpu(self) -> float:
        """CPU seconds of all runs."""
        return self.used


def _log(samples: int) -> Path:
    """A log of toy puzzles, answered without a server, with conversations of a usual length."""
    from tests import fresh_log
    from tests.cases.benchmarks.zips import write_zip
    from tests.stub_model import completion

    def ask(prompt: str) -> dict[str, Any]:
        return completion("solve-90", prompt)

    began = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    done = []
    for number in range(samples):
        sample = fresh_log._sample(ask, "solve-90", number)
        sample["messages"] += [
            {"role": "user", "content": f"Turn {turn}. " + "Go on. " * 80} for turn in range(6)
        ]
        done.append(sample)
    spec = fresh_log._spec("solve-90", [sample["id"] for sample in done], began)
    start = {
        "version": 2,
        "eval": spec,
        "plan": {"name": "plan", "steps": [{"solver": "generate", "params": {}}]},
    }
    stats = {"started_at": began, "completed_at": began, "model_usage": {}, "role_usage": {}}
    header = {
        **start,
        "status": "success",
        "results": fresh_log._results(done),
        "stats": stats,
        "invalidated": False,
    }
    short = (
        "id",
        "epoch",
        "input",
        "target",
        "metadata",
        "scores",
        "model_usage",
        "started_at",
        "completed_at",
        "uuid",
    )
    summaries = [{**{key: one[key] for key in short}, "completed": True} for one in done]
    members = [
        ("_journal/start.json", start),
        *((f"samples/{one['id']}_epoch_1.json", one) for one in done),
        ("summaries.json", summaries),
        ("reductions.json", []),
        ("header.json", header),
    ]
    return write_zip(HOME / "large.eval", [(name, json.dumps(value).encode()) for name, value in members])
