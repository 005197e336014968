"""What every importer shares: its caps, its refusal, and the reading it hands back. Add a field of a reading here."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

MIB = 1024 * 1024
INT64 = 2**63 - 1
MANY = 40


class Unreadable(Exception):
    """The structure of a log is broken; `sentence` says how, for the person who handed it in."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Damaged(Exception):
    """One part of a log cannot be used; the rest is read and the reading says so."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Caps:
    """Limits a log is read within. Sizes are bytes, times seconds; `ratio` is inflated to stored size."""

    file_bytes: int = 8192 * MIB
    members: int = 250_000
    member_bytes: int = 1024 * MIB
    total_bytes: int = 32_768 * MIB
    ratio: int = 500
    ratio_from_bytes: int = 64 * MIB
    header_bytes: int = 32 * MIB
    value_bytes: int = 4 * MIB
    scores: int = 500
    window_bytes: int = 32 * MIB
    memory_bytes: int = 1024 * MIB
    cpu_seconds: int = 1200
    wall_seconds: int = 1800
    answer_bytes: int = 32 * MIB


DEFAULT = Caps()


@dataclass
class SampleCounts:
    """Samples expected by the task, declared by the file (`total`, `completed`), and really found in it."""

    expected: int | None = None
    total: int | None = None
    completed: int | None = None
    errored: int = 0
    in_file: int = 0
    completed_in_file: int = 0
    epochs: int | None = None


@dataclass
class ScoreReading:
    """One score: the file's own metrics, and beside them what recounting its samples gives."""

    name: str
    scorer: str
    reducer: str | None
    n: int | None
    metrics: dict[str, float | None]
    recounted: dict[str, float | None]
    recounted_n: int | None = None


@dataclass
class ClusterTally:
    """Per-item tallies of a score: (trials in an item, sum of their scores, items alike), for interval arithmetic."""

    name: str
    reducer: str | None
    epochs: int
    binary: bool
    bounded: bool
    tallies: list[tuple[int, float, int]]


@dataclass
class Reading:
    """What an importer found in a log. `complete` is true only when nothing is missing and nothing disagrees."""

    format: str
    sha256: str = ""
    status: str | None = None
    task: str | None = None
    task_version: int | str | None = None
    model: str | None = None
    served_models: list[str] = field(default_factory=list)
    samples: SampleCounts = field(default_factory=SampleCounts)
    scores: list[ScoreReading] = field(default_factory=list)
    complete: bool = False
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    role_models: dict[str, list[str]] = field(default_factory=dict)
    tokens: dict[str, dict[str, int]] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    clusters: list[ClusterTally] = field(default_factory=list)
    size: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain data that strict JSON can carry."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Reading":
        """The reading that `as_dict` wrote."""
        return cls(
            **{
                **data,
                "samples": SampleCounts(**data["samples"]),
                "scores": [ScoreReading(**score) for score in data["scores"]],
                "clusters": [
                    ClusterTally(
                        **{**tally, "tallies": [(int(n), float(s), int(m)) for n, s, m in tally["tallies"]]}
                    )
                    for tally in data["clusters"]
                ],
            }
        )


def clean(value: Any, limit: int = 300) -> str | None:
    """A short text fit for pages and the database: no NUL, no control characters, no lone surrogates."""
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, str) and len(value) <= limit and value.isprintable():
        return value
    text = str(value)[: limit + 1].encode("utf-8", "replace").decode("utf-8")
    text = "".join(mark if mark.isprintable() else " " for mark in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def finite(value: Any) -> float | None:
    """A number that is one, else None: NaN, infinities and other types have no place in a reading."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def count(value: Any) -> int | None:
    """A whole number from 0 to 2**63 − 1, else None."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= INT64:
        return value
    return None


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one: a log's shapes are not to be trusted."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
