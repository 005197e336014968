"""Single pages: the CPU a case page takes, a long history, the weight of the heaviest page."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import override_settings
from django.urls import reverse

from tests.bench.rows import Row, Side, compare, cpu_of, limited
from tests.bench.stage import LARGE, Stage, page

FEW_ENTRIES = 10


def case_page(stage: Stage) -> Iterator[Row]:
    """The full case's page against a view that does nothing, by CPU time of process and database session."""
    officer, cpu = stage.people["officer"], cpu_of(stage.session_pid(LARGE))
    with override_settings(ROOT_URLCONF="tests.bench.urls"):
        ours = Side(page(stage, LARGE, officer, stage.full_case.get_absolute_url()), cpu)
        bare = Side(page(stage, LARGE, officer, "/bench/bare/"), cpu)
        found = compare(
            "case_page_cpu", ours, bare, against="bare view, same middleware and session", at_most=8, times=5
        )
    yield Row(
        **{
            **found.as_dict(),
            "holds": (found.cpu_ratio or 0) <= 8,
            "note": "every table filled; the target is of CPU time",
        }
    )


def long_history(stage: Stage) -> Iterator[Row]:
    """The case page and the history page of a case with very many entries."""
    officer = stage.people["officer"]
    many, few = _cases_of_length(stage)
    cpu = cpu_of(stage.session_pid(LARGE))
    for name, address in (("case_long_history", "cases:case"), ("case_long_history_page", "cases:history")):
        ours = Side(page(stage, LARGE, officer, reverse(address, args=[many.pk])), cpu)
        theirs = Side(page(stage, LARGE, officer, reverse(address, args=[few.pk])), cpu)
        note = f"{stage.size.entries:,} entries"
        yield compare(name, ours, theirs, against=f"{FEW_ENTRIES} entries", at_most=1.3, note=note)


def _cases_of_length(stage: Stage) -> tuple[Any, Any]:
    """Two cases alike but for their entries: very many, and ten."""
    from cases.register.models import Case

    with stage.on(LARGE):
        alike = Case.objects.filter(stage="scoping", origin="developer_offer").order_by("created_at")[:2]
        many, few = alike
        _notes(stage, many, stage.size.entries)
        _notes(stage, few, FEW_ENTRIES)
    return many, few


def _notes(stage: Stage, case: Any, total: int) -> None:
    """Entries until the case has `total` of them."""
    from django.db import transaction

    from portal.audit.journal import Draft, record_many
    from portal.audit.models import Entry
    from portal.kit.clock import database_now

    officer, now = stage.people["officer"], database_now()
    post = officer.appointments_at(now)[0]
    missing = total - Entry.objects.filter(case_id=case.pk).count()
    for first in range(0, missing, 5000):
        with transaction.atomic():
            record_many(
                [
                    Draft(kind="note.written", by=officer, now=now, case=case, subject=case, appointment=post)
                    for _ in range(min(5000, missing - first))
                ]
            )


def page_weight(stage: Stage) -> Iterator[Row]:
    """Compressed bytes of the heaviest page with everything it names: text as sent, fonts as they are."""
    officer, auditor, partner = (stage.people[name] for name in ("officer", "auditor", "partner"))
    case = stage.full_case
    pages = [
        (officer, reverse("cases:home")),
        (officer, reverse("cases:cases")),
        (officer, case.get_absolute_url()),
        (officer, reverse("cases:history", args=[case.pk])),
        (officer, reverse("cases:run", args=[case.runs.first().pk])),
        (officer, reverse("cases:suites")),
        (officer, reverse("cases:register")),
        (officer, case.documents.first().get_absolute_url()),
        (auditor, reverse("cases:desk")),
        (partner, reverse("cases:grants")),
    ]
    weighed = []
    for person, path in pages:
        html = page(stage, LARGE, person, path)()
        weighed.append(
            (len(gzip.compress(html, 6)) + sum(_named(html.decode()).values()), len(html), path, html)
        )
    weight, _, path, html = max(weighed)
    named = _named(html.decode())
    listed = ", ".join(
        f"{name} {size / 1000:.0f}" for name, size in sorted(named.items(), key=lambda item: -item[1])[:4]
    )
    strangers = len(_strangers(html.decode()))
    yield limited(
        "page_weight", weight / 1000, "kB", 120,
        note=f"{path}: html {len(gzip.compress(html, 6)) / 1000:.0f} kB; {listed}; third parties: {strangers}",
    )  # fmt: skip


def _named(html: str) -> dict[str, int]:
    """Own files that a page loads (styles, scripts, fonts, pictures) and their bytes as sent."""
    names = set(re.findall(r"""(?:href|src)="/static/([^"#?]+)""", html))
    loaded = [name for name in names if not re.search(r"\.(?:html?)$", name)]
    return {Path(name).name: _as_sent(Path(settings.STATIC_ROOT) / name) for name in loaded}


def _as_sent(file: Path) -> int:
    packed = [file.with_name(file.name + ending) for ending in (".br", ".gz")]
    return min(one.stat().st_size for one in (file, *packed) if one.exists())


def _strangers(html: str) -> list[str]:
    return re.findall(r"""(?:href|src)="https?://[^"]+\.(?:js|css|woff2?|png|svg)""", html)
