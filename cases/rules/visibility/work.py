"""Benchmarks and labels: runs, suites, consultations, determinations, the register."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When

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


def told_labels(user: User, now: datetime) -> dict[str, Any]:
    """State and end of a register entry as this person is told them: annotations `told_state` and `told_ended_at`.

    Outside the agency an entry was superseded by a disclosed one alone: until then it reads as if no newer one were
    there, because that one may be of a case the government opened.
    """
    shown = rows("Label").filter(labels(user, now), model_version=OuterRef("model_version"))
    newer = (
        shown.filter(effective_at__gte=OuterRef("ended_at"))
        .exclude(pk=OuterRef("pk"))
        .order_by("effective_at", "pk")
    )
    unseen = Q(state="superseded") & ~opened_through(user, now, INSIDE)
    rescinded = Q(determination__rescinded_at__isnull=False)
    return {
        "told_state": Case(
            When(unseen & ~Exists(newer) & rescinded, then=Value("rescinded")),
            When(unseen & ~Exists(newer), then=Value("effective")),
            default=F("state"),
        ),
        "told_ended_at": Case(
            When(unseen & Exists(newer), then=Subquery(newer.values("effective_at")[:1])),
            When(unseen, then=F("determination__rescinded_at")),
            default=F("ended_at"),
        ),
    }
