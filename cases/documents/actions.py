"""What people do with documents: upload, add a version, mark, share, withdraw, open. Bytes are never removed."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings
from django.db.models import Max

from accounts.models import Appointment, User
from accounts.roles import AGENCY, DEVELOPER
from cases.documents.guards import refuse_closed, refuse_ended, refuse_stranger
from cases.documents.kinds import KINDS, addable_by
from cases.documents.models import Document, DocumentShare, DocumentVersion
from cases.documents.orders import order_scan
from cases.documents.queries import open_refusal, room, shareable_grants
from cases.documents.states import SENTENCES
from cases.documents.types import recognise
from cases.documents.uploads.models import Upload
from cases.documents.uploads.using import File, Meant, claimed, source, used
from cases.register.actions import locked
from cases.register.journal import happened
from cases.register.models import Case
from cases.rules import markings, policy, visibility
from portal.kit.actions import action
from portal.kit.files import Received, open_stored, receiving, refuse_without_room, shown_name
from portal.kit.refusal import Refused
from portal.kit.stored import differs

if TYPE_CHECKING:
    from cases.access.models import Grant


@dataclass(frozen=True)
class Told:
    """What the submitter says of a document beside its title. `marking` is the agency's to set."""

    kind: str
    designation: str = "none"
    designation_pages: str = ""
    marking: str = ""


@action
def upload(
    *,
    case: Case,
    kind: str,
    title: str,
    file: File,
    file_name: str,
    by: User,
    now: datetime,
    designation: str = "none",
    designation_pages: str = "",
    marking: str = "",
) -> Document:
    """Add a document with its first version, of a file or of an upload that is whole.

    The bytes are received before the first query, because a large file takes its time and no lock should wait for
    it; when anything after that is refused, they go. Without `marking` the policy's default marking applies.
    """
    told = Told(kind, designation, designation_pages, marking)
    with receiving(source(file)) as kept:
        content_type = recognised(kept, file_name, kind)
        return _added(case, told, title, file, file_name, kept, content_type, by, now)


@action
def upload_several(
    *, case: Case, told: Told, titled: Sequence[tuple[str, Upload]], by: User, now: datetime
) -> list[Document]:
    """Add a document of each upload, with a title each; all of them or none."""
    with ExitStack() as keeping:
        ready = []
        for title, file in titled:
            with naming(file.file_name):
                kept = keeping.enter_context(receiving(source(file)))
                ready.append((title, file, kept, recognised(kept, file.file_name, told.kind)))
        return [
            _added(case, told, title, file, file.file_name, kept, type_, by, now)
            for title, file, kept, type_ in ready
        ]


@contextmanager
def naming(file_name: str) -> Iterator[None]:
    """A refusal in the block says which file it is about."""
    try:
        yield
    except Refused as refused:
        said = refused.sentence if file_name in refused.sentence else f"“{file_name}”: {refused.sentence}"
        raise Refused(said, conflict=refused.conflict, permission=refused.permission) from None


def _added(
    case: Case, told: Told, title: str, file: File, file_name: str, kept: Received, content_type: str,
    by: User, now: datetime,
) -> Document:  # fmt: skip
    """The document and its first version, of bytes that are kept."""
    case = locked(case)
    appointment = policy.require(by, "document.upload", case, now=now)
    _refuse_addition(case, told.kind, appointment)
    mine = claimed(file, Meant(case), by, now)
    refuse_without_room(kept.size, room(case, appointment.organisation_id, beside=mine))
    document = _described(case, appointment, told.kind, title, now)
    if told.designation != "none":
        document.designation, document.designation_pages = told.designation, told.designation_pages
    if told.marking:
        policy.require(by, "document.mark", case, now=now)
        _set_marking(document, told.marking)
    document.save()
    version = new_version(document, 1, kept, file_name, content_type, by, now)
    happened(
        "document.uploaded", case=case, by=by, now=now, appointment=appointment, subject=document,
        rows=[document, version, *used(mine, version, now)], data={"kind": KINDS[told.kind].label.lower()},
    )  # fmt: skip
    return document


def _described(case: Case, appointment: Appointment, kind: str, title: str, now: datetime) -> Document:
    """The document's row, unsaved, with the policy's default marking and the assurance its submitter is given.

    A paper of the agency's is never marked lower than its case.
    """
    policy_version, own = case.policy_version, appointment.organisation.kind == DEVELOPER
    default = policy_version.default_marking
    return Document(
        case=case,
        kind=kind,
        title=title,
        owner=appointment.organisation,
        marking=default if own else markings.highest([default, case.marking]).id,
        assurance=policy_version.assurance if own else "",
        created_at=now,
    )


def recognised(kept: Received, file_name: str, kind: str) -> str:
    """The type of the received bytes, which must be one that its kind of document may have."""
    if kind not in KINDS:
        raise Refused("Choose a kind of document from the list.")
    with open_stored(kept.storage_name) as stored:
        return recognise(stored, shown_name(file_name), kind)


def _refuse_addition(case: Case, kind: str, appointment: Appointment) -> None:
    refuse_ended(case)
    if kind not in dict(addable_by(appointment.organisation.kind)):
        raise Refused(
            f"{KINDS[kind].label}: documents of this kind come from another side. Choose another kind."
        )


def new_version(
    document: Document,
    number: int,
    kept: Received,
    file_name: str,
    content_type: str,
    by: User,
    now: datetime,
) -> DocumentVersion:
    """The row of received bytes, and the order to scan them; nobody opens them before."""
    version = DocumentVersion.objects.create(
        document=document,
        number=number,
        file_name=shown_name(file_name),
        storage_name=kept.storage_name,
        size=kept.size,
        sha256=kept.sha256,
        content_type=content_type,
        uploaded_at=now,
        uploaded_by=by,
    )
    order_scan(version, now)
    return version


def _locked_document(document: Document) -> tuple[Case, Document]:
    """The case, then the document, both locked."""
    case = locked(document.case)
    fresh = Document.objects.select_for_update(of=("self",)).select_related("owner").get(pk=document.pk)
    fresh.case = case
    return case, fresh


@action
def add_version(
    *, document: Document, file: File, file_name: str, after: int, by: User, now: datetime
) -> DocumentVersion:
    """Add the next version; the document's own organisation alone does. `after`: the newest number the person saw."""
    with receiving(source(file)) as kept:
        content_type = recognised(kept, file_name, document.kind)
        case, document = _locked_document(document)
        appointment = policy.require(by, "document.upload", case, now=now)
        refuse_stranger(document, appointment)
        refuse_closed(document)
        _refuse_addition(case, document.kind, appointment)
        mine = claimed(file, Meant(case, document), by, now)
        refuse_without_room(kept.size, room(case, document.owner_id, beside=mine))
        newest = document.versions.aggregate(newest=Max("number"))["newest"] or 0
        if newest != after:
            raise Refused(
                f"Version {newest} was added while you had the page open. Look at it first.", conflict=True
            )
        if document.versions.filter(number=newest, sha256=kept.sha256).exists():
            raise Refused(
                f"This file is the same, byte for byte, as version {newest}. Choose the changed file."
            )
        version = new_version(document, newest + 1, kept, file_name, content_type, by, now)
        happened(
            "document.version_added", case=case, by=by, now=now, appointment=appointment, subject=document,
            rows=[version, *used(mine, version, now)],
            data={"kind": KINDS[document.kind].label.lower(), "number": version.number},
        )  # fmt: skip
        return version


def _set_marking(document: Document, marking: str) -> None:
    above = markings.above_ceiling(marking, settings.CEILING)
    if above:
        raise Refused(above)
    document.marking, document.marking_set_by_agency = marking, True


@action
def mark(*, document: Document, marking: str, by: User, now: datetime) -> Document:
    """Set the marking; the agency alone does, and nothing above the installation's ceiling is taken."""
    case, document = _locked_document(document)
    appointment = policy.require(by, "document.mark", case, now=now)
    if document.marking_set_by_agency and document.marking == marking:
        raise Refused(f"The document is marked {markings.MARKINGS[marking].banner} already.", conflict=True)
    _set_marking(document, marking)
    document.save()
    happened(
        "document.marked", case=case, by=by, now=now, appointment=appointment, subject=document, rows=[document],
        data={"marking": markings.MARKINGS[marking].banner},
    )  # fmt: skip
    return document


@action
def withdraw(*, document: Document, by: User, now: datetime) -> Document:
    """Withdraw a document: nobody opens it any more, and its bytes are kept as a record."""
    case, document = _locked_document(document)
    appointment = policy.require(by, "document.withdraw", case, now=now)
    refuse_stranger(document, appointment)
    refuse_closed(document)
    document.withdrawn_at = now
    document.save()
    happened(
        "document.withdrawn",
        case=case,
        by=by,
        now=now,
        appointment=appointment,
        subject=document,
        rows=[document],
    )
    return document


@action
def share(*, document: Document, grant: "Grant", by: User, now: datetime) -> DocumentShare:
    """Open a document to the partner of one grant of the same case, for as long as that grant lives."""
    case, document = _locked_document(document)
    appointment = policy.require(by, "document.share", case, now=now)
    refuse_stranger(document, appointment)
    refuse_closed(document)
    if "partner" not in markings.MARKINGS[document.marking].readers:
        banner = markings.MARKINGS[document.marking].banner
        raise Refused(f"The document is marked {banner}, which is not open to partners. It cannot be shared.")
    if not document.versions.filter(state=visibility.AVAILABLE).exists():
        raise Refused(
            "No version of this document is available yet. Share it when its scan is over.", conflict=True
        )
    if not shareable_grants(case, now).filter(pk=grant.pk).exists():
        raise Refused(
            "This grant has ended or is not a partner's in this case. Choose another.", conflict=True
        )
    if document.shares.filter(grant=grant, ended_at__isnull=True).exists():
        raise Refused(f"{grant.organisation.name} has this document already.", conflict=True)
    shared = DocumentShare.objects.create(document=document, grant=grant, shared_at=now, shared_by=by)
    happened(
        "document.shared", case=case, by=by, now=now, appointment=appointment, subject=document, rows=[shared]
    )
    return shared


@action
def open_version(*, version: DocumentVersion, by: User, now: datetime) -> BinaryIO:
    """Record that `by` opens these bytes, and hand them over. Who may is asked behind the lock of the case.

    So an end of access that is under way comes first, and the log never tells of an opening after it.
    """
    document = version.document
    locked(document.case)
    said = open_refusal(by, version, now)
    if said is not None:
        raise Refused(said)
    stored = _whole(version)
    try:
        happened(
            "document.opened", case=document.case, by=by, now=now, appointment=_acting(by, document, now),
            subject=document, data={"kind": KINDS[document.kind].label.lower(), "number": version.number},
        )  # fmt: skip
    except BaseException:
        stored.close()
        raise
    return stored


def _whole(version: DocumentVersion) -> BinaryIO:
    """The stored bytes, open. Refused where they are gone or not those received, as far as a look beforehand tells."""
    try:
        stored = open_stored(version.storage_name)
    except FileNotFoundError:
        raise Refused(SENTENCES["damaged"], conflict=True) from None
    if differs(stored, version.size, version.sha256):
        stored.close()
        raise Refused(SENTENCES["damaged"], conflict=True)
    return stored


def _acting(by: User, document: Document, now: datetime) -> Appointment | None:
    """The appointment under which a reader reads: for its own organisation's paper, else for the agency, else any."""
    mine = by.appointments_at(now)

    def distance(appointment: Appointment) -> int:
        own = appointment.organisation_id in (document.owner_id, document.case.developer_id)
        return 0 if own else 1 if appointment.organisation.kind == AGENCY else 2

    return min(mine, key=distance, default=None)
