"""What pages ask about documents: the section of a case, who opened a document, what may be shared with whom."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery, Sum, TextField
from django.db.models.functions import Cast, JSONObject
from django.urls import reverse

from accounts.models import Appointment, User
from accounts.roles import DEVELOPER
from cases.documents import states
from cases.documents.models import Document, DocumentShare, DocumentVersion
from cases.documents.uploads.models import Upload
from cases.register.models import Case
from cases.rules import lifecycle, markings, policy, visibility
from portal.audit.models import Entry

if TYPE_CHECKING:
    from cases.access.models import Grant

READERS_SHOWN = 100
OPENED_SHOWN: Final = 6
WEEK: Final = timedelta(days=7)


def with_newest(documents: QuerySet[Document]) -> QuerySet[Document]:
    """Documents with their newest version's facts as `newest` (number, size, file_name, state, waits), one query."""
    versions = DocumentVersion.objects.filter(document=OuterRef("pk")).order_by("-number")
    facts = JSONObject(
        number="number",
        size="size",
        file_name="file_name",
        state="state",
        by="uploaded_by",
        waits="waits_since",
    )
    return documents.select_related("owner").annotate(
        newest=Subquery(versions.values(facts=facts)[:1]),
        newest_at=Subquery(versions.values("uploaded_at")[:1]),
    )


def section(case: Case, user: User, now: datetime) -> dict[str, Any] | None:
    """The documents of a case that this person may see, oldest first, and whether it may add one. One query."""
    rows = list(
        with_newest(Document.objects.visible_to(user, now).filter(case=case)).order_by("created_at", "pk")
    )
    shown = [
        {
            "row": row,
            "marking": markings.MARKINGS[row.marking],
            "tag": state_of(row) or states.tag(row.newest["state"], row.newest["waits"]),  # type: ignore[attr-defined]
            "new": _is_new(row, case, user),
        }
        for row in rows
    ]
    return {
        "case": case,
        "documents": shown,
        "new": sum(bool(one["new"]) for one in shown),
        "titled": visibility.reads_titles(user, case, now),
        "count": len(rows),
        "markings": [row.marking for row in rows],
        "may_upload": policy.standing(user, "document.upload", case, now) is not None,
        "upload_off": "This case has ended, so no document is added to it any more."
        if case.is_terminal
        else None,
    }


def _is_new(document: Document, case: Case, user: User) -> bool:
    """Whether somebody else added it, or its newest version, since this person saw the case (`case.seen_at`)."""
    seen_at: datetime | None = getattr(case, "seen_at", None)
    facts: Any = document
    return bool(seen_at and facts.newest_at > seen_at and facts.newest["by"] != str(user.pk))


def state_of(document: Document) -> tuple[str, str] | None:
    """The state word of a document that is not simply there, with its tone."""
    if document.frozen_at is not None:
        return ("frozen", "warning")
    return ("withdrawn", "ended") if document.withdrawn_at is not None else None


def open_refusal(user: User, version: DocumentVersion, now: datetime) -> str | None:
    """Why this person may not open these bytes, though it may see their row; None when it may."""
    document = version.document
    said = states.not_open(version)
    if said is not None:
        return said
    if Document.objects.openable_by(user, now).filter(pk=document.pk).exists():
        numbers = visibility.opened_numbers(user, document, now)
        if numbers is None or version.number in numbers:
            return None
        return "This version is not in your packet. The case officer can ask again on a newer one."
    if document.withdrawn_at is not None:
        return "This document was withdrawn. Its bytes are kept as a record, and nobody opens them here."
    if document.case.stage == lifecycle.WITHDRAWN:
        return "This case was withdrawn, so its documents are open to the records officer alone."
    return "You see what this document is; its content is open to those who work on the case."


def shareable_grants(case: Case, now: datetime) -> "QuerySet[Grant]":
    """The partner grants of a case that have not ended: what a document may be shared with."""
    open_ = case.grants.filter(kind="partner", end_reason="", span__endswith__gt=now)
    return open_.select_related("organisation")


@dataclass(frozen=True)
class Reader:
    """One download. `name` is empty where the organization alone is told."""

    name: str
    organisation: str
    number: int
    at: datetime


def room(case: Case, organisation_id: UUID, *, beside: Upload | None = None) -> int:
    """How many bytes more the organisation may keep in the case; versions of withdrawn documents are kept too.

    What is on its way counts as announced, but for the one upload that is being used (`beside`).
    """
    versions = DocumentVersion.objects.filter(document__case=case, document__owner=organisation_id)
    kept: int | None = versions.aggregate(kept=Sum("size"))["kept"]
    coming = Upload.objects.filter(case=case, owner=organisation_id, ended_at__isnull=True)
    if beside is not None:
        coming = coming.exclude(pk=beside.pk)
    announced: int | None = coming.aggregate(announced=Sum("length"))["announced"]
    return int(settings.CASE_MAX_BYTES) - (kept or 0) - (announced or 0)


def readers(document: Document, user: User, now: datetime) -> list[Reader]:
    """Who opened the document, newest first, as the audit log has it (the newest hundred)."""
    inside = visibility.inside(user, document.case, now)
    opened = Entry.objects.filter(kind="document.opened", subject_id=str(document.pk))

    def reader(one: Entry) -> Reader:
        name = visibility.actor_name(one.role, one.actor_name, inside=inside)
        return Reader(name, one.organisation_name, one.data["number"], one.at)

    return [reader(one) for one in opened.order_by("-id")[:READERS_SHOWN]]


@dataclass(frozen=True)
class Opened:
    """How often one organisation opened documents, and when last."""

    organisation: str
    times: int
    last: datetime


def opened_by_others(user: User, now: datetime) -> list[Opened]:
    """Which other organisations opened the person's own documents in the last seven days, the latest first."""
    held = [a.organisation for a in user.appointments_at(now)]
    papers = Document.objects.visible_to(user, now).filter(owner__in=held)
    found = (
        Entry.objects.filter(
            kind="document.opened",
            at__gte=now - WEEK,
            case_id__in=Case.objects.visible_to(user, now).values("pk"),
            subject_id__in=papers.annotate(key=Cast("pk", TextField())).values("key"),
        )
        .exclude(organisation_name__in=[one.name for one in held])
        .order_by()
        .values_list("organisation_name")
        .annotate(times=Count("pk"), last=Max("at"))
        .order_by("-last")[:OPENED_SHOWN]
    )
    return [Opened(*row) for row in found]


def versions(document: Document, user: User, now: datetime) -> list[DocumentVersion]:
    """The versions this person reads, newest first, with who uploaded each."""
    found = read_versions(document, user, now)
    return list(found.select_related("uploaded_by").order_by("-number"))


def read_versions(document: Document, user: User, now: datetime) -> QuerySet[DocumentVersion]:
    """The versions of a visible document that this person reads: every one, or those of its packet."""
    found = DocumentVersion.objects.filter(document=document)
    numbers = visibility.version_numbers(user, document, now)
    return found if numbers is None else found.filter(number__in=numbers)


def shares(document: Document) -> list[DocumentShare]:
    """With whom the document is shared now: shares not ended, of grants not ended."""
    live = document.shares.filter(ended_at__isnull=True, grant__end_reason="")
    return list(live.select_related("grant__organisation", "shared_by").order_by("shared_at"))


# -- what may be done to a document ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class OfferRow:
    """One thing that may be done to a document: its button, its address, the permission it takes."""

    label: str
    url_name: str
    permission: str
    by_owner: bool = True
    while_closed: bool = False

    def is_for(self, appointment: Appointment, document: Document) -> bool:
        """Whether it is done to this document by somebody of that organisation: a developer has its own alone."""
        own = appointment.organisation_id == document.owner_id
        return own or (not self.by_owner and appointment.organisation.kind != DEVELOPER)


OFFERS: Final = {
    "version": OfferRow("Upload a new version", "cases:document_version_new", "document.upload"),
    "share": OfferRow("Share with a partner", "cases:document_share", "document.share"),
    "marking": OfferRow("Set the marking", "cases:document_marking", "document.mark", by_owner=False),
    "withdraw": OfferRow("Withdraw the document", "cases:document_withdraw", "document.withdraw"),
    "spill": OfferRow(
        "Freeze as a suspected spill",
        "cases:document_spill",
        "spill.declare",
        by_owner=False,
        while_closed=True,
    ),
}


def offers(document: Document, user: User, now: datetime) -> list[tuple[str, str, str | None]]:
    """(label, address, off sentence) of what this person's roles may do to the document. The case is visible."""
    found = []
    for row in OFFERS.values():
        appointment = policy.standing(user, row.permission, document.case, now)
        if appointment is None or not row.is_for(appointment, document):
            continue
        off = None if row.while_closed and document.frozen_at is None else closed_sentence(document)
        found.append((row.label, reverse(row.url_name, args=[document.pk]), off))
    return found


def closed_sentence(document: Document) -> str | None:
    """Why nothing more is done to a document, or None."""
    if document.frozen_at is not None:
        return "This document is frozen while the security manager looks at it."
    if document.withdrawn_at is not None:
        return "This document was withdrawn. Upload a new document instead."
    return None


def owner_sentence(document: Document) -> str:
    """Whose a document is, for somebody of another side."""
    return f"This document belongs to {document.owner.name}, which alone changes or shares it."
