"""When nothing more is done to a document or a case, and for whom: the sentences that actions refuse with."""

from accounts.models import Appointment
from cases.documents.models import Document
from cases.documents.queries import closed_sentence, owner_sentence
from cases.register.models import Case
from portal.kit.refusal import Refused

ENDED = "This case has ended, so no document is added to it any more."


def refuse_ended(case: Case) -> None:
    """Nothing is added to a case that has ended."""
    if case.is_terminal:
        raise Refused(ENDED, conflict=True)


def refuse_closed(document: Document) -> None:
    """Nothing is done to a document that is withdrawn or frozen."""
    said = closed_sentence(document)
    if said is not None:
        raise Refused(said, conflict=True)


def refuse_stranger(document: Document, appointment: Appointment) -> None:
    """A document is changed by its own organisation alone."""
    if document.owner_id != appointment.organisation_id:
        raise Refused(owner_sentence(document))
