"""The auditor's desk, verification on a page, notices, and homes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cases.register.actions import recuse
from cases.reports import tasks, verification
from cases.reports.home import home
from cases.reports.notices import GONE
from demo.people import load_people
from demo.story import beginning, tell
from portal.audit.models import Entry
from portal.kit.refusal import Refused
from portal.notify.models import Notice, Outbox
from tests import walk
from tests.cast import Cast

ClientOf = Callable[[User], Client]


def test_verification_is_asked_done_and_shown(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The auditor asks; the job answers with an entry of its own; the page shows it. Others are refused."""
    walk.submitted(cast, now)
    client, address = client_of(cast.auditor), reverse("cases:verify")
    assert client.post(address).status_code == 302
    assert "A verification is running" in client.get(address).content.decode()
    again = client.post(address)
    assert (again.status_code, verification.RUNNING in again.content.decode()) == (409, True)
    job = Outbox.objects.get(job=verification.JOB)
    tasks.verify_audit(**job.args, now=now)
    Outbox.objects.filter(pk=job.pk).update(done_at=now)
    page = client.get(address).content.decode()
    assert "whole" in page
    assert "A verification is running" not in page
    assert client_of(cast.officer).post(address).status_code == 403
    assert Outbox.objects.filter(job=verification.JOB).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_verifications_at_once_are_one(cast: Cast, now: datetime) -> None:
    """The database keeps one; when it is done the next may be asked for."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: _ask(cast.auditor, now), range(2)))
    assert Outbox.objects.filter(job=verification.JOB).count() == 1
    for more in (1, 2):
        Outbox.objects.filter(job=verification.JOB).update(done_at=now)
        verification.ask_verification(by=cast.auditor, now=now + timedelta(seconds=more))
        assert Outbox.objects.filter(job=verification.JOB, done_at=None).count() == 1


def _ask(by: User, now: datetime) -> None:
    """Ask, whatever else is running; on a connection of its own."""
    with suppress(Refused):
        verification.ask_verification(by=by, now=now)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_broken_log_is_named(cast: Cast, now: datetime) -> None:
    """An entry changed behind the triggers shows as broken, with the entry named."""
    case = walk.submitted(cast, now)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE portal_audit_entry SET actor_name = 'Nobody' WHERE case_id = %s AND number = 1", [case.pk]
        )
        cursor.execute("SET session_replication_role = origin")
    verification.run_verification(by=cast.auditor, now=now)
    newest = verification.newest(1)[0]
    assert not newest.whole
    assert str(case.pk) in newest.fault


def test_the_desk_filters_over_all_cases(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """By subject, person and case number; numbers of drafts are not told; the timeline is the auditor's alone."""
    case, draft = walk.acknowledged(cast, now), walk.drafted(cast, now)
    client, address = client_of(cast.auditor), reverse("cases:desk")
    everything = client.get(address).content.decode()
    assert case.number in everything
    assert draft.number not in everything
    mine = client.get(address, {"person": cast.officer.name}).content.decode()
    assert "acknowledged" in mine
    assert "uploaded" not in mine
    documents = client.get(address, {"group": "documents", "case": case.number}).content.decode()
    assert "uploaded" in documents
    assert "acknowledged" not in documents
    assert "No entry matches." in client.get(address, {"person": "Nobody at all"}).content.decode()
    assert client.get(address, {"before": "junk"}).status_code == 200


def test_a_notice_outlives_the_right_but_tells_nothing(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """After a recusal the notice shows neither number nor what it was about; reading marks one's own alone."""
    case = walk.submitted(cast, now)
    client, address = client_of(cast.officer), reverse("cases:notices")
    assert case.number in client.get(address).content.decode()
    recuse(case=case, person=cast.officer, reason="A relative works there.", by=cast.lead, now=now)
    page = client.get(address).content.decode()
    assert GONE in page
    assert case.number not in page
    assert client.post(reverse("cases:notices_read")).status_code == 302
    assert not Notice.objects.of(cast.officer).unread().exists()
    assert Notice.objects.of(cast.lead).unread().exists()


def test_homes_of_the_demonstration(now: datetime, client_of: ClientOf) -> None:
    """Each role's home says what waits for it, most urgent first; nobody sees another's."""
    cast = load_people(beginning(now))
    tell(cast, now)
    waits = {key: [w.verb for w in home(person, now).waiting] for key, person in cast.people.items()}
    assert waits["officer"][:2] == ["Acknowledge", "Acknowledge"]
    assert any(verb.startswith("Sign") for verb in waits["lead"])
    asked = ["Answer the consultation", "Declare whether you have a conflict of interest"]
    assert waits["consultee"] == waits["consultee2"] == asked
    assert waits["partner"]
    assert waits["stranger"] == waits["admin"] == waits["other_partner"] == []
    dated = [w.until for w in home(cast.officer, now).waiting if w.until]
    assert dated == sorted(dated)
    for person in cast.people.values():
        assert client_of(person).get(reverse("cases:home")).status_code == 200


def test_every_entry_of_the_demonstration_is_worded(now: datetime) -> None:
    """No sentence in the whole log lacks a word."""
    cast = load_people(beginning(now))
    tell(cast, now)
    from cases.rules.events import EVENTS, sentence

    for entry in Entry.objects.exclude(kind="refused"):
        assert entry.kind in EVENTS, entry.kind
        assert "…" not in sentence(entry.kind, entry.data), entry.kind
