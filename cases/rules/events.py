"""Every event of the programme: its sentence, who is told, and who may read it in the history.

To add an event, add one row. Audiences are words, resolved to people in `visibility.people`. Sentences are
completed with the words in braces from the entry's data, none of which may be content.
"""

import re
from dataclasses import dataclass
from typing import Final

# Who may read an entry. The auditor reads every one.
AGENCY: Final = "agency"
DEVELOPER: Final = "developer"
PARTNER: Final = "partner"  # a partner's own grant, offer or upload
CONSULTEE: Final = "consultee"  # the consulted office's own request and answer

# Who is told (roles on the case).
LIAISON: Final = "liaison"
SIGNATORY: Final = "developer_signatory"
LEAD: Final = "framework_lead"
OFFICER: Final = "case_officer"
EVALUATOR: Final = "evaluator"
DETERMINER: Final = "determining_official"
SECURITY: Final = "security_manager"
RECORDS: Final = "records_officer"

_BOTH = frozenset({AGENCY, DEVELOPER})
_AGENCY = frozenset({AGENCY})
_DEVELOPER = frozenset({DEVELOPER})
_GRANT = frozenset({AGENCY, DEVELOPER, PARTNER})
_ASKED = frozenset({AGENCY, CONSULTEE})
_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Event:
    """One kind of thing that happens: `kind` is stored, the rest may change. A `private` one no auditor's page shows."""

    kind: str
    sentence: str
    readers: frozenset[str]
    told: tuple[str, ...] = ()
    private: bool = False


_ALL: Final = (
    # the register
    Event("case.drafted", "drafted the case", _DEVELOPER),
    Event("case.edited", "changed the draft", _DEVELOPER),
    Event("case.discarded", "discarded the draft", _DEVELOPER),
    Event("case.submitted", "submitted the case", _BOTH, (OFFICER, LEAD, SIGNATORY)),
    Event("case.recalled", "recalled the submission", _BOTH, (OFFICER, SIGNATORY)),
    Event("case.acknowledged", "acknowledged the submission", _BOTH, (LIAISON, SIGNATORY)),
    Event("case.opened_by_government", "opened the case for the government", _AGENCY, (OFFICER, LEAD)),
    Event("case.assigned", "assigned {person} as {role}", _AGENCY, (EVALUATOR, OFFICER)),
    Event("case.unassigned", "ended the assignment of {person} as {role}", _AGENCY),
    Event("case.moved", "moved the case from {from_stage} to {to_stage}", _BOTH, (LIAISON, SIGNATORY, EVALUATOR)),
    Event("case.withdrawn", "withdrew the case; every grant ended", _BOTH, (LIAISON, SIGNATORY, OFFICER, LEAD, EVALUATOR)),
    Event("case.closed", "closed the case: {reason}", _BOTH, (LIAISON, SIGNATORY, LEAD)),
    Event("case.recusal_recorded", "recorded a recusal", _AGENCY),
    Event("sight.opened", "looked at what {organization} can see of the case", _NOBODY),
    Event("case.recusal_lifted", "lifted a recusal", _AGENCY, (OFFICER,)),
    Event("conflict.none_declared", "declared no conflict of interest", _AGENCY),
    Event("conflict.declared", "declared a conflict of interest and is recused", _AGENCY, (OFFICER, LEAD)),
    Event("release.stated", "stated a {kind} date ({state})", _BOTH, (OFFICER, LEAD)),
    Event("note.written", "wrote an agency note", _AGENCY),
    # readiness: the developer's own, in a stream of its own, told to nobody
    Event("readiness.answered", "changed the answers", _DEVELOPER, private=True),
    Event("readiness.obligation_listed", "listed an obligation", _DEVELOPER, private=True),
    Event("readiness.obligation_changed", "changed an obligation", _DEVELOPER, private=True),
    Event("readiness.obligation_removed", "took an obligation off the list", _DEVELOPER, private=True),
    Event("readiness.obligation_restored", "put an obligation back on the list", _DEVELOPER, private=True),
    Event("readiness.notice_attested", "attested notice {number}", _DEVELOPER, private=True),
    Event("readiness.notice_filed", "filed notice {number} into the case", _DEVELOPER, private=True),
    # documents
    Event("document.uploaded", "uploaded a {kind}", _BOTH, (OFFICER,)),
    Event("document.version_added", "added version {number} of a {kind}", _BOTH, (OFFICER,)),
    Event("document.scanned", "scanned version {number} of a {kind}; it is available", _BOTH),
    Event("document.quarantined", "put version {number} of a {kind} in quarantine: {finding}", _BOTH, (SECURITY,)),
    Event("document.scan_waits", "could not reach the virus scanner; version {number} of a {kind} waits", _BOTH),
    Event("document.damaged", "found the stored bytes of version {number} of a {kind} not as received", _BOTH, (SECURITY, OFFICER)),
    Event("document.restored", "found the stored bytes of version {number} of a {kind} as received again", _BOTH, (SECURITY, OFFICER)),
    Event("document.released", "released version {number} of a {kind} from quarantine", _BOTH, (OFFICER,)),
    Event("document.kept", "kept version {number} of a {kind} in quarantine", _BOTH, (OFFICER,)),
    Event("spill.declared", "froze a document as a suspected spill", _BOTH, (SECURITY, OFFICER, LEAD, LIAISON)),
    Event("spill.declared_inside", "froze a document of the agency as a suspected spill", _AGENCY, (SECURITY, OFFICER, LEAD)),
    Event("spill.closed", "ended a suspected spill: {outcome}", _BOTH, (OFFICER, LEAD, LIAISON)),
    Event("spill.closed_inside", "ended a suspected spill within the agency: {outcome}", _AGENCY, (OFFICER, LEAD)),
    Event("document.marked", "set a document's marking to {marking}", _BOTH, (LIAISON,)),
    Event("document.shared", "shared a document with a grant", _GRANT),
    Event("document.withdrawn", "withdrew a document; its bytes are kept", _BOTH, (OFFICER,)),
    Event("document.opened", "opened a {kind}, version {number}", _BOTH),
    # files on their way: the auditor's alone, since what comes of them is told above
    Event("upload.begun", "began to upload a file", _NOBODY),
    Event("upload.received", "sent the last byte of a file", _NOBODY),
    Event("upload.ended", "an upload ended: {why}", _NOBODY),
    # access
    Event("agreement.drafted", "drafted version {number} of the access agreement", _BOTH, (SIGNATORY, LEAD)),
    Event("agreement.signed", "signed version {number} of the access agreement for the {side}", _BOTH, (SIGNATORY, LEAD, OFFICER)),
    Event("agreement.attested", "attested a safeguard: {safeguard}", _BOTH, (SIGNATORY, LEAD, OFFICER)),
    Event("window.opened", "set the access window", _BOTH, (SIGNATORY, LIAISON, LEAD)),
    Event("window.cut", "ended the access window at {instant}: {cause}", _BOTH, (SIGNATORY, LIAISON, OFFICER)),
    Event("partner.nominated", "nominated a trusted partner", _BOTH, (SIGNATORY, LEAD)),
    Event("partner.concurred", "concurred on the partner for the {side}", _BOTH, (SIGNATORY, LEAD, OFFICER)),
    Event("partner.retracted", "retracted the concurrence for the {side}; the grant ended", _GRANT, (SIGNATORY, LEAD, OFFICER)),
    Event("grant.issued", "issued a grant", _GRANT, (SIGNATORY, LEAD)),
    Event("grant.person_named", "named {person} on a grant", _GRANT, (OFFICER, SIGNATORY)),
    Event("grant.person_ended", "ended the access of {person} under a grant", _GRANT, (OFFICER, SIGNATORY)),
    Event("grant.terms_accepted", "accepted the partner terms", _GRANT, (OFFICER, SIGNATORY)),
    Event("credential.stored", "stored endpoint and secret of a grant", _GRANT, (OFFICER, SIGNATORY)),
    Event("credential.withdrawn", "withdrew endpoint and secret of a grant", _GRANT, (OFFICER, SIGNATORY)),
    Event("credential.revealed", "was shown endpoint and secret of a grant", _GRANT, (LIAISON, SIGNATORY)),
    Event("credential.removed", "removed endpoint and secret of a grant that had ended", _GRANT),
    Event("findings.uploaded", "uploaded findings under a grant", _GRANT, (OFFICER, LIAISON, SIGNATORY, EVALUATOR)),
    Event("grant.suspended", "suspended a grant for the {side}", _GRANT, (OFFICER, SIGNATORY, SECURITY)),
    Event("grant.resumed", "resumed a grant for the {side}", _GRANT, (OFFICER, SIGNATORY, SECURITY)),
    Event("grant.ended", "ended a grant: {reason}", _GRANT, (OFFICER, SIGNATORY)),
    Event("grant.closed_out", "filed the return or destruction certificate", _GRANT, (OFFICER, SIGNATORY)),
    # incidents: who else is told by severity stands in severity.py
    Event("incident.reported", "reported an incident", _BOTH, (SECURITY, OFFICER, LIAISON)),
    Event("incident.first_report", "wrote the first report on an incident", _BOTH, (OFFICER, LEAD, LIAISON)),
    Event("incident.late", "noted that the first report on an incident is late", _AGENCY),
    Event("incident.noted", "wrote in the timeline of an incident", _BOTH, (SECURITY, LIAISON)),
    Event("incident.noted_inside", "wrote in the timeline of an incident, for the agency alone", _AGENCY, (SECURITY,)),
    Event("incident.documents_attached", "attached documents to an incident", _BOTH, (SECURITY, LIAISON)),
    Event("incident.documents_attached_inside", "attached documents to an incident, for the agency alone", _AGENCY, (SECURITY,)),
    Event("incident.severity_set", "changed the severity of an incident", _BOTH, (OFFICER, LIAISON)),
    Event("incident.contained", "recorded the containment of an incident", _BOTH, (OFFICER, LIAISON, SIGNATORY)),
    Event("incident.suspended", "suspended access because of an incident", _BOTH, (OFFICER, SECURITY, SIGNATORY)),
    Event("incident.closed", "closed an incident", _BOTH, (OFFICER, LIAISON, SIGNATORY, LEAD)),
    # questions to the developer: voluntary to answer, late or not at all without consequence
    Event("question.asked", "asked the developer a question", _BOTH, (LIAISON, SIGNATORY)),
    Event("question.answered", "answered a question", _BOTH, (OFFICER, EVALUATOR)),
    Event("question.answered_in_part", "answered a part of a question", _BOTH, (OFFICER, EVALUATOR)),
    Event("question.declined", "said that a question is not answered", _BOTH, (OFFICER, EVALUATOR)),
    Event("question.messaged", "wrote a message to a question", _BOTH, (LIAISON, OFFICER, EVALUATOR)),
    Event("question.closed", "closed a question as answered", _BOTH, (LIAISON, OFFICER)),
    Event("question.taken_back", "took a question back", _BOTH, (LIAISON, SIGNATORY, OFFICER)),
    # records: what the agency keeps for itself, and requests under the Freedom of Information Act
    Event("records.hold_placed", "placed a legal hold", _AGENCY, (LEAD,)),
    Event("records.hold_lifted", "lifted a legal hold", _AGENCY, (LEAD,)),
    Event("records.retention_set", "set the retention class of {what} to {retention}", _AGENCY),
    Event("foia.recorded", "recorded a FOIA request", _AGENCY),
    Event("foia.noticed", "sent the submitter notice of a FOIA request", _BOTH, (LIAISON, SIGNATORY, LEAD)),
    Event("foia.objected", "objected to a release under a FOIA request", _BOTH, (RECORDS, LEAD)),
    Event("foia.not_objected", "has no objection to a release under a FOIA request", _BOTH, (RECORDS,)),
    Event("foia.decided", "recorded the decision on a FOIA request", _BOTH, (LIAISON, SIGNATORY, LEAD)),
    Event("foia.decided_inside", "recorded the decision on a FOIA request without a notice", _AGENCY, (LEAD,)),
    # benchmarks
    Event("suite.registered", "registered version {version} of a benchmark suite", _AGENCY),
    Event("rule.declared", "declared a threshold rule", _AGENCY, (EVALUATOR,)),
    Event("rule.agreed", "agreed to a threshold rule; it is frozen", _AGENCY, (EVALUATOR,)),
    Event("run.imported", "imported an evaluation log", _AGENCY),
    Event("run.read", "read the evaluation log", _AGENCY, (EVALUATOR,)),
    Event("run.unreadable", "could not read the evaluation log; it is kept as evidence", _AGENCY, (EVALUATOR,)),
    Event("run.left_unread", "could not read the evaluation log for now; it can be read again", _AGENCY, (EVALUATOR,)),
    Event("run.read_again", "had the evaluation log read again", _AGENCY),
    Event("run.accepted", "accepted the run", _AGENCY, (OFFICER,)),
    Event("pointer.recorded", "recorded a high-side pointer", _AGENCY, (OFFICER,)),
    Event("pointer.checked", "checked the cover text of a high-side pointer", _AGENCY, (OFFICER,)),
    # labels
    Event("consultation.asked", "asked {office} for its view", _ASKED),
    Event("consultation.answered", "answered the consultation", _ASKED, (OFFICER,)),
    Event("consultation.closed", "recorded no response from {office}", _ASKED),
    Event("determination.signed", "signed the determination", _AGENCY, (OFFICER, LEAD)),
    Event("determination.rescinded", "rescinded the determination", _AGENCY, (OFFICER, LEAD)),
    Event("disclosure.recorded", "recorded what is disclosed to the developer", _BOTH, (LIAISON, SIGNATORY)),
    Event("response.recorded", "recorded the developer's response", _BOTH, (OFFICER,)),
    Event("label.effective", "put the label into effect", _AGENCY, (OFFICER, LEAD)),
    Event("label.superseded", "superseded the label by a newer one of the same model version", _AGENCY, (OFFICER, LEAD)),
    Event("label.rescinded", "rescinded the label", _AGENCY, (OFFICER, LEAD)),
    # people, policy, oversight: streams of their own, read by auditors
    Event("person.added", "added {person}", _NOBODY),
    Event("organisation.added", "added {organisation}", _NOBODY),
    Event("appointment.made", "appointed {person} as {role}", _NOBODY),
    Event("appointment.ended", "ended the appointment of {person} as {role}", _NOBODY),
    Event("person.signed_in", "signed in", _NOBODY),
    Event("person.signed_out", "signed out", _NOBODY),
    Event("person.sign_in_refused", "could not sign in", _NOBODY),
    Event("credential.resealed", "sealed {count} stored secrets under the newest key", _NOBODY),
    Event("policy.signed", "signed policy version {number}", _AGENCY),
    Event("history.verified", "verified the audit log", _NOBODY),
    Event("refused", "was refused", _NOBODY),
    Event("demonstration.loaded", "loaded the demonstration", _NOBODY),
)  # fmt: skip

EVENTS: Final[dict[str, Event]] = {event.kind: event for event in _ALL}


def sentence(kind: str, data: dict[str, object]) -> str:
    """The event's sentence, completed from `data`; a missing word shows as an ellipsis."""
    said = EVENTS[kind].sentence.format_map(_Words(data))
    return re.sub(r"\ba (?=[aeiou])", "an ", said)  # the kind of a document may begin with a vowel


class _Words(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"
