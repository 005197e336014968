"""What the guards of access share: the stages they ask about, the stated dates, the wrong moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cases.access.models import Agreement, WindowPeriod
from cases.register.models import Case, ReleaseMilestone
from cases.rules import lifecycle, window

GRANTING: Final = (lifecycle.ACCESS, lifecycle.BENCHMARKING, lifecycle.LABELING)
NOMINATING: Final = (lifecycle.SCOPING, *GRANTING)
Stated = dict[tuple[str, str], datetime]  # (kind of release, planned or actual) -> the newest statement


def stated_dates(case: Case) -> Stated:
    """The newest release dates that the developer stated for the case's model version. One query."""
    rows = ReleaseMilestone.objects.filter(model_version=case.model_version_id).order_by("stated_at", "-pk")
    return {(kind, state): at for kind, state, at in rows.values_list("kind", "state", "at")}


def release_of(stated: Stated) -> datetime | None:
    """General release, planned or actual, whichever comes first."""
    kind = window.GENERAL_RELEASE
    return window.general_release(stated.get((kind, "planned")), stated.get((kind, "actual")))


def in_force(case: Case) -> Agreement | None:
    """The agreement version that both sides signed and nothing has replaced."""
    return Agreement.objects.filter(case=case, state="signed").first()


def spans_of(periods: Sequence[WindowPeriod]) -> list[window.Span]:
    """What counts of the periods; those cut before their start count nothing."""
    return [period.left for period in periods if period.left is not None]
