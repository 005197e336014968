"""Endpoint and secret of a grant: sealed, shown to a named person for a reason, in no other place, gone at the end."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core import mail
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cases.access.actions import (
    end_grant,
    end_person,
    retract,
    reveal_credential,
    store_credential,
    suspend_grant,
    withdraw_credential,
)
from cases.access.models import CredentialReveal, EndpointCredential, Grant
from cases.access.tasks import remove_ended_secret
from cases.register.actions import move_case
from portal.audit.models import Entry
from portal.kit import sealing
from portal.kit.refusal import Refused
from portal.notify.mail import send_notice
from portal.notify.models import Notice, Outbox
from tests import walk
from tests.cast import Cast

DAY = timedelta(days=1)
SECRET, ENDPOINT, REASON = (
    "sk-canary-7c1f0e55",
    "https://canary-endpoint.example/v1",
    "Setting up the client.",
)
ClientOf = Callable[[User], Client]


@pytest.fixture
def grant(cast: Cast, now: datetime) -> Grant:
    """A live partner grant with endpoint and secret."""
    found = walk.partner_grant(cast, walk.agreed(cast, now), now)
    store_credential(grant=found, endpoint=ENDPOINT, secret=SECRET, by=cast.liaison, now=now)
    return found


def reveal(grant: Grant, by: User, at: datetime, reason: str = REASON) -> dict[str, str]:
    """Endpoint and secret."""
    return reveal_credential(grant=grant, reason=reason, by=by, now=at)


def dump() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        texts = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM \"{table}\" t")
            texts.append(cursor.fetchone()[0])
    return "\n".join(texts)


def test_the_secret_stands_nowhere_but_on_the_page_that_shows_it(
    cast: Cast, grant: Grant, now: datetime, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in the database (history, audit, notices, outbox), no log line, no mail, no other page of anybody."""
    caplog.set_level(logging.DEBUG)
    liaison, partner = client_of(cast.liaison), client_of(cast.partner)
    store, show = (reverse(f"cases:credential_{name}", args=[grant.pk]) for name in ("store", "reveal"))
    refused = liaison.post(store, {"endpoint": "http://plain.example", "secret": SECRET})
    assert refused.status_code == 422
    assert SECRET not in refused.content.decode()
    assert liaison.post(store, {"endpoint": ENDPOINT, "secret": SECRET}).status_code == 302
    assert partner.post(show, {"reason": ""}).status_code == 422
    shown = partner.post(show, {"reason": REASON})
    assert SECRET in shown.content.decode()
    assert ENDPOINT in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    for notice in Notice.objects.all():
        send_notice(str(notice.pk), now=now)
    told = Notice.objects.filter(kind="credential.revealed").values_list("recipient__name", flat=True)
    assert set(told) == {cast.liaison.name, cast.signatory.name}
    case = grant.case
    pages = [show, grant.get_absolute_url(), reverse("cases:grants"), case.get_absolute_url(), "/", "/notices/",
             reverse("cases:history", args=[case.pk])]  # fmt: skip
    seen = [client_of(cast.people[key]).get(page).content.decode()
            for key in ("partner", "liaison", "signatory", "officer", "auditor") for page in pages]  # fmt: skip
    mails = [f"{one.subject} {one.body}" for one in mail.outbox]
    everything = "\n".join([dump(), caplog.text, *mails, *seen])
    for canary in (SECRET, "canary-endpoint"):
        assert canary not in everything
    assert REASON in client_of(cast.signatory).get(grant.get_absolute_url()).content.decode()
    assert REASON not in client_of(cast.auditor).get(grant.get_absolute_url()).content.decode()


def test_each_showing_is_asked_for_and_recorded(cast: Cast, grant: Grant, now: datetime) -> None:
    """A reason each time; only people named, only in a live appointment; row, entry, notice."""
    assert reveal(grant, cast.partner, now) == {"endpoint": ENDPOINT, "secret": SECRET}
    with pytest.raises(Refused, match="reason is kept"):
        reveal(grant, cast.partner, now, reason=" ")
    for key in (
        "liaison",
        "signatory",
        "officer",
        "lead",
        "evaluator",
        "other_partner",
        "auditor",
        "security",
    ):
        with pytest.raises(Refused, match="named on the grant alone"):
            reveal(grant, cast.people[key], now)
    (row,) = CredentialReveal.objects.all()
    assert (row.reason, row.revealed_by, row.capacity) == (REASON, cast.partner, "own")
    entry = Entry.objects.get(kind="credential.revealed")
    assert (entry.actor_id, len(entry.rows)) == (cast.partner.pk, 1)
    office = walk.office_grant(cast, grant.case, now)
    store_credential(grant=office, endpoint=ENDPOINT, secret="office", by=cast.signatory, now=now)
    assert reveal(office, cast.evaluator2, now)["secret"] == "office"
    with pytest.raises(Refused, match="named on the grant alone"):
        reveal(office, cast.partner, now)


@pytest.mark.parametrize(
    "how", ["retract", "withdraw", "suspend", "end", "person", "term", "drop", "not_accepted", "not_begun"]
)
def test_nothing_is_shown_the_moment_the_grant_is_not_live(
    cast: Cast, grant: Grant, now: datetime, how: str
) -> None:
    """However access stops; where the grant ended, the sealed bytes are gone from the table as well."""
    at, ends = now, how in ("retract", "withdraw", "end", "drop")
    if how == "retract":
        retract(nomination=grant.nomination, by=cast.lead, now=now)
    elif how == "withdraw":
        move_case(case=grant.case, name="withdraw", by=cast.signatory, now=now)
    elif how == "suspend":
        suspend_grant(grant=grant, by=cast.signatory, now=now)
    elif how == "end":
        end_grant(grant=grant, by=cast.officer, now=now)
    elif how == "person":
        end_person(grant=grant, person=cast.partner, by=cast.officer, now=now)
    elif how == "drop":
        withdraw_credential(grant=grant, by=cast.signatory, now=now)
    elif how == "term":
        at = now + walk.WINDOW
    else:
        case = walk.agreed(cast, now)
        starts = now + DAY if how == "not_begun" else now
        grant = walk.partner_grant(cast, case, now, accepted=how == "not_begun", starts_at=starts)
        store_credential(grant=grant, endpoint=ENDPOINT, secret=SECRET, by=cast.liaison, now=now)
    with pytest.raises(Refused):
        reveal(grant, cast.partner, at)
    assert not CredentialReveal.objects.exists()
    assert (EndpointCredential.objects.get(grant=grant).sealed == "") is ends


def test_the_secret_goes_at_the_term(cast: Cast, grant: Grant, now: datetime) -> None:
    """By a job that was ordered when it was stored; earlier it does nothing; a second run does nothing."""
    credential = grant.credentials.get()
    order = Outbox.objects.get(job="access.remove_secret")
    assert order.run_at == now + walk.WINDOW
    remove_ended_secret(**order.args, now=now)
    assert EndpointCredential.objects.get().sealed
    for _ in range(2):
        remove_ended_secret(**order.args, now=order.run_at)
    credential.refresh_from_db()
    assert (credential.sealed, credential.end_reason) == ("", "grant_ended")
    assert Entry.objects.filter(kind="credential.removed").count() == 1
    with pytest.raises(Refused, match="has ended"):
        store_credential(grant=grant, endpoint=ENDPOINT, secret=SECRET, by=cast.liaison, now=order.run_at)


def test_a_sealed_text_opens_for_its_own_row_alone(
    cast: Cast, grant: Grant, now: datetime, settings: object
) -> None:
    """Moved to another grant's row by raw SQL it opens nothing; replaced, the old bytes are gone; keys rotate."""
    other = walk.partner_grant(cast, walk.agreed(cast, now), now)
    store_credential(grant=other, endpoint=ENDPOINT, secret="other", by=cast.liaison, now=now)
    stolen = grant.credentials.get().sealed
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cases_endpointcredential SET sealed = %s WHERE grant_id = %s", [stolen, other.pk]
        )
    with pytest.raises(Refused, match="cannot be opened"):
        reveal(other, cast.partner, now)
    store_credential(grant=other, endpoint=ENDPOINT, secret="newer", by=cast.signatory, now=now)
    assert reveal(other, cast.partner, now)["secret"] == "newer"
    assert sorted(other.credentials.values_list("end_reason", flat=True)) == ["", "replaced"]
    old, new = sealing.local_key(Path(settings.VAR_DIR) / sealing.LOCAL), Fernet.generate_key().decode()  # type: ignore[attr-defined]
    settings.CREDENTIAL_KEYS = [new, old]  # type: ignore[attr-defined]
    call_command("reseal_secrets")
    settings.CREDENTIAL_KEYS = [new]  # type: ignore[attr-defined]
    assert reveal(grant, cast.partner, now)["secret"] == SECRET
    settings.CREDENTIAL_KEYS = [old]  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="cannot be opened"):
        reveal(grant, cast.partner, now)


def test_the_local_key_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    """0600, the same the second time."""
    file = tmp_path / "key"
    assert sealing.local_key(file) == sealing.local_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["key"]
