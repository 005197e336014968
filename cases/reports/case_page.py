"""The case page: its head, and one section a room, each complete in itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse

from accounts.models import User
from cases.access import queries as access
from cases.benchmarks import queries as benchmarks
from cases.documents import queries as documents
from cases.incidents import queries as incidents
from cases.labels import queries as labels
from cases.questions import queries as questions
from cases.readiness import queries as readiness
from cases.records import queries as records
from cases.register import queries as register
from cases.register.models import Case
from cases.reports import history
from cases.rules import markings, steps, visibility

RECENT: Final = 10

# id, title, who asks, template: in the order of the page
SECTIONS: Final = (
    ("access", "Access", access.section, "cases/access/section.html"),
    ("documents", "Documents", documents.section, "cases/documents/section.html"),
    ("questions", "Questions", questions.section, "cases/questions/section.html"),
    ("readiness", "Readiness", readiness.section, "cases/readiness/section.html"),
    ("incidents", "Incidents", incidents.section, "cases/incidents/section.html"),
    ("benchmarks", "Benchmarks", benchmarks.section, "cases/benchmarks/section.html"),
    ("decisions", "Decisions", labels.section, "cases/labels/section.html"),
    ("people", "People", register.section, "cases/register/section.html"),
    ("records", "Records", records.section, "cases/records/section.html"),
)


@dataclass(frozen=True)
class Section:
    """One section of the page, as its template draws it."""

    id: str
    title: str
    template: str
    facts: dict[str, Any]

    @property
    def count(self) -> int | None:
        """How many things it holds, where it says so."""
        return self.facts.get("count")


def context(case: Case, user: User, now: datetime) -> dict[str, Any]:
    """Everything the case page shows to this person."""
    sections = _sections(case, user, now)
    moves = register.moves_for(case, user, now)
    step, owed_by, until = steps.next_step(case, user, now)
    recent = list(history.entries(case, user, now)[:RECENT])
    seen_at: datetime | None = case.seen_at  # type: ignore[attr-defined]
    lines = history.lines(recent, user, case, now, changes=False, seen_at=seen_at)
    seen = [case.marking, *(mark for section in sections for mark in section.facts.get("markings", []))]
    return {
        "title": str(case.model_version) if case.model_version else "Model version not named yet",
        "case": case,
        "reads": visibility.reads_content(user, case, now),
        "marking": markings.highest(seen),
        "stages": register.stages(case),
        "step": step,
        "owed_by": owed_by,
        "until": until,
        "primary": next((one for one in moves if one.primary), None),
        "edit_url": register.edit_url(case, user, now),
        "moves": [one for one in moves if not one.primary],
        "sections": sections,
        "lines": lines,
        "seen_at": seen_at,
        "new": _new(sections, lines),
        "crumbs": crumbs(case),
    }


def _new(sections: list[Section], lines: list[history.Line]) -> list[tuple[str, str, int]]:
    """Where something is new since the person marked the case as seen: id and title of the section, and how much."""
    found = [(one.id, one.title, one.facts.get("new", 0)) for one in sections]
    found.append(("history", "History", sum(line.new for line in lines)))
    return [one for one in found if one[2]]


def _sections(case: Case, user: User, now: datetime) -> list[Section]:
    found = []
    for id, title, ask, template in SECTIONS:
        facts = ask(case, user, now)
        if facts is not None:
            found.append(Section(id, title, template, facts))
    return found


def crumbs(case: Case, *below: str) -> list[dict[str, str]]:
    """The way to a page of the case: list, case, and the words of pages below it."""
    return [
        {"label": "Cases", "url": reverse("cases:cases")},
        {"label": case.number, "url": case.get_absolute_url()},
        *({"label": word, "url": ""} for word in below),
    ]
