"""Walks a case to a stage by real actions, as the people whose steps they are. A room adds its own steps here.

Each function returns the fresh case. Numbers and model versions differ from call to call, so a test may have many.
"""

from datetime import datetime, timedelta
from io import BytesIO
from itertools import count
from typing import Any

from cases.documents.actions import upload
from cases.documents.models import Document
from cases.register.actions import assign, draft_case, move_case
from cases.register.models import Case
from tests.cast import Cast

_numbers = count(1)

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
RELEASE_AFTER = timedelta(days=40)


def paper(case: Case, by: Any, now: datetime, kind: str = "system_card", **more: Any) -> Document:
    """A small PDF of `kind`, uploaded."""
    named = {"title": "Meridian system card", "file_name": "card.pdf", "file": BytesIO(PDF), **more}
    return upload(case=case, kind=kind, by=by, now=now, **named)


def drafted(cast: Cast, now: datetime, **changes: Any) -> Case:
    """A draft by the liaison, complete for submission, with a system card and a red-team report."""
    number = next(_numbers)
    values = {
        "origin": "developer_offer",
        "tracking_number": f"MER-{number}",
        "question": "Is this version covered?",
        "model": "Meridian",
        "version": f"4.{number}",
        "release_at": now + RELEASE_AFTER,
        **changes,
    }
    case = draft_case(by=cast.liaison, now=now, **values)
    paper(case, cast.liaison, now)
    paper(
        case, cast.liaison, now, "red_team_report", title="Meridian red-team report", file_name="red-team.pdf"
    )
    return Case.objects.get(pk=case.pk)


def submitted(cast: Cast, now: datetime, **changes: Any) -> Case:
    """Submitted by the liaison; received, not yet acknowledged."""
    return move_case(case=drafted(cast, now, **changes), name="submit", by=cast.liaison, now=now)


def acknowledged(cast: Cast, now: datetime, **changes: Any) -> Case:
    """In scoping, with the case officer and the first evaluator assigned."""
    case = move_case(case=submitted(cast, now, **changes), name="acknowledge", by=cast.officer, now=now)
    assign(case=case, person=cast.officer, role="case_officer", by=cast.officer, now=now)
    assign(case=case, person=cast.evaluator, role="evaluator", by=cast.officer, now=now)
    return Case.objects.get(pk=case.pk)


def benchmarking(cast: Cast, now: datetime, **changes: Any) -> Case:
    """Benchmarking on documents alone."""
    return move_case(case=acknowledged(cast, now, **changes), name="documents_only", by=cast.officer, now=now)
