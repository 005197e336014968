"""Banner words above the installation's ceiling. Only that they were seen is told, never which or where.

Looked for in bytes, so that a large file costs little: banner lines with their controls, a banner word alone on its
line, portion marks, and the line of a classification authority.
"""

import re
from functools import cache
from typing import Final

from cases.rules import markings

CARRIED: Final = 256  # bytes kept from one piece to the next, longer than any banner that is looked for


@cache
def _pattern(ceiling: str) -> re.Pattern[bytes] | None:
    """What is looked for on an installation of that ceiling; None where nothing stands above it."""
    above = markings.above(ceiling)
    if not above:
        return None
    words = "|".join(sorted({re.escape(one.word) for one in above}, key=len, reverse=True))
    alone = "|".join(sorted({re.escape(one.word) for one in above if one.alone}, key=len, reverse=True))
    portions = "|".join(sorted({one.portion for one in above if one.portion}))
    found = [rf"(?<![A-Z/])(?:{words})\s?//\s?[A-Z]", rf"\((?:{portions})//[A-Z]", r"\(TS\)"]
    if alone:
        found.append(rf"(?m:^[\s*_#>|=-]{{0,40}}(?:{alone})[\s*_#|=-]{{0,40}}$)")
    found.append(r"(?i:\bdeclassify on\s?:)")
    return re.compile("|".join(found).encode())


class Watch:
    """Looks through text piece by piece. `sees` answers for what was fed so far."""

    def __init__(self, ceiling: str) -> None:
        self._pattern = _pattern(ceiling)
        self._carried = b""

    def sees(self, piece: bytes, *, last: bool = False) -> bool:
        """Whether a banner stands in this piece, or across its beginning. A line that is not over is kept for later."""
        if self._pattern is None:
            return False
        text = (self._carried + piece).replace(b"\r", b"\n").replace(b"\\/", b"/")
        cut = len(text) if last else max(text.rfind(b"\n") + 1, len(text) - CARRIED)
        self._carried = text[cut:]
        return self._pattern.search(text[:cut] if last or cut else b"") is not None
