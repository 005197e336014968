"""What is done with documents: each action once well, each refusal with its sentence, nothing half-written."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings

from cases.documents.actions import add_version, mark, open_version, share, upload, withdraw
from cases.documents.models import Document, DocumentShare, DocumentVersion
from cases.register.actions import move_case
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.files import open_stored
from portal.kit.gate import writing
from portal.kit.refusal import Refused
from portal.notify.models import Notice
from tests import walk
from tests.cases.documents.grants import partner_grant
from tests.cast import Cast
from tests.portal.test_files import Breaking, stored_files


def refused(run: Callable[..., Any], **given: Any) -> Refused:
    """The refusal of an action that left no row and no file."""
    rows, files = DocumentVersion.objects.count(), stored_files()
    with pytest.raises(Refused) as found:
        run(**given)
    assert DocumentVersion.objects.count() == rows
    assert stored_files() == files
    return found.value


def entries(document: Document) -> list[str]:
    """Kinds of the audit entries about a document, oldest first."""
    return list(
        Entry.objects.filter(subject_id=str(document.pk)).order_by("id").values_list("kind", flat=True)
    )


# -- upload ---------------------------------------------------------------------------------------------------------


def test_upload_stores_bytes_digest_assurance_and_entry(cast: Cast, now: datetime) -> None:
    """The row says what was received; the policy's marking and assurance stand in it; the officer is told."""
    case = walk.acknowledged(cast, now)
    document = walk.paper(
        case, cast.liaison, now, designation="business_confidential", designation_pages="3-7, 12"
    )
    version = document.versions.get()
    assert version.sha256 == hashlib.sha256(walk.PDF).hexdigest()
    assert (version.size, version.state, version.content_type) == (
        len(walk.PDF),
        "available",
        "application/pdf",
    )
    with open_stored(version.storage_name) as file:
        assert file.read() == walk.PDF
    assert document.owner == cast.developer
    assert (document.marking, document.marking_set_by_agency) == (cast.policy.default_marking, False)
    assert document.assurance == cast.policy.assurance
    assert (document.designation, document.designation_pages) == ("business_confidential", "3-7, 12")
    entry = Entry.objects.get(kind="document.uploaded", subject_id=str(document.pk))
    assert (entry.actor, entry.role, entry.data) == (cast.liaison, "liaison", {"kind": "system card"})
    assert Notice.objects.filter(
        kind="document.uploaded", recipient=cast.officer, subject_id=str(document.pk)
    ).exists()
    assert verify(deep=True).fault is None


def test_nobody_outside_learns_of_a_draft(cast: Cast, now: datetime) -> None:
    """Uploads to a draft tell no officer: before submission the case does not exist for the agency."""
    walk.drafted(cast, now)
    assert not Notice.objects.exclude(recipient__in=[cast.liaison, cast.signatory]).exists()


@pytest.mark.parametrize(
    "who", ["signatory", "evaluator", "consultee", "official", "partner", "auditor", "stranger", "admin"]
)
def test_who_may_not_upload(who: str, cast: Cast, now: datetime) -> None:
    """A sentence, and no bytes kept."""
    case = walk.acknowledged(cast, now)
    found = refused(walk.paper, case=case, by=getattr(cast, who), now=now)
    assert (found.status, found.permission) == (403, "document.upload")


def test_kinds_belong_to_sides(cast: Cast, now: datetime) -> None:
    """An agency does not add a system card, a developer no meeting record; each adds its own."""
    case = walk.acknowledged(cast, now)
    assert "another side" in refused(walk.paper, case=case, by=cast.officer, now=now).sentence
    found = refused(walk.paper, case=case, by=cast.liaison, now=now, kind="meeting_record")
    assert "Meeting record" in found.sentence
    assert "from the list" in refused(walk.paper, case=case, by=cast.liaison, now=now, kind="spam").sentence
    own = walk.paper(
        case,
        cast.officer,
        now,
        "meeting_record",
        marking="CUI_FEDONLY" if settings.CEILING != "CUI" else "CUI",
    )
    assert own.marking_set_by_agency
    assert own.assurance == ""


def test_a_developer_sets_no_marking(cast: Cast, now: datetime) -> None:
    """The agency alone marks, at upload as later."""
    case = walk.acknowledged(cast, now)
    assert refused(walk.paper, case=case, by=cast.liaison, now=now, marking="U").permission == "document.mark"


def test_an_agency_marking_above_the_ceiling_is_refused(cast: Cast, now: datetime) -> None:
    """Not even its bytes stay."""
    case = walk.acknowledged(cast, now)
    found = refused(walk.paper, case=case, by=cast.officer, now=now, kind="notice", marking="S")
    assert "high-side pointer" in found.sentence


@pytest.mark.parametrize(
    ("file", "name", "said"),
    [
        (b"", "card.pdf", "empty"),
        (b"MZ\x00", "card.pdf", "not a whole file"),
        (walk.PDF, "card.exe", "not a whole file"),
    ],
)
def test_bad_files_leave_nothing(file: bytes, name: str, said: str, cast: Cast, now: datetime) -> None:
    """A sentence that says what to do; no row, no bytes."""
    case = walk.drafted(cast, now)
    found = refused(walk.paper, case=case, by=cast.liaison, now=now, file=BytesIO(file), file_name=name)
    assert said in found.sentence


def test_an_upload_that_breaks_off_leaves_nothing(cast: Cast, now: datetime) -> None:
    """The stream raises in the middle: no row, no bytes, no entry."""
    case = walk.drafted(cast, now)
    before = (Entry.objects.count(), Document.objects.count(), stored_files())
    with pytest.raises(ConnectionResetError):
        walk.paper(case, cast.liaison, now, file=Breaking(walk.PDF))
    assert (Entry.objects.count(), Document.objects.count(), stored_files()) == before


def test_a_fault_after_the_bytes_leaves_nothing(
    cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the audit entry cannot be written, neither row nor bytes stay."""
    case = walk.drafted(cast, now)
    before = (Document.objects.count(), stored_files())

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("audit log away")

    monkeypatch.setattr("cases.documents.actions.happened", broken)
    with pytest.raises(RuntimeError):
        walk.paper(case, cast.liaison, now)
    assert (Document.objects.count(), stored_files()) == before


def test_nothing_is_added_to_an_ended_case(cast: Cast, now: datetime) -> None:
    """Withdrawn: 409, for new documents and new versions."""
    case = walk.acknowledged(cast, now)
    document = case.documents.first()
    case = move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    assert refused(walk.paper, case=case, by=cast.liaison, now=now).status == 409
    changed = BytesIO(walk.PDF + b"%%EOF\n")
    given = {"document": document, "file": changed, "file_name": "card.pdf", "after": 1}
    assert refused(add_version, by=cast.liaison, now=now, **given).status == 409


def test_names_of_files_are_kept_clean(cast: Cast, now: datetime) -> None:
    """Whatever a client calls its file, the row holds a harmless name."""
    case = walk.drafted(cast, now)
    name = '../../x\r\n"\u202efdp.' + "y" * 300 + ".pdf"
    version = walk.paper(case, cast.liaison, now, file_name=name).versions.get()
    assert version.file_name.startswith('x "')
    assert version.file_name.endswith(".pdf")
    assert len(version.file_name.encode()) <= 255


# -- versions -------------------------------------------------------------------------------------------------------


def _next(
    document: Document,
    by: Any,
    now: datetime,
    after: int = 1,
    extra: bytes = b"%%EOF\n",
    name: str = "card-2.pdf",
) -> Any:
    return add_version(
        document=document, file=BytesIO(walk.PDF + extra), file_name=name, after=after, by=by, now=now
    )


def test_a_new_version_stands_beside_the_first(cast: Cast, now: datetime) -> None:
    """Number two, its own bytes; the first stays."""
    document = walk.acknowledged(cast, now).documents.first()
    version = _next(document, cast.liaison, now)
    assert version.number == 2
    assert [v.number for v in document.versions.order_by("number")] == [1, 2]
    assert entries(document)[-1] == "document.version_added"


def test_versions_are_not_added_twice_or_unseen(cast: Cast, now: datetime) -> None:
    """A stale form is a 409, the same bytes again a sentence; another side is refused."""
    document = walk.acknowledged(cast, now).documents.first()
    _next(document, cast.liaison, now)
    stale = refused(_next, document=document, by=cast.liaison, now=now, extra=b"more %%EOF\n")
    assert stale.status == 409
    assert "Version 2 was added" in stale.sentence
    assert "byte for byte" in refused(_next, document=document, by=cast.liaison, now=now, after=2).sentence
    assert (
        "belongs to"
        in refused(_next, document=document, by=cast.officer, now=now, after=2, extra=b"%%EOF").sentence
    )
    assert refused(_next, document=document, by=cast.stranger, now=now, after=2).status == 403
    assert (
        "not a whole file"
        in refused(_next, document=document, by=cast.liaison, now=now, after=2, name="card.txt.exe").sentence
    )


# -- marking --------------------------------------------------------------------------------------------------------


def test_the_agency_marks_and_the_developer_is_told(cast: Cast, now: datetime) -> None:
    """Set once with an entry and a notice; the same again is a 409; above the ceiling a sentence."""
    document = walk.acknowledged(cast, now).documents.first()
    marked = mark(document=document, marking="CUI", by=cast.officer, now=now)
    assert (marked.marking, marked.marking_set_by_agency) == ("CUI", True)
    assert entries(document)[-1] == "document.marked"
    assert Notice.objects.filter(kind="document.marked", recipient=cast.liaison).exists()
    with pytest.raises(Refused) as again:
        mark(document=document, marking="CUI", by=cast.officer, now=now)
    assert again.value.status == 409
    with pytest.raises(Refused, match="nothing above"):
        mark(document=document, marking="TS", by=cast.officer, now=now)
    for who in (cast.liaison, cast.evaluator, cast.auditor, cast.partner):
        with pytest.raises(Refused) as other:
            mark(document=document, marking="U", by=who, now=now)
        assert other.value.permission == "document.mark"


# -- withdrawing ----------------------------------------------------------------------------------------------------


def test_withdrawing_keeps_the_bytes_and_closes_the_content(cast: Cast, now: datetime) -> None:
    """Row and bytes stay; nobody opens it; a second time is a 409."""
    document = walk.acknowledged(cast, now).documents.first()
    version = document.versions.get()
    withdraw(document=document, by=cast.liaison, now=now)
    with open_stored(version.storage_name) as file:
        assert file.read() == walk.PDF
    for who in (cast.liaison, cast.officer, cast.evaluator):
        assert not Document.objects.openable_by(who, now).filter(pk=document.pk).exists()
        with pytest.raises(Refused, match="withdrawn"):
            open_version(version=DocumentVersion.objects.get(pk=version.pk), by=who, now=now)
    with pytest.raises(Refused) as again:
        withdraw(document=document, by=cast.liaison, now=now)
    assert again.value.status == 409
    assert refused(_next, document=document, by=cast.liaison, now=now).status == 409


@pytest.mark.parametrize("who", ["signatory", "officer", "evaluator", "auditor", "partner", "stranger"])
def test_who_may_not_withdraw(who: str, cast: Cast, now: datetime) -> None:
    """The developer's liaison alone withdraws a document."""
    document = walk.acknowledged(cast, now).documents.first()
    with pytest.raises(Refused) as found:
        withdraw(document=document, by=getattr(cast, who), now=now)
    assert found.value.permission == "document.withdraw"


# -- sharing --------------------------------------------------------------------------------------------------------


def test_sharing_opens_one_document_to_one_partner(cast: Cast, now: datetime) -> None:
    """The partner sees the shared one, not the other; the other partner sees neither; access ends with the grant."""
    case = walk.acknowledged(cast, now)
    grant = partner_grant(cast, case, now)
    first, second = case.documents.order_by("created_at", "pk")
    share(document=first, grant=grant, by=cast.liaison, now=now)
    assert entries(first)[-1] == "document.shared" or "document.shared" in entries(first)
    seen = Document.objects.visible_to(cast.partner, now)
    assert [d.pk for d in seen] == [first.pk]
    assert [d.pk for d in Document.objects.openable_by(cast.partner, now)] == [first.pk]
    assert not Document.objects.visible_to(cast.other_partner, now).exists()
    ended = grant.span.upper
    assert Document.objects.visible_to(cast.partner, ended - timedelta(seconds=1)).exists()
    assert not Document.objects.visible_to(cast.partner, ended).exists()
    assert not Document.objects.openable_by(cast.partner, ended).filter(pk=second.pk).exists()


def test_what_may_not_be_shared(cast: Cast, now: datetime) -> None:
    """Twice, to another case's grant, an ended grant, another side's paper, a withdrawn, frozen or FED ONLY one."""
    case, other = walk.acknowledged(cast, now), walk.acknowledged(cast, now)
    grant, elsewhere = partner_grant(cast, case, now), partner_grant(cast, other, now)
    first, second = case.documents.order_by("created_at", "pk")
    share(document=first, grant=grant, by=cast.liaison, now=now)

    def said(document: Document, to: Any = grant, by: Any = cast.liaison, at: datetime = now) -> str:
        with pytest.raises(Refused) as found:
            share(document=document, grant=to, by=by, now=at)
        return found.value.sentence

    assert "has this document already" in said(first)
    assert "Choose another" in said(second, elsewhere)
    assert "Choose another" in said(second, at=grant.span.upper)
    paper = walk.paper(case, cast.officer, now, "notice", title="Notice", file_name="n.pdf")
    assert "belongs to" in said(paper)
    assert "Share a document" in said(second, by=cast.officer)
    with writing():
        second.marking = "CUI_FEDONLY"
        second.save()
    assert "FED ONLY" in said(second)
    with writing():
        second.marking, second.frozen_at = "PROPIN", now
        second.save()
    assert "frozen" in said(second)
    withdraw(document=first, by=cast.liaison, now=now)
    assert "withdrawn" in said(first)
    assert DocumentShare.objects.count() == 1


# -- opening --------------------------------------------------------------------------------------------------------


def test_every_opening_is_recorded(cast: Cast, now: datetime) -> None:
    """Bytes are handed over with an entry that names person, organisation and version; its proof verifies."""
    document = walk.acknowledged(cast, now).documents.first()
    version = document.versions.get()
    for who, organisation in ((cast.officer, cast.agency), (cast.liaison, cast.developer)):
        with open_version(version=version, by=who, now=now) as file:
            assert file.read() == walk.PDF
        entry = Entry.objects.filter(kind="document.opened").latest("id")
        assert (entry.actor, entry.organisation_name) == (who, organisation.name)
        assert (entry.subject_id, entry.data["number"]) == (str(document.pk), 1)
    assert verify(deep=True).fault is None


READERS = {
    "live": {"liaison", "signatory", "lead", "officer", "official", "evaluator"},
    "withdrawn case": {"records"},
}


@pytest.mark.parametrize("state", READERS)
def test_who_opens_what(state: str, cast: Cast, now: datetime) -> None:
    """Everybody of the cast, on a live and on a withdrawn case; refusals record no opening."""
    case = walk.acknowledged(cast, now)
    version = DocumentVersion.objects.filter(document__case=case).first()
    if state != "live":
        move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    version = DocumentVersion.objects.select_related("document__case").get(pk=version.pk)
    for who, person in cast.people.items():
        if who in READERS[state]:
            open_version(version=version, by=person, now=now).close()
        else:
            with pytest.raises(Refused):
                open_version(version=version, by=person, now=now)
    opened = Entry.objects.filter(kind="document.opened").values_list("actor__email", flat=True)
    assert set(opened) == {cast.people[who].email for who in READERS[state]}


def test_a_version_that_is_not_available_is_not_opened(cast: Cast, now: datetime) -> None:
    """Quarantined bytes open to nobody."""
    version = walk.acknowledged(cast, now).documents.first().versions.get()
    with writing():
        version.state, version.finding = "quarantined", "virus"
        version.save()
    with pytest.raises(Refused, match="in quarantine"):
        open_version(version=version, by=cast.officer, now=now)


def test_upload_takes_a_file_object_where_it_stands(cast: Cast, now: datetime) -> None:
    """Any stream will do: what is read is what is kept."""
    case = walk.drafted(cast, now)
    text = BytesIO(b"Plain words")
    document = upload(
        case=case,
        kind="correspondence",
        title="Letter",
        file=text,
        file_name="letter.txt",
        by=cast.liaison,
        now=now,
    )
    assert document.versions.get().content_type == "text/plain"
