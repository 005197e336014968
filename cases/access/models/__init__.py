"""Access: the agreement and its signatures, the window, nominated partners, and grants as object permissions."""

from cases.access.models.agreements import SIDES, Agreement, AgreementQuerySet, Signature, WindowPeriod
from cases.access.models.credentials import CredentialReveal, EndpointCredential
from cases.access.models.grants import (
    LIMITS,
    TERM,
    Grant,
    GrantQuerySet,
    GrantUserPermission,
    Suspension,
    close_out_choices,
    end_reason_choices,
    mode_choices,
)
from cases.access.models.holding import Certificate, TermsAcceptance
from cases.access.models.partners import Concurrence, Nomination, NominationQuerySet
from cases.access.models.receipts import WithdrawalReceipt
from cases.access.models.terms import Attestation, ListedPerson

__all__ = [
    "LIMITS",
    "SIDES",
    "TERM",
    "Agreement",
    "AgreementQuerySet",
    "Attestation",
    "Certificate",
    "Concurrence",
    "CredentialReveal",
    "EndpointCredential",
    "Grant",
    "GrantQuerySet",
    "GrantUserPermission",
    "ListedPerson",
    "Nomination",
    "NominationQuerySet",
    "Signature",
    "Suspension",
    "TermsAcceptance",
    "WindowPeriod",
    "WithdrawalReceipt",
    "close_out_choices",
    "end_reason_choices",
    "mode_choices",
]
