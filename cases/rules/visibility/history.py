"""History and fields: which entries, and which contents, a person reads."""

from datetime import datetime
from typing import TYPE_CHECKING

from accounts.models import User
from accounts.roles import DEVELOPER
from cases.rules import events, lifecycle, markings

if TYPE_CHECKING:
    from cases.register.models import Case
from cases.rules.standing import stands_right
from cases.rules.visibility.basis import AGENCY_READERS, AGENCY_STAFF, AUDITOR, DEVELOPER_ROLES, INSIDE


def entry_kinds(user: User, case: "Case", now: datetime) -> list[str] | None:
    """Kinds of audit entries this person may read in the history of a case it may see; None means every kind."""
    if _through(user, case, now, AUDITOR):
        return None
    mine: set[str] = set()
    if _through(user, case, now, AGENCY_STAFF):
        mine.add(events.AGENCY)
    if _through(user, case, now, DEVELOPER_ROLES):
        mine.add(events.DEVELOPER)
    return [event.kind for event in events.EVENTS.values() if event.readers & mine]


def inside(user: User, case: "Case", now: datetime) -> bool:
    """Whether this person reads the agency's sections of a case it may see."""
    return _through(user, case, now, INSIDE)


def _through(user: User, case: "Case", now: datetime, roles: frozenset[str]) -> bool:
    """Whether an appointment in one of `roles` opens the case to this person."""
    return any(a.role in roles and stands_right(a, case) for a in user.appointments_at(now))


def actor_name(role: str, name: str, *, inside: bool) -> str:
    """The name under which an entry shows who acted: outside the agency a consulted office stands for its people."""
    return "" if role == "consultee" and not inside else name


def private_kinds() -> list[str]:
    """Kinds of entries that a developer's own pages alone show; the auditor's desk leaves them out."""
    return [event.kind for event in events.EVENTS.values() if event.private]


def reads_content(user: User, case: "Case", now: datetime) -> bool:
    """Whether this person reads content fields of the case, or sees them as *changed*."""
    if case.stage == lifecycle.WITHDRAWN:
        return _through(user, case, now, frozenset({"records_officer"}))
    own = case.marking in markings.readable_by(DEVELOPER) and _through(user, case, now, DEVELOPER_ROLES)
    return own or _through(user, case, now, AGENCY_READERS)


def reads_decisions(user: User, case: "Case", now: datetime) -> bool:
    """Whether this person reads why the security manager decided about a quarantined version: the agency's readers."""
    return inside(user, case, now) and (
        reads_content(user, case, now) or _through(user, case, now, frozenset({"security_manager"}))
    )


def reads_titles(user: User, case: "Case", now: datetime) -> bool:
    """Whether this person reads titles and file names of the documents it sees in a case it may open.

    They are content; but a developer keeps the list of its own papers after a withdrawal.
    """
    return _through(user, case, now, DEVELOPER_ROLES) or reads_content(user, case, now)
