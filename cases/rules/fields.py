"""Every field of every tracked model, classed once: metadata, content or secret.

History shows a content field as *changed* to those who may not read it; secrets have no history values. A field that
stands in no row fails a house test. Field names are those of the model; `id` is always metadata.
"""

from typing import Final

METADATA: Final = "metadata"
CONTENT: Final = "content"
SECRET: Final = "secret"

_METADATA: Final[dict[str, str]] = {
    "User": "email name is_active is_demonstration is_superuser",
    "Organisation": "name short_name kind sector country registration is_active",
    "Appointment": "person organisation role capacity on_behalf_of delegation_reference span",
    "PolicyVersion": "number effective_from lead_office default_marking clocks safeguards declarations assurance "
    "text_digest signed_by signed_at",
    "RosterEntry": "policy office required",
    "Model": "developer name",
    "ModelVersion": "model name variant checkpoint_digest",
    "ReleaseMilestone": "model_version kind state at stated_at stated_by",
    "Case": "number tracking_number origin stage stage_since developer model_version policy_version marking "
    "related_case created_at created_by submitted_at acknowledge_due_at acknowledged_at ended_at closed_reason "
    "disclosed_at retention_class revision search_text",
    "Assignment": "case person role since until assigned_by",
    "Recusal": "case person since until recorded_by lifted_by",
    "Declaration": "case person number appointment declared_at recusal",
    "Note": "case author at",
    "LegalHold": "case document placed_at placed_by lifted_at lifted_by",
    "FoiaRequest": "case number received_at recorded_at recorded_by notice_at notice_by answer_due_at answered_at "
    "answered_by answer decided_at decided_by appointment capacity outcome exemption_4 revision",
    "FoiaDocument": "request document added_at",
    "Document": "case kind owner marking marking_set_by_agency designation assurance restricted named_readers "
    "retention_class created_at withdrawn_at frozen_at under_grant",
    "DocumentVersion": "document number size sha256 content_type state uploaded_at uploaded_by finding scanned_at "
    "scanned_with waits_since",
    "Spill": "case document declared_at declared_by appointment capacity closed_at closed_by outcome",
    "QuarantineDecision": "version decision finding decided_at decided_by appointment capacity",
    "DocumentShare": "document grant shared_at shared_by ended_at",
    "Upload": "purpose case document grant owner length announced_sha256 modified_ms begun_at begun_by expires_at "
    "finished_at sha256 ended_at end_reason version",
    "Readiness": "case revision changed_at changed_by",
    "Obligation": "case revision changed_at changed_by removed_at",
    "ObligationsNotice": "case number text_digest attested_at attested_by appointment capacity",
    "NoticeFiling": "notice document version filed_at filed_by",
    "Agreement": "case number amends state anchor_kind anchor_at opens_at closes_at safeguards isolation_attested "
    "text_digest drafted_at drafted_by",
    "Signature": "agreement side signed_by appointment capacity text_digest signed_at",
    "Attestation": "case safeguard document valid_from valid_until attested_by appointment capacity attested_at",
    "ListedPerson": "agreement person added_by added_at",
    "WindowPeriod": "case agreement span agreed_end cut_at cut_cause",
    "Nomination": "case partner proposed_side proposed_by proposed_at lapses_at sector",
    "Concurrence": "nomination side appointment concurred_by concurred_at retracted_at",
    "Grant": "case organisation kind model_version nomination mode span state suspended_at end_reason ended_at "
    "closed_out_at close_out terms_accepted_at terms_accepted_by issued_at issued_by requests_per_minute "
    "requests_per_day tokens_per_day concurrent_requests safeguards",
    "WithdrawalReceipt": "case number text text_digest ended withdrawn_at withdrawn_by appointment capacity",
    "EndpointCredential": "grant stored_at stored_by appointment ended_at end_reason",
    "CredentialReveal": "credential revealed_at revealed_by appointment capacity",
    "TermsAcceptance": "grant text_digest accepted_at accepted_by appointment capacity",
    "Certificate": "grant statement due_at filed_at filed_by appointment capacity",
    "Suspension": "grant side since until suspended_by resumed_by incident",
    "GrantUserPermission": "permission user content_object",
    "Incident": "case reference kind severity noticed_at began_at reported_at reported_by appointment organisation "
    "reported_under follows first_report_due_at first_report_at escalated_at contained_at developer_asked_at "
    "reporter_asked_at closed_at closed_by outcome revision",
    "IncidentGrant": "incident grant named_at named_by",
    "IncidentDocument": "incident document attached_at attached_by",
    "IncidentEntry": "incident kind audience severity asks at by appointment",
    "QuestionThread": "case subject opened_at opened_by",
    "Question": "thread number wants asked_at asked_by appointment due_at answered_at answered_as ended_at ended_by "
    "ended_as revision",
    "QuestionMessage": "question kind at by appointment",
    "QuestionDocument": "message document attached_at",
    "LastSeen": "case person seen_at",
    "Suite": "name",
    "SuiteVersion": "suite name marking registered_at registered_by",
    "SuiteTask": "suite_version name task_version expected_samples epochs",
    "ThresholdRule": "task scorer metric direction alpha min_n min_effective_n min_completeness max_error_rate "
    "declared_at declared_by agreed_at agreed_by digest",
    "Run": "case model_version suite_version state size sha256 imported_at imported_by format status "
    "started_at completed_at samples_expected samples_total samples_completed samples_errored complete read_at "
    "accepted_at accepted_by",
    "Score": "run name reducer n",
    "Finding": "run rule n effective_n method made_at",
    "HighSidePointer": "case referenced_marking checked_by recorded_at recorded_by",
    "Consultation": "case office required packet_digest asked_at asked_by due_at answered_at answered_by appointment",
    "PacketDocument": "consultation document",
    "Determination": "case suite_version policy_version text_digest signed_at signed_by appointment capacity "
    "rescinded_at rescinded_by",
    "Disclosure": "determination extent recorded_at recorded_by response_at response_by",
    "Label": "determination case model_version suite_version state signed_at effective_at review_due_at ended_at "
    "disclosed_to_developer",
}
_CONTENT: Final[dict[str, str]] = {
    "Model": "description",
    "Case": "question",
    "Recusal": "reason lift_reason",
    "Note": "text",
    "LegalHold": "matter authority reason lift_reason",
    "FoiaRequest": "asked_for objection objection_pages basis",
    "Document": "title designation_pages",
    "DocumentVersion": "file_name",
    "Upload": "file_name",
    "Agreement": "scope people text",
    "ListedPerson": "name organisation",
    "Nomination": "purpose basis",
    "Grant": "tasks_allowed tasks_forbidden own_safeguards",
    "CredentialReveal": "reason",
    "TermsAcceptance": "text",
    "Certificate": "remarks",
    "Incident": "account lessons",
    "QuestionThread": "title",
    "Question": "text",
    "QuestionMessage": "text on yes",
    "Suite": "purpose",
    "ThresholdRule": "threshold alert",
    "Run": "file_name refused task_name model_name served_models reasons provenance",
    "Score": "metrics recounted",
    "Finding": "outcome estimate low high gates sentence",
    "HighSidePointer": "holding_agency system control_number custodian cover_text",
    "Consultation": "question packet answer comment",
    "Determination": "outcome rationale snapshot text rescission_reason",
    "Disclosure": "text response",
}
# What one side alone reads is shown on its own page, never in the history that both sides read.
_SECRET: Final[dict[str, str]] = {
    "Concurrence": "reason",
    "Suspension": "reason",
    "Disclosure": "reason",
    "Declaration": "kind text",
    "Readiness": "safeguards people",
    "Obligation": "reference kind bears_on consent consent_on notice_sent_on until note",
    "ObligationsNotice": "text",
    "IncidentEntry": "text",
    "User": "password last_login",
    "DocumentVersion": "storage_name",
    "Spill": "control_number reason",
    "QuarantineDecision": "reason",
    "EndpointCredential": "sealed",
    "Run": "storage_name",
}


def _table() -> dict[str, dict[str, str]]:
    classes: dict[str, dict[str, str]] = {}
    for kind, rows in ((METADATA, _METADATA), (CONTENT, _CONTENT), (SECRET, _SECRET)):
        for model, names in rows.items():
            classes.setdefault(model, {"id": METADATA}).update(dict.fromkeys(names.split(), kind))
    return classes


CLASSES: Final[dict[str, dict[str, str]]] = _table()


def class_of(model: str, field: str) -> str:
    """The class of a field; an unknown one is secret, because closed is the default."""
    return CLASSES.get(model, {}).get(field, SECRET)
