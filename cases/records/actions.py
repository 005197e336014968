"""What the records officer does: legal holds, retention classes, FOIA requests; the developer's answer to a notice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model as Row

from accounts.models import Appointment, User
from cases.documents.models import Document
from cases.records import guards
from cases.records.models import FoiaDocument, FoiaRequest, LegalHold, outcome_choices
from cases.register.actions import locked
from cases.register.journal import happened
from cases.register.models import Case, retention_choices
from cases.rules import clock, policy
from portal.kit.actions import action
from portal.kit.refusal import Refused, conflict

UNKNOWN = "Something you chose is not among the documents you see of this case. Choose again from the list."


def _refuse(refused: Refused | None) -> None:
    if refused is not None:
        raise refused


def _documents(case: Case, documents: Sequence[Document], by: User, now: datetime) -> list[Document]:
    """Those documents of the case that `by` sees, locked; anything else among them refuses all."""
    wanted = {document.pk for document in documents}
    seen = Document.objects.visible_to(by, now).filter(case=case, pk__in=wanted)
    found = list(seen.select_for_update(of=("self",)).order_by("pk"))
    if len(found) != len(wanted):
        raise Refused(UNKNOWN)
    return found


# -- legal holds and retention ----------------------------------------------------------------------------------------


@action
def place_legal_hold(
    *, case: Case, matter: str, authority: str, reason: str, by: User, now: datetime, document: Document | None = None
) -> LegalHold:  # fmt: skip
    """Place a legal hold on a document, or on everything of the case. No developer is told."""
    case = locked(case)
    _refuse(guards.place_refusal(by, case, now))
    appointment = policy.require(by, guards.HOLD, case, now=now)
    papers = _documents(case, [document] if document else [], by, now)
    open_ = LegalHold.objects.filter(case=case, document=document, matter=matter, lifted_at__isnull=True)
    if open_.exists():
        raise conflict("A legal hold for this matter is on it already.")
    hold = LegalHold.objects.create(
        case=case, document=papers[0] if papers else None, matter=matter, authority=authority, reason=reason,
        placed_at=now, placed_by=by,
    )  # fmt: skip
    happened(
        "records.hold_placed", case=case, by=by, now=now, appointment=appointment, subject=hold, rows=[hold]
    )
    return hold


@action
def lift_legal_hold(*, hold: LegalHold, reason: str, by: User, now: datetime) -> LegalHold:
    """Lift a legal hold, with the reason."""
    case = locked(hold.case)
    hold = LegalHold.objects.select_for_update(of=("self",)).get(pk=hold.pk)
    hold.case = case
    _refuse(guards.lift_refusal(by, hold, now))
    appointment = policy.require(by, guards.HOLD, case, now=now)
    hold.lifted_at, hold.lifted_by, hold.lift_reason = now, by, reason
    hold.save()
    happened(
        "records.hold_lifted", case=case, by=by, now=now, appointment=appointment, subject=hold, rows=[hold]
    )
    return hold


@action
def set_retention(
    *, case: Case, retention_class: str, by: User, now: datetime, documents: Sequence[Document] = ()
) -> list[Case | Document]:
    """Set the retention class of documents, or where none is given of the case. Nothing is destroyed by it."""
    case = locked(case)
    _refuse(guards.retention_refusal(by, case, now))
    appointment = policy.require(by, guards.RETAIN, case, now=now)
    if retention_class not in dict(retention_choices()):
        raise Refused("Choose a retention class from the list.")
    papers = _documents(case, documents, by, now)
    changed: list[Case | Document] = []
    chosen: list[Case | Document] = [*papers] or [case]
    for one in chosen:
        _refuse(guards.class_refusal(case, one if isinstance(one, Document) else None, retention_class))
        if one.retention_class != retention_class:
            one.retention_class = retention_class
            changed.append(one)
    if not changed:
        raise conflict("It has this retention class already.")
    for one in changed:
        one.save()
    happened(
        "records.retention_set", case=case, by=by, now=now, appointment=appointment, rows=changed,
        data={"what": _what(changed), "retention": retention_class},
    )  # fmt: skip
    return changed


def _what(changed: Sequence[Any]) -> str:
    if isinstance(changed[0], Case):
        return "the case"
    return "1 document" if len(changed) == 1 else f"{len(changed)} documents"


# -- FOIA -------------------------------------------------------------------------------------------------------------


@action
def record_request(
    *, case: Case, number: str, received_at: datetime, asked_for: str, documents: Sequence[Document], by: User,
    now: datetime,
) -> FoiaRequest:  # fmt: skip
    """Record a request under the Freedom of Information Act for documents of the case. No developer is told yet."""
    case = locked(case)
    _refuse(guards.record_refusal(by, case, now))
    appointment = policy.require(by, guards.TRACK, case, now=now)
    if received_at > now:
        raise Refused("It cannot be received at an hour that lies ahead. Correct the hour.")
    if case.foia_requests.filter(number=number).exists():
        raise conflict(f"Request {number} is recorded on this case already.")
    papers = _documents(case, documents, by, now)
    if not papers:
        raise Refused("Choose the documents that the request is about.")
    request = FoiaRequest.objects.create(
        case=case,
        number=number,
        received_at=received_at,
        asked_for=asked_for,
        recorded_at=now,
        recorded_by=by,
    )
    scope = [FoiaDocument.objects.create(request=request, document=one, added_at=now) for one in papers]
    _happened("foia.recorded", request, appointment, now, [request, *scope])
    return request


def _happened(
    kind: str, request: FoiaRequest, appointment: Appointment, now: datetime, rows: Sequence[Row]
) -> None:
    happened(
        kind, case=request.case, by=appointment.person, now=now, appointment=appointment, subject=request, rows=rows
    )  # fmt: skip


def _locked(request: FoiaRequest) -> FoiaRequest:
    """The request's row, locked after its case's row."""
    case = locked(request.case)
    fresh = FoiaRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    fresh.case = case
    return fresh


def _refuse_stale(request: FoiaRequest, revision: int | None) -> None:
    """Asked after the guards, which say it better where the very step was taken meanwhile."""
    if revision is not None and revision != request.revision:
        raise conflict(guards.STALE)


def _save(request: FoiaRequest) -> None:
    request.revision += 1
    request.save()


@action
def send_notice(*, request: FoiaRequest, by: User, now: datetime, revision: int | None = None) -> FoiaRequest:
    """Send the submitter notice to the developer, who may object until the policy's hour."""
    request = _locked(request)
    _refuse(guards.notice_refusal(by, request, now))
    _refuse_stale(request, revision)
    appointment = policy.require(by, guards.TRACK, request.case, now=now)
    request.notice_at, request.notice_by = now, by
    request.answer_due_at = clock.due_at("foia_objection", now, request.case.policy_version.clocks)
    _save(request)
    _happened("foia.noticed", request, appointment, now, [request])
    return request


@action
def answer_notice(
    *, request: FoiaRequest, answer: str, by: User, now: datetime, objection: str = "", pages: str = "",
    revision: int | None = None,
) -> FoiaRequest:  # fmt: skip
    """Answer the notice for the developer: object, with the reason and the pages, or say that there is no objection."""
    request = _locked(request)
    _refuse(guards.answer_refusal(by, request, now))
    _refuse_stale(request, revision)
    appointment = policy.require(by, guards.ANSWER, request.case, now=now)
    _refuse(guards.objection_refusal(answer, objection))
    request.answer, request.answered_at, request.answered_by = answer, now, by
    request.objection, request.objection_pages = (objection, pages) if answer == "objects" else ("", "")
    _save(request)
    _happened(
        "foia.objected" if answer == "objects" else "foia.not_objected", request, appointment, now, [request]
    )
    return request


@action
def record_decision(
    *, request: FoiaRequest, outcome: str, by: User, now: datetime, basis: str = "", exemption_4: bool = False,
    revision: int | None = None,
) -> FoiaRequest:  # fmt: skip
    """Record what was decided on the request, and who recorded it in what capacity. A developer with notice is told."""
    request = _locked(request)
    _refuse(guards.decide_refusal(by, request, now))
    _refuse_stale(request, revision)
    appointment = policy.require(by, guards.TRACK, request.case, now=now)
    if outcome not in dict(outcome_choices()):
        raise Refused("Choose the decision from the list.")
    _refuse(guards.outcome_refusal(request, outcome, basis, now))
    request.outcome, request.basis, request.exemption_4 = outcome, basis, exemption_4
    request.decided_at, request.decided_by = now, by
    request.appointment, request.capacity = appointment, appointment.capacity
    _save(request)
    kind = "foia.decided" if request.notice_at else "foia.decided_inside"
    _happened(kind, request, appointment, now, [request])
    return request
