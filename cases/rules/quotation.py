"""Sentences that stand word for word in many places.

`NO_REQUIREMENT` says what the order says; the language test allows its words here and nowhere else.
"""

from typing import Final

# The sense of Executive Order 14409 of 2 June 2026, § 3(c), 91 FR 34565; not a quotation (decision 6)
NO_REQUIREMENT: Final = (
    "nothing in it authorizes a mandatory licensing, preclearance, or permitting requirement"
)

# Domain rule 2: on every case page, notice and export that a developer can see
VOLUNTARY: Final = "Participation is voluntary, and nothing here is needed to release a model."
