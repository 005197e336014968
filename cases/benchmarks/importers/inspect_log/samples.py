"""One sample of an Inspect log: the few facts the portal needs of it, from any shape it is stored in."""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from cases.benchmarks.importers.base import Damaged, clean, count, listing, mapping
from cases.benchmarks.importers.jsonstream import JsonStream, TooLarge

Scalar = str | int | float | bool | None

# What is kept of a sample that is too large to be decoded at once; everything else is passed over.
KEPT = frozenset(
    "id epoch scores metadata output error limit model_usage invalidation model_fallbacks started_at".split()
)


@dataclass(slots=True)
class Sample:
    """The facts of one sample. `values` are score values by (scorer, key); the key is None for a plain value."""

    id: str
    epoch: int
    errored: bool
    values: dict[tuple[str, str | None], Scalar]
    metadata: dict[str, Scalar]
    served: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    helpers: set[tuple[str, str]] = field(default_factory=set)
    tokens: dict[str, dict[str, int]] = field(default_factory=dict)
    edited: list[str] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)
    invalidated: bool = False
    fallback: bool = False
    odd_tokens: bool = False
    started_at: str | None = None

    @property
    def digest(self) -> int:
        """A checksum of the outcome, to compare a sample with its row in the log's summaries."""
        outcome = (self.errored, sorted((repr(place), repr(value)) for place, value in self.values.items()))
        return zlib.crc32(repr(outcome).encode("utf-8", "replace"))


def trimmed_event(event: Any) -> dict[str, Any] | None:
    """Of an event only what says which model answered or what a scorer gave; None for every other kind."""
    kind = mapping(event).get("event")
    if kind == "score":
        score = {"value": mapping(event.get("score")).get("value")}
        return {
            "event": kind,
            "scorer": event.get("scorer"),
            "score": score,
            "intermediate": event.get("intermediate"),
        }
    if kind != "model":
        return None
    output = mapping(event.get("output"))
    return {
        "event": kind,
        "model": event.get("model"),
        "role": event.get("role"),
        "error": event.get("error"),
        "output": {"model": output.get("model"), "choices": bool(output.get("choices"))},
    }


def large_sample(stream: JsonStream) -> dict[str, Any]:
    """The sample at the cursor, event by event, when it is too large to decode at once."""
    sample: dict[str, Any] = {}
    for key in stream.fields():
        if key == "events" and stream.peek() == "[":
            sample["events"] = large_events(stream)
        elif key in KEPT:
            try:
                sample[key] = stream.value()
            except TooLarge:
                raise Damaged(f"its {key} is too large") from None
        else:
            stream.skip()
    return sample


def large_events(stream: JsonStream) -> list[dict[str, Any]]:
    """The model and score events of the list at the cursor; a single event over the limit is passed over."""
    events: dict[str, dict[str, Any]] = {}
    for _ in stream.items():
        try:
            event = trimmed_event(stream.value())
        except TooLarge:
            stream.skip()
            continue
        if event is not None:
            events.setdefault(repr(event), event)
    return list(events.values())


def _scalar(value: Any) -> Scalar:
    return value if isinstance(value, str | int | float | bool) else None


def _values(scores: dict[str, Any], facts: Sample) -> None:
    for scorer, score in scores.items():
        if not isinstance(score, dict):
            raise Damaged(f"its score {clean(scorer, 80)} is not an object")
        if score.get("history"):
            facts.edited.append(clean(scorer, 80) or "?")
        value = score.get("value")
        if isinstance(value, dict):
            facts.values.update({(scorer, str(key)): _scalar(part) for key, part in value.items()})
        elif isinstance(value, list):
            facts.values.update({(scorer, str(place)): _scalar(part) for place, part in enumerate(value)})
        else:
            facts.values[(scorer, None)] = _scalar(value)


def _telling(sample: dict[str, Any]) -> list[dict[str, Any]]:
    """The events that say who answered or what a scorer gave: two of every dozen or more."""
    events = listing(sample.get("events"))
    return [one for one in events if isinstance(one, dict) and one.get("event") in ("model", "score")]


def _unsaid(sample: dict[str, Any], events: list[dict[str, Any]], facts: Sample) -> None:
    """Scores that no score event of the transcript bears, though it has events of that scorer."""
    given: dict[str, set[str]] = {}
    for event in events:
        if event["event"] == "score" and not event.get("intermediate"):
            given.setdefault(str(event.get("scorer")), set()).add(
                repr(mapping(event.get("score")).get("value"))
            )
    for scorer, score in mapping(sample.get("scores")).items():
        known = given.get(scorer)
        if known and repr(score.get("value")) not in known and not score.get("history"):
            facts.unsaid.append(clean(scorer, 80) or "?")


def _models(sample: dict[str, Any], events: list[dict[str, Any]], model: str | None, facts: Sample) -> None:
    """Who answered: the model under test, and helpers by role (a judge, say), from the events and the output."""
    for event in events:
        if event["event"] != "model":
            continue
        asked, output = clean(event.get("model")), mapping(event.get("output"))
        answered = clean(output.get("model"))
        role = clean(event.get("role"), 80)
        if role is None and asked:
            facts.asked.add(asked)
        if not answered or not output.get("choices") or event.get("error"):
            continue
        if role is None and asked in (model, None):
            facts.served.add(answered)
        else:
            facts.helpers.add((role or asked or "?", answered))
    output = mapping(sample.get("output"))
    final = clean(output.get("model"))
    if final and output.get("choices") and not sample.get("error"):
        facts.served.add(final)


def _tokens(usage: dict[str, Any], facts: Sample) -> None:
    for model, figures in usage.items():
        row: dict[str, int] = {}
        for kind, value in mapping(figures).items():
            if isinstance(value, int) and not isinstance(value, bool) and "tokens" in kind:
                known = count(value)
                facts.odd_tokens |= known is None
                row[str(kind)] = known or 0
        facts.tokens[clean(model) or "?"] = row


def facts_of(sample: Any, model: str | None, wanted: Callable[[], Iterable[str]]) -> Sample:
    """The facts of a decoded sample; `wanted` gives the metadata keys that metrics group by. Raises Damaged."""
    facts = outcome_of(sample, wanted)
    events = _telling(sample)
    _unsaid(sample, events, facts)
    _models(sample, events, model, facts)
    _tokens(mapping(sample.get("model_usage")), facts)
    return facts


def outcome_of(sample: Any, wanted: Callable[[], Iterable[str]] = tuple) -> Sample:
    """Only what the sample is and how it ended: all that a row of the summaries is compared by. Raises Damaged."""
    if not isinstance(sample, dict):
        raise Damaged("it is not an object")
    name, epoch = sample.get("id"), sample.get("epoch", 1)
    if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
        raise Damaged("it has no id")
    if isinstance(epoch, bool) or not isinstance(epoch, int):
        raise Damaged("its epoch is not a whole number")
    metadata = mapping(sample.get("metadata"))
    facts = Sample(
        id=str(name),
        epoch=epoch,
        errored=bool(sample.get("error")),
        values={},
        metadata={key: _scalar(metadata[key]) for key in wanted() if key in metadata},
        invalidated=bool(sample.get("invalidation")),
        fallback=bool(sample.get("model_fallbacks")),
        started_at=clean(sample.get("started_at"), 40),
    )
    _values(mapping(sample.get("scores")), facts)
    return facts
