"""Grants: which a person may see, and which are live."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, Subquery

from accounts.models import User
from accounts.roles import AGENCY, PARTNER
from cases.rules import lifecycle

if TYPE_CHECKING:
    pass
from cases.rules.visibility.basis import NOTHING, organisations, recused, rows
from cases.rules.visibility.case import in_visible_case


def grant_is_live(now: datetime) -> Q:
    """Grants under which a model may be used at `now`: evaluated on read, no background job needed."""
    return (
        Q(state="agreed", end_reason="", span__contains=now)
        & ~Q(case__stage__in=lifecycle.TERMINAL)
        & (Q(kind="office") | Q(terms_accepted_at__isnull=False))
    )


def named_on_grant(user: User, now: datetime) -> Q:
    """Grants of the person's own organisation on which it is named: a partner's representative, anybody of an office."""
    holders = organisations(user, now, PARTNER, frozenset({"partner_representative"}))
    holders += organisations(user, now, AGENCY)
    if not holders:
        return NOTHING
    use = apps.get_model("auth.Permission")._default_manager.filter(
        codename="use_grant", content_type__app_label="cases", content_type__model="grant"
    )
    # by the permission's id and not by a join to its name, of which the planner would expect next to no rows
    named = rows("GrantUserPermission").filter(
        content_object=OuterRef("pk"), user=user, permission=Subquery(use.order_by().values("pk"))
    )
    return Q(organisation__in=holders) & Q(Exists(named))


def grants(user: User, now: datetime) -> Q:
    """Grants this person may see: those of its cases, and those on which it is named, from the offer to the close-out."""
    own = named_on_grant(user, now) & Q(closed_out_at__isnull=True) & ~recused(user, "case_id")
    return in_visible_case(user, now) | own


def partner_reads(user: User, now: datetime) -> Q:
    """Grants that open content to this person right now."""
    return named_on_grant(user, now) & grant_is_live(now)
