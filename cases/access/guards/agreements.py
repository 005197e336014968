"""When an agreement or an amendment of it is drafted and signed."""

from datetime import datetime
from typing import Final

from accounts.models import User
from cases.access.guards.basis import (
    GRANTING,
    in_force,
    release_of,
    spans_of,
    stated_dates,
)
from cases.access.guards.terms import unattested
from cases.access.models import Agreement
from cases.access.sides import SIGN, refusal_for, standing_for
from cases.access.text import Terms, safeguard_labels
from cases.register.models import Case
from cases.rules import lifecycle, policy, window
from portal.kit.refusal import Refused, conflict

NOTHING_TO_AMEND: Final = (
    "No agreement of this case is signed by both sides, so there is nothing to amend. "
    "The case officer moves the case to scoping first, where an agreement is drafted."
)


def draft_permission(case: Case) -> str:
    """What it takes to draft a version: in scoping the first or next one, once access began an amendment."""
    return "agreement.amend" if case.stage in GRANTING else "agreement.draft"


def draft_refusal(user: User, case: Case, now: datetime) -> Refused | None:
    """Why `user` may not draft an agreement version, or propose an amendment, now."""
    permission = draft_permission(case)
    refused = policy.refused(user, permission, case, now=now)
    if refused:
        return refused
    if case.origin == "government":
        return conflict("A case that the government opened itself has no access agreement and no grants.")
    if case.stage in GRANTING:
        return None if in_force(case) else conflict(NOTHING_TO_AMEND)
    if case.stage != lifecycle.SCOPING:
        stage = lifecycle.STAGES[case.stage].lower()
        return conflict(
            f"An agreement is drafted in scoping, and amended once access began; this case is in the stage “{stage}”."
        )
    return None


def amended_span(terms: Terms, now: datetime) -> window.Span:
    """The window an amendment sets when its second signature is given at `now`: it reaches back before nothing."""
    return window.Span(max(terms.opens_at, now), terms.closes_at)


def terms_refusal(case: Case, terms: Terms, at: datetime, amended: datetime | None = None) -> Refused | None:
    """Why these terms are impossible at the instant `at`: the developer's date, the window law, the catalogue.

    amended: the instant from which an amendment would count. What lies behind it stays used, the rest makes room.
    """
    stated = stated_dates(case)
    kind = window.ANCHORS[terms.anchor_kind].lower()
    if (terms.anchor_kind, "actual") in stated:
        return Refused(f"The developer has stated that {kind} has happened, so no window is left before it.")
    if stated.get((terms.anchor_kind, "planned")) != terms.anchor_at:
        return Refused(f"The anchor is the developer's own date for {kind}. Choose the date it has stated.")
    release = release_of(stated)
    if release is not None and terms.closes_at > release:
        return Refused(
            f"The window would end after general release, {window.instant(release)}. End it by then."
        )
    if terms.closes_at <= at:
        return Refused("The window would lie in the past. Move its end later.")
    span, periods = terms.span, spans_of(list(case.window_periods.all()))
    if amended is not None:
        span, periods = amended_span(terms, amended), window.cut(periods, amended)
    said = window.period_refusal(span, terms.anchor_at, periods)
    if said:
        return Refused(said)
    unknown = set(terms.safeguards) - set(safeguard_labels(case))
    return Refused("Choose safeguards from the policy version's catalogue.") if unknown else None


def terms_of(agreement: Agreement) -> Terms:
    """The terms an agreement version states."""
    return Terms(
        anchor_kind=agreement.anchor_kind,
        anchor_at=agreement.anchor_at,
        opens_at=agreement.opens_at,
        closes_at=agreement.closes_at,
        scope=agreement.scope,
        safeguards=tuple(agreement.safeguards),
        people=tuple(agreement.people),
    )


def _incomplete(agreement: Agreement, at: datetime) -> str | None:
    if not agreement.safeguards:
        return "No safeguard is named yet. The case officer drafts a new version that names them."
    if not agreement.people:
        return "No person with access is listed yet. The case officer drafts a new version that lists them."
    return unattested(agreement, at)


def _out_of_place(agreement: Agreement) -> str | None:
    """Why the case stands where this version cannot be signed, or None."""
    case = agreement.case
    if agreement.amends_id is None:
        if case.stage != lifecycle.SCOPING:
            return "This case is not in scoping any more, so its agreement is not signed now."
        return None
    if case.stage not in GRANTING:
        stage = lifecycle.STAGES[case.stage].lower()
        return f"This case is in the stage “{stage}”, so an amendment is not signed now."
    current = in_force(case)
    if current is None or current.pk != agreement.amends_id:
        return "The version that this one amends is not in force any more. Propose a new amendment."
    return None


def sign_refusal(
    user: User, agreement: Agreement, now: datetime, at: datetime | None = None
) -> Refused | None:
    """Why `user` may not sign this version now. `at` is the instant taken after the row lock (default `now`)."""
    case = agreement.case
    found = standing_for(user, SIGN, case, now)
    if found is None:
        return refusal_for(user, SIGN, case, now)
    if agreement.state == "superseded":
        return conflict("A newer version replaced this one. Sign the newest version.")
    if agreement.state == "signed":
        return conflict("Both sides have signed this version already.")
    signed = list(agreement.signatures.all())
    if any(signature.signed_by_id == user.pk for signature in signed):
        return conflict("You have signed this version already; the second signature is another person's.")
    if any(signature.side == found[0] for signature in signed):
        return conflict(f"The {found[0]}'s side has signed this version already.")
    said = _out_of_place(agreement) or _incomplete(agreement, at or now)
    if said:
        return conflict(said)
    stale = terms_refusal(case, terms_of(agreement), at or now, now if agreement.amends_id else None)
    return conflict(f"{stale.sentence} The case officer drafts a new version.") if stale else None
