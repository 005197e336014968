"""A download that runs when access ends, through the real web server (faults F21, F22)."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest
from django.urls import reverse

from cases.access.actions import end_grant, issue_grant
from cases.access.models import Grant
from cases.documents.actions import share
from cases.documents.streaming import SEND_BYTES
from portal.audit.models import Entry
from portal.kit.clock import database_now
from tests import walk
from tests.cast import load_people
from tests.deploy.site import Download, Visitor, web_server
from tests.worker import until

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
MIB: Final = 1024 * 1024
LONG: Final = 40 * MIB
UNDER_WAY: Final = (
    12 * MIB
)  # what the system's buffers and the pieces between two asks may hold, with room to spare


def test_a_running_download_is_cut_when_access_ends(tmp_path: Path) -> None:
    """Ended by somebody, and by its term passing meanwhile: cut at the next ask, recorded, told at the next visit."""
    began, log = database_now(), tmp_path / "web.log"
    cast = load_people(began - timedelta(hours=1))
    case = walk.agreed(cast, began)
    body = BytesIO(b"A long card.\n" * (LONG // 13 + 1))
    paper = walk.paper(case, cast.liaison, began, file=body, file_name="card.txt")
    ended = walk.partner_grant(cast, case, began)
    offer = walk.nominated(cast, case, began, partner=cast.other_partner_org)
    path = reverse("cases:document_file", args=[paper.pk, 1])
    with web_server(log) as port:
        now = database_now()
        short = issue_grant(
            case=case, organisation=cast.other_partner_org, people=[cast.other_partner], mode="developer_api",
            tasks_allowed="x", ends_at=now + timedelta(seconds=4), nomination=offer, by=cast.officer, now=now,
        )  # fmt: skip
        walk.accepted_terms(short, cast.other_partner, database_now())
        for grant in (ended, short):
            share(document=paper, grant=grant, by=cast.liaison, now=database_now())
        by_term, by_hand = (Visitor(port, p).download(path) for p in (cast.other_partner, cast.partner))
        for download in (by_term, by_hand):
            download.read(1000)
        end_grant(grant=ended, by=cast.officer, now=database_now())
        until(lambda: database_now() >= short.span.upper)  # longer than from one ask to the next
        _assert_cut(by_hand)
        _assert_cut(by_term)
        for person, grant in ((cast.partner, ended), (cast.other_partner, short)):
            visitor = Visitor(port, person)
            assert visitor.ask(path)[0] == 404
            status, text = visitor.ask(reverse("cases:grant", args=[grant.pk]))
            assert (status, "This grant ended at" in text) == (403, True)
            told = Entry.objects.get(kind="refused", actor=person, data__path="cases:document_file")
            opened = Entry.objects.get(kind="document.opened", actor=person)
            assert told.pk > opened.pk
            assert opened.at < Grant.objects.get(pk=grant.pk).ends_at
    said = log.read_text()
    assert str(paper.pk) not in said
    assert cast.partner.email not in said


def _assert_cut(download: Download) -> None:
    """Whole pieces came, and no more than was under way when access ended."""
    came = download.finish()
    assert came % SEND_BYTES == 0
    assert came <= UNDER_WAY < download.promised
