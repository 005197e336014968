"""A real browser, a real worker, and the cast at their browsers."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, sync_playwright
from pytest_django.live_server_helper import LiveServer

from deploy.bootstrap import chromium
from deploy.screenshots import QUIET
from tests.cast import Cast
from tests.journeys.pages import Meet, Visitor
from tests.portal.helpers import SHORT_LEASES
from tests.worker import start_worker

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, headless. Its driver runs an event loop in this thread, which Django takes for asynchronous code."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as play:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = play.chromium.launch(executable_path=chromium(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser: Browser, live_server: LiveServer) -> Iterator[Callable[..., Visitor]]:
    """Gives a browser of its own, with cookies; all are closed after the test, having done nothing wrong."""
    visitors: list[Visitor] = []

    def new(cookies: list[Any] | None = None) -> Visitor:
        visitors.append(Visitor(browser, live_server.url, cookies or []))
        return visitors[-1]

    yield new
    for one in visitors:
        one.context.close()
    assert [fault for one in visitors for fault in one.watch.found()] == []


@pytest.fixture
def meet(visitor: Callable[..., Visitor], live_server: LiveServer, cast: Cast) -> Meet:
    """Gives the person of the cast at its own browser, signed in by cookie, the same one each time."""
    met: dict[str, Visitor] = {}

    def person(key: str) -> Visitor:
        if key not in met:
            client = Client()
            client.force_login(cast.people[key], backend="django.contrib.auth.backends.ModelBackend")
            name = django_settings.SESSION_COOKIE_NAME
            met[key] = visitor([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        return met[key]

    return person


@pytest.fixture
def password_of(cast: Cast) -> Callable[[str], tuple[str, str]]:
    """Gives address and password of a person of the cast, to be typed."""

    def given(key: str) -> tuple[str, str]:
        person = cast.people[key]
        person.set_password(PASSWORD)
        person.save(update_fields=["password"])
        return person.email, PASSWORD

    return given


@pytest.fixture
def worker(settings: Any, django_db_setup: None, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own, until the test ends."""
    settings.OUTBOX = SHORT_LEASES
    process = start_worker(tmp_path / "worker.log")
    yield process
    process.kill()
    process.wait()
