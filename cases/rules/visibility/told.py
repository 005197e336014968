"""Who is told of an event."""

from datetime import datetime
from typing import TYPE_CHECKING

from accounts.models import Appointment, User

if TYPE_CHECKING:
    from cases.register.models import Case
from cases.rules.visibility.basis import DEVELOPER_ROLES


def people(audience: str, case: "Case", now: datetime) -> list[User]:
    """The people an event of `case` tells, by audience word; recused people are left out.

    Nobody outside the developer's organisation learns of a case that is not submitted.
    """
    if audience not in DEVELOPER_ROLES and case.submitted_at is None:
        return []
    live = Appointment.objects.live(now).in_role(audience).select_related("person")
    if audience in DEVELOPER_ROLES:
        if case.origin == "government" and case.disclosed_at is None:
            return []
        live = live.filter(organisation=case.developer_id)
    elif audience in ("case_officer", "evaluator"):
        assigned = case.assignments.filter(role=audience, until__isnull=True).values_list("person", flat=True)
        if audience == "evaluator" or assigned:
            live = live.filter(person__in=list(assigned))
    recused = case.recusals.filter(until__isnull=True).values("person")
    found = {a.person_id: a.person for a in live.exclude(person__in=recused)}
    return list(found.values())
