"""History and fields: which entries, and which contents, a person reads."""

from datetime import datetime
from typing import TYPE_CHECKING

from accounts.models import User
from accounts.roles import AGENCY, DEVELOPER, OVERSIGHT
from cases.rules import events, lifecycle, markings

if TYPE_CHECKING:
    from cases.register.models import Case
from cases.rules.visibility.basis import AGENCY_READERS, DEVELOPER_ROLES, agency_side, has_role, organisations


def entry_kinds(user: User, now: datetime) -> list[str] | None:
    """Kinds of audit entries this person may read in the history of a case it may see; None means every kind."""
    if has_role(user, now, OVERSIGHT, frozenset({"auditor"})):
        return None
    mine: set[str] = set()
    if agency_side(user, now):
        mine.add(events.AGENCY)
    if organisations(user, now, DEVELOPER, DEVELOPER_ROLES):
        mine.add(events.DEVELOPER)
    return [event.kind for event in events.EVENTS.values() if event.readers & mine]


def actor_name(role: str, name: str, *, inside: bool) -> str:
    """The name under which an entry shows who acted: outside the agency a consulted office stands for its people."""
    return "" if role == "consultee" and not inside else name


def reads_content(user: User, case: "Case", now: datetime) -> bool:
    """Whether this person reads content fields of the case, or sees them as *changed*."""
    if case.stage == lifecycle.WITHDRAWN:
        return has_role(user, now, AGENCY, frozenset({"records_officer"}))
    if has_role(user, now, AGENCY, AGENCY_READERS):
        return case.submitted_at is not None
    own = case.developer_id in organisations(user, now, DEVELOPER, DEVELOPER_ROLES)
    return own and case.marking in markings.readable_by(DEVELOPER)


def reads_titles(user: User, case: "Case", now: datetime) -> bool:
    """Whether this person reads titles and file names of the documents it sees in a case it may open.

    They are content; but a developer keeps the list of its own papers after a withdrawal.
    """
    own = case.developer_id in organisations(user, now, DEVELOPER, DEVELOPER_ROLES)
    return own or reads_content(user, case, now)
