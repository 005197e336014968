"""Withdrawal with its full effects, partners who never see each other, and findings that both sides read."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cases.access.actions import close_out, concur, nominate, retract, store_credential
from cases.access.models import Grant, WithdrawalReceipt
from cases.access.text import text_digest
from cases.benchmarks import tasks
from cases.benchmarks.models import Run
from cases.documents.actions import share
from cases.documents.findings import upload_findings
from cases.documents.models import Document
from cases.documents.streaming import SEND_BYTES, DownloadEnded
from cases.register.actions import move_case
from cases.register.models import Case
from portal.audit.models import Entry
from portal.kit.clock import database_now
from portal.kit.refusal import Refused
from portal.notify.mail import send_notice
from portal.notify.models import Notice
from tests import walk
from tests.cast import Cast
from tests.fresh_log import fresh_log

DAY = timedelta(days=1)
ClientOf = Callable[[User], Client]


def found_by(grant: Grant, by: User, now: datetime, title: str = "Relay findings") -> Document:
    """Findings uploaded under a grant, and scanned."""
    found = upload_findings(
        grant=grant, title=title, file=BytesIO(walk.PDF), file_name="relay.pdf", by=by, now=now
    )
    return walk.looked_through(found, now)


def test_one_transaction_ends_everything_and_leaves_a_receipt(
    cast: Cast, now: datetime, client_of: ClientOf, tmp_path: Path
) -> None:
    """Grants, window, share, secret, a queued reading; certificates start; the receipt says so in numbers."""
    case = walk.granted(cast, now)
    grant = case.grants.get(kind="partner")
    share(document=case.documents.get(kind="system_card"), grant=grant, by=cast.liaison, now=now)
    store_credential(grant=grant, endpoint="https://a.example", secret="s", by=cast.liaison, now=now)
    move_case(case=case, name="benchmark", by=cast.officer, now=now)
    suite = walk.suite(cast, now)
    run = walk.imported(cast, case, suite, fresh_log(tmp_path / "a.eval"), now)
    client = client_of(cast.signatory)
    url = reverse("cases:receipt", args=[case.pk])
    assert client.get(url).status_code == 404
    at = now + DAY
    move_case(case=case, name="withdraw", by=cast.signatory, now=at)
    tasks.read_run(str(run.pk), now=at)
    run = Run.objects.get(pk=run.pk)
    assert (run.state, run.scores.count()) == ("stopped", 0)
    receipt = WithdrawalReceipt.objects.get()
    assert receipt.ended == {
        "office grants": 1, "partner grants": 1, "people named on them": 3, "access windows": 1,
        "shared documents": 1, "stored secrets": 1, "readings of evaluation logs": 1, "certificates asked for": 2,
    }  # fmt: skip
    assert receipt.text_digest == text_digest(receipt.text)
    assert (receipt.withdrawn_at, receipt.withdrawn_by, receipt.capacity) == (at, cast.signatory, "own")
    for word in (receipt.number, "(", "UTC)", case.tracking_number, "Samir Patel", "stored secrets: 1"):
        assert word in receipt.text
    assert all(one.owes_certificate(at) for one in case.grants.all())
    page = client.get(url).content.decode()
    assert receipt.number in page
    assert receipt.text_digest in page
    assert f'href="{url}"' in client.get(case.get_absolute_url()).content.decode()
    for person in (cast.partner, cast.stranger, cast.org_admin):
        assert client_of(person).get(url).status_code == 404
    entry = Entry.objects.get(kind="case.withdrawn", case_id=case.pk)
    assert {"cases.withdrawalreceipt", "cases.run"} <= {row["model"] for row in entry.rows}
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute("UPDATE cases_withdrawalreceipt SET text = ''")


def test_a_case_without_access_has_a_receipt_of_zeros(cast: Cast, now: datetime) -> None:
    """From any stage."""
    case = move_case(case=walk.submitted(cast, now), name="withdraw", by=cast.signatory, now=now)
    assert set(case.receipt.ended.values()) == {0}


@pytest.mark.parametrize("how", ["retract", "withdraw"])
def test_an_open_download_ends_at_its_next_piece(
    cast: Cast, now: datetime, client_of: ClientOf, settings: Any, how: str
) -> None:
    """The first piece went before the commit; of the second no byte is sent, and the refusal is recorded."""
    settings.DOWNLOAD_ASKS_AFTER_S = 0
    case = walk.granted(cast, now)
    grant = case.grants.get(kind="partner")
    big = BytesIO(b"A long card.\n" * (SEND_BYTES // 13 + 1))
    paper = walk.paper(case, cast.liaison, now, title="Large card", file=big, file_name="card.txt")
    share(document=paper, grant=grant, by=cast.liaison, now=now)
    client = client_of(cast.partner)
    url = reverse("cases:document_file", args=[paper.pk, 1])
    whole = b"".join(client.get(url).streaming_content)  # type: ignore[arg-type]
    assert len(whole) > SEND_BYTES
    pieces = iter(client.get(url).streaming_content)  # type: ignore[arg-type]
    assert len(next(pieces)) == SEND_BYTES
    moment = database_now()
    if how == "retract":
        retract(nomination=grant.nomination, by=cast.lead, now=moment)
    else:
        move_case(case=case, name="withdraw", by=cast.signatory, now=moment)
    with pytest.raises(DownloadEnded):
        next(pieces)
    assert Entry.objects.filter(kind="refused", actor_id=cast.partner.pk).count() == 1
    assert client.get(url).status_code == 404


def test_queued_mail_of_somebody_who_lost_access_is_not_sent(cast: Cast, now: datetime) -> None:
    """The right is asked when the mail goes, also of one that was queued while it held."""
    case = walk.granted(cast, now)
    grant = case.grants.get(kind="partner")
    move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    close_out(grant=grant, statement="destroyed", by=cast.partner, now=now)
    for notice in Notice.objects.filter(recipient=cast.partner):
        send_notice(str(notice.pk), now=now)
    assert not Notice.objects.filter(recipient=cast.partner, mailed_at__isnull=False).exists()


def test_findings_are_the_partners_own_and_both_sides_read_them(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """Under its live grant; after the end its pages show them no more, the case's do. No other partner ever."""
    case = walk.granted(cast, now)
    grant = case.grants.get(kind="partner")
    other = walk.partner_grant(
        cast, case, now, accepted=False, organisation=cast.other_partner_org, people=[cast.other_partner],
        nomination=walk.nominated(cast, case, now, partner=cast.other_partner_org),
    )  # fmt: skip
    walk.accepted_terms(other, cast.other_partner, now)
    client, url = client_of(cast.partner), reverse("cases:findings_new", args=[grant.pk])
    file = BytesIO(walk.PDF)
    file.name = "relay.pdf"
    assert client.post(url, {"title": "Relay findings", "file": file}).status_code == 302
    paper = Document.objects.get(kind="partner_findings")
    assert "received</span>" in client.get(grant.get_absolute_url()).content.decode()
    walk.looked_through(paper, now)
    assert (paper.owner, paper.under_grant, paper.marking) == (cast.partner_org, grant, "PROPIN")
    assert "Relay findings" in client.get(grant.get_absolute_url()).content.decode()
    download = reverse("cases:document_file", args=[paper.pk, 1])
    for person in (cast.partner, cast.liaison, cast.officer, cast.evaluator):
        assert client_of(person).get(download).status_code == 200
    for person in (cast.other_partner, cast.stranger, cast.consultee):
        assert client_of(person).get(download).status_code == 404
        assert client_of(person).get(url).status_code == 404
    with pytest.raises(Refused, match="belongs to Gridline"):
        share(document=paper, grant=other, by=cast.liaison, now=now)
    with pytest.raises(Refused, match="active"):
        found_by(grant, cast.other_partner, now)
    end = now + walk.WINDOW
    with pytest.raises(Refused, match="active"):
        found_by(grant, cast.partner, end)
    assert not Document.objects.visible_to(cast.partner, end).exists()
    assert Document.objects.visible_to(cast.officer, end).filter(pk=paper.pk).exists()
    assert Notice.objects.filter(kind="findings.uploaded", recipient=cast.liaison).exists()


def test_two_partners_on_one_case_never_see_each_other(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """Name, people, purpose, papers, file names, ids: in no page, list, count, notice or address of the other."""
    case = walk.agreed(cast, now)
    mine = walk.partner_grant(cast, case, now)
    offer = nominate(
        case=case, partner=cast.other_partner_org, purpose="Canary purpose", basis="Canary basis", by=cast.liaison,
        now=now,
    )  # fmt: skip
    for by in (cast.signatory, cast.lead):
        concur(nomination=offer, by=by, now=now, reason="Canary reason")
    theirs = walk.partner_grant(
        cast, case, now, accepted=False, organisation=cast.other_partner_org, people=[cast.other_partner],
        nomination=offer, tasks_allowed="Canary task",
    )  # fmt: skip
    walk.accepted_terms(theirs, cast.other_partner, now)
    paper = found_by(theirs, cast.other_partner, now, title="Canary title")
    shared = walk.paper(case, cast.liaison, now, title="Canary card", file_name="canary-card.pdf")
    share(document=shared, grant=theirs, by=cast.liaison, now=now)
    found_by(mine, cast.partner, now)
    client = client_of(cast.partner)
    lists = ["/", *(reverse(f"cases:{name}") for name in ("grants", "notices", "cases", "register"))]
    pages = [*lists, reverse("cases:cases") + "?q=harbor", mine.get_absolute_url()]
    text = "\n".join(client.get(page).content.decode() for page in pages)
    for name in ("grant_close_out", "grant_terms", "findings_new", "credential_reveal"):
        text += client.get(reverse(f"cases:{name}", args=[mine.pk])).content.decode()
    strings = ["Canary", "canary", "Harbor", cast.other_partner.name]
    strings += [str(row.pk) for row in (offer, theirs, paper, shared, cast.other_partner_org)]
    assert [one for one in strings if one in text] == []
    assert len(re.findall(re.escape(str(mine.pk)), client.get(reverse("cases:grants")).content.decode())) == 1
    numbers = {"grant_id": theirs.pk, "nomination_id": offer.pk, "document_id": paper.pk}
    for name, key in (
        ("grant", "grant_id"), ("grant_terms", "grant_id"), ("grant_close_out", "grant_id"),
        ("credential_reveal", "grant_id"), ("findings_new", "grant_id"), ("nomination", "nomination_id"),
        ("document", "document_id"),
    ):  # fmt: skip
        path = reverse(f"cases:{name}", args=[numbers[key]])
        assert client.get(path).status_code == 404
        assert client.post(path, {}).status_code in (404, 405)
    retract(nomination=offer, by=cast.signatory, now=now, reason="Canary reason")
    assert Grant.objects.live(now).filter(pk=mine.pk).exists()
    later = "\n".join(client.get(page).content.decode() for page in pages)
    assert [one for one in strings if one in later] == []
    assert Case.objects.visible_to(cast.partner, now).count() == 0
