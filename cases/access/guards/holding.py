"""What a grant's holder does: who of it may, when its terms are accepted and its certificate is filed."""

from datetime import datetime

from accounts import access
from accounts.models import Appointment, User
from accounts.roles import AGENCY
from cases.access.models import Grant
from cases.rules import policy
from cases.rules.facts import recused
from portal.kit.refusal import Refused, conflict

NOT_NAMED = "You are not named on this grant."


def holding(user: User, grant: Grant, now: datetime) -> Appointment | None:
    """The live appointment at the holder under which a person named on the grant acts, or None.

    A partner is acted for by its representatives; of an office everybody may be named.
    """
    acts = [
        appointment
        for appointment in user.appointments_at(now)
        if appointment.organisation_id == grant.organisation_id
        and (grant.kind == "office" or "grant.use" in appointment.permissions)
    ]
    if not acts or not access.holds("use_grant", user, grant) or recused(grant.case, user.pk):
        return None
    return acts[0]


def _partner_refusal(user: User, permission: str, grant: Grant, now: datetime) -> Refused | None:
    said = policy.refusal(user, permission, grant.case, now=now)
    if said or holding(user, grant, now) is None:
        return Refused(said or NOT_NAMED, permission=permission)
    return None


def accept_refusal(user: User, grant: Grant, now: datetime) -> Refused | None:
    """Why `user` may not accept the terms now. An office has none: the agreement binds it."""
    refused = _partner_refusal(user, "grant.accept_terms", grant, now)
    if refused or grant.has_ended(now):
        return refused or conflict("This grant has ended, so its terms are not accepted any more.")
    if grant.terms_accepted_at is not None:
        return conflict("The terms of this grant were accepted already.")
    return None


def certifier(user: User, grant: Grant, now: datetime) -> Appointment | None:
    """The appointment under which `user` files the certificate: for an office the case officer may as well."""
    named = holding(user, grant, now)
    if named is not None or grant.kind == "partner":
        return named
    other = policy.appointment_for(user, "grant.close_out", grant.case, now)
    return other if other is not None and other.organisation.kind == AGENCY else None


def close_out_refusal(user: User, grant: Grant, now: datetime) -> Refused | None:
    """Why `user` may not file the return or destruction certificate now."""
    if certifier(user, grant, now) is None:
        said = policy.refusal(user, "grant.close_out", grant.case, now=now)
        return Refused(said or NOT_NAMED, permission="grant.close_out")
    if not grant.has_ended(now):
        return conflict("The certificate is filed after the grant has ended.")
    if grant.closed_out_at is not None:
        return conflict("The certificate of this grant was filed already.")
    return None
