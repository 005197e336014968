"""Who may do what: every permission × every person of the cast, in each relation to a case."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext

from accounts.actions import appoint, end_appointment
from accounts.models import Appointment
from accounts.permissions import PERMISSIONS
from accounts.roles import ROLES, holders_of
from cases.access.models import Grant
from cases.documents.models import DocumentVersion
from cases.register.actions import move_case, recuse
from cases.register.models import Case
from cases.register.pages import on_case, one_case
from cases.rules import policy
from demo.people import PEOPLE
from portal.kit.gate import writing
from portal.kit.refusal import Refused
from tests import walk
from tests.cast import Cast

# Who stands in the right relation to a case of the developer `developer`, by how far it has come.
OWN_SIDE = {"liaison", "signatory", "org_admin"}
PROGRAMME = {"lead", "officer", "official", "security", "records"}
OVERSEERS = {"auditor", "admin"}
STANDING = {
    "draft": OWN_SIDE,
    "submitted": OWN_SIDE | PROGRAMME | OVERSEERS,
    "assigned": OWN_SIDE | PROGRAMME | OVERSEERS | {"evaluator"},
}


def _case(how_far: str, cast: Cast, now: datetime) -> Case:
    walks = {"draft": walk.drafted, "submitted": walk.submitted, "assigned": walk.acknowledged}
    return walks[how_far](cast, now)


@pytest.mark.parametrize("how_far", STANDING)
def test_every_permission_and_person(how_far: str, cast: Cast, now: datetime) -> None:
    """A person may exactly what its role carries, on cases to which its organisation stands right."""
    case = _case(how_far, cast, now)
    for permission in PERMISSIONS:
        for who, (*_, role) in PEOPLE.items():
            carries = permission in ROLES[role].permissions
            expected = carries and who in STANDING[how_far]
            assert policy.may(cast.people[who], permission, case, now=now) == expected, (permission, who)
            assert policy.may(cast.people[who], permission, now=now) == carries, (permission, who)


def test_every_permission_has_a_holder_and_a_line() -> None:
    """No permission that nobody holds, no role with a permission that is not in the list."""
    carried = {permission for role in ROLES.values() for permission in role.permissions}
    assert carried == set(PERMISSIONS)
    assert all(holders_of(permission) for permission in PERMISSIONS)


def test_a_refusal_names_who_may(cast: Cast, now: datetime) -> None:
    """The sentence says what, and whose it is; `require` raises it as a 403."""
    case = walk.submitted(cast, now)
    said = policy.refusal(cast.liaison, "case.acknowledge", case, now=now)
    assert said == "Acknowledge a submission: this is done by a case officer of this case."
    with pytest.raises(Refused) as refused:
        policy.require(cast.liaison, "case.acknowledge", case, now=now)
    assert refused.value.sentence == said
    assert refused.value.status == 403


def test_the_appointment_used_is_handed_back(cast: Cast, now: datetime) -> None:
    """`require` says under which appointment a person acts."""
    case = walk.submitted(cast, now)
    appointment = policy.require(cast.officer, "case.acknowledge", case, now=now)
    assert (appointment.person, appointment.role) == (cast.officer, "case_officer")


def test_an_unknown_permission_is_a_fault(cast: Cast, now: datetime) -> None:
    """A misspelt permission never reads as allowed or refused."""
    with pytest.raises(KeyError):
        policy.refusal(cast.liaison, "case.submitt", now=now)


def test_recusal_closes_every_permission(cast: Cast, now: datetime) -> None:
    """A recused person may nothing on the case, and everything as before elsewhere."""
    case, other = walk.acknowledged(cast, now), walk.acknowledged(cast, now)
    recuse(case=case, person=cast.officer, reason="former employer", by=cast.lead, now=now)
    for permission in ROLES["case_officer"].permissions:
        assert not policy.may(cast.officer, permission, case, now=now)
        assert policy.may(cast.officer, permission, other, now=now)
    assert "recused" in str(policy.refusal(cast.officer, "case.advance", case, now=now))


def test_a_page_knows_who_is_recused_and_an_action_asks_anew(cast: Cast, now: datetime) -> None:
    """Loaded with the case it costs no query a guard; a recusal since then closes every action all the same."""
    case = walk.acknowledged(cast, now)
    loaded = one_case(Case.objects.visible_to(cast.officer, now), case.pk)
    versions = DocumentVersion.objects.select_related("document__case").filter(number=1)
    version = on_case(versions, case.documents.all()[0].versions.get().pk, path="document.case")
    cast.officer.appointments_at(now)
    with CaptureQueriesContext(connection) as asked:
        assert policy.may(cast.officer, "case.advance", loaded, now=now)
        assert policy.may(cast.officer, "document.mark", version.document.case, now=now)
    assert len(asked) == 0
    recuse(case=case, person=cast.officer, reason="former employer", by=cast.lead, now=now)
    assert policy.may(cast.officer, "case.advance", loaded, now=now)  # what the page showed
    with pytest.raises(Refused, match="recused"):
        move_case(case=loaded, name="documents_only", by=cast.officer, now=now)


@pytest.mark.parametrize(("offset", "may"), [(-1, True), (0, False), (1, False)])
def test_an_appointment_ends_to_the_second(offset: int, may: bool, cast: Cast, now: datetime) -> None:
    """An appointment that ended is none, from that very instant."""
    case = walk.submitted(cast, now)
    ends = now + timedelta(hours=1)
    appointment = Appointment.objects.get(person=cast.officer)
    with writing():
        appointment.span = DateTimeTZRange(appointment.span.lower, ends)
        appointment.save()
    assert policy.may(cast.officer, "case.acknowledge", case, now=ends + timedelta(seconds=offset)) is may


def test_deputies_and_leavers(cast: Cast, now: datetime) -> None:
    """A second role adds to the first; ending it takes it away; an inactive person may nothing."""
    case = walk.submitted(cast, now)
    assert not policy.may(cast.liaison, "case.withdraw", case, now=now)
    acting = appoint(
        person=cast.liaison, organisation=cast.developer, role="developer_signatory", capacity="acting",
        by=cast.admin, now=now,
    )  # fmt: skip
    assert policy.require(cast.liaison, "case.withdraw", case, now=now).capacity == "acting"
    with pytest.raises(Refused, match="has not begun"):
        end_appointment(appointment=acting, by=cast.admin, now=now)
    later = now + timedelta(minutes=1)
    end_appointment(appointment=acting, by=cast.admin, now=later)
    assert not policy.may(cast.liaison, "case.withdraw", case, now=later + timedelta(seconds=1))


def test_government_cases_stay_closed_to_their_developer(cast: Cast, now: datetime) -> None:
    """A case the government opened opens to its developer with the disclosure, not before."""
    from cases.register.actions import open_government_case

    case = open_government_case(
        by=cast.lead, now=now, developer=cast.developer, model="Meridian", version="9"
    )
    assert not policy.may(cast.liaison, "document.upload", case, now=now)
    with writing():
        case.disclosed_at = now
        case.save()
    assert policy.may(cast.liaison, "document.upload", case, now=now)
    assert not policy.may(cast.stranger, "document.upload", case, now=now)


def test_a_partner_stands_right_through_a_grant_alone(cast: Cast, now: datetime) -> None:
    """Without a grant of its organisation on the case a partner may nothing on it."""
    case = walk.acknowledged(cast, now)
    assert not Grant.objects.filter(case=case).exists()
    for permission in ROLES["partner_representative"].permissions:
        assert not policy.may(cast.partner, permission, case, now=now)
