"""When a partner is nominated, concurred on, and a concurrence retracted."""

from datetime import datetime
from typing import Final

from accounts.models import Organisation, User
from accounts.roles import PARTNER
from cases.access.guards.basis import (
    NOMINATING,
)
from cases.access.models import Nomination
from cases.access.sides import CONCUR, refusal_for, standing_for
from cases.register.models import Case
from cases.rules import lifecycle, policy, window
from portal.kit.refusal import Refused, conflict


def nominate_refusal(user: User, case: Case, now: datetime) -> Refused | None:
    """Why `user` may not nominate a partner now."""
    refused = policy.refused(user, "partner.nominate", case, now=now)
    if refused:
        return refused
    if case.origin == "government":
        return conflict("A case that the government opened itself has no partners and no grants.")
    if case.stage not in NOMINATING:
        stage = lifecycle.STAGES[case.stage].lower()
        return conflict(f"Partners are nominated from scoping on; this case is in the stage “{stage}”.")
    return None


def partner_refusal(case: Case, partner: Organisation, now: datetime) -> Refused | None:
    """Why this organisation cannot be nominated now."""
    if partner.kind != PARTNER or not partner.is_active:
        return Refused("Choose an organisation that is on the roster as a trusted partner.")
    for other in Nomination.objects.with_sides().filter(case=case, partner=partner):
        if offer_state(other, now) in ("offered", "concurred"):
            return conflict(f"{partner.short_name} is nominated for this case already.")
    return None


def offer_state(nomination: Nomination, now: datetime) -> str:
    """State of a nomination from `with_sides`: offered, concurred, retracted or lapsed. Asked on every read."""
    return window.offer_state(
        both=bool(nomination.developer_at and nomination.agency_at),  # type: ignore[attr-defined]
        retracted=bool(nomination.retracted_at),  # type: ignore[attr-defined]
        lapses_at=nomination.lapses_at,
        now=now,
    )


OVER: Final = {
    "retracted": "A concurrence on this partner was retracted, which is final. Nominate the partner anew.",
    "lapsed": "This nomination lapsed unanswered. Nominate the partner anew.",
}


def concur_refusal(
    user: User, nomination: Nomination, now: datetime, at: datetime | None = None
) -> Refused | None:
    """Why `user` may not concur now. `nomination` comes from `with_sides`."""
    found = standing_for(user, CONCUR, nomination.case, now)
    if found is None:
        return refusal_for(user, CONCUR, nomination.case, now)
    if nomination.case.is_terminal:
        return conflict("This case has ended, so nobody concurs on its partners any more.")
    if getattr(nomination, f"{found[0]}_at") is not None:
        return conflict(f"The {found[0]}'s side concurs already.")
    if nomination.concurrences.filter(concurred_by=user, retracted_at__isnull=True).exists():
        return conflict("You concurred for the other side; the second concurrence is another person's.")
    over = OVER.get(offer_state(nomination, at or now))
    return conflict(over) if over else None


def retract_refusal(user: User, nomination: Nomination, now: datetime) -> Refused | None:
    """Why `user` may not retract its side's concurrence now. `nomination` comes from `with_sides`."""
    found = standing_for(user, CONCUR, nomination.case, now)
    if found is None:
        return refusal_for(user, CONCUR, nomination.case, now)
    if getattr(nomination, f"{found[0]}_at") is None:
        return conflict(f"The {found[0]}'s side does not concur at present, so there is nothing to retract.")
    return None
