"""One row of the bench, and how a ratio is measured: rounds in turn, the median of the ratios of each round."""

import os
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """What was measured against what. CPU time (this process and its database session) stands beside wall time."""

    name: str
    value: float
    unit: str
    against: str = ""
    against_value: float | None = None
    ratio: float | None = None
    target: str = ""
    holds: bool | None = None
    cpu_value: float | None = None
    cpu_against_value: float | None = None
    cpu_ratio: float | None = None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data, numbers to four digits."""
        return {key: _short(value) for key, value in asdict(self).items()}


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


@dataclass(frozen=True)
class Side:
    """One thing to be measured. `cpu` gives the CPU seconds used so far by whoever works for it."""

    do: Callable[[], object]
    cpu: Callable[[], float] = time.process_time

    def cost(self, times: int) -> tuple[float, float]:
        """Wall and CPU seconds of one doing, over `times` of them."""
        cpu, wall = self.cpu(), time.perf_counter()
        for _ in range(times):
            self.do()
        return (time.perf_counter() - wall) / times, (self.cpu() - cpu) / times


def compare(
    name: str,
    ours: Side,
    theirs: Side,
    *,
    against: str,
    at_most: float | None = None,
    at_least: float | None = None,
    rounds: int = 15,
    times: int = 3,
    note: str = "",
) -> Row:
    """Measure both in turn, who goes first changing each round, after one round that does not count.

    Times are milliseconds. With `at_least` the ratio is one of speeds (theirs over ours in time), else one of times.
    """
    costs = []
    for number in range(rounds + 1):
        pair = (ours, theirs) if number % 2 else (theirs, ours)
        found = {side: side.cost(times) for side in pair}
        costs.append((found[ours], found[theirs]))
    costs = costs[1:]
    faster = at_least is not None
    ratio, cpu_ratio = (
        statistics.median(
            _ratio(their[kind], our[kind]) if faster else _ratio(our[kind], their[kind])
            for our, their in costs
        )
        for kind in (0, 1)
    )
    limit = at_least if at_least is not None else at_most
    return Row(
        name=name,
        value=_median_ms(our[0] for our, _ in costs),
        unit="ms",
        against=against,
        against_value=_median_ms(their[0] for _, their in costs),
        ratio=ratio,
        target="" if limit is None else f"{'>=' if faster else '<='} {limit:g}",
        holds=None if limit is None else (ratio >= limit if faster else ratio <= limit),
        cpu_value=_median_ms(our[1] for our, _ in costs),
        cpu_against_value=_median_ms(their[1] for _, their in costs),
        cpu_ratio=cpu_ratio,
        note=note,
    )


def _ratio(one: float, other: float) -> float:
    return one / other if other else float("inf")


def _median_ms(seconds: Iterable[float]) -> float:
    return statistics.median(seconds) * 1000


def limited(name: str, value: float, unit: str, at_most: float, *, note: str = "", against: str = "") -> Row:
    """A row without a counterpart: the value must not exceed `at_most`."""
    return Row(name, value, unit, against, target=f"<= {at_most:g} {unit}", holds=value <= at_most, note=note)


def cpu_of(*pids: int) -> Callable[[], float]:
    """CPU seconds of this process and of others (database sessions, servers); Linux tells them to the nanosecond."""

    def seconds() -> float:
        return time.process_time() + sum(_on_cpu(pid) for pid in pids)

    return seconds


def _on_cpu(pid: int) -> float:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    except (OSError, ValueError):
        return 0.0


def peak_memory(pid: int) -> int:
    """Bytes of memory that a process held at most (`VmHWM`), 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def reset_peak(pid: int) -> None:
    """Begin counting `peak_memory` anew."""
    try:
        with os.fdopen(os.open(f"/proc/{pid}/clear_refs", os.O_WRONLY), "w") as out:
            out.write("5")
    except OSError:
        return


def table(rows: Iterable[Row]) -> str:
    """The rows as a person reads them."""
    lines = [("", "value", "against", "ratio", "cpu ratio", "target", "")]
    for row in rows:
        against = "" if row.against_value is None else f"{row.against_value:,.4g} {row.unit}"
        ratios = ["" if ratio is None else f"{ratio:.2f}" for ratio in (row.ratio, row.cpu_ratio)]
        held = {True: "holds", False: "MISSED", None: ""}[row.holds]
        lines.append((row.name, f"{row.value:,.4g} {row.unit}", against, *ratios, row.target, held))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
