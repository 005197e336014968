"""Endpoint and secret of a grant: stored and withdrawn by the developer, shown to a named person for a reason."""

from datetime import datetime

from django.db.models import Model as Row

from accounts.models import User
from cases.access import guards
from cases.access.actions.ending import named_people, shut_credentials
from cases.access.actions.grants import locked_grant
from cases.access.models import CredentialReveal, EndpointCredential, Grant
from cases.register.journal import happened
from cases.rules import policy
from portal.audit.journal import record
from portal.kit import sealing
from portal.kit.actions import action
from portal.kit.clock import after_wait
from portal.kit.refusal import Refused
from portal.notify import outbox

REMOVE_JOB = "access.remove_secret"
GONE = "What was stored cannot be opened on this installation any more. The developer stores it anew."


@action
def store_credential(
    *, grant: Grant, endpoint: str, secret: str, by: User, now: datetime
) -> EndpointCredential:
    """Store endpoint and secret for a grant, sealed; what was stored before is gone with it."""
    grant = locked_grant(grant)
    refused = guards.store_refusal(by, grant, after_wait(now))
    if refused:
        raise refused
    appointment = policy.require(by, "credential.store", grant.case, now=now)
    rows: list[Row] = [*shut_credentials(grant, "replaced", now)]
    credential = EndpointCredential(grant=grant, stored_at=now, stored_by=by, appointment=appointment)
    credential.sealed = sealing.seal({"endpoint": endpoint, "secret": secret}, credential.bound_to)
    credential.save()
    _remove_at_the_end(credential, now)
    happened(
        "credential.stored", case=grant.case, by=by, now=now, appointment=appointment, subject=grant,
        rows=[credential, *rows], also=named_people(grant),
    )  # fmt: skip
    return credential


@action
def withdraw_credential(*, grant: Grant, by: User, now: datetime) -> Grant:
    """Withdraw what is stored: from this commit it is shown to nobody, and its bytes are gone from the table."""
    grant = locked_grant(grant)
    refused = guards.withdraw_refusal(by, grant, now)
    if refused:
        raise refused
    appointment = policy.require(by, "credential.store", grant.case, now=now)
    rows = shut_credentials(grant, "withdrawn", now)
    happened(
        "credential.withdrawn", case=grant.case, by=by, now=now, appointment=appointment, subject=grant, rows=rows,
        also=named_people(grant),
    )  # fmt: skip
    return grant


@action
def reveal_credential(*, grant: Grant, reason: str, by: User, now: datetime) -> dict[str, str]:
    """Endpoint and secret, for a named person and a reason that is kept. Asked after the lock: a revoke comes first."""
    grant = locked_grant(grant)
    at = after_wait(now)
    refused = guards.reveal_refusal(by, grant, at)
    if refused:
        raise refused
    if not reason.strip():
        raise Refused("Say for what you need endpoint and secret now; the reason is kept.")
    appointment, credential = guards.holding(by, grant, at), guards.open_credential(grant)
    assert appointment is not None
    assert credential is not None
    try:
        values = sealing.unseal(credential.sealed, credential.bound_to)
    except sealing.NotOurs:
        raise Refused(GONE, conflict=True) from None
    shown = CredentialReveal.objects.create(
        credential=credential, reason=reason, revealed_at=now, revealed_by=by, appointment=appointment,
        capacity=appointment.capacity,
    )  # fmt: skip
    happened(
        "credential.revealed",
        case=grant.case,
        by=by,
        now=now,
        appointment=appointment,
        subject=grant,
        rows=[shown],
    )
    return values


def _remove_at_the_end(credential: EndpointCredential, now: datetime) -> None:
    end = credential.grant.span.upper
    outbox.enqueue(
        REMOVE_JOB, key=f"{REMOVE_JOB}:{credential.pk}:{end.isoformat()}",
        args={"credential_id": str(credential.pk)}, now=now, run_at=end,
    )  # fmt: skip


@action
def remove_secret(*, credential: EndpointCredential, by: User | None, now: datetime) -> bool:
    """Remove the secret of a grant whose term was reached; an end before the term removed it already."""
    grant = locked_grant(credential.grant)
    if not grant.has_ended(now):
        return False
    rows = shut_credentials(grant, "grant_ended", now)
    if rows:
        happened("credential.removed", case=grant.case, by=by, now=now, subject=grant, rows=rows)
    return bool(rows)


@action
def reseal_secrets(*, by: User | None, now: datetime) -> int:
    """Seal everything stored anew under the newest key; returns how many. Then an older key may be taken away."""
    found = EndpointCredential.objects.select_for_update(of=("self",)).filter(ended_at__isnull=True)
    rows = list(found.order_by("pk"))
    for credential in rows:
        credential.sealed = sealing.reseal(credential.sealed)
        credential.save()
    record("credential.resealed", by=by, now=now, stream="portal", rows=rows, data={"count": len(rows)})
    return len(rows)
