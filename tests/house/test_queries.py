"""Pages ask the database a fixed number of things: within budget, within the baseline, whatever the number of rows.

The baseline stands in `tests/query_counts.json`; a page that asks more fails here. Write the number down anew only with
the reason in the commit.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.register.actions import draft_case, move_case, write_note
from cases.register.models import Case
from tests import walk
from tests.cast import Cast
from tests.house.doors import World, build

BASELINE: Final[dict[str, dict[str, int]]] = json.loads(
    (Path(__file__).resolve().parents[1] / "query_counts.json").read_text()
)
LIST, CASE = 12, 20
LISTS: Final = (
    "cases:cases",
    "cases:grants",
    "cases:incidents",
    "cases:register",
    "cases:suites",
    "cases:notices",
    "cases:desk",
)
BUDGETS: Final = {**dict.fromkeys(LISTS, LIST), "cases:case": CASE}  # other pages: their baseline alone


@pytest.fixture
def world(now: datetime) -> World:
    """The demonstration's labelled case, every related table filled."""
    return build(now)


def asked(person: Any, path: str) -> int:
    """How many queries a page costs a person who is signed in; sessions and transactions count like all others."""
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(path).status_code == 200  # whatever a process remembers is remembered now
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def sight_of(world: World, key: str) -> str:
    """The page about what an organisation sees, asked of the partner or, by an inside person, of the agency."""
    organisation = world.cast.partner_org if key in ("liaison", "signatory") else world.cast.agency
    return f"{world.path('cases:sight')}?organization={organisation.pk}"


def test_pages_stay_within_their_budget_and_baseline(world: World) -> None:
    """Every page of the table, for each person who has it."""
    assert set(BUDGETS) <= set(BASELINE)
    over = []
    for name, counts in BASELINE.items():
        for key, baseline in counts.items():
            path = sight_of(world, key) if name == "cases:sight" else world.path(name)
            number = asked(world.cast.people[key], path)
            if number > min(baseline, BUDGETS.get(name, baseline)):
                over.append(f"{name} as {key}: {number} queries, the baseline is {baseline}")
    assert not over, "\n".join(over)


def test_lists_cost_the_same_for_one_case_and_fifty(cast: Cast, now: datetime) -> None:
    """Case list, home, register and grants, before and after forty-nine more."""
    walk.granted(cast, now)
    lists = [("/cases/", "liaison"), ("/cases/", "officer"), ("/cases/", "auditor"), ("/", "officer"), ("/", "liaison"),
             ("/grants/", "partner"), ("/notices/", "officer")]  # fmt: skip
    one = {(path, key): asked(cast.people[key], path) for path, key in lists}
    for number in range(49):
        values = {
            "origin": "developer_offer",
            "model": "Meridian",
            "version": f"L{number}",
            "release_at": now + walk.WINDOW,
        }
        case = draft_case(by=cast.liaison, now=now, tracking_number=f"LIST-{number}", **values)
        move_case(case=case, name="submit", by=cast.liaison, now=now)
    assert Case.objects.count() == 50
    fifty = {(path, key): asked(cast.people[key], path) for path, key in lists}
    assert fifty == one
    assert all(number <= LIST for (path, _), number in fifty.items() if path != "/")


def test_the_case_page_costs_the_same_with_more_documents_and_history(world: World, now: datetime) -> None:
    """Ten more papers and thirty more entries cost not one query more, for either side."""
    case, cast = Case.objects.get(), world.cast
    path = case.get_absolute_url()
    people = ("liaison", "officer", "auditor")
    before = {key: asked(cast.people[key], path) for key in people}
    for number in range(10):
        walk.paper(case, cast.liaison, now, title=f"Annex {number}", file_name=f"annex-{number}.pdf")
    for number in range(20):
        write_note(case=case, text=f"Note {number}.", by=cast.officer, now=now)
    assert {key: asked(cast.people[key], path) for key in people} == before
    assert max(before.values()) <= CASE
