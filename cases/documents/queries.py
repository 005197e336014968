"""What pages ask about documents: the section of a case, who opened a document, what may be shared with whom."""

from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from accounts.models import User
from cases.access.models import Grant
from cases.documents.models import Document, DocumentVersion
from cases.register.models import Case
from cases.register.waiting import Waiting
from cases.rules import lifecycle, markings, policy
from portal.audit.models import Entry

READERS_SHOWN = 100


def with_newest(documents: QuerySet[Document]) -> QuerySet[Document]:
    """Documents with their newest version's facts as `newest` (number, size, file_name, state, uploaded_at), one query."""
    versions = DocumentVersion.objects.filter(document=OuterRef("pk")).order_by("-number")
    facts = JSONObject(number="number", size="size", file_name="file_name", state="state")
    return documents.select_related("owner").annotate(
        newest=Subquery(versions.values(facts=facts)[:1]),
        newest_at=Subquery(versions.values("uploaded_at")[:1]),
    )


def section(case: Case, user: User, now: datetime) -> dict[str, Any] | None:
    """The documents of a case that this person may see, oldest first, and whether it may add one. One query."""
    rows = list(with_newest(Document.objects.visible_to(user, now).filter(case=case)).order_by("created_at", "pk"))
    return {
        "case": case,
        "documents": [{"row": row, "marking": markings.MARKINGS[row.marking], "tag": state_of(row)} for row in rows],
        "count": len(rows),
        "marking": markings.highest(row.marking for row in rows),
        "may_upload": policy.standing(user, "document.upload", case, now) is not None,
        "upload_off": "This case has ended, so no document is added to it any more." if case.is_terminal else None,
    }


def state_of(document: Document) -> tuple[str, str] | None:
    """The state word of a document that is not simply there, with its tone."""
    if document.frozen_at is not None:
        return ("frozen", "warning")
    return ("withdrawn", "ended") if document.withdrawn_at is not None else None


def waiting(user: User, now: datetime) -> list[Waiting]:
    """Nothing waits for anybody in this room: documents are looked at where cases are."""
    return []


def open_refusal(user: User, version: DocumentVersion, now: datetime) -> str | None:
    """Why this person may not open these bytes, though it may see their row; None when it may."""
    document = version.document
    if version.state != "available":
        return "This version is not available. The security manager decides about it."
    if Document.objects.openable_by(user, now).filter(pk=document.pk).exists():
        return None
    if document.withdrawn_at is not None:
        return "This document was withdrawn. Its bytes are kept as a record, and nobody opens them here."
    if document.case.stage == lifecycle.WITHDRAWN:
        return "This case was withdrawn, so its documents are open to the records officer alone."
    return "You see what this document is; its content is open to those who work on the case."


def shareable_grants(case: Case, now: datetime) -> QuerySet[Grant]:
    """The partner grants of a case that have not ended: what a document may be shared with."""
    open_ = Grant.objects.filter(case=case, kind="partner", end_reason="", span__endswith__gt=now)
    return open_.select_related("organisation")


def readers(document: Document) -> list[Entry]:
    """Who opened the document, newest first, as the audit log has it (the newest hundred)."""
    opened = Entry.objects.filter(kind="document.opened", subject_id=str(document.pk))
    return list(opened.order_by("-id")[:READERS_SHOWN])


def versions(document: Document) -> list[DocumentVersion]:
    """Every version, newest first, with who uploaded it."""
    return list(document.versions.select_related("uploaded_by").order_by("-number"))
