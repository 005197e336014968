"""What attempts at addresses and forms stand on: the doors' world, a case of another developer, and every form."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.test import Client, TestCase

from cases.register.actions import draft_case
from portal.kit.clock import database_now
from tests import walk
from tests.house.canaries import Canaries, fill
from tests.house.doors import DOORS, World, build

MISSING: Final = "00000000-0000-4000-8000-000000000000"
# The widest reader of each side, through whom forms are reached.
READERS: Final = ("liaison", "signatory", "lead", "officer", "evaluator", "official", "consultee", "partner")


class Attacked(TestCase):
    """One world for every attempt, built once for the tests of a class."""

    world: World
    canaries: Canaries
    foreign: dict[str, str]

    @classmethod
    def setUpTestData(cls) -> None:
        """The doors' world, and a case of another developer of which nobody here but its own people may know."""
        now = database_now()
        cls.world = build(now)
        theirs = draft_case(
            by=cls.world.cast.stranger,
            now=now,
            origin="developer_offer",
            tracking_number="SECRET-1",
            question="?",
            model="Hidden",
            version="9",
            release_at=now + timedelta(days=40),
        )
        walk.paper(theirs, cls.world.cast.stranger, now, title="A hidden paper")
        paper = theirs.documents.get()
        cls.foreign = {
            "case": str(theirs.pk),
            "document": str(paper.pk),
            "person": str(cls.world.cast.stranger.pk),
            "organization": str(cls.world.cast.other_developer.pk),
            "model version": str(theirs.model_version_id),
        }
        cls.canaries = fill()

    def client_of(self, role: str, **options: Any) -> Client:
        """Somebody of the cast, signed in."""
        client = Client(raise_request_exception=False, **options)
        client.force_login(
            getattr(self.world.cast, role), backend="django.contrib.auth.backends.ModelBackend"
        )
        return client

    def forms(self) -> Iterator[tuple[str, str, Client, forms.Form]]:
        """Every form of every page, each through the first reader whom its page opens to."""
        clients = {role: self.client_of(role) for role in READERS}
        for name, row in DOORS.items():
            role = next((one for one in READERS if row.get(one) == 200), "")
            if not role:
                continue
            response = clients[role].get(self.world.path(name))
            form = (response.context or {}).get("form")
            if isinstance(form, forms.BaseForm) and b"fv-form" in response.content:
                yield name, self.world.path(name), clients[role], form
