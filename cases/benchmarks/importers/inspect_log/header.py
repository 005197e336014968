"""What the header of an Inspect log says of itself, cleaned: the claims that the samples are compared with."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from cases.benchmarks.importers.base import Caps, Reading, Unreadable, clean, count, finite, listing, mapping
from cases.benchmarks.importers.inspect_log.metrics import grouping_keys

NEWEST_VERSION = 2


def decode(data: bytes, what: str) -> dict[str, Any]:
    """The JSON object of a header. Unreadable when it is none, or names a field twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Unreadable(f"The {what} names the same field twice.")
        return found

    try:
        header = json.loads(data, object_pairs_hook=once)
    except (ValueError, UnicodeError) as fault:
        raise Unreadable(f"The {what} is not valid JSON.") from fault
    return checked(header, what)


def checked(header: Any, what: str) -> dict[str, Any]:
    """The header if it describes an evaluation; Unreadable otherwise."""
    if not isinstance(header, dict) or not isinstance(header.get("eval"), dict):
        raise Unreadable(f"The {what} does not describe an evaluation.")
    if not header["eval"].get("task"):
        raise Unreadable(f"The {what} names no task.")
    return header


def score_entries(header: dict[str, Any], caps: Caps) -> list[dict[str, Any]]:
    """The score entries of the header's results."""
    scores = listing(mapping(header.get("results")).get("scores"))
    if len(scores) > caps.scores:
        raise Unreadable(f"The log lists {len(scores):,} scores; at most {caps.scores} are read.")
    return [entry for entry in scores if isinstance(entry, dict)]


def metadata_keys(header: dict[str, Any], caps: Caps) -> set[str]:
    """The sample metadata that the header's metrics group or cluster by."""
    keys: set[str] = set()
    for entry in score_entries(header, caps):
        for metric in mapping(entry.get("metrics")).values():
            keys |= grouping_keys(mapping(metric))
    return keys


def epochs(header: dict[str, Any]) -> int:
    """How many times each sample was to be run."""
    return count(mapping(header["eval"].get("config")).get("epochs")) or 1


def _version(value: Any) -> int | str | None:
    return value if count(value) is not None else clean(value, 80)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _instant(value: Any) -> str | None:
    """An instant in UTC as ISO text; None for anything without a zone."""
    try:
        found = datetime.fromisoformat(str(value))
        return found.astimezone(UTC).isoformat() if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _scalars(value: Any) -> dict[str, Any]:
    kept = {}
    for key, part in list(mapping(value).items())[:50]:
        if isinstance(part, bool) or part is None or count(part) is not None:
            kept[clean(key, 80) or "?"] = part
        elif isinstance(part, int | float):
            kept[clean(key, 80) or "?"] = finite(part)
        elif isinstance(part, str):
            kept[clean(key, 80) or "?"] = clean(part)
    return kept


def _provenance(header: dict[str, Any]) -> dict[str, Any]:
    spec, stats, plan = header["eval"], mapping(header.get("stats")), mapping(header.get("plan"))
    revision, config = mapping(spec.get("revision")), mapping(spec.get("config"))
    return {
        **{key: clean(spec.get(key), 120) for key in ("eval_id", "run_id", "task_id")},
        "created": _instant(spec.get("created")),
        "started_at": _instant(stats.get("started_at")),
        "completed_at": _instant(stats.get("completed_at")),
        "task_attribs": _scalars(spec.get("task_attribs")),
        "task_args": _scalars(spec.get("task_args")),
        "dataset": clean(mapping(spec.get("dataset")).get("name"), 120),
        "packages": _scalars(spec.get("packages")),
        "revision": _scalars(revision),
        "solver": [clean(mapping(step).get("solver"), 120) for step in listing(plan.get("steps"))[:50]],
        "scorers": [clean(mapping(entry).get("name"), 120) for entry in listing(spec.get("scorers"))[:50]],
        "epochs_reducer": [clean(name, 80) for name in listing(config.get("epochs_reducer"))[:50]],
        "limit": clean(config.get("limit"), 80),
        "generate_config": _scalars(spec.get("model_generate_config")),
        "generate_config_sha256": _digest(spec.get("model_generate_config")),
        "model_args_sha256": _digest(spec.get("model_args")),
        "metadata": _scalars(spec.get("metadata")),
    }


def fill(reading: Reading, header: dict[str, Any]) -> None:
    """Write the header's claims into the reading."""
    spec, results = header["eval"], mapping(header.get("results"))
    reading.status = clean(header.get("status"), 40)
    reading.task = clean(spec.get("task"))
    reading.task_version = _version(spec.get("task_version"))
    reading.model = clean(spec.get("model"))
    reading.provenance = _provenance(header)
    reading.samples.epochs = epochs(header)
    dataset = count(mapping(spec.get("dataset")).get("samples"))
    reading.samples.expected = None if dataset is None else dataset * epochs(header)
    reading.samples.total = count(results.get("total_samples"))
    reading.samples.completed = count(results.get("completed_samples"))
    declared = reading.provenance["task_attribs"].get("version")
    if declared is not None and declared != reading.task_version:
        reading.notes.append(
            f"The task version is {reading.task_version}; the task itself was declared with version {declared}."
        )


def begin(reading: Reading, first_sample_at: str | None) -> None:
    """The earliest instant the log names, which a rule must have been declared before."""
    known = [
        reading.provenance.get("created"),
        reading.provenance.get("started_at"),
        _instant(first_sample_at),
    ]
    instants = [datetime.fromisoformat(text) for text in known if text]
    reading.provenance["began_at"] = min(instants).isoformat() if instants else None
