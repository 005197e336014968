"""Documents: whose row a person may see, which versions, whose bytes it may open."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from accounts.roles import AGENCY, DEVELOPER, PARTNER
from cases.rules import lifecycle, markings

if TYPE_CHECKING:
    from cases.documents.models import Document
from cases.rules.visibility.basis import (
    AGENCY_READERS,
    DEVELOPER_ROLES,
    NOTHING,
    has_role,
    organisations,
    recused,
    rows,
)
from cases.rules.visibility.case import in_visible_case
from cases.rules.visibility.grant import partner_reads


def _shared_with_partner(user: User, now: datetime) -> Q:
    if not organisations(user, now, PARTNER):
        return NOTHING
    live = rows("Grant").filter(partner_reads(user, now)).values("pk")
    shares = rows("DocumentShare").filter(document=OuterRef("pk"), ended_at__isnull=True, grant__in=live)
    return Q(Exists(shares)) & Q(marking__in=markings.readable_by(PARTNER))


def _in_own_packet(user: User, now: datetime) -> Q:
    offices = organisations(user, now, AGENCY, frozenset({"consultee"}))
    if not offices:
        return NOTHING
    asked = rows("PacketDocument").filter(document=OuterRef("pk"), consultation__office__in=offices)
    return Q(Exists(asked)) & Q(marking__in=markings.readable_by(AGENCY))


def documents(user: User, now: datetime) -> Q:
    """Documents whose row (title, kind, size) this person may see."""
    seen = _case_documents(user, now) | _shared_with_partner(user, now) | _in_own_packet(user, now)
    return seen & _unrestricted(user) & ~recused(user, "case_id")


def version_numbers(user: User, document: "Document", now: datetime) -> set[int] | None:
    """Which versions of a document it may see this person reads; None means every one.

    A consulted office reads those that its packets froze, and none that came before or after.
    """
    row = rows("Document").filter(pk=document.pk)
    if row.filter(_case_documents(user, now) | _shared_with_partner(user, now)).exists():
        return None
    offices = organisations(user, now, AGENCY, frozenset({"consultee"}))
    asked = rows("PacketDocument").filter(document=document.pk, consultation__office__in=offices)
    listed = [
        one for packet in asked.values_list("consultation__packet", flat=True) for one in packet["documents"]
    ]
    return {one["version"] for one in listed if one["id"] == str(document.pk)}


def _unrestricted(user: User) -> Q:
    named = apps.get_model("cases", "Document").named_readers.through._default_manager.filter(
        document=OuterRef("pk"), user=user
    )
    return Q(frozen_at__isnull=True) & (Q(restricted=False) | Q(Exists(named)))


def _case_documents(user: User, now: datetime) -> Q:
    kinds = {a.organisation.kind for a in user.appointments_at(now)}
    readable = {m for kind in kinds for m in markings.readable_by(kind)}
    return in_visible_case(user, now) & Q(marking__in=readable)


def document_content(user: User, now: datetime) -> Q:
    """Documents whose bytes this person may open, among those whose row it may see."""
    withdrawn = Q(case__stage=lifecycle.WITHDRAWN)
    readers = _shared_with_partner(user, now) | (_in_own_packet(user, now) & ~withdrawn)
    if has_role(user, now, AGENCY, AGENCY_READERS):
        readers |= ~withdrawn & in_visible_case(user, now)
    if has_role(user, now, AGENCY, frozenset({"records_officer"})):
        readers |= withdrawn
    own = organisations(user, now, DEVELOPER, DEVELOPER_ROLES)
    if own:
        readers |= ~withdrawn & Q(case__developer__in=own)
    return readers & Q(withdrawn_at__isnull=True)
