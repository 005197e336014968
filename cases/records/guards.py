"""When records are kept, requested and decided on: each guard answers a refusal or None.

Actions raise what a guard answers; pages show the same sentence beside a button that is off. The permission is asked
first. None of them asks the stage of a case: records outlive it.
"""

from datetime import datetime
from typing import Final

from accounts.models import User
from cases.documents.models import Document
from cases.records.models import FoiaRequest, LegalHold
from cases.register.models import Case
from cases.rules import policy, window
from portal.kit.refusal import Refused, conflict

HOLD: Final = "records.hold"
RETAIN: Final = "records.retention"
TRACK: Final = "foia.track"
ANSWER: Final = "foia.answer"
STALE: Final = (
    "Someone changed this request while you had the page open. Look at what changed, then try again."
)
DISPOSAL_OFF: Final = (
    "Disposal is off on this installation: a retention class states a duty and starts nothing."
)
RELEASING: Final = frozenset({"released", "withheld_in_part"})
WITHHOLDING: Final = frozenset({"withheld", "withheld_in_part"})


def under_legal_hold(case: Case, document: Document | None = None) -> bool:
    """Whether a legal hold is on the case as a whole or, where one is given, on the document."""
    open_ = LegalHold.objects.filter(case=case, lifted_at__isnull=True)
    whole = open_.filter(document__isnull=True)
    return whole.exists() or (document is not None and open_.filter(document=document).exists())


def disposal_sentence(held: bool) -> str:
    """What stands against destroying records: disposal is off, and a legal hold would refuse it besides."""
    return f"Under legal hold: no record of it may be destroyed. {DISPOSAL_OFF}" if held else DISPOSAL_OFF


def place_refusal(user: User, case: Case, now: datetime) -> Refused | None:
    """Why `user` may not place a legal hold."""
    return policy.refused(user, HOLD, case, now=now)


def lift_refusal(user: User, hold: LegalHold, now: datetime) -> Refused | None:
    """Why `user` may not lift this legal hold."""
    refused = policy.refused(user, HOLD, hold.case, now=now)
    if refused is None and hold.lifted_at is not None:
        return conflict("This legal hold is lifted already.")
    return refused


def retention_refusal(user: User, case: Case, now: datetime) -> Refused | None:
    """Why `user` may not set retention classes."""
    return policy.refused(user, RETAIN, case, now=now)


def class_refusal(case: Case, document: Document | None, retention_class: str) -> Refused | None:
    """What is under legal hold is not made temporary."""
    if retention_class == "temporary" and under_legal_hold(case, document):
        return conflict("A legal hold is on it, so it is not made temporary. Lift the legal hold first.")
    return None


# -- FOIA -------------------------------------------------------------------------------------------------------------


def record_refusal(user: User, case: Case, now: datetime) -> Refused | None:
    """Why `user` may not record a request."""
    return policy.refused(user, TRACK, case, now=now)


def submitted_in(request: FoiaRequest) -> bool:
    """Whether something of the developer's own is in the scope of the request."""
    return request.scope.filter(document__owner=request.case.developer_id).exists()


def notice_refusal(user: User, request: FoiaRequest, now: datetime) -> Refused | None:
    """Why `user` may not send the submitter notice now."""
    refused = policy.refused(user, TRACK, request.case, now=now) or _decided(request)
    if refused is not None:
        return refused
    if request.notice_at is not None:
        return conflict(f"The notice was sent {window.instant(request.notice_at)}.")
    if request.case.origin == "government" and request.case.disclosed_at is None:
        return conflict("The developer does not know of this case, so it has submitted nothing to it.")
    if not submitted_in(request):
        return conflict("Nothing in the scope was submitted by the developer, so there is no one to notify.")
    return None


def _decided(request: FoiaRequest) -> Refused | None:
    return None if request.is_open else conflict("The decision on this request is recorded already.")


def answer_refusal(user: User, request: FoiaRequest, now: datetime) -> Refused | None:
    """Why `user` may not answer the submitter notice now. After its hour one is still taken until the decision."""
    refused = policy.refused(user, ANSWER, request.case, now=now) or _decided(request)
    if refused is None and request.notice_at is None:
        return conflict("No notice of this request was sent.")
    if refused is None and request.answer == "objects":
        return conflict("Your objection is recorded already. Add to it by a document of the case.")
    return refused


def decide_refusal(user: User, request: FoiaRequest, now: datetime) -> Refused | None:
    """Why `user` may not record the decision now."""
    return policy.refused(user, TRACK, request.case, now=now) or _decided(request)


def outcome_refusal(request: FoiaRequest, outcome: str, basis: str, now: datetime) -> Refused | None:
    """Nothing a developer submitted is released before it was heard; what is withheld names its basis."""
    if outcome in WITHHOLDING and not basis:
        return Refused("Say on what basis it is withheld.")
    if outcome not in RELEASING or not submitted_in(request):
        return None
    if request.notice_at is None:
        return conflict("The developer submitted some of it. Send the submitter notice first.")
    assert request.answer_due_at is not None
    if not request.answer and now < request.answer_due_at:
        return conflict(
            f"The developer may object until {window.instant(request.answer_due_at)}. "
            "Decide after that, or after its answer."
        )
    return None


def objection_refusal(answer: str, objection: str) -> Refused | None:
    """Why this is no answer to a notice: an objection says why."""
    if answer not in ("objects", "none"):
        return Refused("Choose whether you object.")
    if answer == "objects" and not objection:
        return Refused("Say why it should not be released.")
    return None
