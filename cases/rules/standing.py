"""In which relation an appointment stands to a case: what a role is worth, it is worth in that relation alone."""

from typing import TYPE_CHECKING

from accounts.models import Appointment
from accounts.roles import AGENCY, DEVELOPER, OPERATOR, OVERSIGHT, PARTNER
from cases.rules.facts import evaluates

if TYPE_CHECKING:
    from cases.register.models import Case


def stands_right(appointment: Appointment, case: "Case") -> bool:
    """Whether the appointment's organisation stands in a relation to the case in which its role works."""
    kind = appointment.organisation.kind
    if kind == DEVELOPER:
        return case.developer_id == appointment.organisation_id and (
            case.origin != "government" or case.disclosed_at is not None
        )
    if kind == AGENCY:
        return case.submitted_at is not None and _office_stands_right(appointment, case)
    if kind == PARTNER:
        return case.grants.filter(organisation=appointment.organisation_id).exists()
    return kind in (OVERSIGHT, OPERATOR) and case.submitted_at is not None


def _office_stands_right(appointment: Appointment, case: "Case") -> bool:
    if appointment.role == "consultee":
        return case.consultations.filter(office=appointment.organisation_id).exists()
    if appointment.role == "evaluator":
        return evaluates(case, appointment.person_id)
    return True
