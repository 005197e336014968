"""Markings: every marking against every ceiling, the highest of several, who is kept from which."""

import itertools

import pytest

from accounts.roles import ORGANISATION_KINDS
from cases.rules import markings

ORDER = ["U", "PROPIN", "CUI", "CUI_FEDONLY", "C", "S", "TS"]


def test_the_table_stands_in_order_of_protection() -> None:
    """The order of the table is the order of protection, without ties."""
    assert list(markings.MARKINGS) == ORDER
    ranks = [marking.rank for marking in markings.MARKINGS.values()]
    assert ranks == sorted(set(ranks))


@pytest.mark.parametrize(("marking", "ceiling"), list(itertools.product(ORDER, ORDER)))
def test_nothing_above_the_ceiling_is_stored(marking: str, ceiling: str) -> None:
    """A sentence above the ceiling's level, quiet within it whatever the dissemination; the choices offered agree."""
    said = markings.above_ceiling(marking, ceiling)
    level = {"U": 0, "PROPIN": 1, "CUI": 1, "CUI_FEDONLY": 1, "C": 2, "S": 3, "TS": 4}
    above = level[marking] > level[ceiling]
    assert (said is not None) == above
    assert (marking in dict(markings.storable(ceiling))) == (not above)
    if said:
        assert markings.MARKINGS[ceiling].banner in said


@pytest.mark.parametrize(("one", "other"), list(itertools.product(ORDER, ORDER)))
def test_a_page_bears_the_highest_marking_on_it(one: str, other: str) -> None:
    """Aggregation takes the higher of any two, in either order."""
    assert markings.highest([one, other]).id == max(one, other, key=ORDER.index)


def test_a_page_of_nothing_is_unclassified() -> None:
    """No marked thing on a page: unclassified."""
    assert markings.highest([]).id == "U"


@pytest.mark.parametrize("kind", ORGANISATION_KINDS)
def test_dissemination(kind: str) -> None:
    """FED ONLY is kept from developers and partners; the operator reads nothing."""
    readable = markings.readable_by(kind)
    assert ("CUI_FEDONLY" in readable) == (kind in ("agency", "oversight"))
    assert ("PROPIN" in readable) == (kind != "operator")
