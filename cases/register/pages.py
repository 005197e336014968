"""What every page of a case shows around its content: the way to it, the case's words, its marking."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from cases.register.models import Case
from cases.rules import markings


def crumbs(case: Case, *below: str) -> list[dict[str, str]]:
    """The way to a page of the case: list, case, and the words of pages below it."""
    return [
        {"label": "Cases", "url": reverse("cases:cases")},
        {"label": case.number, "url": case.get_absolute_url()},
        *({"label": word, "url": ""} for word in below),
    ]


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
