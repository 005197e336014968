"""Amendments: who proposes, what the second signature does to the window and to each grant, re-openings, the limit."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from cases.access.actions import draft_agreement, sign_agreement
from cases.access.guards import terms_of
from cases.access.models import Agreement, Grant
from cases.access.waiting import waiting
from cases.register.actions import move_case, state_release
from cases.register.models import Case
from portal.audit.models import Entry
from portal.kit.refusal import Refused
from tests import walk
from tests.cast import Cast

DAY = timedelta(days=1)
ClientOf = Callable[[Any], Client]


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """In access: the window lasts twenty days from now, general release is five days later."""
    return walk.agreed(cast, now)


def spans(case: Case) -> list[tuple[datetime, datetime]]:
    """What counts of the case's windows."""
    found = [period.left for period in case.window_periods.all()]
    return sorted((span.start, span.end) for span in found if span)


def release(cast: Cast, case: Case, now: datetime, at: datetime) -> None:
    """The developer moves its planned general release."""
    state_release(case=case, kind="general_release", state="planned", at=at, by=cast.liaison, now=now)


def test_an_amendment_moves_the_window_and_cuts_grants(cast: Cast, case: Case, now: datetime) -> None:
    """Old period cut at the second signature, a new one for the rest; grants keep their end, are cut, or end."""
    long, short = (
        walk.office_grant(cast, case, now),
        walk.office_grant(cast, case, now, ends_at=now + 8 * DAY),
    )
    later = walk.office_grant(cast, case, now, starts_at=now + 15 * DAY)
    partner = walk.partner_grant(cast, case, now)
    at = now + 5 * DAY
    version = walk.agreement(cast, case, at, by=cast.liaison, closes_at=now + 10 * DAY)
    assert version.amends == case.agreements.get(number=1)
    assert "An amendment of version 1" in version.text
    sign_agreement(agreement=version, digest=version.text_digest, by=cast.signatory, now=at)
    assert spans(case) == [(now, now + 20 * DAY)]
    sign_agreement(agreement=version, digest=version.text_digest, by=cast.lead, now=at)
    assert spans(case) == [(now, at), (at, now + 10 * DAY)]
    states = dict(case.agreements.values_list("number", "state"))
    assert states == {1: "superseded", 2: "signed"}
    case.refresh_from_db()
    assert case.stage == "access"
    found = {grant.pk: grant for grant in Grant.objects.filter(case=case)}
    ends = {grant.pk: (grant.span.upper, grant.end_reason) for grant in found.values()}
    assert ends[long.pk] == ends[partner.pk] == (now + 10 * DAY, "")
    assert ends[short.pk] == (now + 8 * DAY, "")
    assert ends[later.pk][1] == "amended"
    assert found[later.pk].state_at(at) == "ended"
    kinds = Entry.objects.filter(case_id=case.pk).order_by("number").values_list("kind", flat=True)
    assert list(kinds)[-4:] == ["agreement.signed", "window.cut", "window.opened", "grant.ended"]
    cut = case.window_periods.get(agreement__number=1)
    assert (cut.cut_at, cut.cut_cause) == (at, "version 2 of the agreement took its place")


def test_moved_later_by_the_signed_amendment_alone(cast: Cast, case: Case, now: datetime) -> None:
    """A later release stretches nothing; the amendment does, by the time that is left of the 720 hours."""
    release(cast, case, now + DAY, now + 60 * DAY)
    assert spans(case) == [(now, now + 20 * DAY)]
    at = now + 32 * DAY
    with pytest.raises(Refused, match="10 days are left"):
        walk.agreement(cast, case, at, opens_at=at, closes_at=at + 10 * DAY + timedelta(seconds=1))
    case = walk.amended(cast, case, at, opens_at=at, closes_at=at + 10 * DAY)
    assert spans(case) == [(now, now + 20 * DAY), (at, at + 10 * DAY)]
    assert walk.office_grant(cast, case, at, ends_at=at + 10 * DAY).state_at(at) == "active"
    assert case.window_periods.get(agreement__number=1).cut_at is None
    with pytest.raises(Refused, match="less than a minute are left"):
        walk.agreement(cast, case, at + 11 * DAY, opens_at=at + 11 * DAY, closes_at=at + 12 * DAY)


def test_signed_late_it_reaches_back_before_nothing(cast: Cast, case: Case, now: datetime) -> None:
    """The opening that passed while it waited is the second signature's instant; a gap ends what runs in it."""
    grant = walk.office_grant(cast, case, now)
    version = walk.agreement(cast, case, now + DAY, opens_at=now + 2 * DAY, closes_at=now + 22 * DAY)
    case = walk.sign_both(cast, version, now + 3 * DAY)
    assert spans(case) == [(now, now + 3 * DAY), (now + 3 * DAY, now + 22 * DAY)]
    assert Grant.objects.get(pk=grant.pk).end_reason == ""
    at = now + 4 * DAY
    walk.amended(cast, case, at, opens_at=at + DAY, closes_at=at + 2 * DAY)
    assert spans(case)[-2:] == [(now + 3 * DAY, at), (at + DAY, at + 2 * DAY)]
    assert Grant.objects.get(pk=grant.pk).end_reason == "amended"


def test_before_the_window_starts_it_is_moved_whole(cast: Cast, now: datetime) -> None:
    """Nothing was used, so the whole of the thirty days may be set anew; nothing is left of the old period."""
    case = walk.acknowledged(cast, now, release_at=now + 40 * DAY)
    case = walk.sign_both(
        cast,
        walk.agreement(cast, case, now, opens_at=now + 10 * DAY, closes_at=now + 40 * DAY),
        now,
    )
    grant = walk.office_grant(cast, case, now, starts_at=now + 12 * DAY, ends_at=now + 13 * DAY)
    release(cast, case, now + DAY, now + 50 * DAY)
    case = walk.amended(cast, case, now + DAY, opens_at=now + 20 * DAY, closes_at=now + 50 * DAY)
    assert spans(case) == [(now + 20 * DAY, now + 50 * DAY)]
    assert Grant.objects.get(pk=grant.pk).end_reason == "amended"


def test_under_the_other_anchor_partners_begin_at_it(cast: Cast, case: Case, now: datetime) -> None:
    """An anchor moved behind a partner grant's start leaves it no place; one at its start keeps it."""
    stated = {
        "case": case,
        "kind": "other_trusted_partners",
        "state": "planned",
        "by": cast.liaison,
        "now": now,
    }
    state_release(at=now + 6 * DAY, **stated)
    kind = "other_trusted_partners"
    case = walk.amended(cast, case, now, anchor_kind=kind, closes_at=now + 6 * DAY)
    early = walk.partner_grant(cast, case, now, starts_at=now + 6 * DAY)
    state_release(**{**stated, "at": now + 7 * DAY, "now": now + DAY})
    walk.amended(cast, case, now + DAY, anchor_kind=kind, closes_at=now + 7 * DAY)
    assert Grant.objects.get(pk=early.pk).end_reason == "amended"


@pytest.mark.parametrize(
    ("who", "said"), [("lead", "Propose an amendment"), ("evaluator", "Propose"), ("partner", "Propose")]
)
def test_who_proposes(cast: Cast, case: Case, now: datetime, who: str, said: str) -> None:
    """The case officer or the developer's side."""
    terms = terms_of(case.agreements.get())
    with pytest.raises(Refused, match=said):
        draft_agreement(case=case, terms=terms, by=getattr(cast, who), now=now)


def test_what_is_out_of_place_is_not_signed(cast: Cast, case: Case, now: datetime) -> None:
    """Not over another version in force, not once the case went elsewhere; nothing to amend without a signature."""
    version = walk.agreement(cast, case, now, closes_at=now + DAY)
    sign_agreement(agreement=version, digest=version.text_digest, by=cast.lead, now=now)
    assert any(row.verb == "Sign the amendment" for row in waiting(cast.signatory, now))
    assert not any(row.verb == "Sign the amendment" for row in waiting(cast.lead, now))
    case = move_case(case=case, name="benchmark", by=cast.officer, now=now)
    case = move_case(case=case, name="offer_access", by=cast.officer, now=now)
    version.refresh_from_db()
    assert version.state == "superseded"
    bare = walk.benchmarking(cast, now)
    with pytest.raises(Refused, match="nothing to amend") as refused:
        draft_agreement(case=bare, terms=terms_of(version), by=cast.liaison, now=now)
    assert refused.value.conflict


def test_the_pages_say_what_it_does_before_signing(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """Proposed by the developer in the browser; both read old and new terms, and what happens to grants in numbers."""
    walk.office_grant(cast, case, now)
    walk.office_grant(cast, case, now, ends_at=now + DAY)
    page = client_of(cast.signatory).get(f"/cases/{case.pk}/agreement/new/")
    assert "Propose this amendment" in page.content.decode()
    form = page.context["form"]
    sent = {**form.initial, "opens_at": "", "closes_at": f"{now + 9 * DAY:%Y-%m-%dT%H:%M}"}
    sent["scope"] = "Amended scope."
    answer = client_of(cast.signatory).post(f"/cases/{case.pk}/agreement/new/", sent)
    version = Agreement.objects.get(case=case, number=2)
    assert answer.headers["Location"] == version.get_absolute_url()
    for person, reads in ((cast.lead, True), (cast.auditor, False)):
        said = " ".join(client_of(person).get(version.get_absolute_url()).content.decode().split())
        assert "1 keeps their end, 1 ends earlier, 0 end at once" in said
        assert ("Amended scope." in said) is reads
    said = client_of(cast.lead).get(f"{version.get_absolute_url()}sign/").content.decode()
    assert "What changes" in said
