"""Every role in every relation to the case: own, ended, not yet, stranger. What each gets follows from the doors.

A row names a person, its role, its relation, and whose answers it gets instead of its role's: those of somebody who
stands nowhere (NOWHERE), of somebody of its role who has another case (ELSEWHERE), or of the rows given. So a new
address needs its row in `doors.py` and none here; a new role needs four rows here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from accounts.actions import add_organisation, add_person, appoint, end_appointment
from accounts.models import Organisation, User
from cases.access.actions import close_out, end_grant, suspend_grant
from cases.access.models import Grant, ListedPerson
from cases.documents.actions import share
from cases.incidents.models import Incident
from cases.register.actions import assign, open_government_case, recuse, unassign
from cases.register.models import Case
from cases.rules.visibility import PROGRAMME_ROLES
from portal.kit.gate import writing
from tests import walk
from tests.house.canaries import READERS
from tests.house.doors import DOORS, ROLES, World
from tests.house.routes import arguments

ENDED, NOT_YET, STRANGER = "ended", "not yet", "stranger"
BETWEEN = f"{ENDED} and {NOT_YET}"
NOWHERE, ELSEWHERE = "nowhere", "elsewhere"
LONG: Final = timedelta(days=3)
# Objects of no case: whoever holds the role opens them whatever the case.
OF_NO_CASE: Final = {"suite_version_id", "rule_id"}
# What a partner gets at its own grant by the grant's state; all else of the case, shared papers included, is 404.
OFFERED: Final = {"cases:grant": 200, "cases:grant_terms": 200, "cases:grant_suspend": 403,
                  "cases:grant_resume": 403, "cases:grant_end": 403, "cases:grant_close_out": 409,
                  "cases:grant_people": 403, "cases:grant_person_end": 403, "cases:credential_store": 403,
                  "cases:credential_withdraw": 403, "cases:credential_reveal": 409,
                  "cases:findings_new": 409, "cases:grant_incident_new": 200}  # fmt: skip
SCHEDULED: Final = {**OFFERED, "cases:grant_terms": 409}
HALTED: Final = {**SCHEDULED, "cases:grant": 403}
SHUT: Final = {**HALTED, "cases:grant_close_out": 200}
LIVE: Final = {**SCHEDULED, "cases:findings_new": 200}
# What is left to a partner of the case's own addresses, and what a live grant opens besides.
REST: Final = {"cases:declare": 200}
SHARED: Final = {**REST, "cases:document": 200, "cases:document_file": 200}


@dataclass(frozen=True)
class Relation:
    """One person, how it stands to the case, and which objects are asked for: the world's unless `ids` names others."""

    key: str
    role: str
    relation: str
    gets: str
    person: User
    rows: dict[str, int] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)
    also: dict[str, int] = field(default_factory=dict)
    second: str = ""  # the role it holds in another organisation as well

    def doors(self) -> list[str]:
        """The addresses to ask: every one, or with `ids` those that take one of them."""
        return [name for name in DOORS if not self.ids or set(self.ids) & set(arguments(name))]

    @property
    def reads(self) -> str:
        """Whose row of `canaries.READS` it has: an agency reader's suites, a partner's own grant, else nobody's."""
        columns = {COLUMN.get(role, role) for role in (self.role, self.second)}
        if self.gets == ELSEWHERE and not self.ids and columns & READERS:
            return "evaluator2"
        return "partner" if self.key.endswith("the rest") else "nobody"

    def expected(self, name: str) -> int:
        """What GET answers this person at the address `name`."""
        if name in self.also:
            return self.also[name]
        if self.rows or set(arguments(name)) - {"name", "number"} - OF_NO_CASE:
            return self.rows.get(name, 404)
        row = DOORS[name]
        if self.gets == ELSEWHERE:  # of two roles the one that gets further
            return min(row.get(COLUMN.get(role, role), 404) for role in (self.role, self.second or self.role))
        return 404 if set(row) != set(ROLES) else 200 if set(row.values()) == {200} else 403


# The column of the table of doors in which a role of `accounts.roles` stands.
COLUMN: Final = {
    "developer_signatory": "signatory", "framework_lead": "lead", "case_officer": "officer",
    "determining_official": "official", "security_manager": "security", "records_officer": "records",
    "partner_representative": "partner", "organisation_administrator": "org_admin",
    "platform_administrator": "admin",
}  # fmt: skip


class Maker:
    """Adds people in every relation to the world's case, by real actions."""

    def __init__(self, world: World, now: datetime) -> None:
        self.world, self.cast, self.now = world, world.cast, now
        self.case = Case.objects.get(pk=world.ids["case_id"])
        self.found: list[Relation] = []

    def person(self, key: str) -> User:
        """Somebody new."""
        return add_person(email=f"{key}@relations.example", name=key, by=None, now=self.now)

    def add(self, key: str, role: str, relation: str, gets: str, person: User, **more: Any) -> None:
        """One row of the table."""
        self.found.append(Relation(key, role, relation, gets, person, **more))

    def standing(self, key: str, role: str, organisation: Organisation) -> User:
        """Somebody appointed three days ago."""
        person = self.person(key)
        appoint(
            person=person,
            organisation=organisation,
            role=role,
            by=None,
            now=self.now,
            starts_at=self.now - LONG,
        )
        return person

    def former_and_future(self, role: str, organisation: Organisation) -> None:
        """Somebody whose appointment ended today and whose next one begins in three days."""
        person = self.standing(f"former-{role}", role, organisation)
        end_appointment(appointment=person.appointments.get(), by=None, now=self.now)
        begins = self.now + LONG
        appoint(person=person, organisation=organisation, role=role, by=None, now=self.now, starts_at=begins)
        self.add(f"former and future {role}", role, BETWEEN, NOWHERE, person)

    def developers(self) -> None:
        """Of the case's developer and of another; of a case the government opened about them and has not disclosed."""
        cast = self.cast
        hidden = open_government_case(
            by=cast.lead, now=self.now, developer=cast.developer, model="Undisclosed", version="1"
        )
        for role, mine, other in (
            ("liaison", cast.liaison, cast.stranger),
            ("developer_signatory", cast.signatory, cast.stranger_signatory),
        ):
            self.former_and_future(role, cast.developer)
            self.add(f"{role} of another", role, STRANGER, ELSEWHERE, other)
            self.add(f"undisclosed to {role}", role, NOT_YET, ELSEWHERE, mine, ids={"case_id": hidden.pk})

    def agency(self) -> None:
        """Former, future and recused staff; to all of them, and to the auditor, a draft of a developer is not there."""
        cast = self.cast
        draft = walk.drafted(cast, self.now)
        paper = draft.documents.get(kind="system_card")
        ids = {"case_id": draft.pk, "document_id": paper.pk}
        for role in (*sorted(PROGRAMME_ROLES), "evaluator", "auditor"):
            organisation = cast.oversight if role == "auditor" else cast.agency
            self.former_and_future(role, organisation)
            self.add(
                f"{role}, a draft", role, STRANGER, ELSEWHERE, getattr(cast, COLUMN.get(role, role)), ids=ids
            )
            recused = self.standing(f"recused-{role}", role, organisation)
            recuse(case=self.case, person=recused, reason="Held shares.", by=cast.lead, now=self.now)
            self.add(f"recused {role}", role, ENDED, ELSEWHERE, recused)
        once = self.standing("once-assigned", "evaluator", cast.agency)
        done = assign(case=self.case, person=once, role="evaluator", by=cast.officer, now=self.now)
        unassign(assignment=done, by=cast.officer, now=self.now)
        self.add("evaluator, assigned once", "evaluator", ENDED, ELSEWHERE, once)
        never = self.standing("never-assigned", "evaluator", cast.agency)
        self.add("evaluator, never assigned", "evaluator", STRANGER, ELSEWHERE, never)

    def offices(self) -> None:
        """Consulted offices: former, future and recused staff of the one asked, and an office that was not asked."""
        cast, role = self.cast, "consultee"
        self.former_and_future(role, cast.office)
        recused = self.standing("recused-consultee", role, cast.office)
        recuse(case=self.case, person=recused, reason="Held shares.", by=cast.lead, now=self.now)
        self.add("recused consultee", role, ENDED, ELSEWHERE, recused)
        third = add_organisation(
            name="Third Office", short_name="Third", kind="agency", by=None, now=self.now
        )
        unasked = self.standing("unasked-consultee", role, third)
        self.add("consultee, not asked", role, STRANGER, ELSEWHERE, unasked)

    def administrators(self) -> None:
        """Administrators, who see nothing of a case in any relation."""
        for role, mine, other in (
            ("organisation_administrator", self.cast.developer, self.cast.other_developer),
            ("platform_administrator", self.cast.operator, self.cast.operator),
        ):
            self.former_and_future(role, mine)
            self.add(
                f"another {role}", role, STRANGER, ELSEWHERE, self.standing(f"another-{role}", role, other)
            )

    def partners(self) -> None:
        """Partners with a grant in every state, a colleague not named, and people named who have left."""
        cast, role = self.cast, "partner_representative"
        self.former_and_future(role, cast.partner_org)
        self.add(
            "colleague not named", role, STRANGER, ELSEWHERE, self.standing("unnamed", role, cast.partner_org)
        )
        self.add("partner without a grant", role, STRANGER, ELSEWHERE, cast.other_partner)
        self.partner("offered", NOT_YET, lambda grant, by: None, OFFERED, REST)
        self.partner("scheduled", NOT_YET, self._accept, SCHEDULED, starts_at=self.now + LONG / 2)
        self.partner("suspended", ENDED, self._suspend, HALTED)
        self.partner("ended", ENDED, self._end, SHUT, REST)
        self.partner("closed out", ENDED, self._close_out, {"cases:grant": 404})
        self.partner("named, then left", ENDED, self._leave, {"cases:grant": 404})

    def in_two_organisations(self) -> None:
        """People with two appointments, at once or in turn: what either opens, and nothing that both would."""
        cast, role = self.cast, "partner_representative"
        self.partner("named here, liaison of another", STRANGER, self._join, LIVE, SHARED, second="liaison")
        self.partner("named, then gone to another partner", ENDED, self._move, {"cases:grant": 404}, {})
        agent = self.standing("agent", "evaluator", cast.agency)
        self._appoint(agent, cast.partner_org, role)
        self.add("partner here, evaluator unassigned", role, STRANGER, ELSEWHERE, agent, second="evaluator")
        gone = self.standing("gone-liaison", "liaison", cast.developer)
        end_appointment(appointment=gone.appointments.get(), by=None, now=self.now)
        self._appoint(gone, cast.other_partner_org, role)
        self.add("liaison once, partner elsewhere now", role, ENDED, ELSEWHERE, gone)

    def _appoint(self, person: User, organisation: Organisation, role: str) -> None:
        appoint(person=person, organisation=organisation, role=role, by=None, now=self.now)

    def partner(
        self, key: str, relation: str, then: Callable[[Grant, User], None], rows: dict[str, int],
        rest: dict[str, int] | None = None, second: str = "", **terms: Any,
    ) -> None:  # fmt: skip
        """A partner of its own with a grant of its own, brought by `then` to the relation.

        rows: what it gets at its grant. rest: what it gets of the world's own objects, where that is asked too.
        """
        now, role = self.now, "partner_representative"
        organisation = add_organisation(name=key, short_name=key, kind="partner", by=None, now=now)
        person = self.standing(f"{key}-partner".replace(" ", "-").replace(",", ""), role, organisation)
        with writing():  # an amendment would list the person, and cut the world's window
            ListedPerson.objects.create(
                agreement=self.case.agreements.get(state="signed"), name=person.name, person=person,
                added_by=self.cast.officer, added_at=now,
            )  # fmt: skip
        offer = walk.nominated(self.cast, self.case, now, partner=organisation)
        grant = walk.partner_grant(
            self.cast, self.case, now, accepted=False, nomination=offer, organisation=organisation,
            people=[person], ends_at=now + LONG, **terms,
        )  # fmt: skip
        share(
            document=self.case.documents.get(kind="system_card"), grant=grant, by=self.cast.liaison, now=now
        )
        then(grant, person)
        self.add(key, role, relation, ELSEWHERE, person, rows=rows, ids={"grant_id": grant.pk})
        if rest is not None:
            self.add(f"{key}, the rest", role, relation, ELSEWHERE, person, also=rest, second=second)

    def _accept(self, grant: Grant, person: User) -> None:
        walk.accepted_terms(grant, person, self.now)

    def _suspend(self, grant: Grant, person: User) -> None:
        self._accept(grant, person)
        incident = Incident.objects.get(pk=self.world.ids["incident_id"])
        suspend_grant(grant=grant, by=self.cast.security, now=self.now, incident=incident)

    def _end(self, grant: Grant, person: User) -> None:
        self._accept(grant, person)
        end_grant(grant=grant, by=self.cast.officer, now=self.now)

    def _close_out(self, grant: Grant, person: User) -> None:
        self._end(grant, person)
        close_out(grant=grant, statement="destroyed", by=person, now=self.now)

    def _join(self, grant: Grant, person: User) -> None:
        self._accept(grant, person)
        self._appoint(person, self.cast.other_developer, "liaison")

    def _move(self, grant: Grant, person: User) -> None:
        self._leave(grant, person)
        self._appoint(person, self.cast.other_partner_org, "partner_representative")

    def _leave(self, grant: Grant, person: User) -> None:
        self._accept(grant, person)
        end_appointment(appointment=person.appointments.get(), by=None, now=self.now)


def relations(world: World, now: datetime) -> list[Relation]:
    """The whole table."""
    made = Maker(world, now)
    made.developers()
    made.agency()
    made.offices()
    made.administrators()
    made.partners()
    made.in_two_organisations()
    return made.found
