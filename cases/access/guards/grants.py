"""When a grant is issued, suspended, resumed, ended, and people are named on it."""

from datetime import datetime
from typing import TYPE_CHECKING

from accounts.models import User
from accounts.roles import DEVELOPER
from cases.access.guards.basis import (
    GRANTING,
)
from cases.access.guards.partners import OVER, offer_state
from cases.access.models import Grant, Nomination
from cases.access.sides import side_of
from cases.register.models import Case
from cases.rules import policy
from portal.kit.refusal import Refused, conflict

if TYPE_CHECKING:
    from cases.incidents.models import Incident


def issue_refusal(user: User, case: Case, now: datetime) -> Refused | None:
    """Why `user` may not issue a grant now."""
    refused = policy.refused(user, "grant.issue", case, now=now)
    if refused:
        return refused
    if case.stage not in GRANTING or not case.agreements.filter(state="signed").exists():
        return conflict("Grants are issued once both sides have signed the access agreement.")
    return None


def issuable_refusal(nomination: Nomination, at: datetime) -> Refused | None:
    """Why no grant follows from this nomination at `at`. `nomination` comes from `with_sides`."""
    state = offer_state(nomination, at)
    if state in OVER:
        return conflict(OVER[state])
    if state != "concurred":
        return conflict(
            "A partner needs both concurrences, the developer's and the agency's. One is missing yet."
        )
    if nomination.grants.filter(end_reason="", span__endswith__gt=at).exists():
        return conflict("This partner has a grant under this nomination already.")
    return None


def suspend_refusal(
    user: User, grant: Grant, now: datetime, incident: "Incident | None" = None
) -> Refused | None:
    """Why `user` may not suspend the grant for its side now. The agency's side suspends on an incident alone."""
    refused = policy.refused(user, "grant.suspend", grant.case, now=now)
    if refused or grant.has_ended(now):
        return refused or conflict("This grant has ended, so there is nothing to suspend.")
    if _open_suspension(user, grant, now):
        return conflict("Your side has suspended this grant already.")
    return _incident_refusal(user, grant, now, incident)


def _incident_refusal(user: User, grant: Grant, now: datetime, incident: "Incident | None") -> Refused | None:
    if incident is None:
        appointment = policy.standing(user, "grant.suspend", grant.case, now)
        if appointment is None or side_of(appointment) == DEVELOPER:
            return None
        return conflict(
            "The agency suspends a grant on an incident. Report it, or suspend from the incident's page."
        )
    if incident.case_id != grant.case_id:
        return conflict("This incident is of another case. Name one of the grant's own.")
    if not incident.is_open:
        return conflict("This incident is closed, so nothing is suspended because of it. Report a new one.")
    return None


def resume_refusal(user: User, grant: Grant, now: datetime) -> Refused | None:
    """Why `user` may not lift its side's suspension now. The window did not pause meanwhile."""
    refused = policy.refused(user, "grant.suspend", grant.case, now=now)
    if refused or grant.has_ended(now):
        return refused or conflict("This grant has ended, so it is not resumed.")
    if not _open_suspension(user, grant, now):
        return conflict("Your side has not suspended this grant; the side that did resumes it.")
    return None


def _open_suspension(user: User, grant: Grant, now: datetime) -> bool:

    appointment = policy.standing(user, "grant.suspend", grant.case, now)
    if appointment is None:
        return False
    return grant.suspensions.filter(side=side_of(appointment), until__isnull=True).exists()


def end_refusal(user: User, grant: Grant, now: datetime) -> Refused | None:
    """Why `user` may not end the grant before its term now."""
    refused = policy.refused(user, "grant.end", grant.case, now=now)
    if refused or grant.has_ended(now):
        return refused or conflict("This grant has ended already; its first end is final.")
    return None


def people_refusal(user: User, grant: Grant, now: datetime) -> Refused | None:
    """Why `user` may not change who is named on the grant now. Until it is closed out somebody files for it."""
    refused = policy.refused(user, "grant.name_people", grant.case, now=now)
    if refused or grant.closed_out_at is not None:
        return refused or conflict("This grant is closed out, so nobody is named on it any more.")
    return None
