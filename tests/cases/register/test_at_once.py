"""Two posts of one move at the same moment, over real connections: one success, one conflict, every time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from cases.register.models import Case
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.clock import database_now
from tests import walk
from tests.cast import load_people

ROUNDS = 20


def _client(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _both(clients: list[Client], url: str, data: dict[str, Any]) -> list[int]:
    """Post the same form with both clients at once; their statuses, sorted."""
    barrier = Barrier(len(clients))

    def post(client: Client) -> int:
        try:
            barrier.wait(timeout=20)
            return client.post(url, data).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(clients)) as pool:
        return sorted(pool.map(post, clients))


@pytest.mark.django_db(transaction=True)
def test_two_submissions_at_once() -> None:
    """Twenty rounds: exactly one 302 and one 409, one entry a case, and a whole log at the end."""
    now = database_now()
    cast = load_people(now - timedelta(hours=1))
    clients = [_client(cast.liaison), _client(cast.liaison)]
    for _ in range(ROUNDS):
        case = walk.drafted(cast, now)
        url = reverse("cases:move", args=[case.pk, "submit"])
        assert _both(clients, url, {"revision": case.revision}) == [302, 409]
        assert Case.objects.get(pk=case.pk).stage == "received"
        assert Entry.objects.filter(kind="case.submitted", case_id=case.pk).count() == 1
    assert verify().fault is None


@pytest.mark.django_db(transaction=True)
def test_two_drafts_with_one_tracking_number_at_once() -> None:
    """A double click on a new draft makes one case, one model, one version."""
    now = database_now()
    cast = load_people(now - timedelta(hours=1))
    clients = [_client(cast.liaison), _client(cast.liaison)]
    for number in range(5):
        data = {
            "tracking_number": f"T-{number}", "origin": "developer_offer", "model": f"Model {number}", "version": "1",
            "variant": "release_candidate",
        }  # fmt: skip
        assert _both(clients, reverse("cases:case_new"), data) == [302, 409]
        assert Case.objects.filter(tracking_number=f"T-{number}").count() == 1
