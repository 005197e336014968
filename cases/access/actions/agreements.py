"""Drafting an access agreement or an amendment and signing it; the second signature sets the window.

The first agreement begins access with it; an amendment takes the place of the version in force at that instant.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Max
from django.db.models import Model as Row

from accounts.models import User
from cases.access import amending, guards
from cases.access.actions.ending import cut_periods, end_grants, open_grants, reach_term, tell_cut
from cases.access.actions.terms import list_people
from cases.access.models import Agreement, Signature, WindowPeriod
from cases.access.sides import SIDES, SIGN, require_side
from cases.access.text import Terms, agreement_text, text_digest
from cases.register.actions import locked, move_case, save_case
from cases.register.journal import happened
from cases.register.models import Case
from cases.rules import policy, window
from portal.kit.actions import action
from portal.kit.clock import after_wait
from portal.kit.refusal import Refused

OTHER_TEXT = "The text you read is not the text of this version: it changed while you had the page open. Read it again."


@action
def draft_agreement(
    *, case: Case, terms: Terms, by: User, now: datetime, revision: int | None = None
) -> Agreement:
    """Draft the next version: in scoping of the agreement, once access began as an amendment of the one in force.

    It takes the place of an unsigned one, also of one signed by one side. The anchor must be the date the developer has
    stated. What is not attested or listed yet may come in a later version; signing waits for it.
    """
    case = locked(case, revision)
    refused = guards.draft_refusal(by, case, now)
    if refused:
        raise refused
    appointment = policy.require(by, guards.draft_permission(case), case, now=now)
    amends = guards.in_force(case)
    if terms.opens_at < now:
        raise Refused("The window would open in the past. Move its opening to an hour that is still to come.")
    refused = guards.terms_refusal(case, terms, after_wait(now), now if amends else None)
    if refused:
        raise refused
    replaced = _supersede(case, ("draft", "offered"))
    agreement = _create(case, terms, amends, by, now)
    listed = list_people(agreement, terms, by, now)
    happened(
        "agreement.drafted", case=case, by=by, now=now, appointment=appointment, subject=agreement,
        rows=[agreement, *listed, *replaced], data={"number": agreement.number, "text_digest": agreement.text_digest},
    )  # fmt: skip
    return agreement


def _create(case: Case, terms: Terms, amends: Agreement | None, by: User, now: datetime) -> Agreement:
    number = (case.agreements.aggregate(last=Max("number"))["last"] or 0) + 1
    text = agreement_text(case, number, terms, amends.number if amends else None)
    return Agreement.objects.create(
        case=case,
        number=number,
        amends=amends,
        anchor_kind=terms.anchor_kind,
        anchor_at=terms.anchor_at,
        opens_at=terms.opens_at,
        closes_at=terms.closes_at,
        scope=terms.scope,
        safeguards=list(terms.safeguards),
        isolation_attested=_isolation_attested(case, now),
        people=list(terms.people),
        text=text,
        text_digest=text_digest(text),
        drafted_at=now,
        drafted_by=by,
    )


def _isolation_attested(case: Case, now: datetime) -> bool:
    """What the old column still says; signing asks the attestations themselves."""
    rows = case.attestations.filter(safeguard="isolation", valid_from__lte=now, valid_until__gt=now)
    found: bool = rows.exists()
    return found


def _supersede(case: Case, states: Sequence[str]) -> list[Agreement]:
    found = list(case.agreements.filter(state__in=states))
    for agreement in found:
        agreement.state = "superseded"
        agreement.save()
    return found


@action
def sign_agreement(*, agreement: Agreement, digest: str, by: User, now: datetime) -> Signature:
    """Sign for the side that `by` acts for. `digest` is that of the text the person read.

    The second signature marks the version signed and sets the window, in this transaction: of a first agreement it
    moves the case on, of an amendment it cuts what is left of the old window and what grants have outside the new one.
    """
    case = locked(agreement.case)
    agreement = Agreement.objects.select_related("case__policy_version").get(pk=agreement.pk)
    side, appointment = require_side(by, SIGN, case, now)
    if digest != agreement.text_digest or digest != text_digest(agreement.text):
        raise Refused(OTHER_TEXT, conflict=True)
    refused = guards.sign_refusal(by, agreement, now, after_wait(now))
    if refused:
        raise refused
    signature = Signature.objects.create(
        agreement=agreement, side=side, signed_by=by, appointment=appointment, capacity=appointment.capacity,
        text_digest=agreement.text_digest, signed_at=now,
    )  # fmt: skip
    both = agreement.signatures.count() == len(SIDES)
    also: list[Row] = [*_supersede(case, ("signed",))] if both else []
    agreement.state = "signed" if both else "offered"
    agreement.save()
    if both and agreement.amends_id:
        save_case(case)  # other terms are in force: a form that was open before is stale, as after a move
        also.append(case)
    happened(
        "agreement.signed", case=case, by=by, now=now, appointment=appointment, subject=agreement,
        rows=[agreement, signature, *also],
        data={"number": agreement.number, "side": side, "text_digest": agreement.text_digest},
    )  # fmt: skip
    if both and agreement.amends_id:
        _amend(agreement, case, by, now)
    elif both:
        _set_window(agreement, window.Span(agreement.opens_at, agreement.closes_at), case, by, now)
        move_case(case=case, name="begin_access", by=by, now=now)  # asks the lifecycle once more
    return signature


def _amend(agreement: Agreement, case: Case, by: User, now: datetime) -> None:
    """End what is left of the old window, set the new one, and take from grants what lies outside."""
    appointment = policy.require(by, "agreement.begin_access", case, now=now)
    effect = amending.effect_of(case, guards.terms_of(agreement), open_grants(case), now)
    rows = [
        row for grant in effect.over for row in reach_term(grant, now)
    ]  # judged by the terms they ended under
    cut = cut_periods(case, now, f"version {agreement.number} of the agreement took its place")
    tell_cut(case, cut, by=by, now=now, appointment=appointment)
    for grant, end in effect.shortened:
        grant.span = DateTimeTZRange(grant.span.lower, end)
        grant.save()
        rows.append(grant)
    _set_window(agreement, effect.span, case, by, now, rows)
    end_grants(effect.ended, "amended", case=case, by=by, now=now, appointment=appointment)


def _set_window(
    agreement: Agreement, span: window.Span, case: Case, by: User, now: datetime, also: Sequence[Row] = ()
) -> None:
    period = WindowPeriod.objects.create(
        case=case, agreement=agreement, span=DateTimeTZRange(span.start, span.end), agreed_end=span.end
    )
    happened(
        "window.opened", case=case, by=by, now=now, subject=period, rows=[period, *also],
        appointment=policy.require(by, "agreement.begin_access", case, now=now),
        data={
            "opens": window.instant(span.start),
            "closes": window.instant(span.end),
            "length": window.words(span.length),
        },
    )  # fmt: skip
