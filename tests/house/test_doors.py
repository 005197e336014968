"""Every address for every role: who gets a page, who the 404 of what does not exist, who a sentence.

Each URL of the portal has one row in `tests/house/doors.py`; a new URL without a row fails here. The world is one case
walked to its label by real actions, with everything that hangs on it.
"""

import re

from django.http import HttpResponse
from django.test import Client, TestCase

from accounts import roles
from portal.kit.clock import database_now
from tests.house.canaries import Canaries, fill
from tests.house.doors import DOORS, POST_DOORS, PUBLIC, ROLES, World, build
from tests.house.relations import ENDED, NOT_YET, STRANGER, relations
from tests.house.routes import routes

MISSING = "00000000-0000-4000-8000-000000000000"


def test_every_address_has_a_row() -> None:
    """The table and the floor plan name the same addresses."""
    assert sorted(routes()) == sorted([*DOORS, *POST_DOORS, *PUBLIC])


def _clients(world: World) -> dict[str, Client]:
    clients = {"anonymous": Client()}
    for role in ROLES:
        clients[role] = Client()
        clients[role].force_login(
            getattr(world.cast, role), backend="django.contrib.auth.backends.ModelBackend"
        )
    return clients


class TestDoors(TestCase):
    """One world for every question, built once."""

    world: World
    canaries: Canaries

    @classmethod
    def setUpTestData(cls) -> None:
        """One case with everything on it, and in every field that tells something a word of its own."""
        cls.world = build(database_now())
        cls.canaries = fill()

    def told(self, role: str, name: str, response: HttpResponse) -> list[str]:
        """What an answer gives away to somebody of `role` who may not read it: in page, headers, cookies or file."""
        body = b"".join(response) if response.streaming else response.content
        text = f"{response.headers} {response.cookies} {body.decode(errors='replace')}"
        return [f"{name} as {role} tells {place}" for place in self.canaries.forbidden(role, text)]

    def test_get_of_every_address_as_every_role(self) -> None:
        """What GET answers each role, exactly as the table says; nobody who is not signed in sees anything."""
        clients, wrong = _clients(self.world), []
        for name, expected in DOORS.items():
            path = self.world.path(name)
            for role in ROLES:
                response = clients[role].get(path)
                status = response.status_code
                wrong += self.told(role, name, response)
                if status != expected.get(role, 404):
                    wrong.append(f"{name} as {role}: {status}, the table says {expected.get(role, 404)}")
            status = clients["anonymous"].get(path).status_code
            if status != 302:
                wrong.append(f"{name} as nobody: {status}")
        assert not wrong, "\n".join(wrong)

    def test_post_by_those_who_may_not_changes_nothing(self) -> None:
        """An empty POST by a role without the door is 404, 403 or 405, never a redirect to success and never a 500."""
        clients, wrong = _clients(self.world), []
        for name, row in {**DOORS, **POST_DOORS}.items():
            openers = {role for role, status in row.items() if status in (200, 302, 409, 412)}
            for role in ROLES:
                if role in openers:
                    continue
                response = clients[role].post(self.world.path(name))
                status = response.status_code
                wrong += self.told(role, f"POST {name}", response)
                if status not in (403, 404, 405, 409):
                    wrong.append(f"POST {name} as {role}: {status}")
        assert not wrong, "\n".join(wrong)

    def test_hidden_is_exactly_missing(self) -> None:
        """To a stranger a hidden object answers with the same status, body and headers as one that does not exist."""
        client = _clients(self.world)["stranger"]
        for name in DOORS:
            hidden, missing = self.world.path(name), self.world.missing_path(name, MISSING)
            if missing == hidden:
                continue
            ours, theirs = client.get(hidden), client.get(missing)
            assert ours.status_code == theirs.status_code == 404, name
            assert _plain(ours.content, hidden) == _plain(theirs.content, missing), name
            assert {k for k in ours.headers} == {k for k in theirs.headers}, name

    def test_every_role_in_every_relation(self) -> None:
        """Former, recused, future and other people of every role: what GET answers, and that nothing is told."""
        table, wrong = relations(self.world, database_now()), []
        for role in roles.ROLES:
            named = " ".join(one.relation for one in table if one.role == role)
            assert all(relation in named for relation in (ENDED, NOT_YET, STRANGER)), role
        for one in table:
            client = Client()
            client.force_login(one.person, backend="django.contrib.auth.backends.ModelBackend")
            there = World(self.world.cast, self.world.ids | one.ids)
            for name in one.doors():
                response, expected = client.get(there.path(name)), one.expected(name)
                status = response.status_code
                if not one.rows:
                    wrong += self.told(one.reads, f"{name} ({one.key})", response)
                if status != expected:
                    wrong.append(f"{name} as {one.key}: {status}, not {expected}")
        assert not wrong, "\n".join(wrong)


def _plain(body: bytes, path: str) -> bytes:
    """The body without the address asked for and the time of the page."""
    return re.sub(rb"<time.*?</time>", b"", body).replace(path.encode(), b"")
