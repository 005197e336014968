"""What the developer does to its readiness. Entries stand in a stream of the case's own, which only its pages show.

Nobody is told of anything here. Filing a notice is an upload like any other, and is told as one.
"""

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any, TypedDict

from django.db.models import Max
from django.db.models import Model as Row

from accounts.models import Appointment, User
from cases.access.text import text_digest
from cases.documents.actions import add_version, upload
from cases.documents.models import Document
from cases.readiness import guards
from cases.readiness.models import NoticeFiling, Obligation, ObligationsNotice, Readiness
from cases.readiness.text import propose
from cases.register.actions import locked
from cases.register.models import Case
from cases.rules import policy
from portal.audit.journal import record
from portal.kit.actions import action
from portal.kit.refusal import Refused

KIND = "third_party_notice"
TITLE = "Third-party obligations notice"


class Answers(TypedDict):
    """What one obligation says. `bears_on`: ids of `models.subjects`; `note` is never part of a notice."""

    reference: str
    kind: str
    bears_on: list[str]
    consent: str
    consent_on: date | None
    notice_sent_on: date | None
    until: date | None
    note: str


def stream(case: Case) -> str:
    """The stream of a case's readiness, apart from the case's own sequence, whose numbers others see."""
    return f"readiness:{case.pk}"


def _recorded(
    kind: str, case: Case, by: User, now: datetime, appointment: Appointment, rows: Sequence[Row], **data: Any
) -> None:
    record(
        kind, by=by, now=now, stream=stream(case), subject=rows[0], rows=rows, appointment=appointment, data=data
    )  # fmt: skip


def _keeping(case: Case, by: User, now: datetime) -> tuple[Case, Appointment]:
    """The case, locked, and the appointment under which `by` changes its readiness; refuses the wrong moment."""
    case = locked(case)
    appointment = policy.require(by, "readiness.keep", case, now=now)
    _refuse(guards.changing(case))
    return case, appointment


def _refuse(said: str | None) -> None:
    if said is not None:
        raise Refused(said, conflict=True)


@action
def answer(
    *, case: Case, safeguards: dict[str, dict[str, str]], people: list[dict[str, str]], by: User, now: datetime,
    revision: int = 0,
) -> Readiness:  # fmt: skip
    """Write down the answers. `safeguards`: id of the policy's catalogue to {answer, note}; `people`: {name,
    organisation} rows. `revision` is that of the answers the person saw, 0 for none yet."""
    case, appointment = _keeping(case, by, now)
    row = Readiness.objects.select_for_update().filter(case=case).first() or Readiness(case=case)
    if row.revision != revision:
        raise Refused(guards.STALE, conflict=True)
    known = {one["id"] for one in case.policy_version.safeguards}
    row.safeguards = {id: said for id, said in safeguards.items() if id in known}
    row.people, row.revision = people, row.revision + 1
    row.changed_at, row.changed_by = now, by
    row.save()
    _recorded("readiness.answered", case, by, now, appointment, [row])
    return row


@action
def list_obligation(*, case: Case, said: Answers, by: User, now: datetime) -> Obligation:
    """Put an obligation on the list."""
    case, appointment = _keeping(case, by, now)
    _refuse_twice(case, said["reference"], said["kind"])
    row = Obligation.objects.create(case=case, **said, changed_at=now, changed_by=by)
    _recorded("readiness.obligation_listed", case, by, now, appointment, [row])
    return row


def _refuse_twice(case: Case, reference: str, kind: str, but: Obligation | None = None) -> None:
    same = Obligation.objects.filter(case=case, reference=reference, kind=kind, removed_at__isnull=True)
    if but is not None:
        same = same.exclude(pk=but.pk)
    if same.exists():
        raise Refused(guards.TWICE, conflict=True)


def _locked_obligation(
    obligation: Obligation, by: User, now: datetime
) -> tuple[Case, Appointment, Obligation]:
    case, appointment = _keeping(obligation.case, by, now)
    return case, appointment, Obligation.objects.select_for_update(of=("self",)).get(pk=obligation.pk)


@action
def change_obligation(
    *, obligation: Obligation, said: Answers, revision: int, by: User, now: datetime
) -> Obligation:
    """Change what an obligation says. `revision` is that of the row the person saw."""
    case, appointment, row = _locked_obligation(obligation, by, now)
    _refuse(guards.listed(row))
    if row.revision != revision:
        raise Refused(guards.STALE, conflict=True)
    _refuse_twice(case, said["reference"], said["kind"], but=row)
    for name, value in said.items():
        setattr(row, name, value)
    _touch(row, by, now)
    _recorded("readiness.obligation_changed", case, by, now, appointment, [row])
    return row


@action
def remove_obligation(*, obligation: Obligation, by: User, now: datetime) -> Obligation:
    """Take an obligation off the list; it can be put back."""
    case, appointment, row = _locked_obligation(obligation, by, now)
    if row.removed_at is not None:
        raise Refused("This obligation is off the list already.", conflict=True)
    row.removed_at = now
    _touch(row, by, now)
    _recorded("readiness.obligation_removed", case, by, now, appointment, [row])
    return row


@action
def restore_obligation(*, obligation: Obligation, by: User, now: datetime) -> Obligation:
    """Put an obligation back on the list as it was."""
    case, appointment, row = _locked_obligation(obligation, by, now)
    if row.removed_at is None:
        raise Refused("This obligation is on the list already.", conflict=True)
    _refuse_twice(case, row.reference, row.kind)
    row.removed_at = None
    _touch(row, by, now)
    _recorded("readiness.obligation_restored", case, by, now, appointment, [row])
    return row


def _touch(row: Obligation, by: User, now: datetime) -> None:
    row.revision, row.changed_at, row.changed_by = row.revision + 1, now, by
    row.save()


@action
def attest_notice(*, case: Case, digest: str, by: User, now: datetime) -> ObligationsNotice:
    """Attest the notice made from the list as it stands. `digest` is that of the text the person read."""
    case = locked(case)
    appointment = policy.require(by, "readiness.attest", case, now=now)
    _refuse(guards.changing(case))
    found = propose(case, newest_number(case) + 1, on_list(case), appointment)
    if digest != found.digest:
        raise Refused(guards.OTHER_TEXT, conflict=True)
    notice = ObligationsNotice.objects.create(
        case=case, number=found.number, text=found.text, text_digest=found.digest, attested_at=now, attested_by=by,
        appointment=appointment, capacity=appointment.capacity,
    )  # fmt: skip
    _recorded("readiness.notice_attested", case, by, now, appointment, [notice], number=notice.number)
    return notice


def on_list(case: Case) -> list[Obligation]:
    """The obligations on the list, in the order of a notice."""
    return list(Obligation.objects.filter(case=case, removed_at__isnull=True).order_by("reference", "kind"))


def newest_number(case: Case) -> int:
    """The number of the newest notice, 0 where there is none."""
    newest: int | None = ObligationsNotice.objects.filter(case=case).aggregate(newest=Max("number"))["newest"]
    return newest or 0


@action
def file_notice(*, notice: ObligationsNotice, by: User, now: datetime) -> Document:
    """File a notice into the case: as a document, or as the next version of the one an earlier notice became.

    In a draft the document goes to the agency with the submission, like every other.
    """
    case = locked(notice.case)
    notice = ObligationsNotice.objects.select_related("case").get(pk=notice.pk)
    appointment = policy.require(by, "document.upload", case, now=now)
    _refuse(guards.filing(notice, newest_number(case)))
    if text_digest(notice.text) != notice.text_digest:
        raise Refused("The text is not the one that was attested. Attest a new notice.", conflict=True)
    document, version = _as_document(notice, by, now)
    filing = NoticeFiling.objects.create(
        notice=notice, document=document, version=version, filed_at=now, filed_by=by
    )
    _recorded("readiness.notice_filed", case, by, now, appointment, [filing], number=notice.number)
    return document


def _as_document(notice: ObligationsNotice, by: User, now: datetime) -> tuple[Document, int]:
    """The document that the notice becomes, and which version of it."""
    file, name = BytesIO(notice.text.encode()), f"third-party-obligations-notice-{notice.number}.txt"
    earlier = (
        NoticeFiling.objects.filter(notice__case=notice.case_id).order_by("-filed_at", "-version").first()
    )
    if earlier is not None and earlier.document.withdrawn_at is None and earlier.document.frozen_at is None:
        after = earlier.document.versions.aggregate(newest=Max("number"))["newest"]
        added = add_version(document=earlier.document, file=file, file_name=name, after=after, by=by, now=now)
        return earlier.document, added.number
    made = upload(
        case=notice.case, kind=KIND, title=TITLE, file=file, file_name=name, by=by, now=now,
        designation="business_confidential", designation_pages="all",
    )  # fmt: skip
    return made, 1
