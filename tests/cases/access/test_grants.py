"""Partners and grants: both concurrences, named people, spans inside the window, and every way a grant ends."""

from datetime import datetime, timedelta

import pytest

from accounts.access import holds
from accounts.actions import end_appointment
from cases.access.actions import (
    close_out,
    concur,
    end_grant,
    issue_grant,
    nominate,
    resume_grant,
    retract,
    suspend_grant,
)
from cases.access.guards import offer_state
from cases.access.models import Grant, Nomination
from cases.register.actions import move_case, state_release
from cases.register.models import Case
from cases.rules import window
from portal.audit.models import Entry
from portal.kit.refusal import Refused
from portal.notify.models import Notice
from tests import walk
from tests.cast import Cast

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """In access, no grant yet."""
    return walk.agreed(cast, now)


def live(grant: Grant, at: datetime) -> bool:
    """Whether the model may be used under the grant at `at`."""
    return Grant.objects.live(at).filter(pk=grant.pk).exists()


def state(offer: Nomination, at: datetime) -> str:
    """The nomination's state at `at`."""
    return offer_state(Nomination.objects.with_sides().get(pk=offer.pk), at)


def fresh(grant: Grant) -> Grant:
    """The grant as stored."""
    return Grant.objects.get(pk=grant.pk)


# -- partners -------------------------------------------------------------------------------------------------------


def test_a_partner_needs_both_concurrences(cast: Cast, case: Case, now: datetime) -> None:
    """Neither side alone, nor the nomination itself, is enough."""
    offer = walk.nominated(cast, case, now, both=False)
    assert offer.lapses_at == now + 7 * DAY
    with pytest.raises(Refused, match="both concurrences"):
        walk.partner_grant(cast, case, now, nomination=offer)
    concur(nomination=offer, by=cast.signatory, now=now)
    with pytest.raises(Refused, match="both concurrences"):
        walk.partner_grant(cast, case, now, nomination=offer)
    with pytest.raises(Refused, match="concurs already") as refused:
        concur(nomination=offer, by=cast.signatory, now=now)
    assert refused.value.conflict
    concur(nomination=offer, by=cast.lead, now=now)
    assert state(offer, now) == "concurred"
    assert live(walk.partner_grant(cast, case, now, nomination=offer), now)


def test_an_unanswered_offer_lapses_by_itself(cast: Cast, case: Case, now: datetime) -> None:
    """At its hour, on read; a planned start is the latest hour; afterwards the partner may be nominated anew."""
    offer = walk.nominated(cast, case, now, both=False)
    concur(nomination=offer, by=cast.signatory, now=now)
    assert state(offer, offer.lapses_at - timedelta(seconds=1)) == "offered"
    assert state(offer, offer.lapses_at) == "lapsed"
    with pytest.raises(Refused, match="lapsed"):
        concur(nomination=offer, by=cast.lead, now=offer.lapses_at)
    soon = {"purpose": "p", "basis": "b", "by": cast.lead, "partner": cast.partner_org}
    with pytest.raises(Refused, match="nominated for this case already"):
        nominate(case=case, now=now, **soon)
    again = nominate(case=case, now=offer.lapses_at, starts_at=offer.lapses_at + HOUR, **soon)
    assert (again.lapses_at, again.proposed_side) == (offer.lapses_at + HOUR, "agency")


def test_who_nominates_and_concurs(cast: Cast, case: Case, now: datetime) -> None:
    """Liaison, signatory and lead nominate; signatory and lead concur; nobody else, and no stranger."""
    for by in (cast.officer, cast.partner, cast.stranger, cast.auditor):
        with pytest.raises(Refused):
            nominate(case=case, partner=cast.partner_org, purpose="", basis="", by=by, now=now)
    offer = walk.nominated(cast, case, now, both=False)
    for by in (cast.liaison, cast.officer, cast.stranger_signatory, cast.partner):
        with pytest.raises(Refused, match="signing official or the framework lead"):
            concur(nomination=offer, by=by, now=now)
    with pytest.raises(Refused, match="trusted partner"):
        nominate(case=case, partner=cast.agency, purpose="", basis="", by=cast.lead, now=now)


@pytest.mark.parametrize("side", ["signatory", "lead"])
def test_either_side_retracts_and_the_grant_ends_at_once(
    cast: Cast, case: Case, now: datetime, side: str
) -> None:
    """The nomination is over, its reason is final, the partner is told."""
    grant = walk.partner_grant(cast, case, now)
    at = now + DAY
    retract(nomination=grant.nomination, by=getattr(cast, side), now=at)
    after = fresh(grant)
    assert not live(grant, at)
    assert (after.end_reason, after.ended_at, after.state_at(at)) == ("retracted", at, "revoked")
    assert state(grant.nomination, at) == "retracted"
    assert Notice.objects.filter(kind="grant.ended", recipient=cast.partner).exists()
    with pytest.raises(Refused, match="nothing to retract"):
        retract(nomination=grant.nomination, by=getattr(cast, side), now=at)
    with pytest.raises(Refused, match="final"):
        concur(nomination=grant.nomination, by=getattr(cast, side), now=at)
    walk.nominated(cast, case, at)


# -- issuing --------------------------------------------------------------------------------------------------------


def test_named_people_hold_the_grant_as_object_permission(cast: Cast, case: Case, now: datetime) -> None:
    """Each with a row of history; the audit entry commits to them; others hold nothing."""
    grant = walk.office_grant(cast, case, now)
    assert holds("use_grant", cast.evaluator, grant)
    assert not holds("use_grant", cast.officer, grant)
    assert [h.history_type for p in grant.user_permissions.all() for h in p.history.all()] == ["+", "+"]
    entry = Entry.objects.get(kind="grant.issued", case_id=case.pk)
    assert len(entry.rows) == 3
    assert Notice.objects.filter(kind="grant.issued", recipient=cast.evaluator2).exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"starts_at": -HOUR}, "start in the past"),
        ({"ends_at": walk.WINDOW + timedelta(seconds=1)}, "inside one access window"),
        ({"ends_at": walk.ANCHOR_AFTER + timedelta(seconds=1)}, "end at general release"),
        ({"ends_at": -HOUR}, "ended already"),
    ],
)
def test_impossible_grants(
    cast: Cast, case: Case, now: datetime, changes: dict[str, timedelta], said: str
) -> None:
    """Each a sentence, and nothing is written."""
    with pytest.raises(Refused, match=said):
        walk.office_grant(cast, case, now, **{key: now + value for key, value in changes.items()})
    assert not Grant.objects.exists()


def test_who_is_named_and_who_issues(cast: Cast, case: Case, now: datetime) -> None:
    """People of the organisation with a live appointment; issued by the case officer, after both signatures."""
    with pytest.raises(Refused, match="Name at least one person"):
        walk.office_grant(cast, case, now, people=[])
    with pytest.raises(Refused, match="no live appointment"):
        walk.office_grant(cast, case, now, people=[cast.consultee])
    with pytest.raises(Refused, match="Nominate it first"):
        walk.office_grant(cast, case, now, organisation=cast.partner_org, people=[cast.partner])
    values = {"organisation": cast.agency, "people": [cast.evaluator], "mode": "weights", "tasks_allowed": "x",
              "ends_at": now + DAY}  # fmt: skip
    with pytest.raises(Refused, match="case officer"):
        issue_grant(case=case, by=cast.lead, now=now, **values)
    with pytest.raises(Refused, match="once both sides have signed"):
        issue_grant(case=walk.acknowledged(cast, now), by=cast.officer, now=now, **values)


def test_one_open_grant_a_nomination(cast: Cast, case: Case, now: datetime) -> None:
    """A double click issues one grant."""
    grant = walk.partner_grant(cast, case, now)
    with pytest.raises(Refused, match="has a grant under this nomination already") as refused:
        walk.partner_grant(cast, case, now, nomination=grant.nomination)
    assert refused.value.conflict


def test_partners_under_an_anchor_at_other_partners(cast: Cast, now: datetime) -> None:
    """From the anchor to general release, and none without a planned general release."""
    case = walk.acknowledged(cast, now, release_at=now + 60 * DAY)
    anchor = now + 20 * DAY
    state_release(
        case=case, kind="other_trusted_partners", state="planned", at=anchor, by=cast.liaison, now=now
    )
    version = walk.agreement(cast, case, now, anchor_kind="other_trusted_partners", anchor_at=anchor)
    case = walk.sign_both(cast, version, now)
    offer = walk.nominated(cast, case, now)
    with pytest.raises(Refused, match="starts at the anchor"):
        walk.partner_grant(cast, case, now, nomination=offer, ends_at=now + 30 * DAY)
    late = {"starts_at": anchor, "ends_at": now + 60 * DAY, "nomination": offer}
    grant = walk.partner_grant(cast, case, now, **late)
    assert live(grant, now + 59 * DAY)
    assert not live(grant, now + 60 * DAY)


# -- evaluated on read ----------------------------------------------------------------------------------------------


def test_a_grant_lives_to_the_second(cast: Cast, case: Case, now: datetime) -> None:
    """From its start, only with accepted terms, until its end; no job has to run."""
    grant = walk.partner_grant(cast, case, now, accepted=False, starts_at=now + DAY, ends_at=now + 2 * DAY)
    inside = now + DAY
    assert not live(grant, inside)
    walk.accepted_terms(grant, cast.partner, now)
    second = timedelta(seconds=1)
    assert [live(grant, at) for at in (inside - second, inside, now + 2 * DAY - second, now + 2 * DAY)] == [
        False, True, True, False,
    ]  # fmt: skip
    grant = fresh(grant)
    assert [grant.state_at(at) for at in (now, inside, now + 2 * DAY)] == ["scheduled", "active", "ended"]


def test_terms_are_accepted_once_by_somebody_named(cast: Cast, case: Case, now: datetime) -> None:
    """Not by another partner, and not after the end; a term that passes unaccepted reads expired."""
    grant = walk.partner_grant(cast, case, now, accepted=False)
    for by in (cast.other_partner, cast.officer, cast.signatory):
        with pytest.raises(Refused):
            walk.accepted_terms(grant, by, now)
    assert grant.state_at(now + walk.WINDOW) == "expired"
    with pytest.raises(Refused, match="has ended"):
        walk.accepted_terms(grant, cast.partner, now + walk.WINDOW)
    walk.accepted_terms(grant, cast.partner, now)
    with pytest.raises(Refused, match="accepted already"):
        walk.accepted_terms(grant, cast.partner, now)


def test_each_side_suspends_and_resumes_its_own(cast: Cast, case: Case, now: datetime) -> None:
    """Suspended while either side says so; the term runs on."""
    grant = walk.partner_grant(cast, case, now)
    suspend_grant(grant=grant, by=cast.signatory, now=now, reason="patching")
    with pytest.raises(Refused, match="on an incident"):
        suspend_grant(grant=grant, by=cast.security, now=now + HOUR)
    incident = walk.incident(cast, case, now)
    suspend_grant(grant=grant, by=cast.security, now=now + HOUR, reason="incident", incident=incident)
    assert not live(grant, now + HOUR)
    with pytest.raises(Refused, match="already"):
        suspend_grant(grant=grant, by=cast.security, now=now + HOUR, incident=incident)
    resume_grant(grant=grant, by=cast.signatory, now=now + 2 * HOUR)
    assert (fresh(grant).state, live(grant, now + 2 * HOUR)) == ("suspended", False)
    with pytest.raises(Refused, match="the side that did"):
        resume_grant(grant=grant, by=cast.signatory, now=now + 2 * HOUR)
    resume_grant(grant=grant, by=cast.security, now=now + 3 * HOUR)
    assert live(grant, now + 3 * HOUR)
    assert fresh(grant).span == grant.span
    with pytest.raises(Refused, match="signing official"):
        suspend_grant(grant=grant, by=cast.lead, now=now)


def test_a_removed_representative_has_no_access(cast: Cast, case: Case, now: datetime) -> None:
    """Ending the appointment takes the grant out of sight at the next read."""
    grant = walk.partner_grant(cast, case, now)
    appointment = cast.partner.appointments_at(now)[0]
    assert Grant.objects.visible_to(cast.partner, now).filter(pk=grant.pk).exists()
    end_appointment(appointment=appointment, by=None, now=now + HOUR)
    assert not Grant.objects.visible_to(cast.partner, now + HOUR).exists()


# -- ends -----------------------------------------------------------------------------------------------------------


def test_the_first_end_is_final(cast: Cast, case: Case, now: datetime) -> None:
    """Ended by the officer; withdrawing the case later does not change why."""
    grant = walk.office_grant(cast, case, now)
    for by in (cast.signatory, cast.evaluator, cast.auditor):
        with pytest.raises(Refused):
            end_grant(grant=grant, by=by, now=now)
    end_grant(grant=grant, by=cast.officer, now=now + DAY)
    with pytest.raises(Refused, match="final") as refused:
        end_grant(grant=grant, by=cast.lead, now=now + DAY)
    assert refused.value.conflict
    move_case(case=case, name="withdraw", by=cast.signatory, now=now + 2 * DAY)
    assert (fresh(grant).end_reason, fresh(grant).ended_at) == ("revoked", now + DAY)


def test_withdrawing_on_day_nine_ends_everything_in_that_transaction(cast: Cast, now: datetime) -> None:
    """Grants, window, shares; each partner and the developer told; the term of an elapsed grant stays its end."""
    case = walk.granted(cast, now)
    elapsed = walk.office_grant(cast, case, now, ends_at=now + DAY)
    scheduled = walk.office_grant(cast, case, now, starts_at=now + 10 * DAY, ends_at=now + 11 * DAY)
    at = now + 9 * DAY
    move_case(case=case, name="withdraw", by=cast.signatory, now=at)
    reasons = dict(case.grants.values_list("pk", "end_reason"))
    assert reasons.pop(elapsed.pk) == "term"
    assert set(reasons.values()) == {"withdrawn"}
    assert fresh(scheduled).ended_at == at
    assert not Grant.objects.live(at).exists()
    period = case.window_periods.get()
    assert (period.span.lower, period.span.upper, period.cut_at) == (now, at, at)
    assert Notice.objects.filter(kind="case.withdrawn", recipient=cast.liaison).exists()
    assert Notice.objects.filter(kind="grant.ended", recipient=cast.partner).exists()
    entries = Entry.objects.filter(case_id=case.pk, at=at).order_by("number").values_list("kind", flat=True)
    assert list(entries) == ["grant.ended", "grant.ended", "grant.ended", "window.cut", "case.withdrawn"]


def test_a_window_cut_before_its_start_is_empty(cast: Cast, now: datetime) -> None:
    """Back to scoping before the window starts: nothing of it is left, and it counts nothing."""
    case = walk.acknowledged(cast, now, release_at=now + walk.ANCHOR_AFTER)
    case = walk.sign_both(cast, walk.agreement(cast, case, now, opens_at=now + 2 * DAY), now)
    walk.office_grant(cast, case, now, starts_at=now + 3 * DAY)
    case = move_case(case=case, name="rescope", by=cast.officer, now=now + DAY)
    period = case.window_periods.get()
    assert period.span.isempty
    assert (period.left, period.cut_cause) == (None, "the case went back to scoping")
    assert case.grants.get().end_reason == "rescoped"
    version = walk.agreement(cast, case, now + DAY, opens_at=now + DAY, closes_at=now + 25 * DAY)
    assert walk.sign_both(cast, version, now + DAY).stage == "access"


def test_an_earlier_release_cuts_and_a_later_one_stretches_nothing(cast: Cast, now: datetime) -> None:
    """Window and grants end at the new date; what would begin after it never begins."""
    case = walk.granted(cast, now)
    late = walk.office_grant(cast, case, now, starts_at=now + 15 * DAY, ends_at=now + 16 * DAY)

    def stated(days: int, at: datetime, kind: str = "planned") -> None:
        when = now + days * DAY
        state_release(case=case, kind="general_release", state=kind, at=when, by=cast.liaison, now=at)

    stated(10, now + DAY)
    cut = case.window_periods.get()
    assert (cut.span.upper, cut.cut_at, cut.agreed_end) == (now + 10 * DAY, now + 10 * DAY, now + walk.WINDOW)
    assert fresh(late).end_reason == "released"
    assert {g.span.upper for g in case.grants.filter(end_reason="")} == {now + 10 * DAY}
    stated(40, now + 2 * DAY)
    assert case.window_periods.get().span.upper == now + 10 * DAY
    assert {g.span.upper for g in case.grants.filter(end_reason="")} == {now + 10 * DAY}
    assert Entry.objects.filter(kind="window.cut", case_id=case.pk).count() == 1
    assert "planned general release" in cut.cut_cause


def test_an_actual_release_ends_access_at_that_instant(cast: Cast, now: datetime) -> None:
    """Stated after the fact: the window ends when it happened, the grants when it is known."""
    case = walk.granted(cast, now)
    happened_at, known = now + 5 * DAY, now + 5 * DAY + HOUR
    state_release(
        case=case, kind="general_release", state="actual", at=happened_at, by=cast.liaison, now=known
    )
    assert case.window_periods.get().span.upper == happened_at
    assert set(case.grants.values_list("end_reason", "ended_at")) == {("released", known)}
    assert not Grant.objects.live(known).exists()


def test_an_earlier_release_cuts_other_cases_of_the_version(cast: Cast, now: datetime) -> None:
    """Two cases of one model version: the date belongs to the version, so both windows end there."""
    names = {"model": "Twin", "version": "1"}
    first, second = walk.agreed(cast, now, **names), walk.agreed(cast, now, **names)
    grant = walk.office_grant(cast, second, now)
    state_release(
        case=first, kind="general_release", state="planned", at=now + 3 * DAY, by=cast.liaison, now=now
    )
    assert {p.span.upper for c in (first, second) for p in c.window_periods.all()} == {now + 3 * DAY}
    assert fresh(grant).span.upper == now + 3 * DAY


def test_closing_ends_nothing_early_and_keeps_the_term(cast: Cast, now: datetime) -> None:
    """A case closes only when no grant is open; those that ran out end by their term."""
    case = walk.granted(cast, now)
    with pytest.raises(Refused, match="still open"):
        move_case(case=case, name="close_early", by=cast.officer, now=now + DAY)
    move_case(case=case, name="close_early", by=cast.officer, now=now + walk.WINDOW)
    assert set(case.grants.values_list("end_reason", flat=True)) == {"term"}


def test_the_certificate_closes_the_grant_out(cast: Cast, case: Case, now: datetime) -> None:
    """After the end, by somebody named, once; afterwards the partner sees nothing of it."""
    grant = walk.partner_grant(cast, case, now)
    end = now + walk.WINDOW
    with pytest.raises(Refused, match="after the grant has ended"):
        close_out(grant=grant, statement="destroyed", by=cast.partner, now=now)
    with pytest.raises(Refused):
        close_out(grant=grant, statement="destroyed", by=cast.other_partner, now=end)
    with pytest.raises(Refused, match="choose one"):
        close_out(grant=grant, statement="", by=cast.partner, now=end)
    assert Grant.objects.visible_to(cast.partner, end).exists()
    close_out(grant=grant, statement="destroyed", by=cast.partner, now=end)
    after = fresh(grant)
    assert (after.end_reason, after.ended_at, after.close_out) == ("term", end, "destroyed")
    assert not Grant.objects.visible_to(cast.partner, end).exists()
    with pytest.raises(Refused, match="already"):
        close_out(grant=grant, statement="destroyed", by=cast.partner, now=end)


def test_the_window_phase_follows_the_grants(cast: Cast, now: datetime) -> None:
    """Suspended when every running grant is; a cut window has ended."""
    from cases.access.lines import phase

    case = walk.granted(cast, now)
    spans = [p.left for p in case.window_periods.all()]
    assert phase(spans, case.grants.all(), now) == "open"
    for grant in case.grants.all():
        suspend_grant(grant=grant, by=cast.signatory, now=now)
    assert phase(spans, case.grants.all(), now) == "suspended"
    assert phase(spans, case.grants.all(), now + walk.WINDOW) == "ended"
    assert window.PHASES["suspended"] == "Suspended"
