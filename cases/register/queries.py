"""What pages ask about a case as a whole: its stages, next step, moves, people, and what waits for a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import BooleanField, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.urls import reverse

from accounts.models import Appointment, User
from accounts.roles import AGENCY, ROLES
from cases.register import declarations
from cases.register.models import (
    Assignment,
    Case,
    CaseQuerySet,
    Declaration,
    Note,
    Recusal,
    ReleaseMilestone,
)
from cases.register.waiting import Waiting
from cases.rules import lifecycle, policy, visibility
from cases.rules.events import EVENTS
from cases.rules.facts import declared, without_conflict

ROW: Final = tuple(stage for stage in lifecycle.STAGES if stage != lifecycle.WITHDRAWN)
# Moves that bring a case on its way: the only ones that are ever the page's one primary action.
ONWARD: Final = ("submit", "acknowledge", "begin_access", "documents_only", "benchmark", "label", "close")
WAITING_SHOWN: Final = 50
NO: Final = Value(False, output_field=BooleanField())
DECLARING: Final = frozenset(
    {"evaluator", "consultee", "determining_official"}
)  # asked to declare on their homes
NOTES_SHOWN: Final = 3  # on the case page; the rest stands on a page of their own


class Offer(NamedTuple):
    """One move as the head of a case page offers it; `off` says why it is not possible now."""

    move: lifecycle.Move
    url: str
    off: str | None
    primary: bool


# -- the head of the case page --------------------------------------------------------------------------------------


def with_stage_left(cases: CaseQuerySet) -> CaseQuerySet:
    """Cases with the last stage before their end as `stage_left`, for `stages`."""
    before = (
        Case.history.filter(id=OuterRef("pk")).exclude(stage__in=lifecycle.TERMINAL).order_by("-history_id")
    )
    return cases.annotate(stage_left=Subquery(before.values("stage")[:1]))


def stages(case: Case) -> list[tuple[str, str, str]]:
    """The stage bar: (id, label, state), state being done, now, later or ended. Asks the database nothing.

    Of a case that ended early the stages it had reached are done (`with_stage_left`; else as its instants tell).
    """
    if case.stage not in lifecycle.TERMINAL:
        at = ROW.index(case.stage)
        return [
            (id, lifecycle.STAGES[id], "done" if n < at else "now" if n == at else "later")
            for n, id in enumerate(ROW)
        ]
    left = getattr(case, "stage_left", None) or _reached(case)
    done = [(id, lifecycle.STAGES[id], "done") for id in ROW[: ROW.index(left) + 1]]
    return [*done, (case.stage, lifecycle.STAGES[case.stage], "ended")]


def _reached(case: Case) -> str:
    if case.closed_reason == "completed":
        return lifecycle.LABELING
    if case.acknowledged_at is not None:
        return lifecycle.SCOPING
    return lifecycle.RECEIVED if case.submitted_at is not None else lifecycle.DRAFT


def moves_for(case: Case, user: User, now: datetime) -> list[Offer]:
    """The moves out of the case's stage that this person's roles carry; the first onward one that is open is primary.

    The case must come from `visible_to`. A move whose turn it is not yet stands there with the sentence why.
    """
    offers: list[Offer] = []
    said: dict[lifecycle.Guard, str | None] = {}
    for move in lifecycle.moves_from(case.stage):
        if policy.standing(user, move.permission, case, now) is None:
            continue
        off = None if move.name == "begin_access" else _first_said(move.guards, case, now, said)
        primary = off is None and move.name in ONWARD and not any(offer.primary for offer in offers)
        offers.append(Offer(move, _move_url(case, move), off, primary))
    return offers


def _first_said(
    guards: Sequence[lifecycle.Guard], case: Case, now: datetime, said: dict[lifecycle.Guard, str | None]
) -> str | None:
    """The first guard's sentence; moves share guards, so each is asked once a page."""
    for guard in guards:
        if guard not in said:
            said[guard] = guard(case, now)
        if said[guard] is not None:
            return said[guard]
    return None


def edit_url(case: Case, user: User, now: datetime) -> str:
    """Where the draft is changed, for who may; else empty. The case must come from `visible_to`."""
    if case.stage != lifecycle.DRAFT or policy.standing(user, "case.edit_draft", case, now) is None:
        return ""
    return reverse("cases:case_edit", args=[case.pk])


def _move_url(case: Case, move: lifecycle.Move) -> str:
    """Where the move is made. Access begins by signing, under the case's own section."""
    if move.name == "begin_access":
        return f"{case.get_absolute_url()}#access"
    return reverse("cases:move", args=[case.pk, move.name])


# -- people, notes, release dates -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """Somebody on the case: `what` is assigned, developer or recused."""

    what: str
    pk: str
    name: str
    role: str
    since: datetime
    declared: bool  # of somebody assigned: that it has no conflict of interest

    @property
    def title(self) -> str:
        """The role's name on screen."""
        return ROLES[self.role].title if self.role in ROLES else ""


def people(case: Case, now: datetime) -> list[Person]:
    """Who is assigned, who can act for the developer, who is recused: one query."""

    def rows(found: QuerySet[Any], what: str, role: Any, since: str, declared: Any = NO) -> QuerySet[Any]:
        word = Value(what, output_field=CharField())
        return (
            found.order_by()
            .annotate(what=word, on=role, at=F(since), declared=declared)
            .values_list("what", "pk", "person__name", "on", "at", "declared")
        )

    quiet = without_conflict(Declaration.objects.all()).filter(case=case, person=OuterRef("person"))
    assigned = Assignment.objects.filter(case=case, until__isnull=True)
    developer = (
        Appointment.objects.live(now)
        .in_role(*visibility.DEVELOPER_ROLES)
        .filter(organisation=case.developer_id)
    )
    recused = Recusal.objects.filter(case=case, until__isnull=True)
    nothing = Value("", output_field=CharField())
    found = rows(assigned, "assigned", F("role"), "since", Exists(quiet)).union(
        rows(developer, "developer", F("role"), "span__startswith"),
        rows(recused, "recused", nothing, "since"),
        all=True,
    )
    return sorted((Person(*row) for row in found), key=lambda p: (p.what, p.role, p.name))


def section(case: Case, user: User, now: datetime) -> dict[str, Any]:
    """People, release dates and, for the agency, notes. At most three queries.

    Assignments and recusals are the agency's and the auditor's to see; notes open to who may read them.
    """
    inside = visibility.inside(user, case, now)
    found = people(case, now)
    reads_notes = policy.standing(user, "note.read", case, now) is not None
    return {
        "case": case,
        "inside": inside,
        "assigned": [p for p in found if p.what == "assigned"] if inside else [],
        "recused": [p for p in found if p.what == "recused"] if inside else [],
        "developer": [p for p in found if p.what == "developer"],
        "may_assign": policy.standing(user, "case.assign", case, now) is not None,
        "may_recuse": policy.standing(user, "case.recuse", case, now) is not None,
        "may_declare": policy.standing(user, "conflict.declare", case, now) is not None,
        "declared": declared(case, user.pk) if inside else False,
        "reads_declarations": policy.standing(user, "conflict.read", case, now) is not None,
        "may_state": policy.standing(user, "release.state", case, now) is not None,
        "reads_notes": reads_notes,
        "notes": notes(case, NOTES_SHOWN) if reads_notes else [],
        "releases": releases(case),
        "count": len([p for p in found if inside or p.what == "developer"]),
    }


def notes(case: Case, most: int | None = None) -> list[Note]:
    """The agency's notes, newest first, `most` of them."""
    return list(Note.objects.filter(case=case).select_related("author").order_by("-at", "-pk")[:most])


def releases(case: Case) -> list[ReleaseMilestone]:
    """Every release date that was stated for the model version, newest statement first."""
    if case.model_version_id is None:
        return []
    stated = ReleaseMilestone.objects.filter(model_version=case.model_version_id)
    return list(stated.select_related("stated_by").order_by("-stated_at", "-pk"))


def assignable(case: Case, now: datetime, roles: Sequence[str]) -> list[Appointment]:
    """Live appointments of the agency in `roles`, by role and name."""
    live = Appointment.objects.live(now).in_role(*roles).filter(organisation__kind=AGENCY)
    recused = Recusal.objects.filter(case=case, until__isnull=True).values("person")
    return list(
        live.exclude(person__in=recused)
        .select_related("person", "organisation")
        .order_by("role", "person__name")
    )


@dataclass(frozen=True)
class Submission:
    """What goes with a submission."""

    release_at: datetime | None
    titles: list[str]


def submission(case: Case, user: User, now: datetime) -> Submission:
    """What the developer is about to submit: the planned release and the documents it sees, by title."""
    planned = next((one for one in releases(case) if one.kind == "general_release"), None)
    seen = case.documents.filter(visibility.documents(user, now), withdrawn_at__isnull=True)
    documents = seen.order_by("created_at", "pk")
    return Submission(planned.at if planned else None, list(documents.values_list("title", flat=True)))


@dataclass(frozen=True)
class Ending:
    """What a withdrawal ends, in numbers and names."""

    grants: list[str]
    documents: int
    told: int


def withdrawal(case: Case, user: User, now: datetime) -> Ending:
    """What would end if `user` withdrew the case at `now`, and how many people would be told; of documents its own."""
    live = case.grants.filter(end_reason="", span__endswith__gt=now).select_related("organisation")
    told = {
        person.pk
        for audience in EVENTS["case.withdrawn"].told
        for person in visibility.people(audience, case, now)
    }
    return Ending(
        grants=sorted(grant.organisation.name for grant in live),
        documents=case.documents.filter(visibility.documents(user, now), withdrawn_at__isnull=True).count(),
        told=len(told),
    )


def open_incidents(case: Case) -> int:
    """How many incidents of the case are open: they stay so when it closes, which waits for none of them."""
    return case.incidents.filter(closed_at__isnull=True).count()


# -- what waits -----------------------------------------------------------------------------------------------------


def waiting(user: User, now: datetime) -> list[Waiting]:
    """Declarations to make, submissions to acknowledge, cases without an evaluator, own drafts to submit."""
    roles = {a.role for a in user.appointments_at(now)}
    found: list[Waiting] = []
    if roles & DECLARING:
        found += declarations.waiting(user, now)
    if "case_officer" in roles:
        found += _of_officer(user, now)
    if "liaison" in roles:
        found += _drafts(user, now)
    return found


def _visible(user: User, now: datetime) -> CaseQuerySet:
    return Case.objects.visible_to(user, now).for_list()


def _of_officer(user: User, now: datetime) -> list[Waiting]:
    """Submissions to acknowledge and cases without an evaluator, the first waiting of each, in one query."""
    evaluators = Assignment.objects.filter(case=OuterRef("pk"), role="evaluator", until__isnull=True)
    at_work = Q(stage__in=(lifecycle.SCOPING, lifecycle.ACCESS, lifecycle.BENCHMARKING))
    seen = _visible(user, now)
    received = seen.filter(stage=lifecycle.RECEIVED).order_by("acknowledge_due_at")[:WAITING_SHOWN]
    unassigned = seen.filter(at_work & ~Exists(evaluators)).order_by("stage_since")[:WAITING_SHOWN]
    return [
        _to_acknowledge(case) if case.stage == lifecycle.RECEIVED else _to_assign(case)
        for case in received.union(unassigned, all=True)
    ]


def _to_acknowledge(case: Case) -> Waiting:
    return Waiting.on(
        case, "Acknowledge", url=reverse("cases:move", args=[case.pk, "acknowledge"]), since=case.stage_since,
        until=case.acknowledge_due_at, detail=case.developer.short_name,
    )  # fmt: skip


def _to_assign(case: Case) -> Waiting:
    return Waiting.on(
        case, "Assign an evaluator", url=reverse("cases:assign", args=[case.pk]),
        since=case.acknowledged_at or case.stage_since, detail=case.developer.short_name,
    )  # fmt: skip


def _drafts(user: User, now: datetime) -> list[Waiting]:
    found = _visible(user, now).filter(stage=lifecycle.DRAFT).order_by("stage_since")[:WAITING_SHOWN]
    said = "Only your organization sees it."
    return [
        Waiting.on(
            case, "Complete and submit", url=case.get_absolute_url(), since=case.stage_since, detail=said
        )
        for case in found
    ]
