"""What the portal's own tests need instead of real cases: people, and things that look like a case."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import connection, connections
from django.db.utils import load_backend
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from accounts.models import Organisation, User
from portal.kit.gate import writing

SHORT_LEASES = {"lease_s": 1.0, "resend_s": 0.5, "backoff_s": 0.05, "attempts": 3}
NOW = datetime(2026, 11, 3, 15, 30, tzinfo=UTC)


@dataclass(frozen=True)
class StandInCase:
    """As much of a case as the audit log and the notices look at."""

    pk: uuid.UUID = field(default_factory=uuid.uuid4)
    policy_version_id: uuid.UUID = field(default_factory=uuid.uuid4)


def person(name: str = "Ada Marsh", **more: object) -> User:
    """A stored person with an address of its own."""
    return User.objects.create(email=f"{uuid.uuid4().hex}@example.org", name=name, **more)


def organisation(name: str = "Office of Tests") -> Organisation:
    """A stored organisation, which has history."""
    with writing():
        return Organisation.objects.create(name=name, short_name=uuid.uuid4().hex[:12], kind="agency")


def web_conninfo() -> str:
    """How to reach the test database as the web role."""
    return make_conninfo(os.environ["FOREVIEW_TEST_WEB_URL"], dbname=connection.settings_dict["NAME"])


@contextmanager
def served_as_web_role() -> Iterator[None]:
    """Have Django ask as the web role, as it does when it serves; what it is to see must be committed."""
    before = connections["default"]
    user = str(conninfo_to_dict(os.environ["FOREVIEW_TEST_WEB_URL"])["user"])
    settings = {**before.settings_dict, "USER": user}
    connections["default"] = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, "default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = before
