"""Telling people: `tell` writes notices in the action's transaction and has one mail a notice sent after it commits."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models

from portal.notify.models import Notice
from portal.notify.outbox import Order, enqueue_many

MAIL_JOB = "mail_notice"


def tell(
    kind: str,
    *,
    to: Iterable[Any],
    by: Any,
    now: datetime,
    case: Any = None,
    subject: models.Model | None = None,
) -> list[Notice]:
    """Write one notice a person in `to` and order its mail. Who acts is told only when nobody else would be.

    kind: stable word of the event. Nothing but kind and ids is kept; right to see is asked again when it is sent.
    """
    people = {person.pk: person for person in to}
    others = {pk: person for pk, person in people.items() if by is None or pk != by.pk}
    notices = [
        Notice(
            recipient=person,
            kind=kind,
            case_id=case.pk if case is not None else None,
            subject_model=subject._meta.label_lower if subject is not None else "",
            subject_id=str(subject.pk) if subject is not None else "",
            at=now,
        )
        for person in (others or people).values()
    ]
    Notice.objects.bulk_create(notices, batch_size=1000)
    enqueue_many(
        [
            Order(job=MAIL_JOB, key=f"mail:{notice.pk}", args={"notice_id": str(notice.pk)})
            for notice in notices
        ],
        now=now,
    )
    return notices


def mark_read(*, notices: models.QuerySet[Notice], by: Any, now: datetime) -> int:
    """Mark those of `notices` that are `by`'s own and unread; returns how many."""
    return notices.filter(recipient=by, read_at=None).update(read_at=now)
