"""Every role, in sentences, with its permissions. To add a role, add one row here."""

from dataclasses import dataclass
from typing import Final

DEVELOPER: Final = "developer"
AGENCY: Final = "agency"
PARTNER: Final = "partner"
OVERSIGHT: Final = "oversight"
OPERATOR: Final = "operator"
ORGANISATION_KINDS: Final = {
    DEVELOPER: "AI developer",
    AGENCY: "Government office",
    PARTNER: "Trusted partner",
    OVERSIGHT: "Oversight body",
    OPERATOR: "Portal operator",
}


@dataclass(frozen=True)
class Role:
    """One role: its stable id, its name on screen, the kinds of organisation it exists in, and what it may do."""

    id: str
    title: str
    kinds: frozenset[str]
    sentence: str
    permissions: frozenset[str]


def _role(id: str, title: str, kind: str, sentence: str, *permissions: str) -> Role:
    return Role(id, title, frozenset(kind.split()), sentence, frozenset(permissions))


_ALL: Final = (
    _role(
        "liaison",
        "Developer liaison",
        DEVELOPER,
        "Drafts and submits cases, uploads documents, answers questions, states release dates, nominates partners.",
        "case.draft", "case.edit_draft", "case.submit", "case.recall", "case.discard", "release.state",
        "document.upload", "document.withdraw", "document.share", "document.readers", "spill.declare", "partner.nominate",
        "credential.store", "response.record", "agreement.amend",
        "case.sight",
        "readiness.keep", "readiness.attest", "incident.report", "question.answer", "foia.answer",
    ),
    _role(
        "developer_signatory",
        "Developer's signing official",
        DEVELOPER,
        "Signs agreements and amendments, concurs on partners, answers questions, withdraws cases.",
        "agreement.sign_developer", "agreement.begin_access", "partner.concur_developer", "partner.nominate", "case.withdraw",
        "grant.suspend", "credential.store", "document.readers", "response.record", "agreement.amend",
        "case.sight",
        "readiness.keep", "readiness.attest", "incident.report", "question.answer", "foia.answer",
    ),
    _role(
        "framework_lead",
        "Framework lead (agency signing official)",
        AGENCY,
        "Signs agreements and policy versions for the agency, concurs on partners, opens government cases.",
        "agreement.sign_agency", "agreement.begin_access", "spill.declare", "partner.concur_agency", "partner.nominate", "case.open_government",
        "policy.sign", "case.recuse", "note.write", "note.read", "grant.end", "case.sight", "incident.report",
        "safeguard.attest", "case.lift_recusal", "conflict.declare", "conflict.read",
    ),
    _role(
        "case_officer",
        "Case officer",
        AGENCY,
        "Runs the case: acknowledges, assigns, asks the developer, drafts the agreement, opens consultations, closes.",
        "case.acknowledge", "case.assign", "case.advance", "spill.declare", "case.close", "case.recuse", "note.write", "note.read",
        "agreement.draft", "grant.issue", "grant.name_people", "grant.end", "grant.close_out", "document.mark",
        "document.upload", "consultation.open", "disclosure.record", "agreement.amend",
        "case.sight", "incident.report", "safeguard.attest", "conflict.declare", "question.ask",
    ),
    _role(
        "evaluator",
        "Evaluator",
        AGENCY,
        "Registers suites and rules, imports and accepts runs, writes findings.",
        "suite.register", "rule.declare", "spill.declare", "rule.agree", "run.import", "run.accept", "pointer.record",
        "note.write", "note.read", "incident.report", "conflict.declare", "question.ask",
    ),
    _role(
        "consultee",
        "Consulted office",
        AGENCY,
        "Sees the consultation packet and answers it; sees nothing else of a case by default.",
        "consultation.answer", "conflict.declare",
    ),
    _role(
        "determining_official",
        "Determining official",
        AGENCY,
        "Signs and rescinds determinations and labels.",
        "determination.sign", "spill.declare", "note.read", "incident.report", "conflict.declare",
    ),
    _role(
        "security_manager",
        "Security manager",
        AGENCY,
        "Sees suspected spills through, decides about versions in quarantine, sees incidents through, suspends access on an incident, sees security metadata.",
        "spill.declare", "spill.close", "quarantine.decide", "grant.suspend", "document.readers", "incident.report", "incident.handle",
        "conflict.declare", "conflict.read",
    ),
    _role(
        "records_officer",
        "Records officer",
        AGENCY,
        "Sets retention classes, places and lifts legal holds, tracks FOIA requests.",
        "records.hold", "records.retention", "foia.track", "incident.report", "conflict.declare",
    ),
    _role(
        "partner_representative",
        "Partner representative",
        PARTNER,
        "Accepts terms, uses its own grant, uploads findings, reports incidents, files its own certificate; sees nothing beyond its grant.",
        "grant.accept_terms", "grant.use", "grant.close_out", "findings.upload", "incident.report",
        "conflict.declare",
    ),
    _role(
        "auditor",
        "Auditor",
        OVERSIGHT,
        "Reads all history and metadata, and verifies it; contents only through a time-boxed, logged grant.",
        "history.read_all", "history.verify", "audit.note", "document.readers", "case.sight",
    ),
    _role(
        "organisation_administrator",
        "Organisation administrator",
        " ".join(ORGANISATION_KINDS),
        "Invites, changes and removes the organisation's own people; reads no case content by this role.",
        "people.manage_own",
    ),
    _role(
        "platform_administrator",
        "Platform administrator",
        OPERATOR,
        "Manages accounts, organisations and the roster; reads no case content.",
        "people.manage_all",
    ),
)  # fmt: skip

ROLES: Final[dict[str, Role]] = {role.id: role for role in _ALL}


def holders_of(permission: str) -> frozenset[str]:
    """Ids of the roles that carry `permission`."""
    return frozenset(role.id for role in _ALL if permission in role.permissions)


def role_choices() -> list[tuple[str, str]]:
    """Choices for a role field. A named callable, so that a new role needs no migration."""
    return [(role.id, role.title) for role in _ALL]


def kind_choices() -> list[tuple[str, str]]:
    """Choices for an organisation's kind."""
    return list(ORGANISATION_KINDS.items())


def capacity_choices() -> list[tuple[str, str]]:
    """In what capacity an appointment is held."""
    return [("own", "in own capacity"), ("acting", "acting"), ("delegated", "by delegation")]
