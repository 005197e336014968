"""Records: who sees legal holds and FOIA requests, and who reads their words."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q

from accounts.models import User
from cases.rules.standing import stands_right
from cases.rules.visibility.basis import AGENCY_READERS, DEVELOPER_ROLES
from cases.rules.visibility.case import of_agency, opened_through

if TYPE_CHECKING:
    from cases.register.models import Case

_KEEPERS = AGENCY_READERS | {"records_officer"}


def legal_holds(user: User, now: datetime) -> Q:
    """Legal holds this person sees: the agency's staff and the auditor those of their cases, and nobody else."""
    return of_agency(user, now)


def foia_requests(user: User, now: datetime) -> Q:
    """Requests this person sees: the agency and the auditor all of their cases, the developer those it had notice of."""
    noticed = Q(notice_at__isnull=False)
    return of_agency(user, now) | (opened_through(user, now, DEVELOPER_ROLES) & noticed)


def reads_records(user: User, case: "Case", now: datetime) -> bool:
    """Whether this person reads the words of legal holds and requests it sees: not the auditor, who sees that they are there."""
    reading = _KEEPERS | DEVELOPER_ROLES
    return any(a.role in reading and stands_right(a, case) for a in user.appointments_at(now))
