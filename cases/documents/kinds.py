"""Kinds of documents, one row each: who may add one, and which types of file it may be."""

from dataclasses import dataclass
from typing import Final

PDF = "application/pdf"
TEXT = "text/plain"
MARKDOWN = "text/markdown"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
JSON = "application/json"
CSV = "text/csv"
PAPERS: Final = (PDF, TEXT, MARKDOWN, WORD)

EXTENSIONS: Final = {
    PDF: (".pdf",), TEXT: (".txt",), MARKDOWN: (".md", ".markdown"), WORD: (".docx",), JSON: (".json",), CSV: (".csv",),
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One kind: `added_by` names kinds of organisation."""

    id: str
    label: str
    added_by: frozenset[str]
    types: tuple[str, ...] = PAPERS


def _kind(id: str, label: str, added_by: str, *more: str) -> Kind:
    return Kind(id, label, frozenset(added_by.split()), PAPERS + more)


_ALL: Final = (
    _kind("system_card", "System card", "developer"),
    _kind("model_card", "Model card", "developer"),
    _kind("red_team_report", "Red-team report", "developer"),
    _kind("cyber_evaluation_report", "Cyber evaluation report", "developer agency", JSON, CSV),
    _kind("self_assessment", "Developer self-assessment", "developer"),
    _kind("independent_report", "Independent evaluator's report", "developer"),
    _kind("safeguards_plan", "Safeguards plan", "developer"),
    _kind("isolation_attestation", "Isolation attestation", "developer agency"),
    _kind("weights_handling_plan", "Weights-handling plan", "developer agency"),
    _kind("security_plan", "Security plan", "developer agency"),
    _kind("nda", "Nondisclosure agreement", "developer agency"),
    _kind("access_agreement", "Access agreement or amendment", "developer agency"),
    _kind("personnel_list", "Personnel list", "developer agency"),
    _kind("third_party_notice", "Third-party obligations notice", "developer"),
    _kind("partner_terms", "Partner terms", "developer agency"),
    _kind("partner_findings", "Partner findings", "partner", JSON, CSV),
    _kind("incident_report", "Incident report", "developer agency partner"),
    _kind("destruction_certificate", "Return or destruction certificate", "agency partner"),
    _kind("notice", "Notice", "agency"),
    _kind("correspondence", "Correspondence", "developer agency"),
    _kind("meeting_record", "Meeting record", "agency"),
    _kind("delegation", "Delegation", "agency"),
    _kind("developer_response", "Developer response", "developer"),
)
KINDS: Final[dict[str, Kind]] = {kind.id: kind for kind in _ALL}


def kind_choices() -> list[tuple[str, str]]:
    """Choices of the kind field."""
    return [(kind.id, kind.label) for kind in _ALL]


def addable_by(organisation_kind: str) -> list[tuple[str, str]]:
    """Choices for a person of that kind of organisation."""
    return [(kind.id, kind.label) for kind in _ALL if organisation_kind in kind.added_by]
