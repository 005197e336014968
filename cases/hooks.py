"""What the rooms answer when a lower floor calls (`portal.kit.registry`)."""

from datetime import datetime
from uuid import UUID

from accounts.models import User
from cases.access import hooks as _access  # noqa: F401  registers on case_moved and release_stated
from cases.access.models import Grant
from cases.benchmarks import hooks as _benchmarks  # noqa: F401  registers on job_given_up
from cases.labels.models import Consultation
from cases.register.models import Case
from portal.kit.registry import hook


@hook("may_still_see")
def may_still_see(*, recipient: User, case_id: UUID, now: datetime) -> bool:
    """Whether a notice about the case may still go to this person: the right is asked again at send time."""
    return (
        Case.objects.visible_to(recipient, now).filter(pk=case_id).exists()
        or Grant.objects.visible_to(recipient, now).filter(case=case_id).exists()
        or Consultation.objects.visible_to(recipient, now).filter(case=case_id).exists()
    )
