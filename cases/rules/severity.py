"""How grave an incident is: what each word means, and who is told of it, at once and when its first report is late.

One row a severity, in order. Beside those named here everybody hears of an incident whom its event names
(`incident.reported`). The hour of the first report is the clock `incident_report`; a late one tells the agency and
changes nothing for the case.
"""

from dataclasses import dataclass
from typing import Final

from cases.rules.events import DETERMINER, EVALUATOR, LEAD, OFFICER, SECURITY, SIGNATORY


@dataclass(frozen=True)
class Severity:
    """One severity: `at_once` and `when_late` are audiences as in events.py."""

    id: str
    label: str
    means: str
    at_once: tuple[str, ...]
    when_late: tuple[str, ...]


_ALL: Final = (
    Severity("low", "Low", "Nothing left its place; it is written down to learn from it.", (), (SECURITY,)),
    Severity("moderate", "Moderate", "A safeguard or a rule of the grant was not kept, without harm known so far.",
             (SIGNATORY,), (SECURITY, LEAD)),
    Severity("high", "High", "Somebody had access who should not, or material left its place.",
             (SIGNATORY, LEAD), (SECURITY, LEAD, OFFICER)),
    Severity("critical", "Critical", "Weights, credentials or harmful capability are in the wrong hands, or are about to be.",
             (SIGNATORY, LEAD, DETERMINER, EVALUATOR), (SECURITY, LEAD, OFFICER, SIGNATORY)),
)  # fmt: skip
SEVERITIES: Final[dict[str, Severity]] = {one.id: one for one in _ALL}
RANK: Final[dict[str, int]] = {one.id: number for number, one in enumerate(_ALL)}


def choices() -> list[tuple[str, str]]:
    """Choices of a severity field."""
    return [(one.id, one.label) for one in _ALL]


def explained() -> list[tuple[str, str]]:
    """Choices as a form shows them: the word and what it means."""
    return [(one.id, f"{one.label}: {one.means}") for one in _ALL]
