"""What a review found open in the register: dates stated on a way around, an oracle of hidden cases, a default."""

from datetime import datetime, timedelta

import pytest

from cases.access.models import Grant
from cases.register.actions import draft_case, edit_draft, open_government_case
from cases.register.models import Case
from cases.register.policies import sign_policy
from portal.audit.verify import verify
from portal.kit.refusal import Refused
from tests import walk
from tests.cast import Cast

DAY = timedelta(days=1)


def test_an_earlier_date_stated_in_a_draft_cuts_the_windows_of_the_version(cast: Cast, now: datetime) -> None:
    """Wherever the developer states it: a release moved earlier cuts at once, here when a second case is drafted."""
    case = walk.granted(cast, now)
    version = case.model_version
    at, named = now + 5 * DAY, {"model": version.model.name, "version": version.name}
    draft = draft_case(by=cast.liaison, now=now, release_at=at, **named)
    assert case.window_periods.get().span.upper == at
    assert not Grant.objects.live(at).filter(case=case).exists()
    edit_draft(
        case=draft, by=cast.liaison, now=now, tracking_number="", question="", origin="developer_offer",
        model=version.model.name, version=version.name, variant=version.variant, release_at=now + 3 * DAY,
    )  # fmt: skip
    assert case.window_periods.get().span.upper == now + 3 * DAY
    assert not Grant.objects.live(now + 4 * DAY).filter(case=case).exists()
    assert verify(deep=True).fault is None


def test_naming_a_digest_tells_nothing_of_a_government_case(cast: Cast, now: datetime) -> None:
    """A version that only the government has named takes the developer's digest as a new one would."""
    hidden = open_government_case(
        by=cast.lead, now=now, developer=cast.developer, model="Watched", version="1"
    )
    draft = draft_case(by=cast.liaison, now=now, model="Watched", version="1", checkpoint_digest="ab" * 32)
    assert draft.model_version == hidden.model_version
    assert Case.objects.get(pk=draft.pk).model_version.checkpoint_digest == "ab" * 32
    with pytest.raises(Refused, match="another checkpoint digest"):
        draft_case(by=cast.liaison, now=now, model="Watched", version="1", checkpoint_digest="cd" * 32)
    assert verify(deep=True).fault is None


def test_no_policy_makes_a_marking_above_the_ceiling_the_default(cast: Cast, now: datetime) -> None:
    """Else every paper that is not marked by hand would be stored above it."""
    with pytest.raises(Refused, match="keeps nothing above"):
        sign_policy(
            by=cast.lead, now=now, default_marking="S", clocks={}, safeguards=[], assurance="", roster=[]
        )
