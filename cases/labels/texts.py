"""The exact words that are signed, and the words the developer reads. Pure: a text follows from its snapshot alone,
so that what may change on screen (choices, titles) is taken from the snapshot, never looked up.

A text that is shown is shown with its digest, and what is signed or recorded must have that digest.
"""

import hashlib
from datetime import datetime
from typing import Any, Final

from cases.labels.models import outcome_choices
from cases.labels.packets import Packet, digest
from cases.rules.window import instant

Snapshot = dict[str, Any]

MEETS: Final = "meets_threshold"
DOES_NOT_MEET: Final = "does_not_meet_threshold"
NO_DETERMINATION: Final = "no_determination"
ELSEWHERE: Final = "recorded_elsewhere"

OUTCOMES: Final = dict(outcome_choices())

NO_LABEL: Final = "Review ended; no label recorded."
FACTS: Final = {
    MEETS: "Review ended; a label is recorded for this model version.",
    DOES_NOT_MEET: NO_LABEL,
    NO_DETERMINATION: NO_LABEL,
    ELSEWHERE: "Review ended; the outcome is recorded elsewhere and not stated here.",
}
NOTHING_DISCLOSED: Final = "Review ended; nothing of the determination is disclosed."


def text_digest(text: str) -> str:
    """SHA-256 of the text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def tidy(typed: str) -> str:
    """What a person typed, with one kind of line end and none around it, so that every browser gives the same bytes."""
    return typed.replace("\r\n", "\n").replace("\r", "\n").strip()


def determination_text(snapshot: Snapshot) -> str:
    """The determination as it is signed, from its snapshot alone; the same snapshot gives the same bytes."""
    packet = snapshot["packet"]
    parts = [
        "DETERMINATION\nExecutive Order 14409, section 3(a)",
        _head(snapshot, packet["subject"]),
        f"OUTCOME\n{snapshot['outcome_words']}",
        f"RATIONALE\n{snapshot['rationale']}",
        _listed(
            "FINDINGS", [_finding(finding, packet) for finding in packet["findings"]], "No accepted run."
        ),
        _listed("HIGH-SIDE POINTERS", [_pointer(pointer) for pointer in packet["pointers"]], "None."),
        _listed("DOCUMENTS", [_document(document) for document in packet["documents"]], "None."),
        _listed(
            "CONSULTATIONS",
            [_consultation(one) for one in snapshot["consultations"]],
            "No office was consulted.",
        ),
        _signer(snapshot["signer"]),
        f"Digest of the snapshot this text was made from: {digest(snapshot)}",
    ]
    return "\n\n".join(parts) + "\n"


def _head(snapshot: Snapshot, subject: dict[str, str]) -> str:
    policy, suite = snapshot["policy"], snapshot["suite_version"]
    lines = [
        ("Case", subject["case"]),
        ("Developer", subject["developer"]),
        ("Model version", f"{subject['model']} {subject['model_version']}, {subject['variant'].lower()}"),
        ("Checkpoint digest", subject["checkpoint_digest"] or "not stated"),
        ("Suite version", suite["name"] if suite else "none"),
        ("Policy version", f"{policy['number']}, digest {policy['text_digest']}"),
        ("Packet digest", snapshot["packet_digest"]),
    ]
    return "\n".join(f"{label}: {value}" for label, value in lines)


def _listed(title: str, lines: list[str], none: str) -> str:
    numbered = [f"{number}. {line}" for number, line in enumerate(lines, start=1)]
    return "\n".join([title, *(numbered or [none])])


def _finding(finding: dict[str, Any], packet: Packet) -> str:
    logs = {run["id"]: run["log_sha256"] for run in packet["runs"]}
    return (
        f"{finding['task']}, {finding['scorer']} {finding['metric']}: {finding['sentence']}\n"
        f"   rule digest {finding['rule_digest']}\n   log digest {logs[finding['run']]}"
    )


def _pointer(pointer: dict[str, str]) -> str:
    said = f" {pointer['cover_text']}" if pointer["cover_text"] else ""
    marking = pointer["referenced_marking"]
    return f"{pointer['holding_agency']}, {pointer['system']}, {pointer['control_number']} ({marking}).{said}"


def _document(document: dict[str, Any]) -> str:
    return f"{document['kind']}, version {document['version']}, digest {document['sha256']}"


def _consultation(one: dict[str, Any]) -> str:
    duty = "required" if one["required"] else "optional"
    said = f": {one['comment']}" if one["comment"] else ""
    return f"{one['office']} ({duty}): {one['answer_words']}{said}\n   asked on packet {one['packet_digest']}"


def _signer(signer: dict[str, str]) -> str:
    capacity = {"own": "in own capacity", "acting": "acting", "delegated": "by delegation"}[
        signer["capacity"]
    ]
    reference = f", delegation on file: {signer['delegation']}" if signer["delegation"] else ""
    return f"Signed by {signer['name']}, {signer['role'].lower()}, {signer['organisation']}, {capacity}{reference}."


def disclosed_text(snapshot: Snapshot, signed_at: datetime, extent: str, summary: str = "") -> str:
    """What the developer reads of a determination under `extent`. Of "does not meet" it is always the one sentence."""
    outcome = snapshot["outcome"]
    if extent == "none":
        return NOTHING_DISCLOSED
    if outcome == DOES_NOT_MEET or extent == "fact_only":
        return FACTS[outcome]
    suite = snapshot["suite_version"]
    measured = f" on {suite['name']}" if suite else ""
    opening = f"{FACTS[outcome]} Outcome{measured}, signed {instant(signed_at)}: {snapshot['outcome_words'].lower()}."
    return f"{opening}\n\n{snapshot['rationale'] if extent == 'full' else summary}"
