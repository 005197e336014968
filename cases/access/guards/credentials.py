"""When endpoint and secret of a grant are stored, withdrawn and shown, and to whom."""

from datetime import datetime

from accounts.models import User
from cases.access.guards.holding import holding
from cases.access.models import EndpointCredential, Grant
from cases.rules import policy
from portal.kit.refusal import Refused, conflict

NAMED_ALONE = "Endpoint and secret are shown to the people named on the grant alone."
NONE_STORED = "The developer has stored no endpoint and secret for this grant, or has withdrawn them."


def open_credential(grant: Grant) -> EndpointCredential | None:
    """The credential stored for the grant now, or None."""
    return grant.credentials.filter(ended_at__isnull=True).first()


def store_refusal(user: User, grant: Grant, now: datetime) -> Refused | None:
    """Why `user` may not store endpoint and secret for the grant now."""
    refused = policy.refused(user, "credential.store", grant.case, now=now)
    if refused:
        return refused
    if grant.has_ended(now):
        return conflict("This grant has ended, so nothing is stored for it any more.")
    return None


def withdraw_refusal(user: User, grant: Grant, now: datetime) -> Refused | None:
    """Why `user` may not withdraw what is stored for the grant now."""
    refused = policy.refused(user, "credential.store", grant.case, now=now)
    if refused:
        return refused
    return None if open_credential(grant) else conflict(NONE_STORED)


def reveal_refusal(user: User, grant: Grant, now: datetime) -> Refused | None:
    """Why `user` is not shown endpoint and secret now: not named, the grant not live, or nothing stored."""
    if holding(user, grant, now) is None:
        return Refused(NAMED_ALONE, permission="grant.use")
    if not Grant.objects.live(now).filter(pk=grant.pk).exists():
        return conflict("This grant is not active now, so its endpoint and secret are shown to nobody.")
    return None if open_credential(grant) else conflict(NONE_STORED)
