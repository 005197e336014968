"""What a grant's holder does: accepts the terms, word for word, and files the certificate after the end."""

from datetime import datetime

from accounts.models import User
from cases.access import guards
from cases.access.actions.ending import named_people, reach_term
from cases.access.actions.grants import locked_grant
from cases.access.models import Certificate, Grant, TermsAcceptance, close_out_choices
from cases.access.terms import grant_terms
from cases.access.text import text_digest
from cases.register.journal import happened
from cases.rules import policy
from portal.kit.actions import action
from portal.kit.clock import after_wait
from portal.kit.refusal import Refused

OTHER_TERMS = (
    "The terms you read are not those of the grant: it changed while you had the page open. Read them again."
)


@action
def accept_terms(*, grant: Grant, digest: str, by: User, now: datetime) -> Grant:
    """Accept the terms, as a partner's representative named on the grant. A partner's grant opens nothing before.

    `digest` is that of the text the person read; the text is frozen with it.
    """
    grant = locked_grant(grant)
    refused = guards.accept_refusal(by, grant, now)
    if refused:
        raise refused
    if grant.span.upper <= after_wait(now):
        raise Refused("This grant ended while you had the page open.", conflict=True)
    text = grant_terms(grant)
    if digest != text_digest(text):
        raise Refused(OTHER_TERMS, conflict=True)
    appointment = policy.require(by, "grant.accept_terms", grant.case, now=now)
    acceptance = TermsAcceptance.objects.create(
        grant=grant, text=text, text_digest=digest, accepted_at=now, accepted_by=by, appointment=appointment,
        capacity=appointment.capacity,
    )  # fmt: skip
    grant.terms_accepted_at, grant.terms_accepted_by = now, by
    grant.save()
    happened(
        "grant.terms_accepted", case=grant.case, by=by, now=now, appointment=appointment, subject=grant,
        rows=[grant, acceptance], data={"text_digest": digest}, also=named_people(grant),
    )  # fmt: skip
    return grant


@action
def close_out(*, grant: Grant, statement: str, by: User, now: datetime, remarks: str = "") -> Certificate:
    """File the return or destruction certificate of an ended grant; `statement` is one of `close_out_choices`."""
    grant = locked_grant(grant)
    refused = guards.close_out_refusal(by, grant, now)
    if refused:
        raise refused
    if statement not in dict(close_out_choices()):
        raise Refused("Say what was done with what was received: choose one of the statements.")
    appointment = guards.certifier(by, grant, now)
    assert appointment is not None
    rows = [row for row in reach_term(grant, now) if row is not grant]
    grant.closed_out_at, grant.close_out = now, statement
    grant.save()
    certificate = Certificate.objects.create(
        grant=grant, statement=statement, remarks=remarks, due_at=grant.certificate_due, filed_at=now, filed_by=by,
        appointment=appointment, capacity=appointment.capacity,
    )  # fmt: skip
    happened(
        "grant.closed_out", case=grant.case, by=by, now=now, appointment=appointment, subject=grant,
        rows=[grant, *rows, certificate], also=named_people(grant),
    )  # fmt: skip
    return certificate
