"""What every test may use. Servers come from the plugin `tests.servers`; add fixtures of one room in its own folder."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import Client

from portal.kit.clock import database_now

if TYPE_CHECKING:
    from accounts.models import User
    from tests.cast import Cast


@pytest.fixture(scope="session", autouse=True)
def _flush_passes_triggers() -> Iterator[None]:
    """Let the clean-up of transactional tests empty append-only tables; inside test bodies the triggers stay on."""
    original = BaseDatabaseOperations.execute_sql_flush

    def flush(self: BaseDatabaseOperations, sql_list: list[str]) -> Any:
        return original(
            self, ["SET LOCAL session_replication_role = replica;", *sql_list] if sql_list else sql_list
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush)
        yield


@pytest.fixture
def now(db: None) -> datetime:
    """The database's clock when the test begins."""
    return database_now()


@pytest.fixture
def cast(now: datetime) -> "Cast":
    """Everybody, appointed an hour ago, under policy version 1."""
    from tests.cast import load_people

    return load_people(now - timedelta(hours=1))


@pytest.fixture
def client_of() -> Callable[["User"], Client]:
    """Gives a client signed in as a person."""

    def signed_in(person: "User") -> Client:
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in
