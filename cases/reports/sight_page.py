"""The page "what exactly can this organisation see?": its people, what each sees of a case, now or at a past instant.

What is listed is what the viewer sees itself, under the titles that it reads: nobody learns here of a thing that is
hidden from it. Of government offices a developer is told as of one reader, without names.
"""

from collections import defaultdict
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from django.db.models import Q

from accounts.models import Appointment, Organisation, User
from accounts.roles import AGENCY, OVERSIGHT, PARTNER
from cases.access.models import Grant, GrantUserPermission, Nomination
from cases.labels.models import Consultation
from cases.register.journal import happened
from cases.register.models import Case, Recusal
from cases.reports.sight import Key, Seen, Sight, seen_by, together
from cases.reports.sight_things import Thing, things, words
from cases.rules import policy, visibility
from cases.rules.window import instant
from portal.audit.as_of import as_of
from portal.kit.actions import action

PEOPLE: Final = 25  # a page; an organisation with more has further pages
STAFF: Final = 100  # of an office that is shown as one reader


class Choice(NamedTuple):
    """An organisation that has to do with the case, and what."""

    organisation: Organisation
    relation: str


@dataclass(frozen=True)
class Person:
    """One person of the organisation: under which appointments and grants, and whether it is recused."""

    name: str
    appointments: list[Appointment] = field(default_factory=list)
    grants: list[str] = field(default_factory=list)
    recused_since: datetime | None = None


@dataclass(frozen=True)
class Row:
    """One thing and how far it is seen, in words."""

    thing: Thing
    words: str
    reads: bool


@dataclass
class Group:
    """People who see the same, and what that is."""

    people: list[Person]
    rows: list[Row]
    unseen: int


@dataclass
class Answer:
    """The whole answer: groups of people, those who see most first."""

    groups: list[Group] = field(default_factory=list)
    existed: bool = True
    more: bool = False
    named: bool = True

    @property
    def things(self) -> list[Thing]:
        """Everything that somebody sees."""
        return [row.thing for group in self.groups for row in group.rows]


# -- which organisations --------------------------------------------------------------------------------------------


def choices(case: Case, viewer: User, now: datetime) -> list[Choice]:
    """Organisations that have to do with the case, as far as the viewer may know of them."""
    nominated = Nomination.objects.visible_to(viewer, now).filter(case=case).values("partner")
    granted = Grant.objects.visible_to(viewer, now).filter(case=case).values("organisation")
    asked = Consultation.objects.visible_to(viewer, now).filter(case=case).values_list("office", flat=True)
    known = Q(pk__in=[case.developer_id, case.policy_version.lead_office_id])
    known |= Q(pk__in=nominated) | Q(pk__in=granted) | Q(pk__in=set(asked))
    if visibility.inside(viewer, case, now):
        inside = Appointment.objects.in_role(
            *visibility.AGENCY_READERS, *visibility.PROGRAMME_ROLES, "auditor"
        )
        known |= Q(kind__in=[AGENCY, OVERSIGHT], pk__in=inside.values("organisation"))
    offices = set(asked)
    return [
        Choice(one, _relation(one, case, offices))
        for one in Organisation.objects.filter(known).order_by("kind", "short_name")
    ]


def _relation(organisation: Organisation, case: Case, asked: set[UUID]) -> str:
    if organisation.pk == case.developer_id:
        return "developer"
    if organisation.kind in (PARTNER, OVERSIGHT):
        return {PARTNER: "trusted partner", OVERSIGHT: "oversight"}[organisation.kind]
    words = ["lead office"] if organisation.pk == case.policy_version.lead_office_id else []
    words += ["consulted office"] if organisation.pk in asked else []
    return ", ".join(words) or "government office"


# -- the answer -----------------------------------------------------------------------------------------------------


def answer(
    case: Case,
    organisation: Organisation,
    viewer: User,
    now: datetime,
    at: datetime | None = None,
    page: int = 1,
) -> Answer:
    """What the people of `organisation` see of the case: now, or as of `at`."""
    own = seen_by(viewer, case, now)
    known = things(case, own, titled=visibility.reads_titles(viewer, case, now), past=at is not None)
    kinds = {kind for kind, _ in known}
    inside = visibility.inside(viewer, case, now)
    named = inside or organisation.kind != AGENCY
    past: AbstractContextManager[None] = as_of(at) if at else nullcontext()
    with past:
        then = Case.objects.select_related("policy_version").filter(pk=case.pk).first()
        if then is None:
            return Answer(existed=False)
        people = _people(then, organisation, at or now, inside)
        shown = people[(page - 1) * PEOPLE : page * PEOPLE] if named else people[:STAFF]
        seen = [(one, seen_by(user, then, at or now, kinds)) for one, user in shown]
    if not named:
        seen = [(Person(f"Staff of {organisation.short_name}"), together(sight for _, sight in seen))]
    groups = _grouped(seen, known, own)
    return Answer(groups, more=named and len(people) > page * PEOPLE, named=named)


def _people(case: Case, organisation: Organisation, at: datetime, inside: bool) -> list[tuple[Person, User]]:
    """The organisation's people, each as it stands in this organisation alone.

    A viewer from outside the programme learns neither of recusals nor of what an office sees by being consulted.
    """
    standing: dict[User, list[Appointment]] = defaultdict(list)
    live = Appointment.objects.live(at).filter(organisation=organisation)
    for appointment in live.select_related("person", "organisation").order_by(
        "person__name", "person_id", "role"
    ):
        if inside or appointment.role != "consultee":
            standing[appointment.person].append(appointment)
    named: dict[User, list[str]] = defaultdict(list)
    held = GrantUserPermission.objects.filter(
        content_object__case=case, content_object__organisation=organisation
    )
    for row in held.select_related("user", "content_object").order_by("user__name"):
        named[row.user].append(row.content_object.state_at(at))
        standing.setdefault(row.user, [])
    recused = dict(Recusal.objects.filter(case=case, until__isnull=True).values_list("person", "since"))
    return [
        (
            Person(user.name, mine, named.get(user, []), recused.get(user.pk) if inside else None),
            user.standing_only(mine, at),
        )
        for user, mine in standing.items()
    ]


def _grouped(seen: list[tuple[Person, Seen]], known: dict[Key, Thing], own: Seen) -> list[Group]:
    """People who see the same, together; those who see most first. Only what the viewer knows of is told."""
    groups: dict[frozenset[tuple[Key, Sight]], Group] = {}
    for person, sights in seen:
        told = {key: _as_told(key[0], sight, own.get(key)) for key, sight in sights.items() if key in known}
        alike = frozenset(told.items())
        if alike not in groups:
            rows = [
                Row(known[key], words(key[0], told[key]), told[key].reads) for key in known if key in told
            ]
            groups[alike] = Group([], rows, len(known) - len(rows))
        groups[alike].people.append(person)
    return sorted(groups.values(), key=lambda group: group.unseen)


def _as_told(kind: str, sight: Sight, own: Sight | None) -> Sight:
    """Of history and of timelines only what the viewer reads itself is told."""
    if kind not in ("history", "incident") or own is None:
        return sight
    return Sight(sight.reads, sight.parts & own.parts)


@action
def record_sight(
    *, case: Case, organisation: Organisation, at: datetime | None, by: User, now: datetime
) -> None:
    """Record that `by` looked at what an organisation can see where that named restricted documents."""
    appointment = policy.require(by, "case.sight", case, now=now)
    told = {"organization": organisation.short_name, "as_of": instant(at) if at else ""}
    happened("sight.opened", case=case, by=by, now=now, appointment=appointment, data=told)
