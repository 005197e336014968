"""The terms of a partner's grant, word for word: what its representative reads is what is accepted and frozen."""

from django.template.loader import render_to_string

from cases.access.models import Grant
from cases.access.text import safeguard_labels
from cases.rules import clock, window
from cases.rules.quotation import VOLUNTARY


def lines_of(text: str) -> list[str]:
    """The lines of a field that holds one thing a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def safeguards_of(grant: Grant) -> list[str]:
    """The safeguards in force under the grant: those of the signed agreement that were chosen, then its own."""
    labels = safeguard_labels(grant.case)
    return [*(labels.get(id, id) for id in grant.safeguards), *lines_of(grant.own_safeguards)]


def grant_terms(grant: Grant) -> str:
    """The terms as text with `\n` line ends. The same grant gives the same text."""
    case = grant.case
    said = {
        "grant": grant,
        "case": case,
        "starts_at": window.instant(grant.span.lower),
        "ends_at": window.instant(grant.span.upper),
        "allowed": lines_of(grant.tasks_allowed),
        "forbidden": lines_of(grant.tasks_forbidden),
        "safeguards": safeguards_of(grant),
        "certificate_days": case.policy_version.clocks.get("close_out", clock.CLOCKS["close_out"].amount),
        "voluntary": VOLUNTARY,
    }
    text = render_to_string("cases/access/grant_terms.txt", said)
    return "\n".join(line.rstrip() for line in text.splitlines()).strip() + "\n"
