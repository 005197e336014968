"""Evaluation logs: reading and recounting a log of ten thousand samples, against decoding the same bytes."""

import json
import subprocess
import sys
from collections.abc import Iterator

from tests.bench.big_log import big_log
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
    log = big_log(HOME / "large.eval", samples)
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
    """A process run again and again: its seconds so far, and the most memory it ever took."""

    def __init__(self, command: list[str]) -> None:
        self.command = [sys.executable, "-S", "-m", "tests.bench.child", *command]
        self.used, self.peak = 0.0, 0

    def run(self) -> None:
        """Run it once; minds that it ended well."""
        told = json.loads(subprocess.run(self.command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
        if told["code"]:
            raise AssertionError(f"{self.command[4:9]} ended with {told['code']}")
        self.used += told["cpu_s"]
        self.peak = max(self.peak, told["peak_bytes"])

    def cpu(self) -> float:
        """CPU seconds of all runs."""
        return self.used
