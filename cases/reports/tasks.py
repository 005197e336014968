"""Jobs of the reports room."""

from datetime import datetime

from accounts.models import User
from cases.reports.verification import JOB, run_verification
from portal.notify.jobs import job


@job(JOB, atomic=True)
def verify_audit(asked_by: str, *, now: datetime) -> None:
    """Verify the audit log for the auditor who asked."""
    run_verification(by=User.objects.get(pk=asked_by), now=now)
