"""`manage.py write_docs`: the tables of docs/generated, written from the laws; `--check` exits 1 when one is stale."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.permissions import PERMISSIONS
from accounts.roles import ORGANISATION_KINDS, ROLES
from cases.documents.kinds import KINDS
from cases.documents.types import WORDS
from cases.rules import clock, events, fields, lifecycle, markings

FOLDER: Final = Path(settings.BASE_DIR) / "docs" / "generated"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = ["| " + " | ".join(titles) + " |", "|" + " --- |" * len(titles)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _said(guard: Callable[..., Any]) -> str:
    return (guard.__doc__ or guard.__name__).strip().splitlines()[0]


def lifecycle_page() -> str:
    """Stages and moves, with a state diagram."""
    arrows = sorted({(m.frm, m.to, m.label) for m in lifecycle.MOVES if m.name != "withdraw"})
    diagram = "\n".join(f"    {frm} --> {to}: {label}" for frm, to, label in arrows)
    rows = (
        (m.label, m.frm, m.to, m.permission, " ".join(_said(g) for g in m.guards) or "–", m.event)
        for m in lifecycle.MOVES
    )
    table = _table(("move", "from", "to", "permission", "guards", "event"), rows)
    return (
        "# The life of a case\n\nWritten from `cases/rules/lifecycle.py` by `manage.py write_docs`.\n\n"
        f"```mermaid\nstateDiagram-v2\n    [*] --> draft\n{diagram}\n"
        f"    note right of withdrawn: from every live stage\n```\n\n{table}"
    )


def roles_page() -> str:
    """Roles, and which permission each carries."""
    roles = _table(
        ("role", "in", "in a sentence"),
        (
            (r.title, ", ".join(sorted(ORGANISATION_KINDS[k] for k in r.kinds)), r.sentence)
            for r in ROLES.values()
        ),
    )
    permissions = _table(
        ("permission", "allows", "roles"),
        (
            (name, words, ", ".join(sorted(r.title for r in ROLES.values() if name in r.permissions)) or "–")
            for name, words in PERMISSIONS.items()
        ),
    )
    return (
        "# Roles and permissions\n\nWritten from `accounts/roles.py` and `accounts/permissions.py` by "
        f"`manage.py write_docs`.\n\n{roles}\n{permissions}"
    )


def _readers(event: events.Event) -> str:
    said = ", ".join(sorted(event.readers)) or "–"
    return f"{said} alone, no auditor" if event.private else said


def events_page() -> str:
    """Events: who reads them, who is told; clocks; markings; field classes."""
    told = _table(
        ("event", "sentence", "read by (beside auditors)", "told"),
        ((e.kind, e.sentence, _readers(e), ", ".join(e.told) or "–") for e in events.EVENTS.values()),
    )
    clocks = _table(
        ("clock", "default", "starts with", "ends with", "owed by"),
        (
            (c.label, f"{c.amount} {c.unit.replace('_', ' ')}", c.starts, ", ".join(c.ends), c.owed_by)
            for c in clock.CLOCKS.values()
        ),
    )
    marks = _table(
        ("marking", "banner", "opens to"),
        ((m.id, m.banner, ", ".join(sorted(m.readers))) for m in markings.MARKINGS.values()),
    )
    classes = _table(
        ("model", "content", "secret"),
        (
            (
                model,
                ", ".join(sorted(f for f, c in known.items() if c == fields.CONTENT)) or "–",
                ", ".join(sorted(f for f, c in known.items() if c == fields.SECRET)) or "–",
            )
            for model, known in sorted(fields.CLASSES.items())
        ),
    )
    return (
        "# Events, clocks, markings and fields\n\nWritten from `cases/rules/` by `manage.py write_docs`.\n\n"
        f"## Events\n\n{told}\n## Clocks\n\n{clocks}\n## Markings\n\n{marks}\n"
        f"## Fields that are not metadata\n\n{classes}"
    )


def kinds_page() -> str:
    """Kinds of documents: who adds one, what it is for, which types it may be."""
    rows = _table(
        ("kind", "added by", "needed for", "types", "often asked for"),
        (
            (
                kind.label,
                ", ".join(sorted(kind.added_by)),
                kind.needed_for,
                ", ".join(WORDS[one] for one in kind.types),
                "yes" if kind.suggested else "–",
            )
            for kind in KINDS.values()
        ),
    )
    return (
        "# Kinds of documents\n\nWritten from `cases/documents/kinds.py` by `manage.py write_docs`. A document is seen "
        f"by whoever sees its case, as far as its marking and its list of readers allow.\n\n{rows}"
    )


PAGES: Final = {
    "kinds.md": kinds_page,
    "lifecycle.md": lifecycle_page,
    "roles.md": roles_page,
    "events.md": events_page,
}


class Command(BaseCommand):
    """Write docs/generated, or check that it is fresh."""

    help = "Write the generated tables of docs/generated from the laws."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--check` compares instead of writing."""
        parser.add_argument(
            "--check", action="store_true", help="exit 1 when a page is stale, and write nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write or compare each page."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        stale = []
        for name, page in PAGES.items():
            path, text = FOLDER / name, page()
            if options["check"]:
                stale += [name] if not path.exists() or path.read_text(encoding="utf-8") != text else []
            else:
                path.write_text(text, encoding="utf-8")
        if stale:
            raise CommandError(f"Stale: {', '.join(stale)}. Run: manage.py write_docs")
