"""The last line of every action: the audit entry and the notices of what happened, from the event table.

`happened` is called last in an action, because it locks the head of the case's audit sequence.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models

from accounts.models import Appointment, User
from cases.register.models import Case
from cases.rules import visibility
from cases.rules.events import EVENTS
from portal.audit.journal import record
from portal.notify.notices import tell


def happened(
    kind: str,
    *,
    case: Case,
    by: User | None,
    now: datetime,
    appointment: Appointment | None = None,
    subject: models.Model | None = None,
    rows: Iterable[models.Model] = (),
    reason: str = "",
    data: dict[str, Any] | None = None,
    also: Iterable[User] = (),
) -> None:
    """Record that `kind` happened on `case`, and tell the people its event names, and those in `also`.

    rows: the tracked instances that this action wrote. data: words for the event's sentence, never content.
    Raises KeyError for an event without a row in `cases.rules.events`.
    """
    event = EVENTS[kind]
    told = {person.pk: person for audience in event.told for person in visibility.people(audience, case, now)}
    told.update({person.pk: person for person in also})
    tell(kind, case=case, subject=subject, to=told.values(), by=by, now=now)
    record(
        kind,
        by=by,
        now=now,
        case=case,
        subject=subject or case,
        rows=list(rows),
        appointment=appointment,
        reason=reason,
        data=data or {},
    )
