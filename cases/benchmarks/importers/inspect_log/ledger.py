"""The sums kept while samples go by: ids, scores, models, tokens. Memory follows ids and not transcripts."""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from sys import intern

from cases.benchmarks.importers.base import INT64
from cases.benchmarks.importers.inspect_log.metrics import Item, is_scored, number, reduced, reducer
from cases.benchmarks.importers.inspect_log.samples import Sample, Scalar

_EPOCHS = 100_000
_NOTHING: dict[str, Scalar] = {}


@dataclass
class Series:
    """The values of one score: parallel columns of item, epoch, value, and whether the sample ended in an error."""

    items: "array[int]" = field(default_factory=lambda: array("l"))
    epochs: "array[int]" = field(default_factory=lambda: array("l"))
    values: list[Scalar] = field(default_factory=list)
    errored: bytearray = field(default_factory=bytearray)

    def add(self, item: int, epoch: int, value: Scalar, errored: bool) -> None:
        self.items.append(item)
        self.epochs.append(epoch)
        self.values.append(intern(value) if isinstance(value, str) and len(value) < 20 else value)
        self.errored.append(errored)

    def by_item(self, *, errored: bool) -> Iterator[tuple[int, list[Scalar]]]:
        """Each item with its values in the order of epochs; those of errored samples only if asked for."""
        order = sorted(range(len(self.values)), key=lambda row: (self.items[row], self.epochs[row]))
        current = -1
        values: list[Scalar] = []
        for row in order:
            if self.errored[row] and not errored:
                continue
            if self.items[row] != current:
                if values:
                    yield current, values
                current, values = self.items[row], []
            values.append(self.values[row])
        if values:
            yield current, values

    @property
    def unscored(self) -> int:
        """Values that stand for no score."""
        return sum(not is_scored(value) for value in self.values)


@dataclass
class Ledger:
    """Everything counted from the samples of one log."""

    model: str | None
    wanted: set[str] = field(default_factory=set)
    ids: dict[str, int] = field(default_factory=dict)
    seen: list[int] = field(default_factory=list)
    metadata: list[dict[str, Scalar]] = field(default_factory=list)
    series: dict[tuple[str, str | None], Series] = field(default_factory=dict)
    in_file: int = 0
    errored: int = 0
    twice: list[str] = field(default_factory=list)
    odd_epochs: set[int] = field(default_factory=set)
    served: Counter[str] = field(default_factory=Counter)
    asked: set[str] = field(default_factory=set)
    helpers: dict[str, set[str]] = field(default_factory=dict)
    tokens: dict[str, dict[str, int]] = field(default_factory=dict)
    edited: list[str] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)
    digests: dict[int, int] = field(default_factory=dict)
    invalidated: int = 0
    fallbacks: int = 0
    odd_tokens: int = 0
    began_at: str | None = None

    def add(self, sample: Sample) -> None:
        """Count a sample, once for each (id, epoch)."""
        self.in_file += 1
        item = self.ids.setdefault(sample.id, len(self.ids))
        if item == len(self.seen):
            self.seen.append(0)
            self.metadata.append(sample.metadata or _NOTHING)
        if not 1 <= sample.epoch < _EPOCHS:
            self.odd_epochs.add(sample.epoch)
            return
        if self.seen[item] >> sample.epoch & 1:
            self.twice.append(f"{sample.id} epoch {sample.epoch}")
            return
        self.seen[item] |= 1 << sample.epoch
        self.errored += sample.errored
        self.digests[item * _EPOCHS + sample.epoch] = sample.digest
        for place, value in sample.values.items():
            self.series.setdefault(place, Series()).add(item, sample.epoch, value, sample.errored)
        self._who(sample)

    def _who(self, sample: Sample) -> None:
        for name in sample.served:
            self.served[name] += 1
        self.asked |= sample.asked
        for role, model in sample.helpers:
            self.helpers.setdefault(role, set()).add(model)
        for model, usage in sample.tokens.items():
            row = self.tokens.setdefault(model, {})
            for kind, amount in usage.items():
                row[kind] = min(INT64, row.get(kind, 0) + amount)
        self.edited.extend(f"{score} of {sample.id} epoch {sample.epoch}" for score in sample.edited)
        self.unsaid.extend(f"{score} of {sample.id} epoch {sample.epoch}" for score in sample.unsaid)
        self.invalidated += sample.invalidated
        self.fallbacks += sample.fallback
        self.odd_tokens += sample.odd_tokens
        if sample.started_at and (self.began_at is None or sample.started_at < self.began_at):
            self.began_at = sample.started_at

    def agrees(self, row: Sample) -> bool | None:
        """Whether a row of the log's summaries bears the outcome of its sample; None when there is no such sample."""
        item = self.ids.get(row.id)
        digest = None if item is None else self.digests.get(item * _EPOCHS + row.epoch)
        return None if digest is None else digest == row.digest

    @property
    def counted(self) -> int:
        """Distinct (id, epoch) pairs."""
        return sum(mask.bit_count() for mask in self.seen)

    def items(self, series: Series, name: str | None) -> list[Item] | None:
        """A score's items reduced by the reducer of that name, unscored ones left out; None for an unknown reducer."""
        reduce = reducer(name)
        if reduce is None:
            return None
        pairs = ((item, reduced(values, reduce)) for item, values in series.by_item(errored=True))
        return [(value, self.metadata[item]) for item, value in pairs if is_scored(value)]

    def unreduced(self, series: Series) -> list[Item]:
        """A score's epochs as items of their own."""
        return [
            (number(value), self.metadata[item])
            for item, value in zip(series.items, series.values, strict=True)
            if is_scored(value)
        ]
