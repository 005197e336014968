"""The page "what exactly can this organisation see?": its people, what each sees of a case, now or at a past instant.

What is listed is what the viewer sees itself, under the titles that it reads: nobody learns here of a thing that is
hidden from it. Of government offices a developer is told as of one reader, without names.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from accounts.models import Appointment, Organisation, User
from accounts.roles import AGENCY, OVERSIGHT, PARTNER
from cases.access.models import Agreement, Grant, GrantUserPermission, Nomination
from cases.benchmarks.models import HighSidePointer, Run
from cases.documents.models import Document
from cases.incidents.models import Incident
from cases.labels.models import Consultation, Determination, Disclosure, Label
from cases.questions.models import QuestionThread
from cases.records.models import FoiaRequest
from cases.register.journal import happened
from cases.register.models import Case, Recusal
from cases.reports.history import GROUPS
from cases.reports.sight import Key, Seen, Sight, history_groups, seen_by, together
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


class Thing(NamedTuple):
    """One thing of the case as its viewer reads it."""

    kind: str
    title: str
    url: str
    marking: str = ""
    restricted: bool = False


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


# -- what the viewer itself sees ------------------------------------------------------------------------------------


def things(case: Case, viewer: User, now: datetime) -> dict[Key, Thing]:
    """What the viewer sees of the case now, as it reads it, in the order of the page."""
    found = {("case", case.pk): Thing("Case page", case.number, case.get_absolute_url(), case.marking)}
    found["history", case.pk] = Thing("History", "Entries", reverse("cases:history", args=[case.pk]))
    if policy.standing(viewer, "note.read", case, now) is not None:
        found["notes", case.pk] = Thing("Notes", "Agency notes", reverse("cases:note", args=[case.pk]))
    titled = visibility.reads_titles(viewer, case, now)
    for key, rows, path, shown in KINDS:
        mine = rows.visible_to(viewer, now).filter(**{path: case})
        found.update({(key, row.pk): shown(row, case, titled) for row in mine})
    return found


def _titled(kind: str, title: Callable[[Any], str]) -> Callable[[Any, Case, bool], Thing]:
    return lambda row, case, titled: Thing(kind, title(row), row.get_absolute_url())


def _recorded(kind: str, section: str) -> Callable[[Any, Case, bool], Thing]:
    return lambda row, case, titled: Thing(
        kind, f"Recorded {instant(row.recorded_at)}", f"{case.get_absolute_url()}#{section}"
    )


def _paper(row: Any, case: Case, titled: bool) -> Thing:
    title = row.title if titled else "Its title is not open to you"
    return Thing(row.get_kind_display(), title, row.get_absolute_url(), row.marking, row.restricted)


# key, rows in their order, path to the case, how one is shown: in the order of the page
KINDS: Final = (
    ("agreement", Agreement.objects.order_by("number"), "case", _titled("Agreement", lambda r: f"Version {r.number}")),
    ("nomination", Nomination.objects.select_related("partner").order_by("proposed_at", "pk"), "case",
     _titled("Nomination", lambda r: r.partner.short_name)),
    ("grant", Grant.objects.select_related("organisation").order_by("issued_at", "pk"), "case",
     _titled("Grant", lambda r: r.organisation.short_name)),
    ("document", Document.objects.order_by("created_at", "pk"), "case", _paper),
    ("incident", Incident.objects.order_by("noticed_at", "pk"), "case", _titled("Incident", lambda r: r.reference)),
    ("thread", QuestionThread.objects.order_by("opened_at", "pk"), "case",
     lambda row, case, titled: Thing("Questions", row.get_subject_display(), row.get_absolute_url())),
    ("foia", FoiaRequest.objects.order_by("received_at", "pk"), "case", _titled("FOIA request", lambda r: r.number)),
    ("run", Run.objects.defer("provenance", "reasons", "served_models").order_by("imported_at", "pk"), "case",
     _titled("Run", lambda r: f"Imported {instant(r.imported_at)}")),
    ("pointer", HighSidePointer.objects.order_by("recorded_at", "pk"), "case",
     _recorded("High-side pointer", "benchmarks")),
    ("consultation", Consultation.objects.select_related("office").order_by("asked_at", "pk"), "case",
     _titled("Consultation", lambda r: r.office.short_name)),
    ("determination", Determination.objects.order_by("signed_at", "pk"), "case",
     _titled("Determination", lambda r: f"Signed {instant(r.signed_at)}")),
    ("disclosure", Disclosure.objects.order_by("recorded_at", "pk"), "determination__case",
     _recorded("Disclosure", "decisions")),
    ("label", Label.objects.order_by("signed_at", "pk"), "case", _titled("Label", lambda r: "Register entry")),
)  # fmt: skip


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
    known = things(case, viewer, now)
    inside = visibility.inside(viewer, case, now)
    named = inside or organisation.kind != AGENCY
    past: AbstractContextManager[None] = as_of(at) if at else nullcontext()
    with past:
        then = Case.objects.select_related("policy_version").filter(pk=case.pk).first()
        if then is None:
            return Answer(existed=False)
        people = _people(then, organisation, at or now, inside)
        shown = people[(page - 1) * PEOPLE : page * PEOPLE] if named else people[:STAFF]
        seen = [(one, seen_by(user, then, at or now)) for one, user in shown]
    if not named:
        seen = [(Person(f"Staff of {organisation.short_name}"), together(sight for _, sight in seen))]
    groups = _grouped(seen, known, history_groups(viewer, case, now))
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


def _grouped(
    seen: list[tuple[Person, Seen]], known: dict[Key, Thing], read: frozenset[int | str]
) -> list[Group]:
    """People who see the same, together; those who see most first. Only what the viewer knows of is told."""
    groups: dict[frozenset[tuple[Key, Sight]], Group] = {}
    for person, sights in seen:
        told = {key: sight for key, sight in sights.items() if key in known}
        alike = frozenset(told.items())
        if alike not in groups:
            rows = [_row(known[key], key[0], told[key], read) for key in known if key in told]
            groups[alike] = Group([], rows, len(known) - len(rows))
        groups[alike].people.append(person)
    return sorted(groups.values(), key=lambda group: group.unseen)


def _row(thing: Thing, kind: str, sight: Sight, read: frozenset[int | str]) -> Row:
    if kind == "history":
        words = ", ".join(GROUPS[key][0].lower() for key in GROUPS if key in sight.parts & read)
        return Row(thing, f"reads entries about: {words}", sight.reads)
    if kind == "document" and sight.reads:
        numbers = [str(number) for number in sorted(sight.parts, key=int)]
        return Row(thing, f"opens version{'s' * (len(numbers) > 1)} {', '.join(numbers)}", True)
    return Row(thing, "reads it" if sight.reads else "sees that it is there, not its content", sight.reads)


@action
def record_sight(
    *, case: Case, organisation: Organisation, at: datetime | None, by: User, now: datetime
) -> None:
    """Record that `by` looked at what an organisation can see where that named restricted documents."""
    appointment = policy.require(by, "case.sight", case, now=now)
    told = {"organization": organisation.short_name, "as_of": instant(at) if at else ""}
    happened("sight.opened", case=case, by=by, now=now, appointment=appointment, data=told)
