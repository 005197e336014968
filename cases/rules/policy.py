"""Who may do what: one answer function, `refusal()`. A button that is off shows the same sentence.

A permission comes from a live appointment whose role carries it and whose organisation stands in the right relation
to the case. Who may do something is decided here; when it may be done is a guard in lifecycle.py.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from accounts.models import Appointment, User
from accounts.permissions import PERMISSIONS
from accounts.roles import ROLES, holders_of
from cases.rules import lifecycle
from cases.rules.facts import recused
from cases.rules.standing import stands_right
from portal.kit.refusal import Refused

if TYPE_CHECKING:
    from cases.register.models import Case


def appointment_for(user: User, permission: str, case: "Case | None", now: datetime) -> Appointment | None:
    """The live appointment under which `user` may use `permission` (on `case`), or None."""
    if case is not None and recused(case, user.pk):
        return None
    return standing(user, permission, case, now)


def standing(user: User, permission: str, case: "Case | None", now: datetime) -> Appointment | None:
    """As `appointment_for`, recusal left out: for pages about a case from `visible_to`, which leaves it out too."""
    for appointment in user.appointments_at(now):
        if permission in appointment.permissions and (case is None or stands_right(appointment, case)):
            return appointment
    return None


def refusal(user: User, permission: str, case: "Case | None" = None, *, now: datetime) -> str | None:
    """None when `user` may, else one sentence that says who may."""
    if permission not in PERMISSIONS:
        raise KeyError(f"unknown permission {permission}")
    if appointment_for(user, permission, case, now) is not None:
        return None
    if case is not None and recused(case, user.pk):
        return "You are recused from this case, so its work is closed to you."
    titles = sorted(ROLES[role].title for role in holders_of(permission))
    who = titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} or {titles[-1]}"
    return (
        f"{PERMISSIONS[permission]}: this is done by {_article(who)} {who[0].lower()}{who[1:]} of this case."
    )


def _article(word: str) -> str:
    return "an" if word[0].lower() in "aeiou" else "a"


def refused(user: User, permission: str, case: "Case | None" = None, *, now: datetime) -> Refused | None:
    """As `refusal`, as what an action raises."""
    said = refusal(user, permission, case, now=now)
    return None if said is None else Refused(said, permission=permission)


def may(user: User, permission: str, case: "Case | None" = None, *, now: datetime) -> bool:
    """Whether `user` may; no sentence."""
    return refusal(user, permission, case, now=now) is None


def require(user: User, permission: str, case: "Case | None" = None, *, now: datetime) -> Appointment:
    """The appointment under which `user` acts; raises Refused with the sentence when there is none."""
    appointment = appointment_for(user, permission, case, now)
    if appointment is None:
        raise Refused(
            refusal(user, permission, case, now=now) or "This is not yours to do.", permission=permission
        )
    return appointment


def move_refusal(user: User, name: str, case: "Case", now: datetime) -> Refused | None:
    """Why `user` may not make the move called `name` now, or None. The wrong moment is a conflict."""
    known = [m for m in lifecycle.MOVES if m.name == name]
    who = refused(user, known[0].permission, case, now=now)
    if who is not None:
        return who
    the_move = lifecycle.move(name, case.stage)
    if the_move is None:
        stage = lifecycle.STAGES[case.stage].lower()
        return Refused(
            f"This case is in the stage “{stage}”, where “{known[0].label}” is not possible.", conflict=True
        )
    said = lifecycle.guard_sentence(the_move, case, now)
    return Refused(said, conflict=True) if said else None
