"""Drafting an access agreement and signing it; the second signature sets the window and begins access."""

from collections.abc import Sequence
from datetime import datetime

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Max

from accounts.models import User
from cases.access import guards
from cases.access.models import Agreement, Signature, WindowPeriod
from cases.access.sides import SIDES, SIGN, require_side
from cases.access.text import Terms, agreement_text, text_digest
from cases.register.actions import locked, move_case
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
    """Draft the next version of the agreement. It takes the place of an unsigned one, also of one signed by one side.

    The anchor must be the date the developer has stated. What is not attested or listed yet may come in a later
    version; signing waits for it.
    """
    case = locked(case, revision)
    refused = guards.draft_refusal(by, case, now)
    if refused:
        raise refused
    appointment = policy.require(by, "agreement.draft", case, now=now)
    if terms.opens_at < now:
        raise Refused("The window would open in the past. Move its opening to an hour that is still to come.")
    refused = guards.terms_refusal(case, terms, after_wait(now))
    if refused:
        raise refused
    replaced = _supersede(case, ("draft", "offered"))
    agreement = _create(case, terms, by, now)
    happened(
        "agreement.drafted", case=case, by=by, now=now, appointment=appointment, subject=agreement,
        rows=[agreement, *replaced], data={"number": agreement.number, "text_digest": agreement.text_digest},
    )  # fmt: skip
    return agreement


def _create(case: Case, terms: Terms, by: User, now: datetime) -> Agreement:
    number = (case.agreements.aggregate(last=Max("number"))["last"] or 0) + 1
    text = agreement_text(case, number, terms)
    return Agreement.objects.create(
        case=case,
        number=number,
        anchor_kind=terms.anchor_kind,
        anchor_at=terms.anchor_at,
        opens_at=terms.opens_at,
        closes_at=terms.closes_at,
        scope=terms.scope,
        safeguards=list(terms.safeguards),
        isolation_attested=terms.isolation_attested,
        people=list(terms.people),
        text=text,
        text_digest=text_digest(text),
        drafted_at=now,
        drafted_by=by,
    )


def _supersede(case: Case, states: Sequence[str]) -> list[Agreement]:
    found = list(case.agreements.filter(state__in=states))
    for agreement in found:
        agreement.state = "superseded"
        agreement.save()
    return found


@action
def sign_agreement(*, agreement: Agreement, digest: str, by: User, now: datetime) -> Signature:
    """Sign for the side that `by` acts for. `digest` is that of the text the person read.

    The second signature marks the version signed, sets the window and moves the case on, in this transaction.
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
    older = _supersede(case, ("signed",)) if both else []
    agreement.state = "signed" if both else "offered"
    agreement.save()
    happened(
        "agreement.signed", case=case, by=by, now=now, appointment=appointment, subject=agreement,
        rows=[agreement, signature, *older],
        data={"number": agreement.number, "side": side, "text_digest": agreement.text_digest},
    )  # fmt: skip
    if both:
        _begin_access(agreement, case, by, now)
    return signature


def _begin_access(agreement: Agreement, case: Case, by: User, now: datetime) -> None:
    """Set the window and move the case; `move_case` asks the lifecycle once more."""
    period = WindowPeriod.objects.create(
        case=case,
        agreement=agreement,
        span=DateTimeTZRange(agreement.opens_at, agreement.closes_at),
        agreed_end=agreement.closes_at,
    )
    span = window.Span(agreement.opens_at, agreement.closes_at)
    happened(
        "window.opened", case=case, by=by, now=now, subject=period, rows=[period],
        appointment=policy.require(by, "agreement.begin_access", case, now=now),
        data={
            "opens": window.instant(span.start),
            "closes": window.instant(span.end),
            "length": window.words(span.length),
        },
    )  # fmt: skip
    move_case(case=case, name="begin_access", by=by, now=now)
