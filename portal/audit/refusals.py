"""Refusals are recorded, in a transaction of their own after the rollback; equal ones are counted, not multiplied."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from portal.audit.journal import record
from portal.audit.models import Entry, RefusalCount
from portal.kit.clock import database_now

HOUR = timedelta(hours=1)


def record_refusal(
    *,
    sentence: str,
    permission: str = "",
    by: Any = None,
    case_id: Any = None,
    path_name: str = "",
    now: datetime | None = None,
) -> Entry | None:
    """Record that `by` was refused; None when the same refusal was already recorded within the hour (it is counted).

    The first entry after such an hour tells how often the one before it was repeated. The entry stands in
    `stream:refusals` with the case as its subject, never in the case's own sequence, which its developer reads.
    """
    now = now or database_now()
    told = {"sentence": sentence, "permission": permission, "path": path_name, "case": str(case_id or "")}
    with transaction.atomic():
        counter, repeated = _count(_key(by, told), now)
        if counter is None:
            return None
        entry = record(
            "refused", by=by, now=now, stream="refusals", data={**told, "repeated_before": repeated}
        )
        RefusalCount.objects.filter(pk=counter).update(entry=entry)
    return entry


def _key(by: Any, told: dict[str, str]) -> str:
    who = str(by.pk) if by is not None else ""
    return hashlib.sha256("\x1f".join([who, *told.values()]).encode()).hexdigest()


def _count(key: str, now: datetime) -> tuple[int | None, int]:
    """Count one refusal: (id of the counter when a new hour began, else None; repetitions in the hour before)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portal_audit_refusal (key, first_at, last_at, times) VALUES (%s, %s, %s, 0)"
            " ON CONFLICT (key) DO UPDATE SET last_at = greatest(portal_audit_refusal.last_at, EXCLUDED.last_at)"
            " RETURNING id, first_at, times",
            [key, now, now],
        )
        pk, first_at, times = cursor.fetchone()
        if times and now < first_at + HOUR:
            cursor.execute("UPDATE portal_audit_refusal SET times = times + 1 WHERE id = %s", [pk])
            return None, times
        cursor.execute("UPDATE portal_audit_refusal SET times = 1, first_at = %s WHERE id = %s", [now, pk])
    return pk, max(times - 1, 0)
