"""The incidents' job: telling the agency of a first report that is late."""

from datetime import datetime

from cases.incidents import actions
from cases.incidents.models import Incident
from portal.notify.jobs import job


@job(actions.LATE_JOB, atomic=True)
def late_first_report(incident_id: str, *, now: datetime) -> None:
    """Ordered with the report for the hour it falls due; a first report that was written meanwhile ends it."""
    incident = Incident.objects.select_related("case").get(pk=incident_id)
    actions.note_late(incident=incident, by=None, now=now)
