"""Markings: banners in order, the installation's ceiling, and the highest of several.

To add a marking, add one row; the order of the table is the order of protection.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Marking:
    """One banner: `rank` grows with protection, `level` is its style, `readers` the kinds of organisation it opens to.

    portion: its mark on a paragraph. alone: whether its word alone on a line is a banner; businesses write
    CONFIDENTIAL above their own papers.
    """

    id: str
    banner: str
    rank: int
    level: str
    readers: frozenset[str] = frozenset({"developer", "agency", "partner", "oversight"})
    portion: str = ""
    alone: bool = True

    @property
    def word(self) -> str:
        """The banner without its controls."""
        return self.banner.split("//")[0]


_ALL: Final = (
    Marking("U", "UNCLASSIFIED", 0, "unclassified"),
    Marking("PROPIN", "CUI//PROPIN", 10, "cui"),
    Marking("CUI", "CUI", 20, "cui"),
    Marking("CUI_FEDONLY", "CUI//FED ONLY", 30, "cui", frozenset({"agency", "oversight"})),
    Marking("C", "CONFIDENTIAL", 100, "confidential", portion="C", alone=False),
    Marking("S", "SECRET", 200, "secret", portion="S"),
    Marking("TS", "TOP SECRET", 300, "topsecret", portion="TS"),
)
LEVELS: Final = ("unclassified", "cui", "confidential", "secret", "topsecret")  # what a ceiling is about
MARKINGS: Final[dict[str, Marking]] = {marking.id: marking for marking in _ALL}
DEFAULT: Final = "U"


def highest(ids: Iterable[str]) -> Marking:
    """The highest of the named markings; unclassified when there is none."""
    return max((MARKINGS[id] for id in ids), key=lambda m: m.rank, default=MARKINGS[DEFAULT])


def _fits(marking: Marking, ceiling: str) -> bool:
    """A ceiling is a level; who may read within the level is dissemination, which every level may carry."""
    return LEVELS.index(marking.level) <= LEVELS.index(MARKINGS[ceiling].level)


def above_ceiling(id: str, ceiling: str) -> str | None:
    """A sentence when `id` may not be stored here, else None."""
    if _fits(MARKINGS[id], ceiling):
        return None
    return (
        f"This installation keeps nothing above {MARKINGS[ceiling].banner}. "
        "Keep the material where it may be kept and record a high-side pointer instead."
    )


def above(ceiling: str) -> list[Marking]:
    """The markings that an installation of that ceiling may not keep."""
    return [marking for marking in _ALL if not _fits(marking, ceiling)]


def readable_by(organisation_kind: str) -> list[str]:
    """Ids of the markings whose dissemination takes in that kind of organisation."""
    return [marking.id for marking in _ALL if organisation_kind in marking.readers]


def choices() -> list[tuple[str, str]]:
    """Choices of every marking field."""
    return [(marking.id, marking.banner) for marking in _ALL]


def storable(ceiling: str) -> list[tuple[str, str]]:
    """Choices a person may set on this installation."""
    return [(m.id, m.banner) for m in _ALL if _fits(m, ceiling)]
