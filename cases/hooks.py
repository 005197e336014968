"""What the rooms answer when a lower floor calls (`portal.kit.registry`)."""

from datetime import datetime
from uuid import UUID

from django.db.models import Model as Row
from django.urls import ResolverMatch

from accounts.models import User
from cases.access import hooks as _access  # noqa: F401  registers on case_moved and release_stated
from cases.access.models import Grant
from cases.access.receipts import write_receipt
from cases.benchmarks import hooks as _benchmarks  # noqa: F401  registers on job_given_up and case_moved
from cases.benchmarks import queries as benchmarks
from cases.documents import hooks as _documents  # noqa: F401  registers on job_given_up
from cases.documents import queries as documents
from cases.documents.models import Document
from cases.documents.uploads.carrying import expire
from cases.labels.models import Consultation
from cases.register.models import Case
from cases.rules import lifecycle, policy
from portal.kit.registry import hook


@hook("may_still_see")
def may_still_see(*, recipient: User, case_id: UUID, now: datetime) -> bool:
    """Whether a notice about the case may still go to this person: the right is asked again at send time."""
    return (
        Case.objects.visible_to(recipient, now).filter(pk=case_id).exists()
        or Grant.objects.visible_to(recipient, now).filter(case=case_id).exists()
        or Consultation.objects.visible_to(recipient, now).filter(case=case_id).exists()
    )


@hook("tidy")
def end_forsaken_uploads(*, now: datetime) -> None:
    """Uploads that were left until their hour."""
    expire(now)


@hook("room_for_upload")
def room_for_upload(*, by: User, match: ResolverMatch, now: datetime) -> int | None:
    """How many bytes more may be kept where a file is being sent to; None where the address takes no file of a case."""
    if match.view_name == "cases:document_version_new":
        paper = Document.objects.visible_to(by, now).filter(pk=match.kwargs["document_id"]).first()
        return documents.room(paper.case, paper.owner_id) if paper is not None else None
    if match.view_name == "cases:findings_new":
        grant = Grant.objects.visible_to(by, now).filter(pk=match.kwargs["grant_id"]).first()
        return documents.room(grant.case, grant.organisation_id) if grant is not None else None
    if match.view_name not in ("cases:document_new", "cases:run_new"):
        return None
    case = Case.objects.visible_to(by, now).filter(pk=match.kwargs["case_id"]).first()
    if case is None:
        return None
    if match.view_name == "cases:run_new":
        return benchmarks.room(case)
    appointment = policy.standing(by, "document.upload", case, now)
    return documents.room(case, appointment.organisation_id) if appointment is not None else None


@hook("case_moved")
def give_receipt(*, case: Case, move: lifecycle.Move, by: User, now: datetime) -> list[Row]:
    """A withdrawal's receipt, at once. Registered after the rooms' own answers, so that it tells what they ended."""
    if move.to != lifecycle.WITHDRAWN:
        return []
    return [write_receipt(case, by, now, policy.require(by, move.permission, case, now=now))]
