"""When a safeguard is attested, which attestation an agreement waits for, and whom its list names."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.apps import apps
from django.db.models import QuerySet

from accounts.models import User
from accounts.roles import AGENCY, DEVELOPER
from cases.access.guards.basis import NOMINATING, in_force
from cases.access.models import Agreement, Attestation, ListedPerson
from cases.access.text import safeguard_labels
from cases.register.models import Case
from cases.rules import markings, policy, visibility, window
from portal.kit.refusal import Refused, conflict

ISOLATION: Final = "isolation"  # every agreement waits for it, whatever else it names
Attested = tuple[str, str, Attestation | None]  # safeguard's id, its label, what was attested of it


def attest_refusal(user: User, case: Case, now: datetime) -> Refused | None:
    """Why `user` may not attest a safeguard now."""
    refused = policy.refused(user, "safeguard.attest", case, now=now)
    if refused:
        return refused
    if case.origin == "government" or case.stage not in NOMINATING:
        return conflict("Safeguards are attested from scoping on, in a case that gives access.")
    return None


def evidence(case: Case) -> QuerySet:
    """Documents of the case that both sides see, for an attestation to name. Their room is not imported here."""
    both = set(markings.readable_by(AGENCY)) & set(markings.readable_by(DEVELOPER))
    found: QuerySet = apps.get_model("cases", "Document").objects.filter(
        visibility.available(),
        case=case,
        restricted=False,
        frozen_at__isnull=True,
        withdrawn_at__isnull=True,
        marking__in=both,
    )
    return found.order_by("-created_at", "pk")


def attested(agreement: Agreement, at: datetime) -> list[Attested]:
    """Each safeguard that the agreement waits for, with the attestation that holds at `at`, else the newest."""
    labels = safeguard_labels(agreement.case)
    found: dict[str, Attestation] = {}
    rows = Attestation.objects.filter(case=agreement.case_id).order_by("attested_at", "pk")
    for row in rows.select_related("attested_by", "appointment__organisation", "document"):
        known = found.get(row.safeguard)
        if known is None or row.state_at(at) == "attested" or known.state_at(at) != "attested":
            found[row.safeguard] = row
    wanted = [id for id in labels if id in agreement.safeguards or id == ISOLATION]
    return [(id, labels[id], found.get(id)) for id in wanted]


def unattested(agreement: Agreement, at: datetime) -> str | None:
    """The first safeguard without an attestation that holds at `at`, as a sentence, or None."""
    for _, label, row in attested(agreement, at):
        if row is None:
            return f"“{label}” is not attested yet. The case officer or the framework lead attests it first."
        if row.state_at(at) == "ran out":
            return (
                f"The attestation of “{label}” ran out at {window.instant(row.valid_until)}. "
                "The case officer or the framework lead attests it anew first."
            )
        if row.state_at(at) != "attested":
            return f"The attestation of “{label}” is valid from {window.instant(row.valid_from)} on. Sign after it."
    return None


def listed_refusal(case: Case, people: Iterable[User]) -> Refused | None:
    """Why one of `people` cannot be named on a grant: the agreement in force lists the people by name."""
    agreement = in_force(case)
    listed = set(
        ListedPerson.objects.filter(agreement=agreement, person__isnull=False).values_list(
            "person", flat=True
        )
    )
    for person in people:
        if person.pk not in listed:
            return Refused(
                f"{person.name} is not listed by name in the agreement in force. Both sides sign an amendment "
                "that lists this person, or choose someone it lists."
            )
    return None
