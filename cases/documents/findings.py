"""A partner's findings: uploaded under its own live grant, read by both sides of the case and by no other partner."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.apps import apps

from accounts.models import Appointment, User
from cases.documents.actions import new_version, recognised
from cases.documents.models import Document
from cases.documents.queries import room
from cases.documents.uploads.using import File, Meant, claimed, source, used
from cases.register.actions import locked
from cases.register.journal import happened
from cases.rules import policy, visibility
from portal.kit.actions import action
from portal.kit.clock import after_wait
from portal.kit.files import receiving, refuse_without_room
from portal.kit.refusal import Refused

if TYPE_CHECKING:
    from cases.access.models import Grant

KIND: Final = "partner_findings"
NOT_LIVE: Final = (
    "Findings are uploaded while the grant is active, its terms accepted, by a person named on it."
)


def findings_refusal(user: User, grant: "Grant", now: datetime) -> Refused | None:
    """Why `user` may not upload findings under this grant now."""
    refused = policy.refused(user, "findings.upload", grant.case, now=now)
    if refused:
        return refused
    live = apps.get_model("cases", "Grant").objects.filter(visibility.partner_reads(user, now), pk=grant.pk)
    return None if live.exists() else Refused(NOT_LIVE, conflict=True)


@action
def upload_findings(
    *, grant: "Grant", title: str, file: File, file_name: str, by: User, now: datetime
) -> Document:
    """Add findings. The document is the partner's own; its bytes are received before any lock is taken."""
    with receiving(source(file)) as kept:
        content_type = recognised(kept, file_name, KIND)
        case = locked(grant.case)
        refused = findings_refusal(by, grant, after_wait(now))
        if refused:
            raise refused
        appointment = acting(by, grant, now)
        mine = claimed(file, Meant(case, grant=grant), by, now)
        refuse_without_room(kept.size, room(case, appointment.organisation_id, beside=mine))
        document = Document.objects.create(
            case=case, kind=KIND, title=title, owner=appointment.organisation, under_grant=grant,
            marking=case.policy_version.default_marking, created_at=now,
        )  # fmt: skip
        version = new_version(document, 1, kept, file_name, content_type, by, now)
        happened(
            "findings.uploaded", case=case, by=by, now=now, appointment=appointment, subject=document,
            rows=[document, version, *used(mine, version, now)],
        )  # fmt: skip
        return document


def acting(by: User, grant: "Grant", now: datetime) -> Appointment:
    """The representative's appointment at the partner whose grant it is."""
    mine = by.appointments_at(now)
    return next(
        a for a in mine if a.organisation_id == grant.organisation_id and "findings.upload" in a.permissions
    )
