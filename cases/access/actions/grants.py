"""Grants: issued under a signed agreement to an office or a partner, suspended, ended; who is named on them.

A grant is held as an object permission by people named on it; whether it opens anything is asked on every read
(`visibility.grant_is_live`), so that nothing has to run when its term is reached.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Model as Row

from accounts import access
from accounts.models import Appointment, Organisation, User
from accounts.roles import AGENCY, PARTNER
from cases.access import guards
from cases.access.actions.ending import end_grants, named_people
from cases.access.models import Agreement, Grant, Nomination, Suspension
from cases.access.sides import side_of
from cases.register.actions import locked
from cases.register.journal import happened
from cases.register.models import Case
from cases.rules import policy, window
from portal.kit.actions import action
from portal.kit.clock import after_wait
from portal.kit.refusal import Refused

if TYPE_CHECKING:
    from cases.incidents.models import Incident


@dataclass(frozen=True)
class Limits:
    """How much may be used under a grant; None where nothing is set. The developer's endpoint keeps to them."""

    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_day: int | None = None
    concurrent_requests: int | None = None


def nameable(organisation: Organisation, now: datetime) -> list[User]:
    """The people who may be named on a grant of this organisation: a partner's representatives, an office's staff."""
    live = Appointment.objects.live(now).filter(organisation=organisation).select_related("person")
    if organisation.kind == PARTNER:
        live = live.in_role("partner_representative")
    return list({a.person_id: a.person for a in live.order_by("person__name", "person_id")}.values())


@action
def issue_grant(
    *, case: Case, organisation: Organisation, people: Sequence[User], mode: str, tasks_allowed: str,
    ends_at: datetime, by: User, now: datetime, starts_at: datetime | None = None, tasks_forbidden: str = "",
    limits: Limits | None = None, safeguards: Sequence[str] | None = None, own_safeguards: str = "",
    nomination: Nomination | None = None,
) -> Grant:  # fmt: skip
    """Issue a grant to a government office, or to a partner on a nomination both sides concur on.

    people: named holders with a live appointment there. starts_at: `now` when left out. tasks and own_safeguards: one
    a line. safeguards: ids out of the signed agreement's, every one of them when left out.
    """
    case = locked(case)
    if refused := guards.issue_refusal(by, case, now):
        raise refused
    appointment = policy.require(by, "grant.issue", case, now=now)
    _refuse_people(organisation, people, now)
    _refuse_unlisted(case, people)
    _refuse_holder(case, organisation, nomination, after_wait(now))
    span = window.Span(starts_at or now, ends_at)
    agreement = Agreement.objects.get(case=case, state="signed")
    _refuse_span(case, agreement, span, partner=nomination is not None, now=now)
    assert case.model_version is not None
    grant = Grant.objects.create(
        case=case, organisation=organisation, kind="partner" if nomination else "office", mode=mode,
        model_version=case.model_version, nomination=nomination, tasks_allowed=tasks_allowed,
        tasks_forbidden=tasks_forbidden, own_safeguards=own_safeguards, safeguards=_in_force(agreement, safeguards),
        span=DateTimeTZRange(span.start, span.end), state="agreed", issued_at=now, issued_by=by,
        **asdict(limits or Limits()),
    )  # fmt: skip
    for person in people:
        access.give("use_grant", person, grant)
    happened(
        "grant.issued", case=case, by=by, now=now, appointment=appointment, subject=grant,
        rows=[grant, *grant.user_permissions.all()], also=people,
    )  # fmt: skip
    return grant


def _refuse_holder(
    case: Case, organisation: Organisation, nomination: Nomination | None, at: datetime
) -> None:
    if nomination is None:
        if organisation.kind != AGENCY:
            raise Refused(
                "A partner has a grant on a nomination that both sides concur on. Nominate it first."
            )
        return
    fresh = Nomination.objects.with_sides().filter(pk=nomination.pk, case=case, partner=organisation).first()
    if fresh is None:
        raise Refused("This nomination is of another case or partner. Choose the partner's own.")
    refused = guards.issuable_refusal(fresh, at)
    if refused:
        raise refused


def _refuse_people(organisation: Organisation, people: Sequence[User], now: datetime) -> None:
    if not people:
        raise Refused("Name at least one person who will use the grant.")
    known = {person.pk for person in nameable(organisation, now)}
    strangers = [person.name for person in people if person.pk not in known]
    if strangers:
        raise Refused(
            f"{strangers[0]} has no live appointment at {organisation.short_name} that a grant can name. "
            "Choose someone who does."
        )


def _refuse_unlisted(case: Case, people: Sequence[User]) -> None:
    if refused := guards.listed_refusal(case, people):
        raise refused


def _in_force(agreement: Agreement, chosen: Sequence[str] | None) -> list[str]:
    signed: list[str] = agreement.safeguards
    if chosen is None:
        return signed
    if set(chosen) - set(signed):
        raise Refused(
            "A safeguard chosen does not stand in the signed agreement. Name it as a further one of this grant."
        )
    return [one for one in signed if one in chosen]


def _refuse_span(
    case: Case, agreement: Agreement, span: window.Span, *, partner: bool, now: datetime
) -> None:
    if span.start < now:
        raise Refused(
            "The grant would start in the past. Move its start later, or leave it out to start at once."
        )
    if span.end <= after_wait(now):
        raise Refused("The grant would have ended already. Move its end later.")
    said = window.grant_refusal(
        span,
        partner=partner,
        anchor_kind=agreement.anchor_kind,
        anchor=agreement.anchor_at,
        release=guards.release_of(guards.stated_dates(case)),
        periods=guards.spans_of(list(case.window_periods.all())),
    )
    if said:
        raise Refused(said)


def locked_grant(grant: Grant) -> Grant:
    """The grant row, locked after its case's row."""
    case = locked(grant.case)
    fresh = Grant.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=grant.pk)
    fresh.case = case
    return fresh


def _changed(
    kind: str, grant: Grant, rows: Sequence[Row], permission: str, by: User, now: datetime, **data: str
) -> None:
    appointment = policy.require(by, permission, grant.case, now=now)
    happened(
        kind, case=grant.case, by=by, now=now, appointment=appointment, subject=grant, rows=rows, data=data,
        also=named_people(grant),
    )  # fmt: skip


@action
def suspend_grant(
    *, grant: Grant, by: User, now: datetime, reason: str = "", incident: "Incident | None" = None
) -> Suspension:
    """Suspend a grant at once for the side that `by` acts for. The window and the grant's term run on.

    incident: because of which it is suspended; the agency's side always names one.
    """
    grant = locked_grant(grant)
    refused = guards.suspend_refusal(by, grant, now, incident)
    if refused:
        raise refused
    side = side_of(policy.require(by, "grant.suspend", grant.case, now=now))
    suspension = Suspension.objects.create(
        grant=grant, side=side, reason=reason, since=now, suspended_by=by, incident=incident
    )
    grant.state, grant.suspended_at = "suspended", grant.suspended_at or now
    grant.save()
    _changed("grant.suspended", grant, [grant, suspension], "grant.suspend", by, now, side=side)
    return suspension


@action
def resume_grant(*, grant: Grant, by: User, now: datetime) -> Grant:
    """Lift the suspension of the side that `by` acts for; the grant resumes when no other side suspends it."""
    grant = locked_grant(grant)
    refused = guards.resume_refusal(by, grant, now)
    if refused:
        raise refused
    side = side_of(policy.require(by, "grant.suspend", grant.case, now=now))
    suspension = grant.suspensions.select_for_update().get(side=side, until__isnull=True)
    suspension.until, suspension.resumed_by = now, by
    suspension.save()
    if not grant.suspensions.filter(until__isnull=True).exists():
        grant.state, grant.suspended_at = "agreed", None
        grant.save()
    _changed("grant.resumed", grant, [grant, suspension], "grant.suspend", by, now, side=side)
    return grant


@action
def end_grant(*, grant: Grant, by: User, now: datetime) -> Grant:
    """End a grant before its term. The first end is final."""
    grant = locked_grant(grant)
    refused = guards.end_refusal(by, grant, now)
    if refused:
        raise refused
    appointment = policy.require(by, "grant.end", grant.case, now=now)
    end_grants([grant], "revoked", case=grant.case, by=by, now=now, appointment=appointment)
    return grant


@action
def name_person(*, grant: Grant, person: User, by: User, now: datetime) -> Grant:
    """Name one more person on a grant. After its end that opens the certificate alone, until it is closed out."""
    grant = locked_grant(grant)
    refused = guards.people_refusal(by, grant, now)
    if refused:
        raise refused
    _refuse_people(grant.organisation, [person], now)
    if not grant.has_ended(now):
        _refuse_unlisted(grant.case, [person])
    if grant.user_permissions.filter(user=person).exists():
        raise Refused(f"{person.name} is named on this grant already.", conflict=True)
    access.give("use_grant", person, grant)
    named = grant.user_permissions.get(user=person)
    _changed("grant.person_named", grant, [named], "grant.name_people", by, now, person=person.name)
    return grant


@action
def end_person(*, grant: Grant, person: User, by: User, now: datetime) -> Grant:
    """End one named person's access under a grant: nothing of it is open to that person after this commit."""
    grant = locked_grant(grant)
    refused = guards.people_refusal(by, grant, now)
    if refused:
        raise refused
    named = grant.user_permissions.filter(user=person).first()
    if named is None:
        raise Refused(f"{person.name} is not named on this grant.", conflict=True)
    access.take("use_grant", person, grant)
    _changed("grant.person_ended", grant, [named], "grant.name_people", by, now, person=person.name)
    return grant
