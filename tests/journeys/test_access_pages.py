"""Pages of access looked at one by one, at either width: what a journey passes by, in every phase of a grant.

The world is walked by actions; the browser only visits, and presses where a page is shown to a POST alone.
"""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse

from cases.access.actions import close_out, end_grant, store_credential
from cases.access.models import Grant
from cases.documents.actions import share
from cases.incidents.actions import suspend_grants, write_entry
from cases.readiness.actions import list_obligation, on_list
from cases.readiness.models import Obligation
from cases.register.actions import move_case
from cases.register.models import Case
from cases.rules.window import EASTERN
from tests import walk
from tests.cases.readiness.test_readiness import prepared, said
from tests.cast import Cast, load_people
from tests.journeys.pages import Meet, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def cast(now: datetime) -> Cast:
    """Everybody, appointed five days ago."""
    return load_people(now - 5 * DAY)


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """In access for a day, with an office's grant and a partner's, endpoint and secret stored, a document shared."""
    case = walk.granted(cast, now - DAY)
    grant = case.grants.get(kind="partner")
    store_credential(
        grant=grant, endpoint="https://preview.meridian.example/v1/a-rather-long-path-of-an-endpoint", secret="k" * 64,
        by=cast.liaison, now=now - DAY,
    )  # fmt: skip
    share(document=case.documents.get(kind="system_card"), grant=grant, by=cast.liaison, now=now - DAY)
    return case


def visit(visitor: Visitor, *names: str, **kwargs: object) -> None:
    """Look at the addresses of these names."""
    for name in names:
        visitor.open(reverse(f"cases:{name}", kwargs=kwargs))


def test_readiness_and_declarations(cast: Cast, now: datetime, meet: Meet) -> None:
    """Every step of readiness before a submission, empty and full; declaring a conflict, and reading of it."""
    case = walk.drafted(cast, now)
    liaison = meet("liaison")
    visit(liaison, "readiness", "readiness_answers", "obligation_new", case_id=case.pk)
    liaison.press("List it", status=422)
    notice = prepared(cast, case, now)
    visit(liaison, "readiness", "readiness_answers", case_id=case.pk)
    visit(liaison, "obligation", obligation_id=Obligation.objects.get().pk)
    list_obligation(case=case, said=said(reference="Another customer"), by=cast.liaison, now=now)
    assert len(on_list(case)) == 2
    visit(liaison, "obligations_notice_new", case_id=case.pk)
    visit(liaison, "obligations_notice", "obligations_notice_file", notice_id=notice.pk)
    asked = walk.acknowledged(cast, now)
    visit(meet("official"), "declare", case_id=asked.pk)
    meet("official").press("Declare", status=422)
    visit(meet("lead"), "declarations", case_id=asked.pk)


def test_incidents_and_sight(cast: Cast, case: Case, now: datetime, meet: Meet) -> None:
    """The list, the page and every form of an incident; what an organisation sees, now and as of then."""
    security, officer, liaison, partner = (meet(key) for key in ("security", "officer", "liaison", "partner"))
    security.open("/incidents/").says("Incidents will appear here.")
    grant = case.grants.get(kind="partner")
    incident = walk.incident(
        cast, case, now - HOUR, cast.partner, under=grant, noticed_at=now - 2 * HOUR, grants=[grant],
        documents=[case.documents.get(kind="system_card")], severity="high",
    )  # fmt: skip
    suspend_grants(incident=incident, grants=[grant], by=cast.security, now=now - HOUR)
    for audience in ("agency", "sides", "reporter"):
        write_entry(incident=incident, text="Looked into. " * 9, audience=audience, by=cast.security, now=now)
    security.open("/").open("/incidents/").open("/incidents/?state=closed&severity=low").says("matches")
    liaison.open("/incidents/")
    partner.open("/incidents/").open(grant.get_absolute_url(), status=403)
    visit(security, "incident_new", case_id=case.pk)
    steps = ("note", "documents", "first_report", "severity", "contain", "suspend", "resume")
    visit(security, "incident", *(f"incident_{step}" for step in steps), incident_id=incident.pk)
    visit(partner, "incident", "incident_note", incident_id=incident.pk)
    visit(liaison, "incident", "incident_documents", incident_id=incident.pk)
    visit(officer, "sight", case_id=case.pk)
    then = (now - 12 * HOUR).astimezone(EASTERN).strftime("%Y-%m-%dT%H:%M")
    for organisation, at in ((cast.agency, ""), (cast.partner_org, then), (cast.partner_org, "")):
        officer.open(f"{officer.path}?organization={organisation.pk}&at={at}")
    visit(liaison, "sight", case_id=case.pk)
    liaison.open(f"{liaison.path}?organization={cast.agency.pk}").says("Its staff for the program")


def test_a_grant_in_every_phase(cast: Cast, case: Case, now: datetime, meet: Meet) -> None:
    """The partner's home, list and grant: offered, scheduled, active, ended, closed out; its secret and its people."""
    grant = case.grants.get(kind="partner")
    partner, officer, liaison = meet("partner"), meet("officer"), meet("liaison")
    partner.open("/").open("/grants/").open(grant.get_absolute_url()).says("The terms as you accepted them")
    visit(partner, "credential_reveal", "findings_new", "grant_incident_new", grant_id=grant.pk)
    visit(partner, "credential_reveal", grant_id=grant.pk)
    partner.fill(For_what_you_need_them_now="Setting up our client.").press("Show them once").says("k" * 64)
    visit(liaison, "grant", "credential_store", "credential_withdraw", grant_id=grant.pk)
    visit(officer, "grant", "grant_people", "grant_end", grant_id=grant.pk)
    visit(officer, "grant_person_end", grant_id=grant.pk, person_id=cast.partner.pk)
    _second_partner(cast, case, now, meet)
    end_grant(grant=grant, by=cast.officer, now=now)
    partner.open(grant.get_absolute_url(), status=403).says("File the certificate").open("/")
    visit(partner, "grant_close_out", grant_id=grant.pk)
    close_out(
        grant=Grant.objects.get(pk=grant.pk),
        statement="destroyed",
        by=cast.partner,
        now=now,
        remarks="Wiped.",
    )
    visit(officer, "grant", grant_id=grant.pk)
    move_case(case=Case.objects.get(pk=case.pk), name="withdraw", by=cast.signatory, now=now)
    visit(meet("signatory"), "receipt", case_id=case.pk)


def _second_partner(cast: Cast, case: Case, now: datetime, meet: Meet) -> None:
    """Another partner, at its offer and then scheduled."""
    other = meet("other_partner")
    other.open("/")
    offer = walk.nominated(cast, case, now, partner=cast.other_partner_org)
    grant = walk.partner_grant(
        cast, case, now, accepted=False, nomination=offer, organisation=cast.other_partner_org,
        people=[cast.other_partner], starts_at=now + HOUR, ends_at=now + DAY,
    )  # fmt: skip
    other.open("/").says("Accept the terms", "terms not accepted yet").open("/grants/")
    other.says("terms not accepted yet").open(grant.get_absolute_url()).says("terms not accepted yet")
    visit(other, "grant_terms", grant_id=grant.pk)
    meet("officer").open(case.get_absolute_url()).says("terms not accepted yet")
    walk.accepted_terms(grant, cast.other_partner, now)
    other.open("/").open(grant.get_absolute_url()).says("scheduled")
