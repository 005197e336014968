"""A live partner grant in one call, for tests that are about documents and not about how access comes about."""

from datetime import datetime, timedelta

from cases.access.models import Grant
from cases.register.actions import state_release
from cases.register.models import Case
from tests import walk
from tests.cast import Cast


def partner_grant(cast: Cast, case: Case, now: datetime) -> Grant:
    """A grant of the partner on a case in scoping, its terms accepted, open for ten days; the case is in access."""
    at = now + walk.ANCHOR_AFTER
    later = now + timedelta(microseconds=1)  # after the date stated with the draft
    state_release(case=case, kind="general_release", state="planned", at=at, by=cast.liaison, now=later)
    closes = now + timedelta(days=10)
    case = walk.sign_both(cast, walk.agreement(cast, case, now, closes_at=closes), now)
    return walk.partner_grant(cast, case, now, ends_at=closes)
