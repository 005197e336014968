"""What people do about access, by noun: agreements, partners, grants. `ending` is what every end has in common."""

from cases.access.actions.agreements import draft_agreement, sign_agreement
from cases.access.actions.credentials import (
    remove_secret,
    reseal_secrets,
    reveal_credential,
    store_credential,
    withdraw_credential,
)
from cases.access.actions.grants import (
    Limits,
    end_grant,
    end_person,
    issue_grant,
    name_person,
    resume_grant,
    suspend_grant,
)
from cases.access.actions.holding import accept_terms, close_out
from cases.access.actions.partners import concur, nominate, retract
from cases.access.actions.terms import attest_safeguard

__all__ = [
    "Limits",
    "accept_terms",
    "attest_safeguard",
    "close_out",
    "concur",
    "draft_agreement",
    "end_grant",
    "end_person",
    "issue_grant",
    "name_person",
    "nominate",
    "remove_secret",
    "reseal_secrets",
    "resume_grant",
    "retract",
    "reveal_credential",
    "sign_agreement",
    "store_credential",
    "suspend_grant",
    "withdraw_credential",
]
