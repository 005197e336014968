"""Suspected spills: one action freezes a document for all but the security manager, who ends it.

Bytes and log are kept. Nothing that is written, told or shown here says anything of what the document says.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse

from accounts.models import Appointment, User
from accounts.roles import DEVELOPER
from cases.documents.models import Document, Spill
from cases.documents.queries import OFFERS, owner_sentence
from cases.register.actions import locked
from cases.register.journal import happened
from cases.register.waiting import Waiting
from cases.rules import markings, policy
from portal.audit.models import Entry
from portal.kit.actions import action
from portal.kit.refusal import Refused

SHOWN: Final = 50
DRAFT: Final = (
    "Nobody outside your organization sees a draft, so nobody could see this through. Withdraw the document; then "
    "nobody opens it."
)
OUTCOMES: Final = {"false_alarm": "false alarm", "confirmed": "confirmed; the document stays frozen"}


@dataclass(frozen=True)
class Opener:
    """One person who opened the document: how often, when first and last."""

    name: str
    organisation: str
    times: int
    first: datetime
    last: datetime


def openers(document: Document) -> list[Opener]:
    """Everybody who opened the document, the latest first, as the audit log has it."""
    found: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    entries = Entry.objects.filter(kind="document.opened", subject_id=str(document.pk)).order_by("id")
    for name, organisation, at in entries.values_list("actor_name", "organisation_name", "at"):
        found[name, organisation].append(at)
    rows = [Opener(*key, len(at), at[0], at[-1]) for key, at in found.items()]
    return sorted(rows, key=lambda one: one.last, reverse=True)


def numbers(document: Document) -> str:
    """How far the document went, in numbers."""
    rows = openers(document)
    if not rows:
        return "Nobody has opened it so far."
    organisations = len({one.organisation for one in rows})
    people = "1 person" if len(rows) == 1 else f"{len(rows)} people"
    of = "1 organization" if organisations == 1 else f"{organisations} organizations"
    return f"{people} of {of} opened it so far; each of them is told."


def declare_refusal(user: User, document: Document, now: datetime) -> Refused | None:
    """Why this person may not freeze the document, which it sees, or None."""
    row = OFFERS["spill"]
    refused = policy.refused(user, row.permission, document.case, now=now)
    if refused:
        return refused
    if not row.is_for(policy.require(user, row.permission, document.case, now=now), document):
        return Refused(owner_sentence(document), permission=row.permission)
    if document.frozen_at is not None:
        return Refused("This document is frozen already.", conflict=True)
    return Refused(DRAFT, conflict=True) if document.case.submitted_at is None else None


def _fresh(document: Document) -> Document:
    case = locked(document.case)
    fresh = Document.objects.select_for_update(of=("self",)).select_related("owner").get(pk=document.pk)
    fresh.case = case
    return fresh


@action
def declare_spill(
    *, document: Document, reason: str, by: User, now: datetime, control_number: str = ""
) -> Spill:
    """Freeze a document at once, for all but the security manager. Everybody who opened it is told, and nobody what."""
    fresh = _fresh(document)
    refused = declare_refusal(by, fresh, now)
    if refused is not None:
        raise refused
    if not Document.objects.visible_to(by, now).filter(pk=fresh.pk).exists():
        raise Refused("This document is not open to you.")
    appointment = policy.require(by, OFFERS["spill"].permission, fresh.case, now=now)
    fresh.frozen_at = now
    fresh.save()
    spill = Spill.objects.create(
        case=fresh.case, document=fresh, reason=reason, control_number=control_number, declared_at=now, declared_by=by,
        appointment=appointment, capacity=appointment.capacity,
    )  # fmt: skip
    _happened(("spill.declared", "spill.declared_inside"), spill, by, now, appointment)
    return spill


@action
def close_spill(*, spill: Spill, outcome: str, by: User, now: datetime) -> Spill:
    """End a suspected spill: a false alarm opens the document again, a confirmed one leaves it frozen."""
    fresh = _fresh(spill.document)
    row = Spill.objects.select_for_update(of=("self",)).get(pk=spill.pk)
    row.case, row.document = fresh.case, fresh
    appointment = policy.require(by, "spill.close", fresh.case, now=now)
    if row.closed_at is not None:
        raise Refused("This suspected spill was ended already.", conflict=True)
    if row.declared_by_id == by.pk and outcome == "false_alarm":
        raise Refused("You froze the document yourself, so somebody else says that it was a false alarm.")
    row.closed_at, row.closed_by, row.outcome = now, by, outcome
    row.save()
    if outcome == "false_alarm":
        fresh.frozen_at = None
        fresh.save()
    _happened(("spill.closed", "spill.closed_inside"), row, by, now, appointment, outcome=OUTCOMES[outcome])
    return row


def _happened(
    kinds: tuple[str, str], spill: Spill, by: User, now: datetime, appointment: Appointment, **data: str
) -> None:
    """The entry is the spill's, so that it tells of no document that its reader does not see.

    kinds: the event where the developer sees the document, and the one where it does not.
    """
    document = spill.document
    outside = document.marking in markings.readable_by(DEVELOPER) and not document.restricted
    opened = Entry.objects.filter(kind="document.opened", subject_id=str(document.pk)).values("actor")
    happened(
        kinds[0] if outside else kinds[1], case=spill.case, by=by, now=now, appointment=appointment, subject=spill,
        rows=[document, spill], data=dict(data), also=User.objects.filter(pk__in=opened),
    )  # fmt: skip


def waiting(user: User, now: datetime) -> list[Waiting]:
    """Suspected spills that the security manager sees through, oldest first."""
    if "security_manager" not in {a.role for a in user.appointments_at(now)}:
        return []
    rows = Spill.objects.visible_to(user, now).filter(closed_at__isnull=True)
    return [
        Waiting.on(
            one.case, "See a suspected spill through", url=reverse("cases:spill", args=[one.pk]),
            since=one.declared_at, detail=one.document.get_kind_display(),
        )
        for one in rows.select_related("case__model_version__model", "document").order_by("declared_at")[:SHOWN]
    ]  # fmt: skip
