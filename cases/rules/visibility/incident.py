"""Incidents: which a person sees, which entries of their timeline, whose words it reads."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from accounts.roles import PARTNER
from cases.rules import lifecycle
from cases.rules.standing import stands_right
from cases.rules.visibility.basis import (
    AGENCY_READERS,
    DEVELOPER_ROLES,
    NOTHING,
    organisations,
    recused,
    rows,
)
from cases.rules.visibility.case import of_agency, of_developer
from cases.rules.visibility.grant import named_on_grant

if TYPE_CHECKING:
    from cases.incidents.models import Incident

# What is written down of an incident stays open to those who see it through, when the case was withdrawn meanwhile.
_AFTER_WITHDRAWAL = frozenset({"security_manager", "framework_lead", "records_officer"})


def _of_reporter(user: User, now: datetime) -> Q:
    if not organisations(user, now, PARTNER):
        return NOTHING
    mine = named_on_grant(user, now) & Q(closed_out_at__isnull=True) & ~recused(user, "case_id")
    return Q(Exists(rows("Grant").filter(mine, pk=OuterRef("reported_under_id"))))


def incidents(user: User, now: datetime) -> Q:
    """Incidents this person sees: both sides and the auditor every one of their cases, a partner what it reported itself."""
    return of_agency(user, now) | of_developer(user, now) | _of_reporter(user, now)


def incident_entries(user: User, now: datetime) -> Q:
    """Entries of a timeline by whom they are for: the agency and the auditor all, the developer and the reporter theirs."""

    def of(condition: Q) -> Q:
        return Q(Exists(rows("Incident").filter(condition, pk=OuterRef("incident_id"))))

    return (
        of(of_agency(user, now))
        | (Q(audience__in=("sides", "reporter")) & of(of_developer(user, now)))
        | (Q(audience="reporter") & of(_of_reporter(user, now)))
    )


def reads_incident(user: User, incident: "Incident", now: datetime) -> bool:
    """Whether this person reads the words of an incident it sees: not the auditor, who reads that they are there."""
    case = incident.case
    if incident.reported_under_id and incident.organisation_id in organisations(user, now, PARTNER):
        return True
    withdrawn = case.stage == lifecycle.WITHDRAWN
    readers = _AFTER_WITHDRAWAL if withdrawn else AGENCY_READERS | {"security_manager"}
    reading = readers | DEVELOPER_ROLES
    return any(a.role in reading and stands_right(a, case) for a in user.appointments_at(now))
