"""A suspected spill: frozen at once for all but the security manager, everybody told, nobody what."""

from collections.abc import Callable, Iterable
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from cases.documents import spills
from cases.documents.actions import mark, open_version, share
from cases.documents.models import Document, DocumentVersion, Spill
from cases.documents.streaming import SEND_BYTES, DownloadEnded, while_open
from cases.records.actions import place_legal_hold
from cases.register.models import Case
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.files import open_stored
from portal.kit.gate import writing
from portal.kit.refusal import Refused
from portal.notify import worker
from portal.notify.models import Notice, Outbox
from tests import walk
from tests.cases.documents.grants import partner_grant
from tests.cast import Cast

ClientOf = Callable[[Any], Client]
TITLE = "Plugh paper"


def paper(case: Case, by: Any, now: datetime, **more: Any) -> Document:
    """A document whose title and file name are words of their own."""
    return walk.paper(case, by, now, title=TITLE, file_name="plugh.pdf", **more)


def opened(document: Document, now: datetime, *people: Any) -> None:
    """Downloads by these people."""
    for person in people:
        version = DocumentVersion.objects.select_related("document__case").get(document=document)
        open_version(version=version, by=person, now=now).close()


def telling(client: Client, urls: Iterable[str]) -> list[str]:
    """The addresses whose answer has a word of the paper."""
    found = []
    for url in urls:
        answer = client.get(url)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        if b"lugh" in body or "lugh" in str(answer.headers):
            found.append(url)
    return found


def test_a_frozen_document_is_nowhere(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Before, its title stands on pages of both sides, the office and the partner; after, on none, for nobody."""
    case = walk.asked(cast, now)
    document = case.documents.get(kind="system_card")
    with writing():
        document.title = TITLE
        document.save()
    consultation = case.consultations.get(required=True)
    file = reverse("cases:document_file", args=[document.pk, 1])
    place_legal_hold(
        case=case,
        document=document,
        matter="Smith",
        authority="A court",
        reason="An order.",
        by=cast.records,
        now=now,
    )
    urls = [
        reverse("cases:case_records", args=[case.pk]), reverse("cases:records_desk"),
        "/", case.get_absolute_url(), reverse("cases:history", args=[case.pk]), document.get_absolute_url(),
        consultation.get_absolute_url(), reverse("cases:cases"), reverse("cases:notices"), file,
        reverse("cases:sight", args=[case.pk]), reverse("cases:incident_new", args=[case.pk]),
        reverse("cases:consultation_new", args=[case.pk]),
    ]  # fmt: skip
    people = [cast.liaison, cast.signatory, cast.officer, cast.lead, cast.evaluator, cast.official, cast.consultee,
              cast.security, cast.records, cast.auditor, cast.partner, cast.stranger]  # fmt: skip
    opened(document, now, cast.officer, cast.officer, cast.consultee)
    assert telling(client_of(cast.officer), urls)
    assert telling(client_of(cast.consultee), urls)
    assert spills.numbers(document) == "2 people of 2 organizations opened it so far; each of them is told."
    spill = spills.declare_spill(
        document=document, reason="content", control_number="HS-77/2", by=cast.evaluator, now=now
    )
    urls += [spill.get_absolute_url(), reverse("cases:document_spill", args=[document.pk])]
    for person in people:
        client = client_of(person)
        assert telling(client, urls) == [], person
        seen = Document.objects.visible_to(person, now).filter(pk=document.pk).exists()
        assert seen == (person == cast.security)
        assert client.get(file).status_code == (403 if person == cast.security else 404)
        assert client.get(spill.get_absolute_url()).status_code == (200 if person == cast.security else 404)
    page = client_of(cast.security).get(spill.get_absolute_url()).content.decode()
    for shown in ("HS-77/2", cast.officer.name, cast.consultee.name, "Who opened it <span>2</span>"):
        assert shown in page, shown
    assert "See a suspected spill through" in client_of(cast.security).get("/").content.decode()
    assert "froze a document as a suspected spill" in client_of(cast.liaison).get(urls[4]).content.decode()
    assert verify(deep=True).fault is None


def test_everybody_concerned_is_told_and_nobody_what(cast: Cast, now: datetime) -> None:
    """Security, officer, lead, liaison and who opened it; no notice, mail or entry says of what."""
    case = walk.acknowledged(cast, now)
    document = paper(case, cast.liaison, now)
    opened(document, now, cast.evaluator)
    before = Outbox.objects.count()
    spill = spills.declare_spill(
        document=document, reason="marking", control_number="HS-1", by=cast.liaison, now=now
    )
    told = Notice.objects.filter(kind="spill.declared")
    assert {one.recipient for one in told} == {cast.security, cast.officer, cast.lead, cast.evaluator}
    for notice in told:
        worker.run(str(Outbox.objects.get(key=f"mail:{notice.pk}").pk))
    entry = Entry.objects.get(kind="spill.declared")
    orders = list(Outbox.objects.values())
    assert len(orders) > before
    text = " ".join(
        [f"{entry.data} {entry.reason}", *(f"{m.subject} {m.body}" for m in mail.outbox), *map(str, told.values()),
         *map(str, orders)]
    )  # fmt: skip
    for word in ("lugh", "marking", "HS-1"):
        assert word not in text, word
    with open_stored(document.versions.get().storage_name) as file:
        assert file.read() == walk.PDF
    spills.close_spill(spill=spill, outcome="false_alarm", by=cast.security, now=now)
    assert Document.objects.openable_by(cast.evaluator, now).filter(pk=document.pk).exists()
    assert Notice.objects.filter(kind="spill.closed", recipient=cast.evaluator).exists()


NOT = "Freeze a document"
WHO = {"liaison": "", "lead": "", "officer": "", "evaluator": "", "official": "", "security": "",
       **dict.fromkeys(("signatory", "records", "auditor", "consultee", "partner", "stranger"), NOT)}  # fmt: skip


def test_who_may_freeze_and_end(cast: Cast, now: datetime) -> None:
    """Readers of the agency, the security manager, the liaison its own; one open spill a document; one end."""
    case = walk.acknowledged(cast, now)
    for who, said in WHO.items():
        document = paper(case, cast.liaison, now)
        if said:
            with pytest.raises(Refused, match=said):
                spills.declare_spill(document=document, reason="unsure", by=cast.people[who], now=now)
            continue
        spill = spills.declare_spill(document=document, reason="unsure", by=cast.people[who], now=now)
        with pytest.raises(Refused, match="frozen already"):
            spills.declare_spill(document=document, reason="unsure", by=cast.security, now=now)
        for other in (cast.officer, cast.lead, cast.liaison):
            with pytest.raises(Refused) as refused:
                spills.close_spill(spill=spill, outcome="confirmed", by=other, now=now)
            assert refused.value.permission == "spill.close"
    with pytest.raises(Refused, match="somebody else says"):
        spills.close_spill(spill=spill, outcome="false_alarm", by=cast.security, now=now)
    spills.close_spill(spill=spill, outcome="confirmed", by=cast.security, now=now)
    assert not Document.objects.visible_to(cast.officer, now).filter(pk=spill.document_id).exists()
    with pytest.raises(Refused) as again:
        spills.close_spill(spill=spill, outcome="confirmed", by=cast.security, now=now)
    assert again.value.status == 409
    notice = paper(case, cast.officer, now, kind="notice")
    with pytest.raises(Refused, match="belongs to"):
        spills.declare_spill(document=notice, reason="unsure", by=cast.liaison, now=now)
    draft = walk.drafted(cast, now).documents.first()
    with pytest.raises(Refused, match="Nobody outside your organization sees a draft"):
        spills.declare_spill(document=draft, reason="unsure", by=cast.liaison, now=now)


def test_a_paper_hidden_from_the_developer_stays_hidden(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """A spill of the agency's own paper, marked FED ONLY, tells the developer nothing."""
    case = walk.acknowledged(cast, now)
    document = mark(
        document=paper(case, cast.officer, now, kind="notice"),
        marking="CUI_FEDONLY",
        by=cast.officer,
        now=now,
    )
    before = set(Notice.objects.filter(recipient__in=[cast.liaison, cast.signatory]))
    spill = spills.declare_spill(document=document, reason="unsure", by=cast.officer, now=now)
    spills.close_spill(spill=spill, outcome="confirmed", by=cast.security, now=now)
    assert set(Notice.objects.filter(recipient__in=[cast.liaison, cast.signatory])) == before
    history = client_of(cast.liaison).get(reverse("cases:history", args=[case.pk])).content.decode()
    assert "spill" not in history


def test_a_partner_and_a_running_download(
    cast: Cast, now: datetime, client_of: ClientOf, rf: Any, settings: Any
) -> None:
    """The partner's grant shows it no more, and a download ends at its next piece."""
    case = walk.acknowledged(cast, now)
    grant = partner_grant(cast, case, now)
    settings.DOWNLOAD_ASKS_AFTER_S = 0
    big = walk.PDF + b" " * (SEND_BYTES + 10) + b"\n%%EOF\n"
    document = paper(case, cast.liaison, now, file=BytesIO(big))
    share(document=document, grant=grant, by=cast.liaison, now=now)
    client = client_of(cast.partner)
    assert TITLE in client.get(grant.get_absolute_url()).content.decode()
    version = DocumentVersion.objects.select_related("document__case").get(document=document)
    request = rf.get("/")
    request.user, request.now, request.resolver_match = cast.partner, now, None
    pieces = while_open(open_version(version=version, by=cast.partner, now=now), version, request)
    next(pieces)
    spills.declare_spill(document=document, reason="unsure", by=cast.officer, now=now)
    with pytest.raises(DownloadEnded):
        list(pieces)
    assert telling(client, [grant.get_absolute_url(), document.get_absolute_url()]) == []
    assert Notice.objects.filter(kind="spill.declared", recipient=cast.partner).exists()


def test_the_form_takes_nothing_that_would_spread(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Reasons to choose and a control number of plain signs; the page says in numbers what happens, then it is done."""
    case = walk.acknowledged(cast, now)
    document = paper(case, cast.liaison, now)
    url, client = reverse("cases:document_spill", args=[document.pk]), client_of(cast.officer)
    assert "Nobody has opened it so far" in client.get(url).content.decode()
    for bad in ({"reason": "It says X"}, {"reason": "unsure", "control_number": "it says X"}, {}):
        assert client.post(url, bad).status_code == 422, bad
    assert not Spill.objects.exists()
    answer = client.post(url, {"reason": "unsure", "control_number": "HS-1"})
    assert (answer.status_code, answer["Location"]) == (302, case.get_absolute_url())
    assert client.post(url, {"reason": "unsure"}).status_code == 404
    spill = Spill.objects.get()
    close = reverse("cases:spill_close", args=[spill.pk])
    security = client_of(cast.security)
    assert security.post(close, {"outcome": "false_alarm"}).status_code == 302
    assert client.get(document.get_absolute_url()).status_code == 200
    assert security.post(close, {"outcome": "confirmed"}).status_code == 409
