"""The cast loads through the actions and stands in the audit log."""

from datetime import datetime

from portal.audit.verify import verify
from tests.cast import Cast


def test_everybody_is_appointed_and_the_log_is_whole(cast: Cast, now: datetime) -> None:
    """Each person holds one live appointment, and what was loaded verifies."""
    assert all(len(person.appointments_at(now)) == 1 for person in cast.people.values())
    report = verify(deep=True)
    assert report.fault is None
    assert report.entries == 2 * len(cast.people) + len(cast.organisations) + 1
