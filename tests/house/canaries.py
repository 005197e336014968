"""Canaries: every field that tells something of the case holds a word of its own, and the table of who may read which.

The words are written past the actions, into rows and their history alike, over the fields that `cases.rules.fields`
classes; so a new field is filled by itself. To open a kind of field to a role, add it to the role's row in READS.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from django.apps import apps
from django.db import connection, models

from cases.rules import fields

WORD: Final = re.compile(r"kanari\d{5}x")
# Classed metadata that nobody outside the case may read all the same; and what is looked up by its words.
OUTSIDE: Final = {"Case.tracking_number", "Model.name", "ModelVersion.name"}
LEFT: Final = {
    "Document.designation",
    "Run.refused",
}  # not texts of their own, or shown in another state alone
READERS: Final = frozenset({"lead", "officer", "evaluator", "official"})
SIDES: Final = {"liaison": "developer", "signatory": "developer", **dict.fromkeys(READERS, "agency")}
INSIDE_ALONE: Final = frozenset(
    "Note Recusal LegalHold Suite ThresholdRule Run Score Finding HighSidePointer Consultation Determination "
    "QuarantineDecision Spill".split()
)
BY_SIDE: Final = frozenset({"Concurrence.reason", "Suspension.reason"})
DEVELOPER_ALONE: Final = frozenset({"Readiness", "Obligation", "ObligationsNotice"})
AGENCY_ALONE: Final = frozenset({"Disclosure.reason"})
# What of content opens to those who read no case; `Model.field`.
INCIDENTS: Final = frozenset({"Incident.account", "Incident.lessons", "IncidentEntry.text"})
RECORDS: Final = frozenset(
    {*(f"LegalHold.{name}" for name in ("matter", "authority", "reason", "lift_reason")),
     *(f"FoiaRequest.{name}" for name in ("number", "asked_for", "objection", "objection_pages", "basis"))}
)  # fmt: skip
READS: Final[dict[str, frozenset[str]]] = {
    "partner": frozenset("Grant.tasks_allowed Grant.tasks_forbidden Grant.own_safeguards Document.title "
                         "DocumentVersion.file_name Incident.account TermsAcceptance.text "
                         "Model.name ModelVersion.name Case.tracking_number".split()),
    "consultee": frozenset("Consultation.question Consultation.packet Consultation.comment Document.title "
                           "DocumentVersion.file_name Model.name ModelVersion.name Case.tracking_number".split()),
    "evaluator2": frozenset({"Suite.purpose", "Model.name", "ModelVersion.name"}),  # named on the office's grant
    "auditor": frozenset(OUTSIDE),
    "records": frozenset({*RECORDS, *OUTSIDE}),
    "security": frozenset(
        {*INCIDENTS, *OUTSIDE, "Declaration.text", "Recusal.reason", "Recusal.lift_reason"}
        | {"QuarantineDecision.reason", "Spill.control_number"}
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Canary:
    """One word: of which field of which row, and of which side if it is a side's own."""

    word: str
    place: str
    side: str = ""


@dataclass
class Canaries:
    """All of them, by word."""

    found: dict[str, Canary] = field(default_factory=dict)

    def forbidden(self, role: str, text: str) -> list[str]:
        """The places of words in a text that this role may not read."""
        seen = (self.found[word] for word in set(WORD.findall(text)) if word in self.found)
        return sorted(one.place for one in seen if not may_read(role, one))


def may_read(role: str, canary: Canary) -> bool:
    """Whether the word may reach somebody of this role, for whom the case is its own."""
    model = canary.place.split(".")[0]
    if role in READS:
        own = role == "partner" and canary.place == "IncidentEntry.text" and canary.side == "reporter"
        return own or canary.place in READS[role]
    if role not in SIDES:
        return False
    if canary.place in BY_SIDE:
        return canary.side == SIDES[role]
    if model == "Declaration":
        return role == "lead"
    if SIDES[role] == "agency":
        return model not in DEVELOPER_ALONE
    return model not in INSIDE_ALONE and canary.place not in AGENCY_ALONE and canary.side != "agency"


def fill() -> Canaries:
    """Write a word of its own into every such field of every row, history included, past triggers and actions."""
    canaries, numbers = Canaries(), count(1)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for model in apps.get_app_config("cases").get_models():
            for one in _texts(model):
                _fill(cursor, model, one, canaries, numbers)
        cursor.execute("UPDATE cases_case SET search_text = search_text || ' ' || tracking_number")
        cursor.execute("SET LOCAL session_replication_role = origin")
    return canaries


def _texts(model: type[models.Model]) -> Iterable[models.Field]:
    """Fields to fill: free texts and JSON classed content or secret, and the few of OUTSIDE."""
    for one in model._meta.concrete_fields:
        place = f"{model.__name__}.{one.name}"
        told = fields.class_of(model.__name__, one.name) != fields.METADATA or place in OUTSIDE
        text = isinstance(one, models.CharField | models.TextField | models.JSONField) and not one.choices
        if (
            model.__name__ in fields.CLASSES
            and told
            and text
            and place not in LEFT
            and one.name != "storage_name"
        ):
            yield one


def _fill(
    cursor: Any, model: type[models.Model], one: models.Field, canaries: Canaries, numbers: Any
) -> None:
    place, table = f"{model.__name__}.{one.name}", model._meta.db_table
    manager = getattr(model._meta, "simple_history_manager_attribute", None)
    stored = getattr(model, manager).model._meta if manager else None
    has = stored is not None and any(kept.column == one.column for kept in stored.concrete_fields)
    kept = stored.db_table if has else None  # a secret that history leaves out has no column there
    for row in model._default_manager.all():
        if one.unique and place not in OUTSIDE:
            continue
        word = f"kanari{next(numbers):05d}x"
        value = getattr(row, one.attname)
        new = json.dumps(_inside(value, word)) if isinstance(one, models.JSONField) else word
        canaries.found[word] = Canary(word, place, getattr(row, "side", getattr(row, "audience", "")))
        for name in filter(None, (table, kept)):
            cursor.execute(f'UPDATE "{name}" SET "{one.column}" = %s WHERE id = %s', [new, row.pk])


def _inside(value: Any, word: str) -> Any:
    """A JSON value with the word added where nothing reads its shape."""
    if isinstance(value, dict) and value and all(isinstance(one, int | float) for one in value.values()):
        return {**value, word: 0.5}
    if (
        isinstance(value, dict)
        and value
        and all(isinstance(one, dict) and "note" in one for one in value.values())
    ):
        return {key: {**one, "note": word} for key, one in value.items()}
    if isinstance(value, dict):
        return {**value, "zz": word}
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return [*value, word]
    return value
