"""Cases whose page a person may open, and rows that go with a case.

Of a person with several appointments each opens its own cases. What a role reads it reads of the cases that this
role opens, so conditions name the roles through which they look (`opened_through`).
"""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.roles import AGENCY, DEVELOPER, OVERSIGHT
from cases.rules import markings

if TYPE_CHECKING:
    pass
from cases.rules.visibility.basis import (
    AUDITOR,
    DEVELOPER_ROLES,
    INSIDE,
    NOTHING,
    PROGRAMME_ROLES,
    SEEING,
    has_role,
    organisations,
    recused,
    rows,
)


def _developer_cases(user: User, now: datetime, roles: frozenset[str]) -> Q:
    own = organisations(user, now, DEVELOPER, DEVELOPER_ROLES & roles)
    if not own:
        return NOTHING
    return Q(developer__in=own) & (~Q(origin="government") | Q(disclosed_at__isnull=False))


def _inside_cases(user: User, now: datetime, roles: frozenset[str]) -> Q:
    if has_role(user, now, AGENCY, PROGRAMME_ROLES & roles) or has_role(
        user, now, OVERSIGHT, AUDITOR & roles
    ):
        return Q(submitted_at__isnull=False)
    if has_role(user, now, AGENCY, frozenset({"evaluator"}) & roles):
        mine = rows("Assignment").filter(
            case=OuterRef("pk"), person=user, role="evaluator", until__isnull=True
        )
        return Q(submitted_at__isnull=False) & Q(Exists(mine))
    return NOTHING


def cases_through(user: User, now: datetime, roles: frozenset[str]) -> Q:
    """Cases that this person's appointments in `roles` open, and no other appointment of it."""
    found = _developer_cases(user, now, roles) | _inside_cases(user, now, roles)
    return found & ~recused(user, "pk")


def cases(user: User, now: datetime) -> Q:
    """Cases whose page this person may open. Partners and consulted offices have pages of their own instead."""
    return cases_through(user, now, SEEING)


def opened_through(user: User, now: datetime, roles: frozenset[str]) -> Q:
    """Rows with a `case` that this person's appointments in `roles` open; NOTHING where it has none of them."""
    held = {a.role for a in user.appointments_at(now)}
    if not held & roles & SEEING:
        return NOTHING  # known beforehand, so that their own lists are found by index and not through cases
    return Q(Exists(rows("Case").filter(cases_through(user, now, roles), pk=OuterRef("case_id"))))


def own_cases(user: User, now: datetime) -> Q:
    """Cases on which this person stands for the developer, whatever else it is."""
    return cases_through(user, now, DEVELOPER_ROLES)


def readiness(user: User, now: datetime) -> Q:
    """Rows with a `case` that its developer keeps for itself: seen by its own people on the case and by nobody else."""
    return opened_through(user, now, DEVELOPER_ROLES)


def case_ids(user: User, now: datetime) -> QuerySet:
    """Ids of the visible cases, as a subquery for tables that hang on a case."""
    return rows("Case").filter(cases(user, now)).values("pk")


def in_visible_case(user: User, now: datetime) -> Q:
    """Rows with a `case` whose page this person may open."""
    return opened_through(user, now, SEEING)


def of_case(user: User, now: datetime) -> Q:
    """Rows with a `case` that go with the case: agreements and nominations, seen by whoever may open its page."""
    return in_visible_case(user, now)


def of_agency(user: User, now: datetime) -> Q:
    """Rows with a `case` that the agency's staff and the auditor see of the cases they may open."""
    return opened_through(user, now, INSIDE)


def of_developer(user: User, now: datetime) -> Q:
    """Rows with a `case` that its developer's people see, where the case's marking is open to developers."""
    readable = Q(marking__in=markings.readable_by(DEVELOPER))
    own = cases_through(user, now, DEVELOPER_ROLES) & readable
    return Q(Exists(rows("Case").filter(own, pk=OuterRef("case_id"))))
