"""What every condition stands on: the roles that see, and what an appointment gives a person."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.roles import AGENCY, OVERSIGHT

if TYPE_CHECKING:
    pass


NOTHING = Q(pk__in=[])

# Agency roles that see every submitted case; an evaluator sees those assigned, a consulted office those it is asked on.
PROGRAMME_ROLES = frozenset(
    {"framework_lead", "case_officer", "determining_official", "security_manager", "records_officer"}
)
# Roles that may read content, not only metadata.
AGENCY_READERS = frozenset({"framework_lead", "case_officer", "determining_official", "evaluator"})
DEVELOPER_ROLES = frozenset({"liaison", "developer_signatory"})
AUDITOR = frozenset({"auditor"})
# Roles of the agency's own staff on a case, and with the auditor: who reads the agency's sections.
AGENCY_STAFF = PROGRAMME_ROLES | {"evaluator"}
INSIDE = AGENCY_STAFF | AUDITOR
# Roles that open cases at all. What one of them sees, another of the same person does not read.
SEEING = DEVELOPER_ROLES | INSIDE


def rows(model: str) -> QuerySet:
    """Every row of a table of the cases, named because laws import no rooms."""
    return apps.get_model("cases", model)._default_manager.all()


def organisations(user: User, now: datetime, kind: str, roles: frozenset[str] | None = None) -> list:
    """Ids of the organisations of `kind` in which the person stands at `now`, in one of `roles` where given."""
    return [
        a.organisation_id
        for a in user.appointments_at(now)
        if a.organisation.kind == kind and (roles is None or a.role in roles)
    ]


def has_role(user: User, now: datetime, kind: str, roles: frozenset[str]) -> bool:
    """Whether the person holds one of `roles` in an organisation of `kind` at `now`."""
    return bool(organisations(user, now, kind, roles))


def recused(user: User, case: str) -> Q:
    """Rows whose case, named by the column `case`, the person is recused from."""
    return Q(Exists(rows("Recusal").filter(case=OuterRef(case), person=user, until__isnull=True)))


def agency_side(user: User, now: datetime) -> bool:
    """Whether this person works for the programme (not as a consulted office): sees agency-only sections."""
    return has_role(user, now, AGENCY, AGENCY_STAFF)


def sees_several_developers(user: User, now: datetime) -> bool:
    """Whether lists of this person need a column that names the developer."""
    return agency_side(user, now) or has_role(user, now, OVERSIGHT, AUDITOR)
