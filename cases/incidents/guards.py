"""When an incident is reported, written on, seen through: each guard answers a refusal or None.

Actions raise what a guard answers; pages show the same sentence beside a button that is off. The permission is asked
first. An incident comes from `visible_to`, so nobody hears of one that it does not see.
"""

from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from accounts.roles import AGENCY, PARTNER
from cases.access.models import Grant, Suspension
from cases.access.sides import side_of
from cases.documents.models import Document
from cases.incidents.models import Incident
from cases.register.models import Case
from cases.rules import policy
from portal.kit.refusal import Refused, conflict

CLOSED: Final = (
    "This incident is closed, and a closed incident never reopens. Report a new one that refers to it."
)
STALE: Final = (
    "Someone changed this incident while you had the page open. Look at what changed, then try again."
)


def report_refusal(user: User, case: Case, now: datetime, under: Grant | None = None) -> Refused | None:
    """Why `user` may not report an incident of the case. A partner reports under a grant of its own."""
    refused = policy.refused(user, "incident.report", case, now=now)
    if refused:
        return refused
    if case.submitted_at is None:
        return conflict("This case is a draft that nobody else sees. Submit it before reporting an incident.")
    if under is None and partner_only(user, case, now):
        return conflict("A partner reports under its own grant. Open the grant and report from there.")
    return None


def partner_only(user: User, case: Case, now: datetime) -> bool:
    """Whether the person stands on the case as a partner's representative."""
    appointment = policy.standing(user, "incident.report", case, now)
    return appointment is not None and appointment.organisation.kind == PARTNER


def times_refusal(noticed_at: datetime, began_at: datetime | None, now: datetime) -> Refused | None:
    """Begun, noticed, reported: in this order, none of them ahead."""
    if noticed_at > now:
        return Refused("It cannot be noticed at an hour that lies ahead. Correct the hour it was noticed.")
    if began_at is not None and began_at > noticed_at:
        return Refused(
            "It cannot begin after it was noticed. Correct one of the two hours, or leave the first out."
        )
    return None


def write_refusal(user: User, incident: Incident, now: datetime) -> Refused | None:
    """Why `user` may not write in the timeline now."""
    refused = policy.refused(user, "incident.report", incident.case, now=now)
    if refused is None and partner_only(user, incident.case, now) and not _sees(user, incident, now):
        return Refused("This incident was reported by somebody else.", permission="incident.report")
    return refused or (None if incident.is_open else conflict(CLOSED))


def _sees(user: User, incident: Incident, now: datetime) -> bool:
    return Incident.objects.visible_to(user, now).filter(pk=incident.pk).exists()


def attachable(user: User, incident: Incident, now: datetime) -> QuerySet[Document]:
    """The documents of the case that `user` sees and that are neither withdrawn nor with the incident already."""
    seen = Document.objects.visible_to(user, now).filter(case=incident.case_id, withdrawn_at__isnull=True)
    return seen.exclude(attached_to__incident=incident).order_by("created_at", "pk")


def attach_refusal(user: User, incident: Incident, now: datetime) -> Refused | None:
    """Why `user` may not attach documents now: whoever may write in the timeline may, of what it sees itself."""
    refused = write_refusal(user, incident, now)
    if refused is None and not attachable(user, incident, now).exists():
        return conflict("Every document that you see of this case is attached. Upload another one first.")
    return refused


def handle_refusal(user: User, incident: Incident, now: datetime) -> Refused | None:
    """Why `user` may not see the incident through now."""
    refused = policy.refused(user, "incident.handle", incident.case, now=now)
    return refused or (None if incident.is_open else conflict(CLOSED))


def first_report_refusal(user: User, incident: Incident, now: datetime) -> Refused | None:
    """Why `user` may not write the first report now."""
    refused = handle_refusal(user, incident, now)
    if refused is None and incident.first_report_at is not None:
        return conflict("The first report is written already. Add an entry to the timeline instead.")
    return refused


def contain_refusal(user: User, incident: Incident, now: datetime) -> Refused | None:
    """Why `user` may not record the containment now."""
    refused = handle_refusal(user, incident, now)
    if refused is None and incident.contained_at is not None:
        return conflict("The containment is recorded already. Add an entry to the timeline instead.")
    return refused


def close_refusal(user: User, incident: Incident, now: datetime) -> Refused | None:
    """Why `user` may not close the incident now."""
    refused = handle_refusal(user, incident, now)
    if refused is None and incident.first_report_at is None:
        return conflict("The first report is not written yet. Write it, then close the incident.")
    return refused


def suspendable(user: User, incident: Incident, now: datetime) -> QuerySet[Grant]:
    """The grants of the case that have not ended and that `user`'s side does not suspend already, holders loaded."""
    appointment = policy.standing(user, "grant.suspend", incident.case, now)
    if appointment is None:
        return Grant.objects.none()
    own = Suspension.objects.filter(grant=OuterRef("pk"), side=side_of(appointment), until__isnull=True)
    grants = Grant.objects.visible_to(user, now).filter(
        ~Exists(own), case=incident.case_id, end_reason="", span__endswith__gt=now
    )
    return grants.select_related("organisation").order_by("issued_at", "pk")


def suspend_on_refusal(user: User, incident: Incident, now: datetime) -> Refused | None:
    """Why `user` may not suspend grants because of this incident now."""
    refused = policy.refused(user, "grant.suspend", incident.case, now=now)
    if refused or not incident.is_open:
        return refused or conflict(CLOSED)
    if not suspendable(user, incident, now).exists():
        return conflict("No grant of this case is open that your side has not suspended already.")
    return None


def lifted_by(user: User, incident: Incident, now: datetime) -> list[Suspension]:
    """The open suspensions because of this incident that `user` may lift for its side, holders loaded."""
    appointment = policy.standing(user, "grant.suspend", incident.case, now)
    if appointment is None:
        return []
    mine = incident.suspensions.filter(side=side_of(appointment), until__isnull=True)
    live = mine.filter(grant__end_reason="", grant__span__endswith__gt=now)
    return list(live.select_related("grant__organisation", "grant__case").order_by("since", "pk"))


def resume_on_refusal(user: User, incident: Incident, now: datetime) -> Refused | None:
    """Why `user` may not resume grants suspended because of this incident now."""
    refused = policy.refused(user, "grant.suspend", incident.case, now=now)
    if refused is None and not lifted_by(user, incident, now):
        return conflict("Your side suspends no grant because of this incident at present.")
    return refused


def audiences(user: User, incident: Incident, now: datetime) -> list[str]:
    """For whom `user` may write: the agency for itself or both sides, each side also for the partner who reported."""
    appointment = policy.standing(user, "incident.report", incident.case, now)
    kind = appointment.organisation.kind if appointment else ""
    if kind == PARTNER:
        return ["reporter"]
    with_reporter = ["sides", "reporter"] if incident.reported_under_id else ["sides"]
    return ["agency", *with_reporter] if kind == AGENCY else with_reporter


def audience_refusal(
    user: User, incident: Incident, audience: str, asks: str, now: datetime
) -> Refused | None:
    """Why an entry of `user` may not be for this audience, or ask that side."""
    if audience not in audiences(user, incident, now):
        return Refused("Choose for whom the entry is from the list.")
    if asks == "developer" and audience == "agency":
        return Refused(
            "What the developer is asked must be for the developer too. Choose the wider audience."
        )
    if asks == "reporter" and audience != "reporter":
        return Refused("What the partner is asked must be for the partner too. Choose the wider audience.")
    return None
