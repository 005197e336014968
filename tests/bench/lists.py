"""Lists and search: what a page costs with many cases, for a partner, far down, and how many queries it takes."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.bench.rows import Row, Side, compare, cpu_of
from tests.bench.stage import FEW, LARGE, SMALL, Stage, client, page

PARTNERS = {"sparse": "Partner C sparse", "medium": "Partner B medium", "dense": "Partner A dense"}


def _side(stage: Stage, database: str, person: Any, path: str) -> Side:
    return Side(page(stage, database, person, path), cpu_of(stage.session_pid(database)))


def lists(stage: Stage) -> Iterator[Row]:
    """The staff list, the partner's list at three densities, a page far down, search for rare and common words."""
    url, officer = reverse("cases:cases"), stage.people["officer"]
    staff = _side(stage, LARGE, officer, url)
    yield compare(
        "staff_list_1m", staff, _side(stage, SMALL, officer, url), against=f"same page at {FEW:,} cases", at_most=1.3,
        note=f"at {stage.size.cases:,} cases",
    )  # fmt: skip
    for density, name in PARTNERS.items():
        person, grants = _partner(stage, name)
        ours = _side(stage, LARGE, person, reverse("cases:grants"))
        yield compare(
            f"partner_list_{density}", ours, staff, against="staff list, same page", at_most=1.5,
            note=f"named on {grants:,} grants",
        )  # fmt: skip
    deep = f"{url}?{urlencode({'cursor': _cursor(stage)})}"
    yield compare(
        "list_deep_page", _side(stage, LARGE, officer, deep), staff, against="first page", at_most=1.2
    )
    for kind, word in (("rare", _rare_word(stage)), ("common", "Atlas"), ("every", "CFM")):
        ours = _side(stage, LARGE, officer, f"{url}?{urlencode({'q': word})}")
        yield compare(f"search_1m_{kind}", ours, staff, against="list page", at_most=3, note=f"q={word}")


def _partner(stage: Stage, name: str) -> tuple[Any, int]:
    """One named person of a bulk partner, and on how many grants."""
    from accounts.models import User
    from cases.access.models import GrantUserPermission

    with stage.on(LARGE):
        found = User.objects.filter(appointments__organisation__short_name__endswith=f"-{name}")
        person = found.order_by("email").first()
        return person, GrantUserPermission.objects.filter(user=person).count()


def _cursor(stage: Stage) -> str:
    """The cursor of a page in the middle of everything."""
    from cases.register.models import Case
    from cases.reports.lists import ORDER
    from portal.kit.paging import keyset_page

    with stage.on(LARGE):
        middle = stage.size.cases // 2
        cases = Case.objects.order_by("-created_at", "-id")[middle : middle + 1]
        beyond = Case.objects.filter(created_at__lte=cases[0].created_at)
        return keyset_page(beyond, order=ORDER, size=1).older


def _rare_word(stage: Stage) -> str:
    from cases.register.models import Case

    with stage.on(LARGE):
        return str(Case.objects.filter(stage="closed").order_by("number").first().number)


def queries(stage: Stage) -> Iterator[Row]:
    """Query counts: of a list with one row and with fifty, of the full case before and after it grows."""
    from cases.register.models import Case

    officer = stage.people["officer"]
    url = reverse("cases:cases")
    with stage.on(SMALL):
        fifty = _count(officer, url)
        one = _count(officer, f"{url}?{urlencode({'q': stage.full_case.number})}")
        yield _flat("list_queries", fifty, one, 12, "one row")
        case = Case.objects.get(pk=stage.full_case.pk)
        before = _count(officer, case.get_absolute_url())
        _grow(stage, case)
        after = _count(officer, case.get_absolute_url())
        yield _flat("case_queries", after, before, 20, "before 20 documents and 200 entries more")


def _count(person: Any, path: str) -> int:
    browser = client(person)
    browser.get(path)
    with CaptureQueriesContext(connection) as seen:
        answer = browser.get(path)
    if answer.status_code != 200:
        raise AssertionError(f"{path} answered {answer.status_code}")
    return len(seen)


def _flat(name: str, value: int, other: int, most: int, against: str) -> Row:
    return Row(
        name,
        value,
        "queries",
        against,
        other,
        value / other,
        f"<= {most}, flat",
        value <= most and value == other,
    )


def _grow(stage: Stage, case: Any) -> None:
    from cases.register.actions import write_note
    from portal.kit.clock import database_now
    from tests import walk

    grow: Callable[..., Any] = walk.paper
    for number in range(20):
        grow(case, stage.people["officer"], database_now(), "correspondence", title=f"Letter {number}")
    for number in range(180):
        write_note(case=case, text=f"Note {number}", by=stage.people["officer"], now=database_now())
