"""Cases whose page a person may open, and rows that go with a case."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.roles import AGENCY, DEVELOPER, OVERSIGHT

if TYPE_CHECKING:
    pass
from cases.rules.visibility.basis import (
    DEVELOPER_ROLES,
    NOTHING,
    PROGRAMME_ROLES,
    has_role,
    organisations,
    recused,
    rows,
    sees_several_developers,
)


def _developer_cases(user: User, now: datetime) -> Q:
    own = organisations(user, now, DEVELOPER, DEVELOPER_ROLES)
    if not own:
        return NOTHING
    return Q(developer__in=own) & (~Q(origin="government") | Q(disclosed_at__isnull=False))


def _agency_cases(user: User, now: datetime) -> Q:
    if has_role(user, now, AGENCY, PROGRAMME_ROLES):
        return Q(submitted_at__isnull=False)
    if has_role(user, now, AGENCY, frozenset({"evaluator"})):
        mine = rows("Assignment").filter(
            case=OuterRef("pk"), person=user, role="evaluator", until__isnull=True
        )
        return Q(submitted_at__isnull=False) & Q(Exists(mine))
    return NOTHING


def cases(user: User, now: datetime) -> Q:
    """Cases whose page this person may open. Partners and consulted offices have pages of their own instead."""
    oversight = NOTHING
    if has_role(user, now, OVERSIGHT, frozenset({"auditor"})):
        oversight = Q(submitted_at__isnull=False)
    return (_developer_cases(user, now) | _agency_cases(user, now) | oversight) & ~recused(user, "pk")


def case_ids(user: User, now: datetime) -> QuerySet:
    """Ids of the visible cases, as a subquery for tables that hang on a case."""
    return rows("Case").filter(cases(user, now)).values("pk")


def opens_cases(user: User, now: datetime) -> bool:
    """Whether any role of this person opens cases at all; a partner's and a consulted office's do not."""
    return bool(organisations(user, now, DEVELOPER, DEVELOPER_ROLES)) or sees_several_developers(user, now)


def in_visible_case(user: User, now: datetime) -> Q:
    """Rows with a `case` whose page this person may open."""
    if not opens_cases(user, now):
        return NOTHING  # known beforehand, so that their own lists are found by index and not through cases
    return Q(Exists(rows("Case").filter(cases(user, now), pk=OuterRef("case_id"))))


def of_case(user: User, now: datetime) -> Q:
    """Rows with a `case` that go with the case: agreements and nominations, seen by whoever may open its page."""
    return in_visible_case(user, now)
