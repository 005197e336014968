"""Kinds of documents, one row each: who may add one, what it is for, and which types of file it may be."""

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
    """One kind: `added_by` names kinds of organisation, `suggested` ones are often asked for."""

    id: str
    label: str
    added_by: frozenset[str]
    needed_for: str
    types: tuple[str, ...] = PAPERS
    suggested: bool = False


def _kind(
    id: str,
    label: str,
    added_by: str,
    needed_for: str,
    types: tuple[str, ...] = PAPERS,
    *,
    suggested: bool = False,
) -> Kind:
    return Kind(id, label, frozenset(added_by.split()), needed_for, types, suggested)


_ALL: Final = (
    _kind(
        "system_card",
        "System card",
        "developer",
        "What the model is, what it can do, and its safeguards",
        suggested=True,
    ),
    _kind("model_card", "Model card", "developer", "How the model was made and measured"),
    _kind(
        "red_team_report",
        "Red-team report",
        "developer",
        "What testers found",
        suggested=True,
    ),
    _kind(
        "cyber_evaluation_report",
        "Cyber evaluation report",
        "developer agency",
        "Results of cyber tests, with the scores as data",
        types=(*PAPERS, JSON, CSV),
        suggested=True,
    ),
    _kind(
        "self_assessment",
        "Developer self-assessment",
        "developer",
        "The developer's own view of whether the model is covered",
    ),
    _kind(
        "independent_report",
        "Independent evaluator's report",
        "developer",
        "The view of an evaluator from outside",
    ),
    _kind(
        "safeguards_plan",
        "Safeguards plan",
        "developer",
        "What the agreement lists as safeguards",
        suggested=True,
    ),
    _kind(
        "isolation_attestation",
        "Isolation attestation",
        "developer agency",
        "Evidence for the safeguards that are attested before the agreement is signed",
    ),
    _kind(
        "weights_handling_plan",
        "Weights-handling plan",
        "developer agency",
        "How weights are kept where they are handed over",
        suggested=True,
    ),
    _kind(
        "security_plan",
        "Security plan",
        "developer agency",
        "How the place of testing is secured",
        suggested=True,
    ),
    _kind(
        "nda", "Nondisclosure agreement", "developer agency", "Terms of confidentiality beside the agreement"
    ),
    _kind(
        "access_agreement",
        "Access agreement or amendment",
        "developer agency",
        "A signed paper of an agreement made elsewhere",
    ),
    _kind(
        "personnel_list",
        "Personnel list",
        "developer agency",
        "Who is to be listed in the agreement, before grants name people",
        suggested=True,
    ),
    _kind(
        "third_party_notice",
        "Third-party obligations notice",
        "developer",
        "What obligations to third parties allow to be shared",
    ),
    _kind(
        "partner_terms",
        "Partner terms",
        "developer agency",
        "Terms a partner accepts before its grant opens anything",
    ),
    _kind(
        "partner_findings",
        "Partner findings",
        "partner",
        "What a partner found under its grant",
        types=(*PAPERS, JSON, CSV),
    ),
    _kind(
        "incident_report",
        "Incident report",
        "developer agency partner",
        "The account of an incident as a paper",
    ),
    _kind(
        "destruction_certificate",
        "Return or destruction certificate",
        "agency partner",
        "Return or destruction after a grant ended",
    ),
    _kind("notice", "Notice", "agency", "The agency's notices"),
    _kind("correspondence", "Correspondence", "developer agency", "Letters and mails of the case"),
    _kind("meeting_record", "Meeting record", "agency", "What was said at a meeting"),
    _kind("delegation", "Delegation", "agency", "The delegation under which somebody signs"),
    _kind(
        "developer_response",
        "Developer response",
        "developer",
        "The answer of the developer to what is disclosed",
    ),
)
KINDS: Final[dict[str, Kind]] = {kind.id: kind for kind in _ALL}


def kind_choices() -> list[tuple[str, str]]:
    """Choices of the kind field."""
    return [(kind.id, kind.label) for kind in _ALL]


def suggested() -> list[Kind]:
    """The kinds that are often asked for; nothing stops where one is missing."""
    return [kind for kind in _ALL if kind.suggested]


def addable_by(organisation_kind: str) -> list[tuple[str, str]]:
    """Choices for a person of that kind of organisation."""
    return [(kind.id, kind.label) for kind in _ALL if organisation_kind in kind.added_by]
