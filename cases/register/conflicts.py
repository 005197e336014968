"""What people do about conflicts of interest: declare, and lift a recusal.

A declared conflict recuses the person in the same transaction. What is declared is read by the lead and the security
manager alone; the recusal it makes tells everybody else no more than that the person is recused.
"""

from datetime import datetime
from typing import Final

from accounts.models import User
from cases.register import recusals
from cases.register.actions import locked
from cases.register.declarations import saying
from cases.register.journal import happened
from cases.register.models import NO_CONFLICT, Assignment, Case, Declaration, Recusal
from cases.rules import policy
from portal.kit.actions import action
from portal.kit.refusal import Refused

RECUSED_BY: Final = "Declared a conflict of interest."


@action
def declare(*, case: Case, kind: str, by: User, now: datetime, text: str = "") -> Declaration:
    """Declare no conflict of interest, or one, which recuses `by` at once. Declarations stay; the newest counts."""
    case = locked(case)
    appointment = policy.require(by, "conflict.declare", case, now=now)
    said = saying(kind, text)
    if said is not None:
        raise Refused(said)
    newest = case.declarations.filter(person=by).order_by("-number").first()
    if kind == NO_CONFLICT and newest is not None and newest.kind == NO_CONFLICT:
        raise Refused("You declared before that you have no conflict in this case. It stands.", conflict=True)
    recusal: Recusal | None = None
    ended: list[Assignment] = []
    if kind != NO_CONFLICT:
        recusal, ended = recusals.begin(case, by, RECUSED_BY, by, now)
    declaration = Declaration.objects.create(
        case=case, person=by, number=newest.number + 1 if newest else 1, appointment=appointment, kind=kind,
        text=text.strip(), declared_at=now, recusal=recusal,
    )  # fmt: skip
    happened(
        "conflict.declared" if recusal else "conflict.none_declared", case=case, by=by, now=now,
        appointment=appointment, subject=declaration, rows=[declaration, *([recusal] if recusal else []), *ended],
    )  # fmt: skip
    return declaration


@action
def lift_recusal(*, recusal: Recusal, reason: str, by: User, now: datetime) -> Recusal:
    """Lift a recusal: the person reads the case again as its roles say. Its assignments stay ended."""
    case = locked(recusal.case)
    appointment = policy.require(by, "case.lift_recusal", case, now=now)
    row = Recusal.objects.select_for_update(of=("self",)).select_related("person").get(pk=recusal.pk)
    if row.until is not None:
        raise Refused("This recusal is lifted already.", conflict=True)
    if not reason.strip():
        raise Refused("Give the reason in a sentence.")
    row.until, row.lifted_by, row.lift_reason = now, by, reason.strip()
    row.save()
    happened(
        "case.recusal_lifted", case=case, by=by, now=now, appointment=appointment, subject=row, rows=[row],
        also=[row.person],
    )  # fmt: skip
    return row
