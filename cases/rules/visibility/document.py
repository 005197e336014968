"""Documents: whose row a person may see, which versions, whose bytes it may open."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.apps import apps
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from accounts.roles import AGENCY, DEVELOPER, OVERSIGHT, PARTNER
from cases.rules import lifecycle, markings

if TYPE_CHECKING:
    from cases.documents.models import Document
from cases.rules.visibility.basis import (
    AGENCY_READERS,
    AGENCY_STAFF,
    AUDITOR,
    DEVELOPER_ROLES,
    NOTHING,
    SEEING,
    organisations,
    recused,
    rows,
)
from cases.rules.visibility.case import in_visible_case, opened_through
from cases.rules.visibility.grant import grants, partner_reads

SECURITY: Final = frozenset({"security_manager"})
AVAILABLE: Final = "available"  # the one state of a version in which anybody opens it


def available() -> Q:
    """Documents with a version that was looked through and opens."""
    return Q(Exists(rows("DocumentVersion").filter(document=OuterRef("pk"), state=AVAILABLE)))


def _open_to_partner(user: User, now: datetime) -> Q:
    if not organisations(user, now, PARTNER):
        return NOTHING
    live = rows("Grant").filter(partner_reads(user, now)).values("pk")
    shares = rows("DocumentShare").filter(document=OuterRef("pk"), ended_at__isnull=True, grant__in=live)
    own = Q(under_grant__in=live)  # its own findings, as long as the grant opens anything
    return (Q(Exists(shares)) | own) & Q(marking__in=markings.readable_by(PARTNER))


def _in_own_packet(user: User, now: datetime) -> Q:
    offices = organisations(user, now, AGENCY, frozenset({"consultee"}))
    if not offices:
        return NOTHING
    asked = rows("PacketDocument").filter(document=OuterRef("pk"), consultation__office__in=offices)
    return Q(Exists(asked)) & Q(marking__in=markings.readable_by(AGENCY))


def documents(user: User, now: datetime) -> Q:
    """Documents whose row (title, kind, size) this person may see."""
    seen = _case_documents(user, now) | _open_to_partner(user, now) | _in_own_packet(user, now)
    return seen & _unfrozen(user, now) & ~recused(user, "case_id")


def version_numbers(user: User, document: "Document", now: datetime) -> set[int] | None:
    """Which versions of a document it may see this person is shown; None means every one.

    A consulted office sees those that its packets froze, and none that came before or after.
    """
    shown = _case_documents(user, now) | _open_to_partner(user, now)
    return _numbers(shown, user, [document.pk], now)[document.pk]


def opened_numbers(user: User, document: "Document", now: datetime) -> set[int] | None:
    """As `version_numbers`, of the versions whose bytes this person may open."""
    return versions_opened(user, [document.pk], now)[document.pk]


def versions_opened(user: User, documents: Iterable[UUID], now: datetime) -> dict[UUID, set[int] | None]:
    """As `opened_numbers`, of several documents by id."""
    return _numbers(_read_in_case(user, now) | _open_to_partner(user, now), user, documents, now)


def _numbers(whole: Q, user: User, documents: Iterable[UUID], now: datetime) -> dict[UUID, set[int] | None]:
    wanted = list(documents)
    every = set(rows("Document").filter(whole, pk__in=wanted).values_list("pk", flat=True))
    found: dict[UUID, set[int] | None] = {pk: None if pk in every else set() for pk in wanted}
    offices = organisations(user, now, AGENCY, frozenset({"consultee"}))
    asked = rows("PacketDocument").filter(document__in=set(wanted) - every, consultation__office__in=offices)
    for pk, packet in asked.values_list("document", "consultation__packet"):
        mine = found[pk]
        assert mine is not None
        mine |= {one["version"] for one in packet["documents"] if one["id"] == str(pk)}
    return found


def _unfrozen(user: User, now: datetime) -> Q:
    """What nobody froze, to those on its list where it has one; what was frozen, to the security manager alone."""
    frozen = Q(frozen_at__isnull=False)
    return (~frozen & _unrestricted(user)) | (frozen & _through(user, now, SECURITY))


def spills(user: User, now: datetime) -> Q:
    """Suspected spills that this person sees through."""
    return opened_through(user, now, SECURITY)


def _unrestricted(user: User) -> Q:
    named = apps.get_model("cases", "Document").named_readers.through._default_manager.filter(
        document=OuterRef("pk"), user=user
    )
    return Q(restricted=False) | Q(Exists(named))


def _through(user: User, now: datetime, roles: frozenset[str]) -> Q:
    """Documents of the cases that appointments in `roles` open, as far as the marking is open to that side."""
    found = NOTHING
    for kind, of_kind in ((DEVELOPER, DEVELOPER_ROLES), (AGENCY, AGENCY_STAFF), (OVERSIGHT, AUDITOR)):
        opened = opened_through(user, now, of_kind & roles)
        if opened != NOTHING:
            found |= opened & Q(marking__in=markings.readable_by(kind))
    return found


def _case_documents(user: User, now: datetime) -> Q:
    return _through(user, now, SEEING)


def _read_in_case(user: User, now: datetime) -> Q:
    """Documents that an appointment which opens the case may read there; of a withdrawn one the records officer's."""
    withdrawn = Q(case__stage=lifecycle.WITHDRAWN)
    readers = _through(user, now, AGENCY_READERS | DEVELOPER_ROLES)
    return (readers & ~withdrawn) | (_through(user, now, frozenset({"records_officer"})) & withdrawn)


def document_content(user: User, now: datetime) -> Q:
    """Documents whose bytes this person may open, among those whose row it may see."""
    withdrawn = Q(case__stage=lifecycle.WITHDRAWN)
    readers = _read_in_case(user, now) | _open_to_partner(user, now)
    return (readers | (_in_own_packet(user, now) & ~withdrawn)) & Q(withdrawn_at__isnull=True) & available()


def uploads(user: User, now: datetime) -> Q:
    """Files on their way: a person's own, as long as it sees the case, or the grant, that they are meant for."""
    held = rows("Grant").filter(grants(user, now), pk=OuterRef("grant_id"))
    meant = in_visible_case(user, now) | (Q(grant__isnull=False) & Q(Exists(held)))
    return Q(begun_by=user.pk) & meant
