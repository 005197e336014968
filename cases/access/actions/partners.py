"""Trusted partners: nominated by either side, concurred on by both, retracted by each at any time."""

from datetime import datetime

from django.db.models import Model as Row

from accounts.models import Organisation, User
from cases.access import guards
from cases.access.actions.ending import end_grants
from cases.access.models import Concurrence, Grant, Nomination
from cases.access.sides import CONCUR, require_side, side_of
from cases.register.actions import locked
from cases.register.journal import happened
from cases.register.models import Case
from cases.rules import clock, policy
from portal.kit.actions import action
from portal.kit.clock import after_wait
from portal.kit.refusal import Refused


@action
def nominate(
    *,
    case: Case,
    partner: Organisation,
    purpose: str,
    basis: str,
    by: User,
    now: datetime,
    sector: str = "",
    starts_at: datetime | None = None,
) -> Nomination:
    """Nominate a trusted partner. The offer lapses by itself after the policy's days, or when access was to start.

    starts_at: when the partner's access would start, where that is known.
    """
    case = locked(case)
    refused = guards.nominate_refusal(by, case, now) or guards.partner_refusal(case, partner, now)
    if refused:
        raise refused
    if starts_at is not None and starts_at <= now:
        raise Refused("The planned start lies in the past. Choose a later hour, or leave it open.")
    appointment = policy.require(by, "partner.nominate", case, now=now)
    due = clock.due_at("partner_offer", now, case.policy_version.clocks)
    nomination = Nomination.objects.create(
        case=case, partner=partner, purpose=purpose, basis=basis, sector=sector or partner.sector,
        proposed_side=side_of(appointment), proposed_by=by, proposed_at=now,
        lapses_at=min(due, starts_at) if starts_at else due,
    )  # fmt: skip
    happened(
        "partner.nominated",
        case=case,
        by=by,
        now=now,
        appointment=appointment,
        subject=nomination,
        rows=[nomination],
    )
    return nomination


def _locked(nomination: Nomination) -> Nomination:
    """The nomination with its sides, its case locked."""
    case = locked(nomination.case)
    fresh = Nomination.objects.with_sides().select_related("partner").get(pk=nomination.pk)
    fresh.case = case
    return fresh


@action
def concur(*, nomination: Nomination, by: User, now: datetime, reason: str = "") -> Concurrence:
    """Concur on a partner for the side that `by` acts for. The reason is seen by that side alone."""
    nomination = _locked(nomination)
    side, appointment = require_side(by, CONCUR, nomination.case, now)
    refused = guards.concur_refusal(by, nomination, now, after_wait(now))
    if refused:
        raise refused
    concurrence = Concurrence.objects.create(
        nomination=nomination,
        side=side,
        appointment=appointment,
        concurred_by=by,
        concurred_at=now,
        reason=reason,
    )
    happened(
        "partner.concurred", case=nomination.case, by=by, now=now, appointment=appointment, subject=nomination,
        rows=[concurrence], data={"side": side},
    )  # fmt: skip
    return concurrence


@action
def retract(*, nomination: Nomination, by: User, now: datetime, reason: str = "") -> Concurrence:
    """Retract a side's concurrence, at any time: the partner's grant ends at once, and the nomination is over."""
    nomination = _locked(nomination)
    case = nomination.case
    side, appointment = require_side(by, CONCUR, case, now)
    refused = guards.retract_refusal(by, nomination, now)
    if refused:
        raise refused
    concurrence = nomination.concurrences.select_for_update().get(side=side, retracted_at__isnull=True)
    concurrence.retracted_at = now
    concurrence.reason = reason or concurrence.reason
    concurrence.save()
    rows: list[Row] = [concurrence]
    found = Grant.objects.select_for_update(of=("self",)).filter(nomination=nomination, end_reason="")
    grants = list(found.order_by("pk"))
    rows += end_grants(grants, "retracted", case=case, by=by, now=now, appointment=appointment)
    happened(
        "partner.retracted", case=case, by=by, now=now, appointment=appointment, subject=nomination, rows=rows,
        data={"side": side},
    )  # fmt: skip
    return concurrence
