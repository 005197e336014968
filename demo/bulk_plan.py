"""What a bulk load writes, as tables: the ways a made case goes, step by step, and how many cases go which way.

Ways are legal paths of the lifecycle, shortened where a room would leave several entries (one entry tells of an
agreement with both signatures). To add a way, add a row to PATHS and its share to `bulk_sql.WAY`.
"""

import json
from dataclasses import dataclass
from typing import Final

from cases.rules import lifecycle


@dataclass(frozen=True)
class Step:
    """One audit entry of a way. `at` is a share of the case's time; `stage` is set where the case row changes."""

    kind: str
    who: str
    at: float
    stage: str | None = None
    closed_reason: str = ""
    about: str = "case"
    data: str = "{}"


def _data(**words: str | int) -> str:
    return json.dumps(words, sort_keys=True, separators=(",", ":"))


def _move(kind: str, name: str, who: str, at: float, closed_reason: str = "", *, frm: str) -> Step:
    to = next(m.to for m in lifecycle.MOVES if m.name == name and m.frm == frm)
    words = _data(
        move=name,
        from_stage=lifecycle.STAGES[frm].lower(),
        to_stage=lifecycle.STAGES[to].lower(),
        reason=lifecycle.CLOSED_REASONS.get(closed_reason, ""),
    )
    return Step(kind, who, at, to, closed_reason, data=words)


def _close(frm: str, reason: str, name: str = "close_early") -> Step:
    return _move("case.closed", name, "officer", 0.95, reason, frm=frm)


_DRAFTED: Final = Step("case.drafted", "liaison", 0.0, lifecycle.DRAFT)
_DISCARDED: Final = _move("case.discarded", "discard", "liaison", 0.2, "discarded", frm="draft")
_SUBMITTED: Final = (_DRAFTED, _move("case.submitted", "submit", "liaison", 0.05, frm="draft"))
_SCOPING: Final = (*_SUBMITTED, _move("case.acknowledged", "acknowledge", "officer", 0.1, frm="received"))
_ASSIGNED: Final = Step(
    "case.assigned", "officer", 0.15, about="assignment", data=_data(person="{evaluator}", role="evaluator")
)
_ACCESS: Final = (
    Step("agreement.signed", "lead", 0.4, about="agreement", data=_data(number=1, side="agency")),
    _move("case.moved", "begin_access", "lead", 0.4, frm="scoping"),
    Step("partner.concurred", "lead", 0.43, about="nomination", data=_data(side="agency")),
    Step("grant.issued", "officer", 0.45, about="grant"),
)
_DOCUMENTS: Final = _move("case.moved", "documents_only", "officer", 0.6, frm="scoping")
_BENCHMARK: Final = _move("case.moved", "benchmark", "officer", 0.6, frm="access")
_LABEL: Final = _move("case.moved", "label_without_evidence", "officer", 0.8, frm="benchmarking")
_OPENED: Final = Step("case.opened_by_government", "lead", 0.0, lifecycle.SCOPING)

# A name with "+" is the same way with an agreement, a window, a partner and its grant.
PATHS: Final[dict[str, tuple[Step, ...]]] = {
    "draft": (_DRAFTED,),
    "received": _SUBMITTED,
    "scoping": (*_SCOPING, _ASSIGNED),
    "access+": (*_SCOPING, _ASSIGNED, *_ACCESS),
    "benchmarking": (*_SCOPING, _ASSIGNED, _DOCUMENTS),
    "benchmarking+": (*_SCOPING, _ASSIGNED, *_ACCESS, _BENCHMARK),
    "labeling": (*_SCOPING, _ASSIGNED, _DOCUMENTS, _LABEL),
    "labeling+": (*_SCOPING, _ASSIGNED, *_ACCESS, _BENCHMARK, _LABEL),
    "completed": (*_SCOPING, _DOCUMENTS, _close("benchmarking", "completed")),
    "completed+": (*_SCOPING, *_ACCESS, _BENCHMARK, _close("benchmarking", "completed")),
    "lapsed": (*_SCOPING, _close("scoping", "lapsed", "lapse")),
    "duplicate": (*_SUBMITTED, _close("received", "duplicate")),
    "opened_in_error": (*_SUBMITTED, _close("received", "opened_in_error")),
    "withdrawn": (*_SCOPING, _move("case.withdrawn", "withdraw", "signatory", 0.5, frm="scoping")),
    "discarded": (_DRAFTED, _DISCARDED),
    "government": (_OPENED, _DOCUMENTS),
    "government_closed": (_OPENED, _DOCUMENTS, _close("benchmarking", "completed")),
}

# What a case's number and names are made of. A word stands in one of sixteen model names.
DEVELOPER_WORDS: Final = tuple("Alder Birch Cedar Dogwood Elm Fir Hazel Juniper Larch Maple Oak Pine".split())
MODEL_WORDS: Final = tuple(
    "Atlas Beacon Cirrus Delta Ember Fable Granite Helix Indigo Jetty Kestrel Lumen Mistral Nimbus Onyx Pike".split()
)


def step_rows() -> list[list[object]]:
    """The steps of all ways as columns for `unnest`: path, number, kind, who, at, stage, closed_reason, about, data."""
    rows = [
        (path, number, step.kind, step.who, step.at, step.stage, step.closed_reason, step.about, step.data)
        for path, steps in PATHS.items()
        for number, step in enumerate(steps, start=1)
    ]
    return [list(column) for column in zip(*rows, strict=True)]
