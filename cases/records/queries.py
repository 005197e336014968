"""What pages ask about records: the section of a case, its records page, one request, the records officer's desk."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.urls import reverse

from accounts.models import User
from cases.documents.models import Document
from cases.records import guards
from cases.records.models import FoiaRequest, LegalHold
from cases.records.waiting import waiting
from cases.register.models import Case, retention_choices
from cases.rules import lifecycle, policy, visibility
from portal.kit.refusal import Refused

__all__ = ["desk", "page", "request_page", "section", "waiting", "with_records"]

SHOWN: Final = 100
INSTANTS: Final = ("received_at", "notice_at", "answer_due_at", "decided_at")


# -- the section of a case --------------------------------------------------------------------------------------------


def with_records(cases: QuerySet[Any], user: User, now: datetime) -> QuerySet[Any]:
    """Cases with what this person's section of records shows, within the query of the case."""
    requests = FoiaRequest.objects.visible_to(user, now).filter(case=OuterRef("pk"))
    facts = JSONObject(**{name: name for name in ("id", "number", "answer", "outcome", *INSTANTS)})
    open_ = LegalHold.objects.visible_to(user, now).filter(case=OuterRef("pk"), lifted_at__isnull=True)
    return cases.annotate(
        seen_requests=ArraySubquery(requests.order_by("received_at", "pk").values(facts=facts)),
        seen_legal_holds=ArraySubquery(open_.values("pk")),
    )


def section(case: Case, user: User, now: datetime) -> dict[str, Any] | None:
    """The records of a case from `with_records`: for the agency always, for the developer what it had notice of."""
    inside = visibility.inside(user, case, now)
    rows = [_shown(facts, now) for facts in case.seen_requests or []]  # type: ignore[attr-defined]
    if not inside and not rows:
        return None
    return {
        "case": case,
        "inside": inside,
        "requests": rows,
        "count": len(rows),
        "legal_holds": len(case.seen_legal_holds or []),  # type: ignore[attr-defined]
    }


def _shown(facts: dict[str, Any], now: datetime) -> dict[str, Any]:
    row = FoiaRequest(**{
        name: datetime.fromisoformat(value) if name in INSTANTS and value else value for name, value in facts.items()
    })  # fmt: skip
    return {"row": row, "state": row.state_at(now)}


# -- the records page of a case ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paper:
    """A document as the records page lists it."""

    row: Document
    retention: str
    under_legal_hold: bool


def page(case: Case, user: User, now: datetime) -> dict[str, Any]:
    """What the records page of a case shows to the agency and the auditor."""
    holds = list(
        LegalHold.objects.visible_to(user, now)
        .filter(case=case)
        .select_related("document", "placed_by", "lifted_by")
        .order_by("-placed_at", "pk")
    )
    open_ = {hold.document_id for hold in holds if hold.lifted_at is None}
    papers = list(Document.objects.visible_to(user, now).filter(case=case).order_by("created_at", "pk"))
    seen = {one.pk for one in papers}
    for hold in holds:
        hold.shows_document = hold.document_id in seen  # type: ignore[attr-defined]
    words = dict(retention_choices())
    requests = FoiaRequest.objects.visible_to(user, now).filter(case=case).order_by("received_at", "pk")
    return {
        "retention": words[case.retention_class],
        "under_legal_hold": None in open_,
        "disposal": guards.disposal_sentence(bool(open_)),
        "legal_holds": holds,
        "papers": [
            Paper(one, words[one.retention_class], None in open_ or one.pk in open_) for one in papers
        ],
        "titled": visibility.reads_titles(user, case, now),
        "requests": [{"row": one, "state": one.state_at(now)} for one in requests],
        "reads": visibility.reads_records(user, case, now),
        "may_keep": policy.standing(user, guards.HOLD, case, now) is not None,
    }


# -- one request ------------------------------------------------------------------------------------------------------

Guard = Callable[[User, FoiaRequest, datetime], Refused | None]
STEPS: Final[tuple[tuple[str, str, str, Guard, str], ...]] = (
    ("Answer the notice", "cases:foia_answer", guards.ANSWER, guards.answer_refusal, "primary"),
    ("Send the submitter notice", "cases:foia_notice", guards.TRACK, guards.notice_refusal, "primary"),
    ("Record the decision", "cases:foia_decide", guards.TRACK, guards.decide_refusal, "secondary"),
)


def request_page(request: FoiaRequest, user: User, now: datetime) -> dict[str, Any]:
    """What the page of a request shows: to the developer its own documents, to the agency the whole scope."""
    case = request.case
    inside = visibility.inside(user, case, now)
    papers = Document.objects.visible_to(user, now).filter(foia_scopes__request=request)
    if not inside:
        papers = papers.filter(owner=case.developer_id)
    return {
        "request_": request,
        "state": request.state_at(now),
        "inside": inside,
        "reads": visibility.reads_records(user, case, now),
        "titled": visibility.reads_titles(user, case, now),
        "papers": list(papers.select_related("owner").order_by("created_at", "pk")),
        "steps": [
            {"label": label, "url": reverse(name, args=[request.pk]), "kind": kind}
            for label, name, permission, guard, kind in STEPS
            if policy.standing(user, permission, case, now) is not None and guard(user, request, now) is None
        ],
    }


# -- the desk ---------------------------------------------------------------------------------------------------------


def desk(user: User, now: datetime) -> dict[str, Any]:
    """What the records officer looks after: legal holds, open requests, documents of withdrawn cases."""
    holds = LegalHold.objects.visible_to(user, now).filter(lifted_at__isnull=True)
    requests = FoiaRequest.objects.visible_to(user, now).filter(decided_at__isnull=True)
    withdrawn = Case.objects.visible_to(user, now).filter(stage=lifecycle.WITHDRAWN)
    papers = Document.objects.visible_to(user, now).filter(case__in=withdrawn)
    wide = papers.select_related("case__model_version__model", "owner")
    return {
        "legal_holds": list(
            holds.select_related("case__model_version__model", "document").order_by("placed_at", "pk")[:SHOWN]
        ),
        "requests": [
            {"row": one, "state": one.state_at(now)}
            for one in requests.select_related("case__model_version__model").order_by("received_at", "pk")[
                :SHOWN
            ]
        ],
        "papers": list(wide.order_by("-case__ended_at", "created_at", "pk")[:SHOWN]),
        "disposal": guards.DISPOSAL_OFF,
    }
