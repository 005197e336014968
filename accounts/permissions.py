"""Every permission, one line each. A permission is named after the action it allows; roles.py hands them out."""

PERMISSIONS: dict[str, str] = {
    # register: the developer's side
    "case.draft": "Draft a case for a model version",
    "case.edit_draft": "Change a draft",
    "case.submit": "Submit a case",
    "case.recall": "Recall a submission until it is acknowledged",
    "case.discard": "Discard a draft (kept as a record)",
    "case.withdraw": "Withdraw a case",
    "release.state": "State a planned or actual release date",
    # register: the agency's side
    "case.open_government": "Open a case of origin government",
    "case.acknowledge": "Acknowledge a submission",
    "case.assign": "Assign people to a case",
    "case.advance": "Move a case between stages",
    "case.close": "Close a case",
    "case.recuse": "Record a recusal",
    "note.write": "Write agency-only notes",
    "note.read": "Read agency-only notes",
    # documents
    "document.upload": "Upload a document",
    "document.withdraw": "Withdraw a document (its bytes are kept)",
    "document.mark": "Set a document's marking",
    "document.share": "Share a document with a trusted partner",
    "document.quarantine": "Freeze a suspected spill",
    "document.readers": "See who opened a document",
    # records
    "records.hold": "Place and lift legal holds",
    "records.retention": "Set retention classes",
    # access
    "agreement.draft": "Draft an access agreement",
    "agreement.sign_developer": "Sign an access agreement for the developer",
    "agreement.sign_agency": "Sign an access agreement for the agency",
    "agreement.begin_access": "Begin access by the second signature",
    "partner.nominate": "Nominate a trusted partner",
    "partner.concur_developer": "Concur on a partner, and retract, for the developer",
    "partner.concur_agency": "Concur on a partner, and retract, for the agency",
    "grant.issue": "Issue a grant under a signed agreement",
    "grant.accept_terms": "Accept partner terms",
    "grant.use": "Use an access grant",
    "grant.suspend": "Suspend a grant",
    "grant.close_out": "File a return or destruction certificate",
    # benchmarks
    "suite.register": "Register a suite version",
    "rule.declare": "Declare a threshold rule",
    "rule.agree": "Agree to another person's threshold rule",
    "run.import": "Import an evaluation log",
    "run.accept": "Accept a run",
    "pointer.record": "Record a high-side pointer",
    # labels
    "consultation.open": "Ask an office for its view",
    "consultation.answer": "Answer a consultation",
    "determination.sign": "Sign and rescind determinations and labels",
    "disclosure.record": "Record what of a determination is disclosed to the developer",
    "response.record": "Record the developer's response",
    # oversight and operation
    "history.read_all": "Read all history and metadata",
    "history.verify": "Verify the audit log",
    "audit.note": "Write auditor's notes",
    "people.manage_own": "Invite, change and remove the organisation's own people",
    "people.manage_all": "Manage accounts, organisations and the roster",
    "policy.sign": "Sign policy versions",
}
