"""What becomes of a version in quarantine: the security manager releases it with a reason, or keeps it there.

Two people look: whoever uploaded a version never decides about it. The uploader may withdraw the document or add
another version at any time.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from accounts.models import User
from cases.documents.kinds import KINDS
from cases.documents.models import Document, DocumentVersion, QuarantineDecision
from cases.documents.queries import closed_sentence
from cases.documents.scanning.findings import FINDINGS
from cases.register.actions import locked
from cases.register.journal import happened
from cases.register.models import Case
from cases.register.waiting import Waiting
from cases.rules import lifecycle, policy, visibility
from portal.kit.actions import action
from portal.kit.refusal import Refused

SHOWN: Final = 50
PERMISSION: Final = "quarantine.decide"
EVENTS: Final = {"released": "document.released", "kept": "document.kept"}


def decide_refusal(user: User, version: DocumentVersion, decision: str = "kept") -> Refused | None:
    """Why this security manager may not decide about the version in this way now, or None."""
    if version.state != "quarantined":
        return Refused(
            "This version is not in quarantine, so there is nothing to decide about it.", conflict=True
        )
    said = closed_sentence(version.document)
    if said is not None:
        return Refused(said, conflict=True)
    if version.uploaded_by_id == user.pk:
        return Refused("You uploaded this version yourself, so somebody else decides about it.")
    if decision == "released" and not FINDINGS[version.finding].releasable:
        return Refused(
            "What was stored is not what was received, so there is nothing that could be released."
        )
    return None


@action
def decide(
    *, version: DocumentVersion, decision: str, reason: str, by: User, now: datetime
) -> QuarantineDecision:
    """Release a version from quarantine (`released`), or record that it stays there (`kept`)."""
    case = locked(version.document.case)
    fresh = (
        DocumentVersion.objects.select_for_update(of=("self",))
        .select_related("document", "uploaded_by")
        .get(pk=version.pk)
    )
    fresh.document.case = case
    appointment = policy.require(by, PERMISSION, case, now=now)
    refused = decide_refusal(by, fresh, decision)
    if refused is not None:
        raise refused
    if not reason.strip():
        raise Refused("Say why, without repeating anything of the document.")
    row = QuarantineDecision.objects.create(
        version=fresh, decision=decision, finding=fresh.finding, reason=reason, decided_at=now, decided_by=by,
        appointment=appointment, capacity=appointment.capacity,
    )  # fmt: skip
    if decision == "released":
        fresh.state = "available"
        fresh.save()
    happened(
        EVENTS[decision], case=case, by=by, now=now, appointment=appointment, subject=fresh.document,
        rows=[fresh, row] if decision == "released" else [row], also=[fresh.uploaded_by],
        data={"kind": KINDS[fresh.document.kind].label.lower(), "number": fresh.number},
    )  # fmt: skip
    return row


def decisions(
    versions: Sequence[DocumentVersion], user: User, case: Case, now: datetime
) -> list[QuarantineDecision]:
    """What was decided about versions of a visible document, newest first, for those who read why."""
    found = [one for one in versions if one.finding]
    if not found or not visibility.reads_decisions(user, case, now):
        return []
    rows = QuarantineDecision.objects.filter(version__in=found).select_related("version", "decided_by")
    return list(rows.order_by("-decided_at", "-pk"))


def waiting(user: User, now: datetime) -> list[Waiting]:
    """For the security manager: versions to decide about, and that versions wait for a scanner that does not answer."""
    if "security_manager" not in {a.role for a in user.appointments_at(now)}:
        return []
    rows = list(_undecided(user, now).order_by("uploaded_at", "pk")[:SHOWN])
    found = [_to_decide(one) for one in rows if one.state == "quarantined" and one.uploaded_by_id != user.pk]
    waits = [one for one in rows if one.state == "scanning"]
    return [*found, _to_see_to(waits)] if waits else found


def _undecided(user: User, now: datetime) -> QuerySet[DocumentVersion]:
    visible = Document.objects.visible_to(user, now).filter(withdrawn_at__isnull=True, frozen_at__isnull=True)
    decided = QuarantineDecision.objects.filter(version=OuterRef("pk"))
    quarantined = Q(state="quarantined") & ~Exists(decided)
    waits = Q(state="scanning", waits_since__isnull=False)
    return (
        DocumentVersion.objects.filter(quarantined | waits, document__in=visible)
        .exclude(document__case__stage__in=lifecycle.TERMINAL)
        .select_related("document__case__model_version__model")
    )


def _to_decide(version: DocumentVersion) -> Waiting:
    document = version.document
    return Waiting.on(
        document.case, "Decide about a version in quarantine", since=version.scanned_at or version.uploaded_at,
        url=reverse("cases:document_quarantine", args=[document.pk, version.number]),
        detail=f"{document.get_kind_display()}, version {version.number}",
    )  # fmt: skip


def _to_see_to(versions: list[DocumentVersion]) -> Waiting:
    oldest = versions[0]
    count = f"{len(versions)} version{'s' if len(versions) > 1 else ''}"
    return Waiting.on(
        oldest.document.case, "Have the virus scanner looked at", url=oldest.document.get_absolute_url(),
        since=oldest.waits_since or oldest.uploaded_at,
        detail=f"It does not answer; {count} of documents wait and are scanned again every minute.",
    )  # fmt: skip
