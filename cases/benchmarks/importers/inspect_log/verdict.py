"""Compare what an Inspect log says of itself with what its samples say, and write down every disagreement or gap.

Each check adds sentences with both figures; a log is complete when there are none. Add a check to CHECKS.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cases.benchmarks.importers.base import (
    MANY,
    Caps,
    ClusterTally,
    Reading,
    ScoreReading,
    clean,
    count,
    finite,
    listing,
    mapping,
)
from cases.benchmarks.importers.inspect_log.header import NEWEST_VERSION, begin, epochs, score_entries
from cases.benchmarks.importers.inspect_log.ledger import Ledger, Series
from cases.benchmarks.importers.inspect_log.metrics import Item, is_scored, number, recount, reduced, reducer

_CLOSE = 1e-6


@dataclass
class Found:
    """All that is known when a log has been read to its end."""

    header: dict[str, Any]
    ledger: Ledger
    reading: Reading
    caps: Caps
    reasons: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Note a disagreement or a gap."""
        self.reasons.append(sentence)


def some(names: Iterable[str]) -> str:
    """A few names and how many more there are."""
    listed = [clean(name, 80) or "?" for name in names]
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return ", ".join(listed[:3]) + more


def _status(found: Found) -> None:
    header = found.header
    if header.get("status") == "started":
        found.say("The log was never finished: its status is started.")
    elif header.get("status") != "success":
        found.say(f"The log's status is {found.reading.status}, not success.")
    if header.get("invalidated"):
        found.say("The log was marked as invalidated by its makers.")
    version = header.get("version", 1)
    if count(version) is None or version > NEWEST_VERSION:
        found.say(
            f"The log's format version is {clean(version, 40)}; {NEWEST_VERSION} is the newest this portal knows."
        )
    if header.get("error") and header.get("status") == "success":
        found.say("The log says success and carries an error.")
    if listing(mapping(mapping(header.get("results")).get("early_stopping")).get("early_stops")):
        found.say("Samples were stopped early.")


def _counts(found: Found) -> None:
    samples, ledger = found.reading.samples, found.ledger
    if samples.expected is None:
        found.say("The log does not say how many samples its task has.")
    elif samples.total is not None and samples.total != samples.expected:
        found.say(f"The task has {samples.expected} samples; the file declares {samples.total}.")
    if samples.expected is not None and ledger.counted != samples.expected:
        found.say(f"{samples.expected} samples were expected; the file has {ledger.counted}.")
    if samples.completed is not None and samples.completed != samples.completed_in_file:
        found.say(
            f"The file declares {samples.completed} completed samples; {samples.completed_in_file} are found in it."
        )
    if ledger.errored:
        found.say(f"{ledger.errored} of {ledger.counted} samples ended in an error.")
    if ledger.in_file == 0 and samples.completed:
        found.say("The file has no samples, so nothing can be recounted.")


def _identities(found: Found) -> None:
    ledger, spec = found.ledger, found.header["eval"]
    if ledger.twice:
        found.say(f"Samples appear more than once: {some(ledger.twice)}.")
    wanted = epochs(found.header)
    beyond = sorted(
        ledger.odd_epochs | {mask.bit_length() - 1 for mask in ledger.seen if mask >> (wanted + 1)}
    )
    if beyond:
        found.say(f"Samples are numbered with epochs the task does not have: {some(map(str, beyond))}.")
    declared = [str(name) for name in listing(mapping(spec.get("dataset")).get("sample_ids"))]
    if declared and ledger.in_file:
        known = set(declared)
        strangers = [name for name in ledger.ids if name not in known]
        absent = [name for name in declared if name not in ledger.ids]
        if strangers:
            found.say(f"Samples the task does not list are in the file: {some(strangers)}.")
        if absent:
            found.say(
                f"{len(absent)} of the {len(declared)} listed samples are not in the file: {some(absent)}."
            )
    if ledger.edited:
        found.say(f"Scores edited after scoring, {len(ledger.edited)}: {some(ledger.edited)}.")
    if ledger.unsaid:
        found.say(
            f"Scores that differ from the transcript's own, {len(ledger.unsaid)}: {some(ledger.unsaid)}."
        )
    if ledger.invalidated:
        found.say(f"{ledger.invalidated} samples were marked as invalidated by the log's makers.")


def _models(found: Found) -> None:
    ledger, reading = found.ledger, found.reading
    if len(ledger.served) > 1:
        answers = ", ".join(f"{name} in {times}" for name, times in sorted(ledger.served.items())[:4])
        found.say(f"More than one model answered as the model under test: {answers} samples.")
    if ledger.fallbacks:
        found.say(f"A fallback model answered in {ledger.fallbacks} samples.")
    if ledger.asked and reading.model and reading.model not in ledger.asked:
        found.say(
            f"The header names the model {reading.model}; the samples asked {some(sorted(ledger.asked))}."
        )
    if reading.samples.completed_in_file and not ledger.served:
        found.say("No sample says which model answered.")
    if ledger.odd_tokens:
        found.say(f"{ledger.odd_tokens} samples carry token counts that are no 64-bit count.")


def _same(own: float, recounted: float) -> bool:
    return math.isclose(own, recounted, rel_tol=_CLOSE, abs_tol=_CLOSE)


def _series(entry: dict[str, Any], ledger: Ledger) -> Series | None:
    """The values an entry was made from: a plain score, or one key of a score that is an object."""
    scorer, name = str(entry.get("scorer") or entry.get("name")), str(entry.get("name"))
    for place in ((scorer, name), (scorer, None), (name, None)):
        if place in ledger.series:
            return ledger.series[place]
    return None


def _items(entry: dict[str, Any], series: Series, ledger: Ledger) -> list[Item] | None:
    """The entry's items; without a reducer's name those are means, or single epochs if the entry counts those."""
    name = entry.get("reducer")
    items = ledger.items(series, name if name is None else str(name))
    if name is None and items is not None and entry.get("scored_samples") not in (None, len(items)):
        single = ledger.unreduced(series)
        return single if entry["scored_samples"] == len(single) else items
    return items


def _score(found: Found, entry: dict[str, Any]) -> ScoreReading:
    """One score entry with its recounted figures; what differs is said."""
    name, reduce = clean(entry.get("name"), 120) or "?", clean(entry.get("reducer"), 80)
    label = f"{name} ({reduce})" if reduce else name
    metrics = {clean(key, 120) or "?": mapping(value) for key, value in mapping(entry.get("metrics")).items()}
    own = {key: finite(metric.get("value")) for key, metric in metrics.items()}
    stated = count(entry.get("scored_samples"))
    scorer = clean(entry.get("scorer") or entry.get("name"), 120) or "?"
    score = ScoreReading(name, scorer, reduce, stated, own, {})
    for key, metric in metrics.items():
        if own[key] is None:
            found.say(f"The file's {key} of {label} is {clean(metric.get('value'), 40)}, which is no figure.")
    series = _series(entry, found.ledger)
    if series is None:
        if found.ledger.in_file and stated:
            found.say(f"The file states a score {label}; no sample bears one.")
        return score
    items = _items(entry, series, found.ledger)
    if items is None:
        found.reading.notes.append(f"The reducer {reduce} of {name} is not one the portal recounts.")
        return score
    score.recounted_n = len(items)
    score.n = len(items) if stated is None else stated
    if stated is not None and stated != len(items):
        found.say(f"The file counts {stated} scored samples of {label}; {len(items)} are found.")
    _figures(found, score, metrics, items, label)
    return score


def _figures(
    found: Found, score: ScoreReading, metrics: dict[str, dict[str, Any]], items: list[Item], label: str
) -> None:
    """Recount each metric of a score and say which differ from the file's own."""
    alone: list[str] = []
    for key, metric in metrics.items():
        own, again = score.metrics[key], recount(metric, items)
        if again is None:
            alone.append(key)
            continue
        score.recounted[key] = finite(again)
        if own is not None and not _same(own, again):
            found.say(
                f"The file states {key} {own:.6g} of {label}; recounted from its samples it is {again:.6g}."
            )
    if alone:
        found.reading.notes.append(f"Not recounted of {score.name}, the file's own figures: {some(alone)}.")


def _tally(entry: dict[str, Any], series: Series) -> ClusterTally | None:
    """The per-item tallies of an entry; samples that ended in an error count as missing, whatever score they bear."""
    reduce = reducer(entry.get("reducer"))
    if reduce is None:
        return None
    averaged = entry.get("reducer") in (None, "mean")
    alike: Counter[tuple[int, float]] = Counter()
    binary = bounded = True
    widest = 1
    for _, values in series.by_item(errored=False):
        scored = [number(value) for value in values if is_scored(value)]
        if not averaged:
            single = reduced(values, reduce)
            scored = [single] if is_scored(single) else []
        if scored:
            binary = binary and all(value in (0.0, 1.0) for value in scored)
            bounded = bounded and all(0.0 <= value <= 1.0 for value in scored)
            widest = max(widest, len(scored))
            alike[len(scored), math.fsum(scored) if all(map(math.isfinite, scored)) else 0.0] += 1
    tallies = [(size, total, times) for (size, total), times in sorted(alike.items())]
    name = clean(entry.get("name"), 120) or "?"
    return ClusterTally(name, clean(entry.get("reducer"), 80), widest, binary, bounded, tallies)


def _scores(found: Found) -> None:
    completed = found.reading.samples.completed_in_file
    told: set[str] = set()
    for entry in score_entries(found.header, found.caps):
        found.reading.scores.append(_score(found, entry))
        series = _series(entry, found.ledger)
        if series is None:
            continue
        tally = _tally(entry, series)
        if tally is not None:
            tally.epochs = epochs(found.header) if entry.get("reducer") in (None, "mean") else 1
            found.reading.clusters.append(tally)
        scored = sum(is_scored(v) and not e for v, e in zip(series.values, series.errored, strict=True))
        name = clean(entry.get("name"), 120) or "?"
        if scored < completed and name not in told:
            told.add(name)
            found.say(f"{completed - scored} of {completed} completed samples have no score {name}.")
    if found.header.get("status") == "success" and not found.reading.scores:
        found.say("The file states no score.")


CHECKS = (_status, _counts, _identities, _models, _scores)


def conclude(found: Found) -> Reading:
    """Run every check and finish the reading."""
    reading, ledger = found.reading, found.ledger
    reading.samples.in_file = ledger.in_file
    reading.samples.errored = ledger.errored
    reading.samples.completed_in_file = ledger.counted - ledger.errored
    reading.served_models = sorted(ledger.served)
    reading.role_models = {role: sorted(models) for role, models in sorted(ledger.helpers.items())}
    reading.tokens = dict(sorted(ledger.tokens.items()))
    begin(reading, ledger.began_at)
    for check in CHECKS:
        check(found)
    unique = list(dict.fromkeys(found.reasons))
    reading.reasons = unique[:MANY]
    if len(unique) > MANY:
        reading.reasons.append(f"There are {len(unique) - MANY} more.")
    reading.notes = list(dict.fromkeys(reading.notes))[:MANY]
    reading.complete = not unique
    return reading
