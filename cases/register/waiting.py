"""One thing that waits for a person: every room answers `queries.waiting(user, now)` with these for the home."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cases.rules.markings import DEFAULT

if TYPE_CHECKING:
    from cases.register.models import Case


@dataclass(frozen=True)
class Waiting:
    """What to do, on which case, since when, until when, and the address of the very form.

    verb: the action as a button says it. case_number, tracking_number, model: how the case is known (empty where it
    has none), marking: that of the case. since: the instant from which it waits. until: when it falls due, None
    where nothing presses. detail: a few more words, never content.
    """

    verb: str
    case_number: str
    tracking_number: str
    model: str
    since: datetime
    until: datetime | None
    url: str
    detail: str = ""
    marking: str = DEFAULT

    @classmethod
    def on(
        cls,
        case: "Case",
        verb: str,
        *,
        url: str,
        since: datetime,
        until: datetime | None = None,
        detail: str = "",
    ) -> "Waiting":
        """Something that waits on `case`, whose model version and model are loaded."""
        model = str(case.model_version) if case.model_version else ""
        return cls(verb, case.number, case.tracking_number, model, since, until, url, detail, case.marking)
