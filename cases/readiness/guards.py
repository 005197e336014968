"""When the developer may change its readiness, and when a notice may be filed: sentences, or None."""

from cases.readiness.models import NoticeFiling, Obligation, ObligationsNotice
from cases.register.models import Case

STALE = "A colleague changed this while you had the page open. Look at what stands now, then try again."
TWICE = (
    "This obligation is on the list already: the same reference and the same kind. Change that row instead."
)
OTHER_TEXT = (
    "The answers changed while you had the page open, so the notice reads differently now. Read it again."
)


def changing(case: Case) -> str | None:
    """Notes stay as they are once the case has ended."""
    return "This case has ended, so its readiness stays as it is." if case.is_terminal else None


def listed(obligation: Obligation) -> str | None:
    """What was taken off the list is put back before it is changed."""
    if obligation.removed_at is not None:
        return "This obligation is off the list. Put it back first to change it."
    return None


def filing(notice: ObligationsNotice, newest: int) -> str | None:
    """The newest notice is filed, once, while the case lives."""
    if notice.case.is_terminal:
        return "This case has ended, so no document is added to it any more."
    if NoticeFiling.objects.filter(notice=notice).exists():
        return "This notice is filed already. See the document."
    if notice.number != newest:
        return f"Notice {newest} has taken the place of this one. File that one instead."
    return None
