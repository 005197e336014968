"""What every page of a case shows around its content: the way to it, the case's words, its marking."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse

from cases.register.models import Case
from cases.rules import markings
from cases.rules.facts import hand_on, with_people


def crumbs(case: Case, *below: str) -> list[dict[str, str]]:
    """The way to a page of the case: list, case, and the words of pages below it."""
    return [
        {"label": "Cases", "url": reverse("cases:cases")},
        {"label": case.number, "url": case.get_absolute_url()},
        *({"label": word, "url": ""} for word in below),
    ]


Row = TypeVar("Row", bound=Model)


def on_case(rows: QuerySet[Row], pk: Any, *, path: str = "case") -> Row:
    """The row, or 404; its case, at the end of `path`, knows who evaluates it and who is recused: no query a guard."""
    row: Row = get_object_or_404(with_people(rows, f"{path.replace('.', '__')}_id"), pk=pk)
    hand_on(row, attrgetter(path)(row))
    return row


def one_case(cases: QuerySet[Case], pk: Any) -> Case:
    """As `on_case`, of the case itself."""
    found: Case = get_object_or_404(with_people(cases, "pk"), pk=pk)
    return found


def frame(case: Case, title: str, *, also: Iterable[str] = (), **more: Any) -> dict[str, Any]:
    """The context of a page below a case; `also` names further markings that the page shows."""
    return {
        "title": title,
        "case": case,
        "crumbs": crumbs(case, title),
        "marking": markings.highest([case.marking, *also]),
        "back": case.get_absolute_url(),
        **more,
    }
