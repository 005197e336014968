"""Benchmarks and labels: runs, suites, consultations, determinations, the register."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from accounts.roles import AGENCY, OVERSIGHT

if TYPE_CHECKING:
    pass
from cases.rules.visibility.basis import (
    AGENCY_READERS,
    AUDITOR,
    DEVELOPER_ROLES,
    INSIDE,
    NOTHING,
    agency_side,
    has_role,
    organisations,
    recused,
    rows,
)
from cases.rules.visibility.case import cases, opened_through


def runs(user: User, now: datetime) -> Q:
    """Runs this person may see: the agency's readers and the auditor; a developer sees none of them."""
    return opened_through(user, now, AGENCY_READERS | AUDITOR)


def suites(user: User, now: datetime) -> Q:
    """Suite versions, and rules by theirs: the programme's own staff and the auditor see that they exist."""
    if agency_side(user, now) or has_role(user, now, OVERSIGHT, AUDITOR):
        return Q()
    return NOTHING


def reads_thresholds(user: User, now: datetime) -> bool:
    """Whether this person reads the content of rules: their thresholds and alert levels."""
    return has_role(user, now, AGENCY, AGENCY_READERS)


def pointers(user: User, now: datetime) -> Q:
    """High-side pointers this person may see: as runs, because their very existence tells of a result."""
    return runs(user, now)


def consultations(user: User, now: datetime) -> Q:
    """Consultations this person may see: an office its own; programme staff those of their cases."""
    offices = organisations(user, now, AGENCY, frozenset({"consultee"}))
    own = Q(office__in=offices) & ~recused(user, "case_id") if offices else NOTHING
    return own | opened_through(user, now, INSIDE)


def determinations(user: User, now: datetime) -> Q:
    """Determinations this person may see: the programme's staff and the auditor; a developer sees disclosures instead."""
    return opened_through(user, now, INSIDE)


def disclosures(user: User, now: datetime) -> Q:
    """What was recorded as disclosed: everybody who may open the case, its developer before all."""
    return Q(Exists(rows("Case").filter(cases(user, now), pk=OuterRef("determination__case_id"))))


def labels(user: User, now: datetime) -> Q:
    """Register entries this person may see: the agency and the auditor all that have taken effect, a developer its disclosed."""
    own = opened_through(user, now, DEVELOPER_ROLES) & Q(disclosed_to_developer=True)
    return (opened_through(user, now, INSIDE) | own) & Q(effective_at__isnull=False)
