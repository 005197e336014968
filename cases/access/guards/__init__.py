"""When an agreement is signed, a partner concurred on, a grant changed: each guard answers a refusal or None.

Actions raise what a guard answers; pages show the same sentence beside a button that is off. Guards read, never write.
The permission is asked first, so that a person who may not at all hears that and nothing else.
"""

from cases.access.guards.agreements import (
    amended_span,
    draft_permission,
    draft_refusal,
    sign_refusal,
    terms_of,
    terms_refusal,
)
from cases.access.guards.basis import (
    GRANTING,
    NOMINATING,
    Stated,
    in_force,
    release_of,
    spans_of,
    stated_dates,
)
from cases.access.guards.credentials import (
    open_credential,
    reveal_refusal,
    store_refusal,
    withdraw_refusal,
)
from cases.access.guards.grants import (
    end_refusal,
    issuable_refusal,
    issue_refusal,
    people_refusal,
    resume_refusal,
    suspend_refusal,
)
from cases.access.guards.holding import accept_refusal, certifier, close_out_refusal, holding
from cases.access.guards.partners import (
    concur_refusal,
    nominate_refusal,
    offer_state,
    partner_refusal,
    retract_refusal,
)
from cases.access.guards.terms import attest_refusal, attested, evidence, listed_refusal, unattested

__all__ = [
    "GRANTING",
    "NOMINATING",
    "Stated",
    "accept_refusal",
    "amended_span",
    "attest_refusal",
    "attested",
    "certifier",
    "close_out_refusal",
    "concur_refusal",
    "draft_permission",
    "draft_refusal",
    "end_refusal",
    "evidence",
    "holding",
    "in_force",
    "issuable_refusal",
    "issue_refusal",
    "listed_refusal",
    "nominate_refusal",
    "offer_state",
    "open_credential",
    "partner_refusal",
    "people_refusal",
    "release_of",
    "resume_refusal",
    "retract_refusal",
    "reveal_refusal",
    "sign_refusal",
    "spans_of",
    "stated_dates",
    "store_refusal",
    "suspend_refusal",
    "terms_of",
    "terms_refusal",
    "unattested",
    "withdraw_refusal",
]
