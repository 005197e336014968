"""Races over real connections: showing a secret while it is revoked, two sides at once, two withdrawals at once."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cases.access.actions import store_credential
from cases.access.models import CredentialReveal, EndpointCredential, Grant, WithdrawalReceipt
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.clock import database_now
from tests import walk
from tests.at_once import at_once
from tests.cast import load_people

ROUNDS = 12


def _client(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.django_db(transaction=True)
def test_access_ends_once_and_for_all_whoever_is_at_it() -> None:
    """A secret is shown before the revoke or not at all; a grant ends once; a case is withdrawn once."""
    now = database_now()
    cast = load_people(now - timedelta(hours=1))
    partner, signatory, lead = _client(cast.partner), _client(cast.signatory), _client(cast.lead)
    case = walk.agreed(cast, now)
    sure = {"confirmed": "on"}
    for _ in range(ROUNDS):
        moment = database_now()
        grant = walk.partner_grant(cast, case, moment, ends_at=moment + timedelta(days=1))
        store_credential(
            grant=grant, endpoint="https://a.example", secret="s", by=cast.liaison, now=database_now()
        )
        show = reverse("cases:credential_reveal", args=[grant.pk])
        end = reverse("cases:retract", args=[grant.nomination_id])
        shown, ours, theirs = at_once(
            lambda show=show: partner.post(show, {"reason": "Work."}).status_code,
            lambda end=end: signatory.post(end, sure).status_code,
            lambda end=end: lead.post(end, sure).status_code,
        )
        assert (ours, theirs) == (302, 302)
        ended = Entry.objects.get(kind="grant.ended", subject_id=str(grant.pk))
        told = Entry.objects.filter(kind="credential.revealed", subject_id=str(grant.pk))
        assert shown in (200, 403, 409)
        assert [entry.number < ended.number for entry in told] == ([True] if shown == 200 else [])
        assert CredentialReveal.objects.filter(credential__grant=grant).count() == (shown == 200)
        assert EndpointCredential.objects.get(grant=grant).sealed == ""
        assert Grant.objects.get(pk=grant.pk).end_reason == "retracted"
    withdraw = reverse("cases:move", args=[case.pk, "withdraw"])
    form = {**sure, "revision": type(case).objects.get(pk=case.pk).revision}
    twice = at_once(*[lambda: signatory.post(withdraw, form).status_code] * 2)
    assert sorted(twice) == [302, 409]
    assert WithdrawalReceipt.objects.count() == 1
    assert verify().fault is None
