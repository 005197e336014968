"""Conflict-of-interest declarations: who may declare on a case, who is asked to, and whose words a person reads."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from accounts.roles import AGENCY
from cases.rules import facts, lifecycle
from cases.rules.visibility.basis import NOTHING, has_role, organisations, recused, rows
from cases.rules.visibility.case import cases, opened_through
from cases.rules.visibility.grant import grants
from cases.rules.visibility.work import consultations


def declares(user: User, now: datetime) -> Q:
    """Cases on which this person may come to declare: those it may open, is asked on, or sees a grant of."""
    asked = rows("Consultation").filter(consultations(user, now), case=OuterRef("pk"))
    granted = rows("Grant").filter(grants(user, now), case=OuterRef("pk"))
    return cases(user, now) | Q(Exists(asked)) | Q(Exists(granted))


def asked_to_declare(user: User, now: datetime) -> Q:
    """Cases under review on which this person is an evaluator, is asked as an office or is to sign, and did not declare."""
    found = NOTHING
    if has_role(user, now, AGENCY, frozenset({"evaluator"})):
        mine = rows("Assignment").filter(**facts.EVALUATING, case=OuterRef("pk"), person=user)
        found |= Q(Exists(mine))
    offices = organisations(user, now, AGENCY, frozenset({"consultee"}))
    if offices:
        asked = rows("Consultation").filter(case=OuterRef("pk"), office__in=offices, answer="")
        found |= Q(Exists(asked))
    if has_role(user, now, AGENCY, frozenset({"determining_official"})):
        found |= Q(stage=lifecycle.LABELING)
    declared = facts.without_conflict(rows("Declaration")).filter(case=OuterRef("pk"), person=user)
    return found & Q(stage__in=lifecycle.UNDER_REVIEW) & ~Q(Exists(declared)) & ~recused(user, "pk")


def declarations(user: User, now: datetime) -> Q:
    """Declarations whose kind and words this person reads: the lead, who lifts recusals, and the security manager."""
    return opened_through(user, now, frozenset({"framework_lead", "security_manager"}))
