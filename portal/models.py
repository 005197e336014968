"""Index of the portal's tables: audit log, refusals, notices, outbox, signs of life."""

from portal.audit.models import Entry, RefusalCount, Sequence
from portal.notify.models import Heartbeat, Notice, Outbox

__all__ = ["Entry", "Heartbeat", "Notice", "Outbox", "RefusalCount", "Sequence"]
