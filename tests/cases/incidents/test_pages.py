"""The pages of incidents: what each person is shown, bad input, double clicks, stale forms, and what a page costs."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from cases.access.models import Grant
from cases.incidents.actions import suspend_grants, write_entry, write_first_report
from cases.incidents.models import Incident
from cases.register.models import Case
from cases.rules.window import EASTERN
from tests import walk
from tests.cast import Cast

HOUR = timedelta(hours=1)
MISSING = "00000000-0000-4000-8000-000000000000"
ClientOf = Callable[[User], Client]
STEPS = ("note", "first_report", "severity", "contain", "suspend", "resume", "close")


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """In access, with an office's grant and one of each partner."""
    case = walk.granted(cast, now)
    offer = walk.nominated(cast, case, now, partner=cast.other_partner_org)
    walk.partner_grant(
        cast, case, now, nomination=offer, accepted=False, organisation=cast.other_partner_org,
        people=[cast.other_partner],
    )  # fmt: skip
    return case


@pytest.fixture
def grant(case: Case, cast: Cast) -> Grant:
    """The partner's own."""
    return case.grants.get(organisation=cast.partner_org)


def typed(now: datetime, **changes: Any) -> dict[str, Any]:
    """A report as a browser sends it."""
    noticed = (now - HOUR).astimezone(EASTERN).strftime("%Y-%m-%dT%H:%M")
    return {
        "kind": "misuse",
        "severity": "high",
        "account": "Account-canary.",
        "noticed_at": noticed,
        **changes,
    }


def text_of(client: Client, address: str, status: int = 200) -> str:
    """The page's text, after checking its status."""
    answer = client.get(address)
    assert answer.status_code == status, answer.content[:600]
    return answer.content.decode()


def test_a_partner_reports_from_its_grant_and_sees_nothing_else(
    cast: Cast, case: Case, grant: Grant, now: datetime, client_of: ClientOf
) -> None:
    """Found on the grant's page; neither people, tracking number, other partners nor entries for others."""
    client, url = client_of(cast.partner), reverse("cases:grant_incident_new", args=[grant.pk])
    assert url in text_of(client, grant.get_absolute_url())
    page = text_of(client, url)
    assert "Harbor" not in page
    assert "Grants concerned" not in page
    assert client.post(url, typed(now)).status_code == 302
    again = client.post(url, typed(now))
    assert again.status_code == 409
    incident = Incident.objects.get()
    assert incident.reference in again.content.decode()
    for audience in ("agency", "sides", "reporter"):
        write_entry(incident=incident, text=f"{audience}-canary", audience=audience, by=cast.officer, now=now)
    others = list(case.grants.all())
    suspend_grants(incident=incident, grants=others, by=cast.security, now=now)
    page = text_of(client, incident.get_absolute_url())
    for shown in ("Account-canary.", "reporter-canary", "Gridline", "suspended for the agency"):
        assert shown in page
    for hidden in (
        "sides-canary", "agency-canary", "Harbor", case.tracking_number, cast.officer.name, cast.security.name,
        "NSA AISC",
    ):  # fmt: skip
        assert hidden not in page, hidden
    shut = text_of(client, grant.get_absolute_url(), status=403)
    assert incident.reference in shut
    assert url in shut
    for address in (
        incident.get_absolute_url(),
        *(reverse(f"cases:incident_{s}", args=[incident.pk]) for s in STEPS),
    ):
        for person in (cast.other_partner, cast.stranger, cast.consultee):
            hidden_page = client_of(person).get(address)
            missing = client_of(person).get(address.replace(str(incident.pk), MISSING))
            assert hidden_page.status_code == missing.status_code == 404, address
    assert client_of(cast.other_partner).get(url).status_code == 404


def test_what_is_typed_wrong_is_said_beside_the_field(
    cast: Cast, case: Case, grant: Grant, now: datetime, client_of: ClientOf
) -> None:
    """Hours ahead, rows of another case and rows that do not exist: the same sentence, and nothing is lost."""
    other = walk.agreed(cast, now)
    foreign = walk.office_grant(cast, other, now)
    client, url = client_of(cast.liaison), reverse("cases:incident_new", args=[case.pk])
    ahead = (now + HOUR).astimezone(EASTERN).strftime("%Y-%m-%dT%H:%M")
    for wrong, said in (
        ({"noticed_at": ahead}, "lies ahead"),
        ({"began_at": ahead}, "begin after"),
        ({"noticed_at": "yesterday"}, "Enter a valid date/time."),
        ({"kind": "theft"}, "theft is not one of the available choices."),
        ({"account": ""}, "Fill this in"),
        ({"grants": [foreign.pk]}, "not among what you see"),
        ({"grants": [MISSING]}, "not among what you see"),
        ({"grants": ["x"]}, "not among what you see"),
        ({"documents": [other.documents.first().pk]}, "not among what you see"),
    ):
        answer = client.post(url, typed(now, **wrong))
        assert answer.status_code == 422, wrong
        said_page = answer.content.decode()
        assert said in said_page, wrong
        assert "account" in wrong or "Account-canary." in said_page
    assert not Incident.objects.exists()
    partner = client_of(cast.partner)
    sent = typed(now, grants=[foreign.pk], documents=[case.documents.first().pk])
    partner.post(reverse("cases:grant_incident_new", args=[grant.pk]), sent)
    assert [one.grant for one in Incident.objects.get().concerned.all()] == [grant]
    assert not Incident.objects.get().attached.exists()
    assert client.post(f"{url}?follows={MISSING}", typed(now)).status_code == 404


def test_seeing_an_incident_through_in_the_browser(
    cast: Cast, case: Case, grant: Grant, now: datetime, client_of: ClientOf
) -> None:
    """Suspend from the incident, first report, severity, a stale form pressed again, closure; the end of it all."""
    incident = walk.incident(cast, case, now, grants=[grant])
    security, signatory = client_of(cast.security), client_of(cast.signatory)

    def post(client: Client, step: str, **values: Any) -> int:
        return client.post(reverse(f"cases:incident_{step}", args=[incident.pk]), values).status_code

    home = text_of(security, "/")
    assert home.count(incident.reference) == 2  # what waits, and the open ones
    assert "on an incident" in text_of(security, reverse("cases:grant", args=[grant.pk]))
    assert security.get(reverse("cases:grant_suspend", args=[grant.pk])).status_code == 409
    assert post(security, "suspend", grants=[walk.office_grant(cast, walk.agreed(cast, now), now).pk]) == 422
    assert post(security, "suspend") == 422
    assert post(security, "suspend", grants=[grant.pk]) == 302
    assert post(security, "suspend", grants=[grant.pk]) == 422
    text_of(client_of(cast.partner), grant.get_absolute_url(), status=403)
    assert post(signatory, "suspend", grants=[grant.pk]) == 302
    assert post(signatory, "resume") == 422
    assert post(signatory, "resume", confirmed="on") == 302
    assert post(security, "note", text="why?", audience="agency", asks="developer") == 403
    assert post(security, "note", text="why?", audience="sides", asks="developer") == 302
    assert post(client_of(cast.liaison), "note", text="Because.") == 302
    assert post(client_of(cast.liaison), "note", text="Because.") == 409
    report = {"text": "Report.", "audience": "sides", "revision": incident.revision}
    url = reverse("cases:incident_first_report", args=[incident.pk])
    stale = security.post(url, report)
    assert stale.status_code == 409
    incident.refresh_from_db()
    assert f'value="{incident.revision}"' in stale.content.decode()
    assert security.post(url, {**report, "revision": incident.revision}).status_code == 302
    assert security.post(url, report).status_code == 409
    assert security.get(url).status_code == 409
    incident.refresh_from_db()
    closing = text_of(security, reverse("cases:incident_close", args=[incident.pk]))
    assert "1 grant is resumed at once, unless the other side suspends too: Gridline." in closing
    done = {
        "outcome": "remedied",
        "lessons": "Rotate keys.",
        "revision": incident.revision,
        "confirmed": "on",
    }
    assert post(security, "close", **{**done, "confirmed": ""}) == 422
    assert post(security, "close", **done) == 302
    assert post(security, "close", **done) == 409
    text_of(client_of(cast.partner), grant.get_absolute_url())
    page = text_of(client_of(cast.officer), incident.get_absolute_url())
    assert "Rotate keys." in page
    assert f"?follows={incident.pk}" in page
    audited = text_of(client_of(cast.auditor), incident.get_absolute_url())
    for word in ("Rotate keys.", "Report.", "Because.", incident.account):
        assert word not in audited


def test_the_section_and_the_closing(cast: Cast, case: Case, now: datetime, client_of: ClientOf) -> None:
    """Shown where there is something to see or to report; the closing of a case names what stays open."""
    address = case.get_absolute_url()
    assert 'id="incidents"' not in text_of(client_of(cast.auditor), address)
    assert "Report an incident" in text_of(client_of(cast.liaison), address)
    incident = walk.incident(cast, case, now)
    for person in (cast.auditor, cast.liaison, cast.officer):
        assert incident.reference in text_of(client_of(person), address)
    closing = text_of(
        client_of(cast.officer), reverse("cases:move", args=[_received(cast, now).pk, "close_early"])
    )
    assert "1 incident of this case is open." in closing


def _received(cast: Cast, now: datetime) -> Case:
    case = walk.acknowledged(cast, now)
    walk.incident(cast, case, now)
    return case


def _cost(client: Client, address: str) -> int:
    text_of(client, address)
    with CaptureQueriesContext(connection) as counted:
        text_of(client, address)
    return len(counted)


def test_pages_cost_the_same_for_one_and_many(
    cast: Cast, case: Case, grant: Grant, now: datetime, client_of: ClientOf
) -> None:
    """The incident with twenty entries, the case and the home with ten incidents, for each who reads them."""
    incident = walk.incident(cast, case, now, cast.partner, under=grant)
    write_first_report(incident=incident, text="f", audience="reporter", by=cast.security, now=now)
    pages = [
        (client_of(person), address)
        for person, address in (
            (cast.security, incident.get_absolute_url()), (cast.partner, incident.get_absolute_url()),
            (cast.liaison, incident.get_absolute_url()), (cast.officer, case.get_absolute_url()),
            (cast.security, "/"), (cast.partner, grant.get_absolute_url()),
        )
    ]  # fmt: skip
    before = [_cost(*page) for page in pages]
    for number in range(20):
        write_entry(incident=incident, text=f"e{number}", audience="reporter", by=cast.officer, now=now)
    for number in range(9):
        walk.incident(cast, case, now, cast.partner, under=grant, account=f"Another, {number}.")
    assert [_cost(*page) for page in pages] == before
