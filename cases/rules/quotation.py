"""The one sentence of the order that is quoted verbatim. The language test allows its words here and nowhere else."""

from typing import Final

# Executive Order 14409 of 2 June 2026, § 3(c), 91 FR 34565
NO_REQUIREMENT: Final = (
    "nothing in this section shall be construed to authorize the creation of a mandatory governmental licensing, "
    "preclearance, or permitting requirement"
)
