"""A recusal takes every read: every address of the table of doors, every list, for each role that may be recused."""

from collections.abc import Iterator
from datetime import datetime

from django.test import Client

from cases.register.actions import recuse
from cases.register.models import Case
from cases.reports.home import home
from tests.house.doors import DOORS, POST_DOORS, World, build
from tests.house.routes import arguments

# recused in this order by the case officer, itself last
RECUSED = (
    "lead",
    "evaluator",
    "official",
    "security",
    "records",
    "consultee",
    "partner",
    "auditor",
    "officer",
)
OF_NO_CASE = {"suite_version_id", "rule_id"}
LISTS = ("/", "/cases/", "/notices/", "/grants/", "/register/", "/history/", "/suites/")


def test_no_address_and_no_list_tells_the_recused_of_the_case(now: datetime) -> None:
    """What bears an id of the case answers 404, GET and POST; lists, search, counts and homes are as if it were not."""
    world = build(now)
    case, cast = Case.objects.get(), world.cast
    clients = {}
    for key in RECUSED:
        clients[key] = Client()
        clients[key].force_login(cast.people[key], backend="django.contrib.auth.backends.ModelBackend")
        recuse(case=case, person=cast.people[key], reason="Related", by=cast.officer, now=now)
    told: list[tuple[str, ...]] = []
    for key, client in clients.items():
        told += [(key, *one) for one in (*_opened(client, world), *_listed(client, case))]
        seen = home(cast.people[key], now)
        told += [(key, "counted", one.label) for one in seen.stages if one.value]
        told += [(key, "waits", one.verb) for one in seen.waiting if one.case_number]
    assert told == []


def _opened(client: Client, world: World) -> Iterator[tuple[str, str]]:
    """Addresses of the case that answer anything but 404 (or 405 to a wrong method)."""
    for name in (*DOORS, *POST_DOORS):
        if {one for one in arguments(name) if one.endswith("_id")} - OF_NO_CASE:
            path = world.path(name)
            for answered in (client.get(path), client.post(path)):
                if answered.status_code not in (404, 405):
                    yield name, str(answered.status_code)


def _listed(client: Client, case: Case) -> Iterator[tuple[str, str]]:
    """Lists that name the case, and searches that find it."""
    words = (case.number, case.tracking_number, str(case.model_version))
    for place in LISTS:
        text = client.get(place).content.decode()
        yield from ((place, word) for word in words if word in text)
    for place in (f"/cases/?q={case.number}", f"/cases/?q={case.tracking_number}", "/register/?q=Meridian"):
        text = client.get(place).content.decode()
        yield from ((place, link) for link in (f"/cases/{case.pk}", "/labels/") if link in text)
