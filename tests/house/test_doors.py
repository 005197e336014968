"""Every address for every role: who gets a page, who the 404 of what does not exist, who a sentence.

Each URL of the portal has one row in `tests/house/doors.py`; a new URL without a row fails here. The world is one case
walked to its label by real actions, with everything that hangs on it.
"""

import re
from datetime import datetime

import pytest
from django.test import Client

from tests.house.doors import DOORS, POST_DOORS, PUBLIC, ROLES, World, build
from tests.house.routes import routes

MISSING = "00000000-0000-4000-8000-000000000000"


def test_every_address_has_a_row() -> None:
    """The table and the floor plan name the same addresses."""
    assert sorted(routes()) == sorted([*DOORS, *POST_DOORS, *PUBLIC])


@pytest.fixture
def world(now: datetime) -> World:
    """One case with everything on it."""
    return build(now)


def _clients(world: World) -> dict[str, Client]:
    clients = {"anonymous": Client()}
    for role in ROLES:
        clients[role] = Client()
        clients[role].force_login(
            getattr(world.cast, role), backend="django.contrib.auth.backends.ModelBackend"
        )
    return clients


def test_get_of_every_address_as_every_role(world: World) -> None:
    """What GET answers each role, exactly as the table says; nobody who is not signed in sees anything."""
    clients, wrong = _clients(world), []
    for name, expected in DOORS.items():
        path = world.path(name)
        for role in ROLES:
            status = clients[role].get(path).status_code
            if status != expected.get(role, 404):
                wrong.append(f"{name} as {role}: {status}, the table says {expected.get(role, 404)}")
        status = clients["anonymous"].get(path).status_code
        if status != 302:
            wrong.append(f"{name} as nobody: {status}")
    assert not wrong, "\n".join(wrong)


def test_post_by_those_who_may_not_changes_nothing(world: World) -> None:
    """An empty POST by a role without the door is 404, 403 or 405, never a redirect to success and never a 500."""
    clients, wrong = _clients(world), []
    for name, row in {**DOORS, **POST_DOORS}.items():
        openers = {role for role, status in row.items() if status in (200, 302, 409)}
        for role in ROLES:
            if role in openers:
                continue
            status = clients[role].post(world.path(name)).status_code
            if status not in (403, 404, 405, 409):
                wrong.append(f"POST {name} as {role}: {status}")
    assert not wrong, "\n".join(wrong)


def test_hidden_is_exactly_missing(world: World) -> None:
    """To a stranger a hidden object answers with the same status, body and headers as one that does not exist."""
    client = _clients(world)["stranger"]
    for name in DOORS:
        hidden, missing = world.path(name), world.missing_path(name, MISSING)
        if missing == hidden:
            continue
        ours, theirs = client.get(hidden), client.get(missing)
        assert ours.status_code == theirs.status_code == 404, name
        assert _plain(ours.content, hidden) == _plain(theirs.content, missing), name
        assert {k for k in ours.headers} == {k for k in theirs.headers}, name


def _plain(body: bytes, path: str) -> bytes:
    """The body without the address asked for and the time of the page."""
    return re.sub(rb"<time.*?</time>", b"", body).replace(path.encode(), b"")
