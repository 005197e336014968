"""Policy versions: signed by the framework lead, one after another, each with its roster."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from accounts.models import Organisation, User
from cases.register.models import PolicyVersion, RosterEntry, declaring_roles
from cases.rules import markings, policy
from portal.audit.canonical import digest
from portal.audit.journal import record
from portal.kit.actions import action
from portal.kit.refusal import Refused


@action
def sign_policy(
    *,
    by: User,
    now: datetime,
    default_marking: str,
    clocks: dict[str, int],
    safeguards: list[dict[str, str]],
    assurance: str,
    roster: Sequence[tuple[Organisation, bool]],
    declarations: Sequence[str] | None = None,
) -> PolicyVersion:
    """Sign the next policy version, in effect from `now`. `roster` is the consulted offices, each required or not.

    `declarations` are the roles that declare conflicts of interest before they act; None means the usual ones.
    """
    appointment = policy.require(by, "policy.sign", now=now)
    _refuse_unknown(default_marking, declarations or ())
    newest = PolicyVersion.objects.select_for_update(no_key=True).order_by("-number").first()
    told: dict[str, Any] = {
        "default_marking": default_marking,
        "clocks": clocks,
        "safeguards": safeguards,
        "assurance": assurance,
        "declarations": declaring_roles() if declarations is None else list(declarations),
    }
    offices = [[str(office.pk), required] for office, required in roster]
    version = PolicyVersion.objects.create(
        **told, text_digest=digest({**told, "roster": offices}), number=newest.number + 1 if newest else 1,
        effective_from=now, lead_office=appointment.organisation, signed_by=appointment, signed_at=now,
    )  # fmt: skip
    rows = [
        RosterEntry.objects.create(policy=version, office=office, required=must) for office, must in roster
    ]
    record(
        "policy.signed", by=by, now=now, stream="policy", subject=version, rows=[version, *rows],
        appointment=appointment, data={"number": version.number},
    )  # fmt: skip
    return version


def _refuse_unknown(default_marking: str, declarations: Sequence[str]) -> None:
    """What a policy version may not say: a marking above the ceiling, a declaration of those who are not asked."""
    if default_marking not in markings.MARKINGS:
        raise Refused("Choose a default marking from the list.")
    above = markings.above_ceiling(default_marking, settings.CEILING)
    if above:
        raise Refused(above)
    if not set(declarations) <= set(declaring_roles()):
        raise Refused(
            "Evaluators and the determining official may be asked to declare first, and nobody else."
        )
