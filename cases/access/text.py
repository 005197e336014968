"""The exact text of an agreement, and its digest: what the signatories read is what they sign."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.template.loader import render_to_string

from cases.register.models import Case
from cases.rules import window
from cases.rules.quotation import NO_REQUIREMENT, VOLUNTARY


@dataclass(frozen=True)
class Terms:
    """What an agreement version says, apart from its case. `safeguards` are ids of the policy's catalogue."""

    anchor_kind: str
    anchor_at: datetime
    opens_at: datetime
    closes_at: datetime
    scope: str
    safeguards: tuple[str, ...]
    people: tuple[str, ...]

    @property
    def span(self) -> window.Span:
        """The window it would set."""
        return window.Span(self.opens_at, self.closes_at)


def agreement_text(case: Case, number: int, terms: Terms, amends: int | None = None) -> str:
    """The text of version `number`, with `\\n` line ends. The same terms give the same text.

    amends: the number of the version in force, where this one is an amendment of it.
    """
    labels = safeguard_labels(case)
    assert case.model_version is not None
    said = {
        "number": number,
        "amends": amends,
        "case": case,
        "variant": case.model_version.get_variant_display(),
        "anchor": window.ANCHORS[terms.anchor_kind],
        "anchor_at": window.instant(terms.anchor_at),
        "opens_at": window.instant(terms.opens_at),
        "closes_at": window.instant(terms.closes_at),
        "length": window.words(terms.span.length),
        "scope": terms.scope,
        "safeguards": [labels[id] for id in terms.safeguards],
        "people": terms.people,
        "quotation": NO_REQUIREMENT,
        "voluntary": VOLUNTARY,
    }
    text = render_to_string("cases/access/agreement.txt", said)
    return "\n".join(line.rstrip() for line in text.splitlines()).strip() + "\n"


def text_digest(text: str) -> str:
    """SHA-256 of the text's UTF-8 bytes, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def safeguard_labels(case: Case) -> dict[str, str]:
    """The safeguards of the case's policy version: id to label, in the catalogue's order."""
    return {row["id"]: row["label"] for row in case.policy_version.safeguards}
