"""Access: the agreement and its signatures, the window, nominated partners, and grants as object permissions."""

from cases.access.models.agreements import SIDES, Agreement, AgreementQuerySet, Signature, WindowPeriod
from cases.access.models.grants import (
    Grant,
    GrantQuerySet,
    GrantUserPermission,
    Suspension,
    close_out_choices,
    end_reason_choices,
    mode_choices,
)
from cases.access.models.partners import Concurrence, Nomination, NominationQuerySet

__all__ = [
    "SIDES",
    "Agreement",
    "AgreementQuerySet",
    "Concurrence",
    "Grant",
    "GrantQuerySet",
    "GrantUserPermission",
    "Nomination",
    "NominationQuerySet",
    "Signature",
    "Suspension",
    "WindowPeriod",
    "close_out_choices",
    "end_reason_choices",
    "mode_choices",
]
