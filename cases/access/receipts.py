"""The receipt of a withdrawal: written inside it, after everything has ended, so that it tells what did.

Not an action: it runs in the transaction of the move, and its row stands in the move's audit entry.
"""

from datetime import datetime
from typing import Final

from django.template.loader import render_to_string

from accounts.models import Appointment, User
from cases.access.models import WithdrawalReceipt
from cases.access.text import text_digest
from cases.register.models import Case
from cases.rules import clock, window
from cases.rules.quotation import VOLUNTARY

CERTIFICATES: Final = "certificates asked for"


def write_receipt(case: Case, by: User, now: datetime, appointment: Appointment) -> WithdrawalReceipt:
    """The receipt of a case withdrawn at `now`, every end of it already stored."""
    number, ended = WithdrawalReceipt.new_number(now), what_ended(case, now)
    text = receipt_text(case, number, ended, by, now, appointment)
    return WithdrawalReceipt.objects.create(
        case=case, number=number, text=text, text_digest=text_digest(text), ended=ended, withdrawn_at=now,
        withdrawn_by=by, appointment=appointment, capacity=appointment.capacity,
    )  # fmt: skip


def what_ended(case: Case, now: datetime) -> dict[str, int]:
    """How many of each ended in the withdrawal at `now`."""
    grants = list(case.grants.filter(end_reason="withdrawn", ended_at=now))
    people = {row.user_id for grant in grants for row in grant.user_permissions.all()}
    return {
        "office grants": sum(grant.kind == "office" for grant in grants),
        "partner grants": sum(grant.kind == "partner" for grant in grants),
        "people named on them": len(people),
        "access windows": case.window_periods.filter(cut_at=now).count(),
        "shared documents": sum(grant.shares.filter(ended_at=now).count() for grant in grants),
        "stored secrets": sum(grant.credentials.filter(ended_at=now).count() for grant in grants),
        "readings of evaluation logs": case.runs.filter(state="stopped", read_at=now).count(),
        CERTIFICATES: sum(grant.owes_certificate(now) for grant in grants),
    }


def receipt_text(
    case: Case, number: str, ended: dict[str, int], by: User, now: datetime, appointment: Appointment
) -> str:
    """The receipt as text with `\\n` line ends."""
    said = {
        "number": number,
        "case": case,
        "ended": {what: count for what, count in ended.items() if what != CERTIFICATES},
        "certificates": ended[CERTIFICATES],
        "withdrawn_at": window.instant(now),
        "by": by,
        "appointment": appointment,
        "due": window.instant(clock.due_at("close_out", now, case.policy_version.clocks)),
        "voluntary": VOLUNTARY,
    }
    text = render_to_string("cases/access/receipt.txt", said)
    return "\n".join(line.rstrip() for line in text.splitlines()).strip() + "\n"
