"""`GET /health/`: all parts, no secrets; and the headers and log lines that every answer has."""

import json
import logging
import time

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client

from portal import views
from portal.celery import WORKER_SEEN
from portal.logs import PROCESSORS

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker_seen() -> None:
    """As if a worker had just shown itself; that one does is shown in test_run.py."""
    cache.set(WORKER_SEEN, time.time(), 20)


@pytest.mark.usefixtures("worker_seen")
def test_names_every_part_and_no_secret(client: Client) -> None:
    answer = client.get("/health/")
    told = answer.json()
    assert answer.status_code == 200, told
    assert set(told) == {
        "status",
        "version",
        "database",
        "broker",
        "worker",
        "storage",
        "audit_head",
        "clock",
    }
    assert {told[part] for part in ("status", "database", "broker", "worker", "storage", "clock")} == {"ok"}
    for secret in (
        settings.SECRET_KEY,
        settings.REDIS_URL,
        settings.DATABASES["default"]["HOST"],
        str(settings.VAR_DIR),
    ):
        assert secret not in answer.content.decode()


def test_worker_that_is_silent_is_down(client: Client) -> None:
    cache.delete(WORKER_SEEN)
    answer = client.get("/health/")
    assert answer.status_code == 503
    assert answer.json()["worker"] == "down"
    assert answer.json()["database"] == "ok"


@pytest.mark.usefixtures("worker_seen")
def test_why_a_part_is_down_stays_inside(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise OperationalError("password of portal_web at /private/folder")

    monkeypatch.setitem(views.PARTS, "database", broken)
    answer = client.get("/health/")
    assert (answer.status_code, answer.json()["database"], answer.json()["status"]) == (503, "down", "down")
    assert "private" not in answer.content.decode()


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_is_read_only(client: Client, method: str) -> None:
    assert getattr(client, method)("/health/").status_code == 405


def test_headers_of_every_answer(client: Client) -> None:
    for address in ("/health/", "/no-such-page/"):
        headers = client.get(address).headers
        assert headers["Cache-Control"] == "no-store, private"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_log_lines_leave_out_what_the_database_quotes() -> None:
    record = logging.LogRecord("portal", logging.ERROR, "", 0, "", (), None)
    event = {
        "event": "duplicate key\nDETAIL:  Key (title)=(Project Nightjar) already exists.",
        "_record": record,
    }
    for processor in PROCESSORS:
        event = processor(logging.getLogger("portal"), "error", event)
    line = json.dumps({key: value for key, value in event.items() if key != "_record"})
    assert "Nightjar" not in line
    assert "duplicate key" in line
