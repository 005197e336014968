"""From received to available or quarantined: who opens what, who is told, who decides, what is never told."""

import logging
import os
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.actions import appoint
from cases.documents import quarantine, scans, tasks
from cases.documents.actions import add_version, open_version, share, upload, withdraw
from cases.documents.models import Document, DocumentVersion
from cases.documents.orders import SCAN_JOB
from cases.register.models import Case
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.files import open_stored
from portal.kit.gate import writing
from portal.kit.refusal import Refused
from portal.notify import worker
from portal.notify.models import Notice, Outbox
from portal.notify.outbox import give_up
from tests import walk
from tests.cases.documents.grants import partner_grant
from tests.cases.documents.samples import docx
from tests.cast import Cast

ClientOf = Callable[[Any], Client]
WORD = "Xyzzy"
SPILT = f"{WORD} begins\n\nSECRET//NOFORN\n".encode()


def received(
    case: Case, by: Any, now: datetime, body: bytes = walk.PDF, name: str = "card.pdf"
) -> DocumentVersion:
    """The only version of a new document, waiting for its scan."""
    document = upload(
        case=case,
        kind="correspondence",
        title=f"{WORD} letter",
        file=BytesIO(body),
        file_name=name,
        by=by,
        now=now,
    )
    return document.versions.select_related("document__case").get()


def quarantined(case: Case, by: Any, now: datetime) -> DocumentVersion:
    """A version that bears a banner above the ceiling, scanned."""
    version = received(case, by, now, SPILT, "letter.txt")
    tasks.scan(version, lambda: now)
    version.refresh_from_db()
    return version


def order_of(version: DocumentVersion) -> Outbox:
    """The order to scan it."""
    return Outbox.objects.get(job=SCAN_JOB, args={"version_id": str(version.pk)})


def test_nobody_opens_a_version_before_its_scan(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Received and scanning: no bytes, no share, a sentence on the page; then a worker makes it available."""
    case = walk.acknowledged(cast, now)
    grant = partner_grant(cast, case, now)
    version = received(case, cast.liaison, now)
    document = version.document
    for state, said in (("received", "was received and opens"), ("scanning", "is being scanned")):
        for person in (cast.liaison, cast.officer, cast.evaluator, cast.security):
            version = DocumentVersion.objects.select_related("document__case").get(pk=version.pk)
            assert version.state == state
            with pytest.raises(Refused, match=said):
                open_version(version=version, by=person, now=now)
            assert not Document.objects.openable_by(person, now).filter(pk=document.pk).exists()
        with pytest.raises(Refused, match="No version of this document is available yet"):
            share(document=document, grant=grant, by=cast.liaison, now=now)
        page = client_of(cast.officer).get(document.get_absolute_url()).content.decode()
        assert said in page
        url = reverse("cases:document_file", args=[document.pk, 1])
        for answer in (client_of(cast.officer).get(url), client_of(cast.officer).head(url)):
            assert answer.status_code == 403
        assert scans.begin_scan(version=version, by=None, now=now)
    assert worker.run(str(order_of(version).pk))
    version.refresh_from_db()
    assert (version.state, version.finding, version.scanned_with) == ("available", "", "own")
    version = DocumentVersion.objects.select_related("document__case").get(pk=version.pk)
    open_version(version=version, by=cast.officer, now=now).close()
    page = client_of(cast.officer).get(document.get_absolute_url()).content.decode()
    assert "No virus scanner is configured on this installation" in page
    page = client_of(cast.liaison).get(document.get_absolute_url()).content.decode()
    assert "Nothing was found." in page
    assert "No virus scanner" not in page


def test_a_scan_is_done_once(cast: Cast, now: datetime) -> None:
    """A second delivery, and a second worker that finishes late, change nothing; each version has one entry."""
    case = walk.acknowledged(cast, now)
    version = received(case, cast.liaison, now)
    assert scans.begin_scan(version=version, by=None, now=now)
    tasks.scan(version, lambda: now)
    assert not scans.finish_scan(version=version, finding="virus", scanned_with="own", by=None, now=now)
    assert not scans.begin_scan(version=version, by=None, now=now)
    version.refresh_from_db()
    assert version.state == "available"
    subject = str(version.document_id)
    assert Entry.objects.filter(kind="document.scanned", subject_id=subject).count() == 1
    assert not Entry.objects.filter(kind="document.quarantined", subject_id=subject).exists()


@pytest.mark.parametrize("wrong", ["other bytes", "no bytes", "other type"])
def test_what_is_stored_is_looked_at_anew(wrong: str, cast: Cast, now: datetime) -> None:
    """Bytes that changed after they were received, or are gone, or that the kind does not take."""
    version = received(walk.drafted(cast, now), cast.liaison, now)
    with open_stored(version.storage_name) as file:
        path = file.name
    if wrong == "no bytes":
        os.unlink(path)
    elif wrong == "other bytes":
        with open(path, "r+b") as file:
            file.write(b"%PDF-1.6")
    else:
        with writing():
            version.content_type = "text/plain"
            version.save()
    tasks.scan(version, lambda: now)
    version.refresh_from_db()
    assert (version.state, version.finding) == ("quarantined", "type" if wrong == "other type" else "digest")
    if wrong != "other type":
        with pytest.raises(Refused, match=r"not what was received|Release"):
            quarantine.decide(version=version, decision="released", reason="x", by=cast.security, now=now)


def test_a_scan_that_breaks_off_for_good_ends_in_quarantine(cast: Cast, now: datetime) -> None:
    """A file that takes every worker with it does not wait for ever, and never opens."""
    version = received(walk.acknowledged(cast, now), cast.liaison, now)
    give_up(order_of(version), "WorkerLost", now)
    version.refresh_from_db()
    assert (version.state, version.finding) == ("quarantined", "unscanned")


def test_nothing_of_a_quarantined_file_is_told(
    cast: Cast, now: datetime, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    """Uploader and security manager are told; no notice, mail, entry or log line has a word of it."""
    caplog.set_level(logging.DEBUG)
    case = walk.acknowledged(cast, now)
    version = quarantined(case, cast.liaison, now)
    assert (version.state, version.finding) == ("quarantined", "banner")
    document = version.document
    told = Notice.objects.filter(kind="document.quarantined", subject_id=str(document.pk))
    assert {notice.recipient for notice in told} == {cast.liaison, cast.security}
    for notice in told:
        worker.run(str(Outbox.objects.get(key=f"mail:{notice.pk}").pk))
    entries = Entry.objects.filter(subject_id=str(document.pk))
    written = " ".join(
        [*(f"{one.kind} {one.data} {one.reason}" for one in entries), *(f"{m.subject} {m.body}" for m in mail.outbox),
         *caplog.messages, *map(str, told.values()), *map(str, Outbox.objects.values())]
    )  # fmt: skip
    assert len(mail.outbox) == 2
    for secret in (WORD, "SECRET", "NOFORN", "letter.txt"):
        assert secret not in written, secret
    for person in (cast.liaison, cast.officer, cast.security):
        page = client_of(person).get(document.get_absolute_url()).content.decode()
        assert "a marking above what this installation may keep" in page
        assert "SECRET" not in page
        with pytest.raises(Refused, match="in quarantine"):
            open_version(version=version, by=person, now=now)
    case_page = client_of(cast.officer).get(case.get_absolute_url()).content.decode()
    assert "quarantined" in case_page
    assert verify(deep=True).fault is None


def test_the_security_manager_decides_with_a_reason(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """On its home, by the form: kept first, released later; others are refused; the developer reads no reason."""
    case = walk.acknowledged(cast, now)
    version = quarantined(case, cast.liaison, now)
    document, url = version.document, reverse("cases:document_quarantine", args=[version.document_id, 1])
    security = client_of(cast.security)
    home = security.get("/").content.decode()
    assert "Decide about a version in quarantine" in home
    assert WORD not in home
    for who, status in {
        "liaison": 403,
        "officer": 403,
        "records": 403,
        "partner": 404,
        "stranger": 404,
    }.items():
        assert client_of(cast.people[who]).get(url).status_code == status, who
        answer = client_of(cast.people[who]).post(url, {"decision": "released", "reason": "x"})
        assert answer.status_code == status, who
    assert security.get(url).status_code == 200
    assert security.post(url, {"decision": "released", "reason": " "}).status_code == 422
    assert security.post(url, {"decision": "kept", "reason": "Asked the developer."}).status_code == 302
    assert "Decide about a version in quarantine" not in security.get("/").content.decode()
    version.refresh_from_db()
    assert version.state == "quarantined"
    assert (
        security.post(url, {"decision": "released", "reason": "A citation, no marking."}).status_code == 302
    )
    version.refresh_from_db()
    assert version.state == "available"
    open_version(
        version=DocumentVersion.objects.select_related("document__case").get(pk=version.pk),
        by=cast.officer,
        now=now,
    ).close()
    assert security.post(url, {"decision": "released", "reason": "Again."}).status_code == 409
    assert "A citation" in client_of(cast.officer).get(document.get_absolute_url()).content.decode()
    history = reverse("cases:history", args=[case.pk])
    for person in (cast.liaison, cast.auditor):
        for page in (document.get_absolute_url(), history):
            assert "A citation" not in client_of(person).get(page).content.decode()
    assert Notice.objects.filter(kind="document.released", recipient=cast.liaison).exists()
    assert verify(deep=True).fault is None


def test_nobody_decides_about_an_own_upload(cast: Cast, now: datetime) -> None:
    """A case officer who is security manager as well uploaded it: somebody else looks."""
    case = walk.acknowledged(cast, now)
    appoint(person=cast.officer, organisation=cast.agency, role="security_manager", by=None, now=now)
    version = quarantined(case, cast.officer, now)
    with pytest.raises(Refused, match="somebody else decides"):
        quarantine.decide(version=version, decision="released", reason="Mine.", by=cast.officer, now=now)
    assert quarantine.waiting(cast.officer, now) == []
    assert len(quarantine.waiting(cast.security, now)) == 1


def test_the_uploader_replaces_or_withdraws(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Another version opens beside the quarantined one; a withdrawn document leaves the security manager's home."""
    case = walk.acknowledged(cast, now)
    version = quarantined(case, cast.liaison, now)
    document = version.document
    changed = add_version(
        document=document, file=BytesIO(docx()), file_name="letter.docx", after=1, by=cast.liaison, now=now
    )
    walk.looked_through(document, now)
    page = client_of(cast.officer).get(document.get_absolute_url()).content.decode()
    assert "quarantined" in page
    opened = DocumentVersion.objects.select_related("document__case").get(pk=changed.pk)
    open_version(version=opened, by=cast.officer, now=now).close()
    assert len(quarantine.waiting(cast.security, now)) == 1
    withdraw(document=document, by=cast.liaison, now=now)
    assert quarantine.waiting(cast.security, now) == []
    with pytest.raises(Refused, match="withdrawn"):
        quarantine.decide(version=version, decision="kept", reason="x", by=cast.security, now=now)
