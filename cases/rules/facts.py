"""Facts about the rows of a case, which guards and the next step ask: a query each, or all within that of the case.

A page that shows every move loads its case `with_facts` and then costs no query a guard. To add a fact, add its row.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.db.models.functions import JSONObject

if TYPE_CHECKING:
    from cases.register.models import Case

Condition = dict[str, Any]
IN_FORCE: Final[Condition] = {"rescinded_at__isnull": True}
AWAITED: Final[Condition] = {"required": True, "answer": ""}
EVALUATING: Final[Condition] = {"role": "evaluator", "until__isnull": True}

# name: related rows of the case, and the condition on them at an instant
FACTS: Final[dict[str, tuple[str, Callable[[datetime], Condition]]]] = {
    "open_grant": ("grants", lambda now: {"end_reason": "", "span__endswith__gt": now}),
    "signed_agreement": ("agreements", lambda now: {"state": "signed"}),
    "developer_signature": ("agreements", lambda now: {"signatures__side": "developer"}),
    "started_window": ("window_periods", lambda now: {"agreement__state": "signed", "span__startswith__lte": now}),
    "accepted_run": ("runs", lambda now: {"accepted_at__isnull": False}),
    "checked_pointer": ("high_side_pointers", lambda now: {"checked_by__isnull": False}),
    "determination": ("determinations", lambda now: IN_FORCE),
    "disclosure": ("determinations", lambda now: {**IN_FORCE, "disclosures__isnull": False}),
    "consultation": ("consultations", lambda now: {}),
    "open_consultation": ("consultations", lambda now: AWAITED),
    "offered_agreement": ("agreements", lambda now: {"state__in": ("draft", "offered")}),
    "developer_offers": ("agreements", lambda now: {"state": "offered", "signatures__side": "developer"}),
    "agency_offers": ("agreements", lambda now: {"state": "offered", "signatures__side": "agency"}),
}  # fmt: skip


def holds(case: "Case", fact: str, now: datetime) -> bool:
    """Whether the fact holds: as loaded with the case, else asked now."""
    known: bool | None = case.__dict__.get(f"fact_{fact}")
    if known is not None:
        return known
    rows, condition = FACTS[fact]
    found: bool = getattr(case, rows).filter(**condition(now)).exists()
    return found


def evaluates(case: "Case", person_id: UUID) -> bool:
    """Whether the person is assigned as an evaluator: as loaded with the case, else asked now."""
    known: list[UUID] | None = case.__dict__.get("fact_evaluators")
    if known is not None:
        return person_id in known
    return case.assignments.filter(**EVALUATING, person=person_id).exists()


def recused(case: "Case", person_id: UUID) -> bool:
    """Whether the person is recused from the case: as loaded with the case, else asked now."""
    known: list[UUID] | None = case.__dict__.get("fact_recused")
    if known is not None:
        return person_id in known
    return case.recusals.filter(until__isnull=True, person=person_id).exists()


def evaluated(case: "Case") -> bool:
    """Whether anybody is assigned as an evaluator: as loaded with the case, else asked now."""
    known: list[UUID] | None = case.__dict__.get("fact_evaluators")
    return bool(known) if known is not None else case.assignments.filter(**EVALUATING).exists()


def awaited(case: "Case") -> list[tuple[str, datetime]]:
    """Offices whose required answer is open, with the hour at which it falls due, the first due first."""
    known: list[dict[str, str]] | None = case.__dict__.get("fact_awaited")
    if known is not None:
        return [(one["office"], datetime.fromisoformat(one["due"])) for one in known]
    found = case.consultations.filter(**AWAITED).order_by("due_at", "office__short_name")
    return list(found.values_list("office__short_name", "due_at"))


def without_conflict(declarations: QuerySet[Any]) -> QuerySet[Any]:
    """Of these declarations those that are a person's newest on a case and say that there is no conflict."""
    newer = declarations.model._default_manager.filter(
        case=OuterRef("case"), person=OuterRef("person"), number__gt=OuterRef("number")
    )
    return declarations.filter(~Exists(newer), kind="none")


def declared(case: "Case", person_id: UUID) -> bool:
    """Whether the person's newest declaration is that it has no conflict: as loaded with the case, else asked now."""
    known: list[UUID] | None = case.__dict__.get("fact_declared")
    if known is not None:
        return person_id in known
    return without_conflict(case.declarations.all()).filter(person=person_id).exists()


def with_facts(cases: QuerySet[Any], now: datetime) -> QuerySet[Any]:
    """Cases with every fact loaded: for pages, which show a moment; actions lock a case and ask anew."""

    def rows_of(name: str) -> QuerySet[Any]:
        relation = cases.model._meta.get_field(name)
        return relation.related_model._default_manager.filter(**{relation.field.name: OuterRef("pk")})

    found = {f"fact_{key}": Exists(rows_of(rows).filter(**at(now))) for key, (rows, at) in FACTS.items()}
    open_rows = rows_of("consultations").filter(**AWAITED).order_by("due_at", "office__short_name")
    due = ArraySubquery(open_rows.values(one=JSONObject(office="office__short_name", due="due_at")))
    return with_people(cases.annotate(**found, fact_awaited=due), "pk")


def with_people(rows: QuerySet[Any], case_id: str) -> QuerySet[Any]:
    """Rows with who evaluates, is recused from and declared no conflict in the case to which `case_id` leads."""

    def of_case(model: str, **condition: Any) -> QuerySet[Any]:
        return apps.get_model("cases", model)._default_manager.filter(case=OuterRef(case_id), **condition)

    found = {
        "fact_evaluators": of_case("Assignment", **EVALUATING),
        "fact_recused": of_case("Recusal", until__isnull=True),
        "fact_declared": without_conflict(of_case("Declaration")),
    }
    return rows.annotate(**{name: ArraySubquery(people.values("person")) for name, people in found.items()})


def hand_on(row: Model, case: "Case") -> None:
    """Give the case of a row what was loaded with the row."""
    for name in ("fact_evaluators", "fact_recused", "fact_declared"):
        case.__dict__[name] = row.__dict__[name]
