"""What every end has in common: a grant's first end is final, its shares close, a cut window keeps its cause.

These are not actions: they run inside one, after its row lock, and return the rows they changed.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Model as Row

from accounts.models import Appointment, User
from cases.access.models import TERM, EndpointCredential, Grant, WindowPeriod
from cases.register.journal import happened
from cases.register.models import Case
from cases.rules import window

# What the reason does to the stored state; every other end leaves it as it was.
_STATES: Final = {"withdrawn": "withdrawn", "retracted": "revoked", "revoked": "revoked"}


def open_grants(case: Case) -> list[Grant]:
    """The case's grants without a recorded end, locked in a fixed order."""
    rows = Grant.objects.select_for_update(of=("self",)).filter(case=case, end_reason="")
    return list(rows.select_related("organisation").order_by("pk"))


def end_grants(
    grants: Iterable[Grant], reason: str, *, case: Case, by: User | None, now: datetime, appointment: Appointment | None
) -> list[Row]:  # fmt: skip
    """End `grants` at `now` for `reason` (of `end_reason_choices`). One whose term was reached ends by its term."""
    changed: list[Row] = []
    for grant in grants:
        rows = _end(grant, reason, now)
        if grant.end_reason != TERM:
            happened(
                "grant.ended", case=case, by=by, now=now, appointment=appointment, subject=grant, rows=rows,
                data={"reason": grant.get_end_reason_display()}, also=named_people(grant),
            )  # fmt: skip
        changed += rows
    return changed


def _end(grant: Grant, reason: str, now: datetime) -> list[Row]:
    over = grant.span.upper <= now
    grant.end_reason = TERM if over else reason
    grant.ended_at = grant.span.upper if over else now
    grant.state = _STATES.get(grant.end_reason, grant.state)
    grant.save()
    rows: list[Row] = [grant]
    for share in grant.shares.filter(ended_at__isnull=True):
        share.ended_at = grant.ended_at
        share.save()
        rows.append(share)
    rows += shut_credentials(grant, "grant_ended", grant.ended_at)
    for suspension in grant.suspensions.filter(until__isnull=True):
        suspension.until = grant.ended_at
        suspension.save()
        rows.append(suspension)
    return rows


def shut_credentials(grant: Grant, reason: str, at: datetime) -> list[EndpointCredential]:
    """Remove what is stored for the grant: the row stays and says when and why, the sealed text goes."""
    found = list(grant.credentials.select_for_update(of=("self",)).filter(ended_at__isnull=True))
    for credential in found:
        credential.sealed, credential.ended_at, credential.end_reason = "", at, reason
        credential.save()
    return found


def reach_term(grant: Grant, now: datetime) -> list[Row]:
    """Record the end of a grant whose term was reached; nothing where an end is recorded already."""
    return [] if grant.end_reason else _end(grant, TERM, now)


def named_people(grant: Grant) -> list[User]:
    """The people who hold the grant as an object permission: they are told when it changes."""
    return [row.user for row in grant.user_permissions.select_related("user")]


def cut_periods(case: Case, at: datetime, cause: str) -> list[WindowPeriod]:
    """Take everything from `at` on away from the case's windows; those that end before stay as they are."""
    changed = []
    for period in WindowPeriod.objects.select_for_update().filter(case=case).order_by("pk"):
        left = period.left
        if left is None or left.end <= at:
            continue
        rest = window.cut([left], at)
        period.span = DateTimeTZRange(rest[0].start, rest[0].end) if rest else DateTimeTZRange(empty=True)
        period.cut_at, period.cut_cause = at, cause
        period.save()
        changed.append(period)
    return changed


def tell_cut(
    case: Case,
    periods: Sequence[WindowPeriod],
    *,
    by: User | None,
    now: datetime,
    appointment: Appointment | None,
) -> None:
    """Leave the entry and the notices of a cut window."""
    if periods:
        happened(
            "window.cut", case=case, by=by, now=now, appointment=appointment, subject=periods[0], rows=periods,
            data={"instant": window.instant(periods[0].cut_at or now), "cause": periods[0].cut_cause},
        )  # fmt: skip
