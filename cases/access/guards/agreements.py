"""When an agreement is drafted and signed."""

from datetime import datetime

from accounts.models import User
from cases.access.guards.basis import (
    conflict,
    release_of,
    spans_of,
    stated_dates,
)
from cases.access.models import Agreement
from cases.access.sides import SIGN, refusal_for, standing_for
from cases.access.text import Terms, safeguard_labels
from cases.register.models import Case
from cases.rules import lifecycle, policy, window
from portal.kit.refusal import Refused


def draft_refusal(user: User, case: Case, now: datetime) -> Refused | None:
    """Why `user` may not draft an agreement version now."""
    said = policy.refusal(user, "agreement.draft", case, now=now)
    if said:
        return Refused(said, permission="agreement.draft")
    if case.origin == "government":
        return conflict("A case that the government opened itself has no access agreement and no grants.")
    if case.stage != lifecycle.SCOPING:
        stage = lifecycle.STAGES[case.stage].lower()
        return conflict(f"An agreement is drafted in scoping; this case is in the stage “{stage}”.")
    return None


def terms_refusal(case: Case, terms: Terms, at: datetime) -> Refused | None:
    """Why these terms are impossible at the instant `at`: the developer's date, the window law, the catalogue."""
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
    said = window.period_refusal(terms.span, terms.anchor_at, spans_of(list(case.window_periods.all())))
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
        isolation_attested=agreement.isolation_attested,
        people=tuple(agreement.people),
    )


def _incomplete(agreement: Agreement) -> str | None:
    if not agreement.safeguards:
        return "No safeguard is attested yet. The case officer drafts a new version that names them."
    if not agreement.isolation_attested:
        return "Isolation is not attested yet. The case officer drafts a new version that attests it."
    if not agreement.people:
        return "No person with access is listed yet. The case officer drafts a new version that lists them."
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
    if case.stage != lifecycle.SCOPING:
        return conflict("This case is not in scoping any more, so its agreement is not signed now.")
    said = _incomplete(agreement)
    if said:
        return conflict(said)
    stale = terms_refusal(case, terms_of(agreement), at or now)
    return conflict(f"{stale.sentence} The case officer drafts a new version.") if stale else None
