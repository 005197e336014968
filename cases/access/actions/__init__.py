"""What people do about access, by noun: agreements, partners, grants. `ending` is what every end has in common."""

from cases.access.actions.agreements import draft_agreement, sign_agreement
from cases.access.actions.grants import (
    accept_terms,
    close_out,
    end_grant,
    issue_grant,
    resume_grant,
    suspend_grant,
)
from cases.access.actions.partners import concur, nominate, retract

__all__ = [
    "accept_terms",
    "close_out",
    "concur",
    "draft_agreement",
    "end_grant",
    "issue_grant",
    "nominate",
    "resume_grant",
    "retract",
    "sign_agreement",
    "suspend_grant",
]
