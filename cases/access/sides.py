"""The two sides of access: which one a person acts for, from the permission it holds."""

from datetime import datetime
from typing import Final

from accounts.models import Appointment, User
from accounts.permissions import PERMISSIONS
from accounts.roles import AGENCY, DEVELOPER
from cases.register.models import Case
from cases.rules import policy
from portal.kit.refusal import Refused

SIDES: Final = (DEVELOPER, AGENCY)
SIGN: Final = "agreement.sign"
CONCUR: Final = "partner.concur"


def standing_for(user: User, verb: str, case: Case, now: datetime) -> tuple[str, Appointment] | None:
    """The side for which `user` may do `verb` (`agreement.sign` or `partner.concur`), and the appointment."""
    for side in SIDES:
        appointment = policy.appointment_for(user, f"{verb}_{side}", case, now)
        if appointment is not None:
            return side, appointment
    return None


def refusal_for(user: User, verb: str, case: Case, now: datetime) -> Refused:
    """The refusal of a person who may do `verb` for neither side."""
    permission = f"{verb}_{DEVELOPER}"
    if any(policy.standing(user, f"{verb}_{side}", case, now) for side in SIDES):
        return Refused(policy.refusal(user, permission, case, now=now) or "", permission=permission)
    said = PERMISSIONS[permission].removesuffix(" for the developer").rstrip(",")
    return Refused(
        f"{said}: this is done by the developer's signing official or the framework lead of this case.",
        permission=permission,
    )


def require_side(user: User, verb: str, case: Case, now: datetime) -> tuple[str, Appointment]:
    """As `standing_for`; raises Refused when the person acts for neither side."""
    found = standing_for(user, verb, case, now)
    if found is None:
        raise refusal_for(user, verb, case, now)
    return found


def side_of(appointment: Appointment) -> str:
    """The side an appointment belongs to: the developer's, or the agency's for every government office."""
    return DEVELOPER if appointment.organisation.kind == DEVELOPER else AGENCY


def own_side(user: User, now: datetime) -> str:
    """The side a person reads for, empty for those of neither (an auditor): only a side's own reasons are shown."""
    kinds = {a.organisation.kind for a in user.appointments_at(now)}
    return next((side for side in SIDES if side in kinds), "")
