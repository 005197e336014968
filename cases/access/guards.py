"""When an agreement is signed, a partner concurred on, a grant changed: each guard answers a refusal or None.

Actions raise what a guard answers; pages show the same sentence beside a button that is off. Guards read, never write.
The permission is asked first, so that a person who may not at all hears that and nothing else.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from accounts import access
from accounts.models import Organisation, User
from accounts.roles import PARTNER
from cases.access.models import Agreement, Grant, Nomination, WindowPeriod
from cases.access.sides import CONCUR, SIGN, refusal_for, side_of, standing_for
from cases.access.text import Terms, safeguard_labels
from cases.register.models import Case, ReleaseMilestone
from cases.rules import lifecycle, policy, window
from portal.kit.refusal import Refused

GRANTING: Final = (lifecycle.ACCESS, lifecycle.BENCHMARKING, lifecycle.LABELING)
NOMINATING: Final = (lifecycle.SCOPING, *GRANTING)
Stated = dict[tuple[str, str], datetime]  # (kind of release, planned or actual) -> the newest statement


def _conflict(sentence: str) -> Refused:
    return Refused(sentence, conflict=True)


def stated_dates(case: Case) -> Stated:
    """The newest release dates that the developer stated for the case's model version. One query."""
    rows = ReleaseMilestone.objects.filter(model_version=case.model_version_id).order_by("stated_at")
    return {(kind, state): at for kind, state, at in rows.values_list("kind", "state", "at")}


def release_of(stated: Stated) -> datetime | None:
    """General release, planned or actual, whichever comes first."""
    kind = window.GENERAL_RELEASE
    return window.general_release(stated.get((kind, "planned")), stated.get((kind, "actual")))


def spans_of(periods: Sequence[WindowPeriod]) -> list[window.Span]:
    """What counts of the periods; those cut before their start count nothing."""
    return [period.left for period in periods if period.left is not None]


# -- the agreement --------------------------------------------------------------------------------------------------


def draft_refusal(user: User, case: Case, now: datetime) -> Refused | None:
    """Why `user` may not draft an agreement version now."""
    said = policy.refusal(user, "agreement.draft", case, now=now)
    if said:
        return Refused(said, permission="agreement.draft")
    if case.origin == "government":
        return _conflict("A case that the government opened itself has no access agreement and no grants.")
    if case.stage != lifecycle.SCOPING:
        stage = lifecycle.STAGES[case.stage].lower()
        return _conflict(f"An agreement is drafted in scoping; this case is in the stage “{stage}”.")
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
        return _conflict("A newer version replaced this one. Sign the newest version.")
    if agreement.state == "signed":
        return _conflict("Both sides have signed this version already.")
    signed = list(agreement.signatures.all())
    if any(signature.signed_by_id == user.pk for signature in signed):
        return _conflict("You have signed this version already; the second signature is another person's.")
    if any(signature.side == found[0] for signature in signed):
        return _conflict(f"The {found[0]}'s side has signed this version already.")
    if case.stage != lifecycle.SCOPING:
        return _conflict("This case is not in scoping any more, so its agreement is not signed now.")
    said = _incomplete(agreement)
    if said:
        return _conflict(said)
    stale = terms_refusal(case, terms_of(agreement), at or now)
    return _conflict(f"{stale.sentence} The case officer drafts a new version.") if stale else None


# -- trusted partners -----------------------------------------------------------------------------------------------


def nominate_refusal(user: User, case: Case, now: datetime) -> Refused | None:
    """Why `user` may not nominate a partner now."""
    said = policy.refusal(user, "partner.nominate", case, now=now)
    if said:
        return Refused(said, permission="partner.nominate")
    if case.origin == "government":
        return _conflict("A case that the government opened itself has no partners and no grants.")
    if case.stage not in NOMINATING:
        stage = lifecycle.STAGES[case.stage].lower()
        return _conflict(f"Partners are nominated from scoping on; this case is in the stage “{stage}”.")
    return None


def partner_refusal(case: Case, partner: Organisation, now: datetime) -> Refused | None:
    """Why this organisation cannot be nominated now."""
    if partner.kind != PARTNER or not partner.is_active:
        return Refused("Choose an organisation that is on the roster as a trusted partner.")
    for other in Nomination.objects.with_sides().filter(case=case, partner=partner):
        if offer_state(other, now) in ("offered", "concurred"):
            return _conflict(f"{partner.short_name} is nominated for this case already.")
    return None


def offer_state(nomination: Nomination, now: datetime) -> str:
    """State of a nomination from `with_sides`: offered, concurred, retracted or lapsed. Asked on every read."""
    return window.offer_state(
        both=bool(nomination.developer_at and nomination.agency_at),  # type: ignore[attr-defined]
        retracted=bool(nomination.retracted_at),  # type: ignore[attr-defined]
        lapses_at=nomination.lapses_at,
        now=now,
    )


_OVER: Final = {
    "retracted": "A concurrence on this partner was retracted, which is final. Nominate the partner anew.",
    "lapsed": "This nomination lapsed unanswered. Nominate the partner anew.",
}


def concur_refusal(
    user: User, nomination: Nomination, now: datetime, at: datetime | None = None
) -> Refused | None:
    """Why `user` may not concur now. `nomination` comes from `with_sides`."""
    found = standing_for(user, CONCUR, nomination.case, now)
    if found is None:
        return refusal_for(user, CONCUR, nomination.case, now)
    if nomination.case.is_terminal:
        return _conflict("This case has ended, so nobody concurs on its partners any more.")
    if getattr(nomination, f"{found[0]}_at") is not None:
        return _conflict(f"The {found[0]}'s side concurs already.")
    over = _OVER.get(offer_state(nomination, at or now))
    return _conflict(over) if over else None


def retract_refusal(user: User, nomination: Nomination, now: datetime) -> Refused | None:
    """Why `user` may not retract its side's concurrence now. `nomination` comes from `with_sides`."""
    found = standing_for(user, CONCUR, nomination.case, now)
    if found is None:
        return refusal_for(user, CONCUR, nomination.case, now)
    if getattr(nomination, f"{found[0]}_at") is None:
        return _conflict(f"The {found[0]}'s side does not concur at present, so there is nothing to retract.")
    return None


# -- grants ---------------------------------------------------------------------------------------------------------


def issue_refusal(user: User, case: Case, now: datetime) -> Refused | None:
    """Why `user` may not issue a grant now."""
    said = policy.refusal(user, "grant.issue", case, now=now)
    if said:
        return Refused(said, permission="grant.issue")
    if case.stage not in GRANTING or not case.agreements.filter(state="signed").exists():
        return _conflict("Grants are issued once both sides have signed the access agreement.")
    return None


def issuable_refusal(nomination: Nomination, at: datetime) -> Refused | None:
    """Why no grant follows from this nomination at `at`. `nomination` comes from `with_sides`."""
    state = offer_state(nomination, at)
    if state in _OVER:
        return _conflict(_OVER[state])
    if state != "concurred":
        return _conflict(
            "A partner needs both concurrences, the developer's and the agency's. One is missing yet."
        )
    if nomination.grants.filter(end_reason="", span__endswith__gt=at).exists():
        return _conflict("This partner has a grant under this nomination already.")
    return None


def _on_grant(
    user: User, permission: str, grant: Grant, now: datetime, *, named: bool = False
) -> Refused | None:
    said = policy.refusal(user, permission, grant.case, now=now)
    if said:
        return Refused(said, permission=permission)
    if named and not access.holds("use_grant", user, grant):
        return Refused("You are not named on this grant.", permission=permission)
    return None


def accept_refusal(user: User, grant: Grant, now: datetime) -> Refused | None:
    """Why `user` may not accept the terms now."""
    refused = _on_grant(user, "grant.accept_terms", grant, now, named=True)
    if refused or grant.has_ended(now):
        return refused or _conflict("This grant has ended, so its terms are not accepted any more.")
    if grant.terms_accepted_at is not None:
        return _conflict("The terms of this grant were accepted already.")
    return None


def suspend_refusal(user: User, grant: Grant, now: datetime) -> Refused | None:
    """Why `user` may not suspend the grant for its side now."""
    refused = _on_grant(user, "grant.suspend", grant, now)
    if refused or grant.has_ended(now):
        return refused or _conflict("This grant has ended, so there is nothing to suspend.")
    if _open_suspension(user, grant, now):
        return _conflict("Your side has suspended this grant already.")
    return None


def resume_refusal(user: User, grant: Grant, now: datetime) -> Refused | None:
    """Why `user` may not lift its side's suspension now. The window did not pause meanwhile."""
    refused = _on_grant(user, "grant.suspend", grant, now)
    if refused or grant.has_ended(now):
        return refused or _conflict("This grant has ended, so it is not resumed.")
    if not _open_suspension(user, grant, now):
        return _conflict("Your side has not suspended this grant; the side that did resumes it.")
    return None


def _open_suspension(user: User, grant: Grant, now: datetime) -> bool:

    appointment = policy.standing(user, "grant.suspend", grant.case, now)
    if appointment is None:
        return False
    return grant.suspensions.filter(side=side_of(appointment), until__isnull=True).exists()


def end_refusal(user: User, grant: Grant, now: datetime) -> Refused | None:
    """Why `user` may not end the grant before its term now."""
    refused = _on_grant(user, "grant.end", grant, now)
    if refused or grant.has_ended(now):
        return refused or _conflict("This grant has ended already; its first end is final.")
    return None


def close_out_refusal(user: User, grant: Grant, now: datetime) -> Refused | None:
    """Why `user` may not file the return or destruction certificate now."""
    refused = _on_grant(user, "grant.close_out", grant, now, named=True)
    if refused:
        return refused
    if not grant.has_ended(now):
        return _conflict("The certificate is filed after the grant has ended.")
    if grant.closed_out_at is not None:
        return _conflict("The certificate of this grant was filed already.")
    return None
