"""Documents that are attached to an incident after its report. Attaching opens a document to nobody."""

from collections.abc import Sequence
from datetime import datetime

from accounts.models import User
from accounts.roles import DEVELOPER
from cases.documents.models import Document
from cases.incidents import guards
from cases.incidents.actions import locked_incident, seen_documents
from cases.incidents.models import Incident, IncidentDocument
from cases.register.journal import happened
from cases.rules import markings, policy
from portal.kit.actions import action
from portal.kit.refusal import Refused, conflict


@action
def attach_documents(
    *, incident: Incident, documents: Sequence[Document], by: User, now: datetime
) -> list[IncidentDocument]:
    """Attach documents of the case to an open incident, all of them or none.

    Of a document that the developer may not see only the agency hears.
    """
    incident = locked_incident(incident)
    if not documents:
        raise Refused("Choose at least one document to attach.")
    refused = guards.write_refusal(by, incident, now)
    if refused:
        raise refused
    papers = seen_documents(incident.case, documents, by, now)
    if any(one.withdrawn_at for one in papers):
        raise conflict("A document you chose was withdrawn meanwhile. Choose again.")
    if incident.attached.filter(document__in=papers).exists():
        raise conflict("A document you chose is attached to this incident already.")
    appointment = policy.require(by, "incident.report", incident.case, now=now)
    rows = [
        IncidentDocument.objects.create(incident=incident, document=one, attached_at=now, attached_by=by)
        for one in papers
    ]
    shared = all(one.marking in markings.readable_by(DEVELOPER) for one in papers)
    happened(
        "incident.documents_attached" if shared else "incident.documents_attached_inside", case=incident.case,
        by=by, now=now, appointment=appointment, subject=incident, rows=rows,
    )  # fmt: skip
    return rows
