"""The jobs of access, run by a worker. Access itself ends without any: it is asked on every read."""

from datetime import datetime

from cases.access.actions.credentials import REMOVE_JOB, remove_secret
from cases.access.models import EndpointCredential
from portal.notify.jobs import job


@job(REMOVE_JOB)
def remove_ended_secret(credential_id: str, *, now: datetime) -> None:
    """Remove the secret of a grant whose term was reached."""
    credential = EndpointCredential.objects.select_related("grant__case").get(pk=credential_id)
    remove_secret(credential=credential, by=None, now=now)
