"""One thing that waits for a person: every room answers `queries.waiting(user, now)` with these for the home."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Waiting:
    """What to do, on which case, since when, until when, and the address of the very form.

    verb: the action as a button says it. case_number, tracking_number, model: how the case is known (empty where it
    has none). since: the instant from which it waits. until: when it falls due, None where nothing presses. detail:
    a few more words, never content.
    """

    verb: str
    case_number: str
    tracking_number: str
    model: str
    since: datetime
    until: datetime | None
    url: str
    detail: str = ""
