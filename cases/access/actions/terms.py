"""Attesting safeguards, and listing people by name in a version of the agreement."""

from datetime import datetime
from typing import Any, Final

from accounts.models import Appointment, User
from accounts.roles import AGENCY, PARTNER
from cases.access import guards
from cases.access.models import Agreement, Attestation, ListedPerson
from cases.access.text import Terms, safeguard_labels
from cases.register.actions import locked
from cases.register.journal import happened
from cases.register.models import Case
from cases.rules import policy
from portal.kit.actions import action
from portal.kit.refusal import Refused

NO_EVIDENCE: Final = "Choose a document of this case that both sides see; it is the evidence."


@action
def attest_safeguard(
    *,
    case: Case,
    safeguard: str,
    document: Any,
    valid_until: datetime,
    by: User,
    now: datetime,
    valid_from: datetime | None = None,
) -> Attestation:
    """Attest a safeguard of the policy's catalogue. `document` is its evidence; valid_from: `now` when left out."""
    case = locked(case)
    if refused := guards.attest_refusal(by, case, now):
        raise refused
    appointment = policy.require(by, "safeguard.attest", case, now=now)
    labels = safeguard_labels(case)
    if safeguard not in labels:
        raise Refused("Choose a safeguard from the policy version's catalogue.")
    if not guards.evidence(case).filter(pk=document.pk).exists():
        raise Refused(NO_EVIDENCE)
    start = valid_from or now
    if valid_until <= max(start, now):
        raise Refused("The attestation would have run out already. Move its end later.")
    row = Attestation.objects.create(
        case=case, safeguard=safeguard, document=document, valid_from=start, valid_until=valid_until,
        attested_by=by, appointment=appointment, capacity=appointment.capacity, attested_at=now,
    )  # fmt: skip
    happened(
        "agreement.attested", case=case, by=by, now=now, appointment=appointment, subject=row, rows=[row],
        data={"safeguard": labels[safeguard]},
    )  # fmt: skip
    return row


def list_people(agreement: Agreement, terms: Terms, by: User, now: datetime) -> list[ListedPerson]:
    """The rows of who is listed, one for each line `name, organization`; runs inside the drafting action."""
    lines = list(dict.fromkeys(_split(line) for line in terms.people))
    names = {name for name, _ in lines}
    known = Appointment.objects.live(now).filter(
        person__name__in=names, organisation__kind__in=(AGENCY, PARTNER)
    )
    roster = list(known.select_related("person", "organisation"))
    rows = []
    for name, organisation in lines:
        found = [a for a in roster if a.person.name == name and _of(a, organisation)]
        one = found[0] if len({a.person_id for a in found}) == 1 else None
        rows.append(
            ListedPerson.objects.create(
                agreement=agreement, name=name, person=one.person if one else None, added_by=by, added_at=now,
                organisation=organisation or (one.organisation.short_name if one else ""),
            )
        )  # fmt: skip
    return rows


def _split(line: str) -> tuple[str, str]:
    name, _, organisation = line.partition(",")
    return name.strip(), organisation.strip()


def _of(appointment: Appointment, organisation: str) -> bool:
    names = (appointment.organisation.short_name.lower(), appointment.organisation.name.lower())
    return not organisation or organisation.lower() in names
