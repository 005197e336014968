"""Policy versions: signed by the framework lead, one after another, each with its roster."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from accounts.models import Organisation, User
from cases.register.models import PolicyVersion, RosterEntry
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
) -> PolicyVersion:
    """Sign the next policy version, in effect from `now`. `roster` is the consulted offices, each required or not."""
    appointment = policy.require(by, "policy.sign", now=now)
    if default_marking not in markings.MARKINGS:
        raise Refused("Choose a default marking from the list.")
    above = markings.above_ceiling(default_marking, settings.CEILING)
    if above:
        raise Refused(above)
    newest = PolicyVersion.objects.select_for_update(no_key=True).order_by("-number").first()
    told: dict[str, Any] = {
        "default_marking": default_marking,
        "clocks": clocks,
        "safeguards": safeguards,
        "assurance": assurance,
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
