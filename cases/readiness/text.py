"""The exact text of a third-party obligations notice: what is read is what is attested."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.template.loader import render_to_string

from accounts.models import Appointment
from cases.access.text import text_digest
from cases.readiness.models import Obligation, subjects
from cases.register.models import Case
from cases.rules.quotation import VOLUNTARY
from portal.kit.words import date_text


@dataclass(frozen=True)
class Proposal:
    """A notice before it is attested: its number, its text, the text's digest, and who would attest it."""

    number: int
    text: str
    digest: str
    appointment: Appointment


def notice_text(case: Case, number: int, obligations: Sequence[Obligation], appointment: Appointment) -> str:
    """The text of notice `number`, with `\\n` line ends. The same answers give the same text."""
    said = {
        "number": number,
        "case": case,
        "rows": [(place, one, _consent(one), _day(one.notice_sent_on), _day(one.until))
                 for place, one in enumerate(obligations, start=1)],
        "areas": [(label, *_bearing(id, obligations)) for id, label in subjects()],
        "by": appointment,
        "voluntary": VOLUNTARY,
    }  # fmt: skip
    text = render_to_string("cases/readiness/notice.txt", said)
    return "\n".join(line.rstrip() for line in text.splitlines()).strip() + "\n"


def propose(case: Case, number: int, obligations: Sequence[Obligation], appointment: Appointment) -> Proposal:
    """The notice that `appointment` would attest now."""
    text = notice_text(case, number, obligations, appointment)
    return Proposal(number, text, text_digest(text), appointment)


def _bearing(id: str, obligations: Sequence[Obligation]) -> tuple[list[str], list[str]]:
    """References that bear on a subject, and those of them whose consent is still to come."""
    bearing = [one for one in obligations if id in one.bears_on]
    return [one.reference for one in bearing], [one.reference for one in bearing if one.consent_owed]


def _consent(one: Obligation) -> str:
    return f"given on {_day(one.consent_on)}" if one.consent == "given" else one.get_consent_display().lower()


def _day(on: date | None) -> str:
    return date_text(on) if on else ""
