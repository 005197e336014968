"""Incidents: who reports, sees and does what; the clock; suspension because of one; the end, which is final."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.actions import appoint
from accounts.models import User
from cases.access.actions import end_grant, suspend_grant
from cases.access.models import Grant, Suspension
from cases.incidents import queries
from cases.incidents.actions import (
    LATE_JOB,
    close_incident,
    record_containment,
    resume_grants,
    set_severity,
    suspend_grants,
    write_entry,
    write_first_report,
)
from cases.incidents.models import Incident, IncidentEntry
from cases.incidents.tasks import late_first_report
from cases.register.actions import move_case, open_government_case, recuse
from cases.register.models import Case
from cases.reports import history
from cases.rules import visibility
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit import registry
from portal.kit.gate import writing
from portal.kit.refusal import Refused
from portal.notify import worker
from portal.notify.models import Notice, Outbox
from tests import walk
from tests.cast import Cast

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
INSIDE = {"liaison", "signatory", "lead", "officer", "evaluator", "official", "security", "records"}
NOT_CONCERNED = {
    "evaluator2",
    "consultee",
    "org_admin",
    "admin",
    "stranger",
    "stranger_signatory",
    "other_partner",
}
AGENCY = {"lead", "officer", "evaluator", "official", "security", "records", "auditor"}


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """In access, with an office's grant and one of each partner."""
    case = walk.granted(cast, now)
    offer = walk.nominated(cast, case, now, partner=cast.other_partner_org)
    walk.partner_grant(
        cast, case, now, accepted=False, nomination=offer, organisation=cast.other_partner_org,
        people=[cast.other_partner],
    )  # fmt: skip
    return case


def partner_grant(case: Case) -> Grant:
    """Gridline's grant."""
    return case.grants.get(organisation__short_name="Gridline")


def reported(cast: Cast, case: Case, now: datetime, **more: Any) -> Incident:
    """By the partner, under its own grant."""
    return walk.incident(cast, case, now, cast.partner, under=partner_grant(case), **more)


def live(grant: Grant, at: datetime) -> bool:
    """Whether the model may be used under the grant at `at`."""
    return Grant.objects.live(at).filter(pk=grant.pk).exists()


def sees(person: User, incident: Incident, at: datetime) -> bool:
    """Whether the incident exists for this person."""
    return Incident.objects.visible_to(person, at).filter(pk=incident.pk).exists()


# -- who ------------------------------------------------------------------------------------------------------------


def test_who_reports(cast: Cast, case: Case, now: datetime) -> None:
    """Everybody who stands on the case, the partner under its own grant; nobody else."""
    own, others = partner_grant(case), case.grants.get(organisation=cast.other_partner_org)
    done = set()
    for key, person in cast.people.items():
        try:
            walk.incident(cast, case, now, person)
        except Refused:
            continue
        done.add(key)
    assert done == INSIDE
    assert reported(cast, case, now).reported_under == own
    with pytest.raises(Refused, match="Choose again from the list"):
        walk.incident(cast, case, now, cast.partner, under=others)
    with pytest.raises(Refused, match="Choose again from the list"):
        walk.incident(cast, case, now, cast.other_partner, under=own)
    draft = walk.drafted(cast, now)
    with pytest.raises(Refused, match="draft"):
        walk.incident(cast, draft, now, cast.liaison)


def test_who_sees_and_reads(cast: Cast, case: Case, now: datetime) -> None:
    """Both sides every incident of their case, the partner its own, the auditor without the words."""
    by_partner, by_agency = reported(cast, case, now), walk.incident(cast, case, now)
    at = now + HOUR
    for audience in ("agency", "sides", "reporter"):
        write_entry(
            incident=by_partner, text=f"{audience}-canary", audience=audience, by=cast.security, now=at
        )
    for key, person in cast.people.items():
        expected = {
            by_partner: key in INSIDE | {"auditor", "partner"},
            by_agency: key in INSIDE | {"auditor"},
        }
        assert {one: sees(person, one, at) for one in expected} == expected, key
        entries = set(IncidentEntry.objects.visible_to(person, at).values_list("audience", flat=True))
        wanted = {"agency", "sides", "reporter"} if key in AGENCY else {"sides", "reporter"}
        wanted = {"reporter"} if key == "partner" else wanted if key in INSIDE | AGENCY else set()
        assert entries == wanted, key
        if expected[by_partner]:
            reads = visibility.reads_incident(person, by_partner, at)
            assert reads == (key not in {"auditor", "records"}), key
    recuse(case=case, person=cast.partner, reason="related", by=cast.officer, now=at)
    assert not sees(cast.partner, by_partner, at)


def test_a_person_in_two_organisations_reads_as_the_one_that_stands_on_the_case(
    cast: Cast, case: Case, now: datetime
) -> None:
    """A partner's representative who evaluates other cases sees its own report, and nothing of the agency's."""
    appoint(person=cast.partner, organisation=cast.agency, role="evaluator", by=None, now=now)
    incident = reported(cast, case, now + HOUR)
    write_entry(incident=incident, text="x", audience="agency", by=cast.security, now=now + HOUR)
    assert not IncidentEntry.objects.visible_to(cast.partner, now + HOUR).exists()
    assert not sees(cast.partner, walk.incident(cast, case, now), now + HOUR)


def test_an_agencys_own_case_shows_the_developer_nothing(cast: Cast, now: datetime) -> None:
    """Of a case the government opened, disclosed or not, its developer sees no incident, not in the history either."""
    case = open_government_case(by=cast.lead, now=now, developer=cast.developer, model="Watched", version="1")
    incident = walk.incident(cast, case, now)
    with writing():
        case.disclosed_at = now
        case.save()
    assert Case.objects.visible_to(cast.liaison, now).filter(pk=case.pk).exists()
    assert not sees(cast.liaison, incident, now)
    assert "incident.reported" in set(history.entries(case, cast.officer, now).values_list("kind", flat=True))
    assert "incident.reported" not in set(
        history.entries(case, cast.liaison, now).values_list("kind", flat=True)
    )


DOES: dict[str, tuple[Callable[..., Any], dict[str, Any], set[str]]] = {
    "entry": (
        write_entry,
        {"text": "e", "audience": "reporter"},
        INSIDE - {"records"} | {"records", "partner"},
    ),
    "question": (write_entry, {"text": "q", "audience": "reporter", "asks": "developer"}, {"security"}),
    "severity": (set_severity, {"severity": "high", "text": "s", "audience": "sides"}, {"security"}),
    "contained": (record_containment, {"text": "c", "audience": "sides"}, {"security"}),
    "first report": (write_first_report, {"text": "f", "audience": "sides"}, {"security"}),
    "close": (close_incident, {"outcome": "remedied", "lessons": ""}, {"security"}),
}


def test_who_does_what(cast: Cast, case: Case, now: datetime) -> None:
    """Each step by each person, tried on the same incident and taken back."""
    incident = reported(cast, case, now)
    for name, (act, values, allowed) in DOES.items():
        if name == "close":
            write_first_report(incident=incident, text="f", audience="sides", by=cast.security, now=now)
        done = set()
        for key, person in cast.people.items():
            try:
                with transaction.atomic():
                    act(incident=incident, by=person, now=now + HOUR, **values)
                    raise _TakeBack
            except _TakeBack:
                done.add(key)
            except Refused:
                continue
        assert done == allowed, name


class _TakeBack(Exception):
    """Undo what was just tried."""


# -- reporting ------------------------------------------------------------------------------------------------------


def test_a_report_is_kept_whole(cast: Cast, case: Case, now: datetime) -> None:
    """Random reference, grants and papers kept, both sides told, and its words in no notice."""
    paper = case.documents.get(kind="system_card")
    incident = walk.incident(
        cast, case, now, cast.liaison, severity="critical", documents=[paper], grants=[partner_grant(case)],
        began_at=now - DAY,
    )  # fmt: skip
    assert incident.reference.startswith(f"INC-{now.year}-")
    assert incident.first_report_due_at == now - HOUR + DAY
    assert [one.grant_id for one in incident.concerned.all()] == [partner_grant(case).pk]
    assert [one.document_id for one in incident.attached.all()] == [paper.pk]
    told = set(Notice.objects.filter(kind="incident.reported").values_list("recipient__name", flat=True))
    assert told == {
        cast.people[k].name for k in ("security", "officer", "signatory", "lead", "official", "evaluator")
    }
    entry = Entry.objects.get(kind="incident.reported")
    assert incident.account not in f"{entry.data}{entry.reason}"
    assert verify().fault is None


def test_what_a_report_may_not_be(cast: Cast, case: Case, now: datetime) -> None:
    """Hours ahead or out of order, grants and papers of another case, the same words twice, an open one to follow."""
    other = walk.agreed(cast, now)
    foreign = {"grants": [walk.office_grant(cast, other, now)], "documents": [other.documents.first()]}
    for wrong, said in (
        ({"noticed_at": now + HOUR}, "lies ahead"),
        ({"began_at": now}, "begin after"),
        ({"grants": foreign["grants"]}, "among what you see"),
        ({"documents": foreign["documents"]}, "among what you see"),
    ):
        with pytest.raises(Refused, match=said):
            walk.incident(cast, case, now, **wrong)
    first = walk.incident(cast, case, now, account="Twice.")
    with pytest.raises(Refused, match=first.reference) as refused:
        walk.incident(cast, case, now, account="Twice.")
    assert refused.value.conflict
    with pytest.raises(Refused, match="still open"):
        walk.incident(cast, case, now, follows=first)
    with pytest.raises(Refused, match="among what you see"):
        reported(cast, case, now, follows=first)
    assert case.incidents.count() == 1


def test_reporting_goes_on_when_the_case_has_ended(cast: Cast, case: Case, now: datetime) -> None:
    """A withdrawal hinders no report, and no incident hinders a withdrawal; until closed out the partner reports."""
    before = reported(cast, case, now)
    suspend_grants(incident=before, grants=[partner_grant(case)], by=cast.security, now=now)
    ended = move_case(case=case, name="withdraw", by=cast.signatory, now=now + HOUR)
    at = now + 2 * HOUR
    assert reported(cast, ended, at).is_open
    assert before.suspensions.get().until == now + HOUR
    write_first_report(incident=before, text="f", audience="sides", by=cast.security, now=at)
    assert close_incident(
        incident=before, outcome="access_ended", lessons="", by=cast.security, now=at
    ).closed_at
    assert visibility.reads_incident(cast.security, Incident.objects.get(pk=before.pk), at)
    with writing():
        grant = partner_grant(case)
        grant.closed_out_at, grant.close_out = at, "destroyed"
        grant.save()
    assert not sees(cast.partner, before, at)
    with pytest.raises(Refused):
        reported(cast, ended, at)


# -- the clock ------------------------------------------------------------------------------------------------------


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is handed to the broker, which is not there."""
    monkeypatch.setitem(registry._hooks, "send_job", [])


def test_a_late_first_report_is_told_once(cast: Cast, case: Case, now: datetime, sent: None) -> None:
    """The job, delivered twice and run again by hand, tells once; the case stays as it is."""
    incident = walk.incident(cast, case, now, severity="high", noticed_at=now - 2 * DAY)
    order = Outbox.objects.get(job=LATE_JOB)
    assert order.run_at == now  # it was noticed more than a day ago
    assert worker.run(str(order.pk))
    assert not worker.run(str(order.pk))
    with transaction.atomic():
        Outbox.objects.filter(pk=order.pk).update(done_at=None)
    assert worker.run(str(order.pk))
    incident.refresh_from_db()
    assert incident.escalated_at is not None
    assert Entry.objects.filter(kind="incident.late").count() == 1
    told = set(Notice.objects.filter(kind="incident.late").values_list("recipient__name", flat=True))
    assert told == {cast.security.name, cast.lead.name, cast.officer.name}
    assert Case.objects.get(pk=case.pk).stage == case.stage


def test_a_first_report_in_time_ends_the_clock(cast: Cast, case: Case, now: datetime) -> None:
    """The job that was ordered for the hour then finds nothing to tell."""
    incident = walk.incident(cast, case, now)
    assert Outbox.objects.get(job=LATE_JOB).run_at == incident.first_report_due_at
    assert [one.verb for one in queries.waiting(cast.security, now)] == ["Write the first report"]
    write_first_report(incident=incident, text="f", audience="agency", by=cast.security, now=now + HOUR)
    assert queries.waiting(cast.security, now + HOUR) == []
    late_first_report(str(incident.pk), now=now + 2 * DAY)
    assert not Entry.objects.filter(kind="incident.late").exists()
    with pytest.raises(Refused, match="written already") as refused:
        write_first_report(incident=incident, text="f", audience="agency", by=cast.security, now=now + HOUR)
    assert refused.value.conflict


# -- effect on grants -----------------------------------------------------------------------------------------------


def test_suspension_ends_access_at_that_commit_for_all_or_none(cast: Cast, case: Case, now: datetime) -> None:
    """Both grants or neither; each side lifts its own; closing lifts the agency's."""
    incident = walk.incident(cast, case, now)
    office, partner = case.grants.get(kind="office"), partner_grant(case)
    stranger = walk.office_grant(cast, walk.agreed(cast, now), now)
    for wrong in ([office, stranger], []):
        with pytest.raises(Refused):
            suspend_grants(incident=incident, grants=wrong, by=cast.security, now=now)
    assert live(office, now)
    suspend_grants(incident=incident, grants=[office, partner], by=cast.security, now=now)
    assert not live(office, now)
    assert not live(partner, now)
    assert {one.grant_id for one in incident.concerned.all()} == {office.pk, partner.pk}
    with pytest.raises(Refused, match="already"):
        suspend_grants(incident=incident, grants=[partner], by=cast.security, now=now)
    suspend_grants(incident=incident, grants=[partner], by=cast.signatory, now=now + HOUR)
    resume_grants(incident=incident, by=cast.signatory, now=now + 2 * HOUR)
    assert not live(partner, now + 2 * HOUR)
    write_first_report(incident=incident, text="f", audience="sides", by=cast.security, now=now + 2 * HOUR)
    end_grant(grant=office, by=cast.officer, now=now + 2 * HOUR)
    close_incident(incident=incident, outcome="remedied", lessons="l", by=cast.security, now=now + 3 * HOUR)
    assert live(partner, now + 3 * HOUR)
    assert not live(office, now + 3 * HOUR)
    assert verify().fault is None


def test_the_agency_suspends_on_an_open_incident_of_the_case(cast: Cast, case: Case, now: datetime) -> None:
    """Neither without one, nor on another case's, nor on a closed one; the developer's side is free."""
    grant, other = partner_grant(case), walk.agreed(cast, now)
    foreign, closed = walk.incident(cast, other, now), walk.incident(cast, case, now)
    write_first_report(incident=closed, text="f", audience="sides", by=cast.security, now=now)
    closed = close_incident(incident=closed, outcome="not_confirmed", lessons="", by=cast.security, now=now)
    for incident, said in ((None, "on an incident"), (foreign, "another case"), (closed, "is closed")):
        with pytest.raises(Refused, match=said):
            suspend_grant(grant=grant, by=cast.security, now=now, incident=incident)
    assert suspend_grant(grant=grant, by=cast.signatory, now=now).incident is None


# -- the end, and what the database keeps ---------------------------------------------------------------------------


def test_a_closed_incident_never_reopens(cast: Cast, case: Case, now: datetime) -> None:
    """Nothing more is written, changed or suspended because of it; a new one refers to it."""
    incident = reported(cast, case, now)
    with pytest.raises(Refused, match="first report is not written"):
        close_incident(incident=incident, outcome="remedied", lessons="", by=cast.security, now=now)
    write_first_report(incident=incident, text="f", audience="sides", by=cast.security, now=now)
    stale = incident.revision
    with pytest.raises(Refused, match="Someone changed this incident"):
        close_incident(
            incident=incident, outcome="remedied", lessons="", by=cast.security, now=now, revision=stale
        )
    close_incident(incident=incident, outcome="remedied", lessons="l", by=cast.security, now=now)
    for name, (act, values, _) in DOES.items():
        with pytest.raises(Refused, match="closed") as refused:
            act(incident=incident, by=cast.security, now=now, **values)
        assert refused.value.conflict, name
    with pytest.raises(Refused, match="closed"):
        suspend_grants(incident=incident, grants=list(case.grants.all()), by=cast.security, now=now)
    anew = reported(cast, case, now, follows=Incident.objects.get(pk=incident.pk), account="Again.")
    assert anew.follows_id == incident.pk


def test_what_the_database_refuses_by_itself(cast: Cast, case: Case, now: datetime) -> None:
    """A closed incident changed, an entry added to it or changed, grants across cases, a suspension without one."""
    incident, other = walk.incident(cast, case, now), walk.agreed(cast, now)
    entry = write_first_report(incident=incident, text="f", audience="sides", by=cast.security, now=now)
    foreign = walk.office_grant(cast, other, now)
    close_incident(incident=incident, outcome="remedied", lessons="", by=cast.security, now=now)
    copied = "incident_id, kind, audience, text, severity, asks, at, by_id, appointment_id"
    for sql in (
        f"UPDATE cases_incident SET closed_at = NULL WHERE id = '{incident.pk}'",
        f"UPDATE cases_incident SET outcome = 'remedied', lessons = 'x' WHERE id = '{incident.pk}'",
        f"UPDATE cases_incidententry SET text = 'x' WHERE id = '{entry.pk}'",
        f"INSERT INTO cases_incidententry (id, {copied}) SELECT gen_random_uuid(), incident_id, 'note', audience, text,"
        " severity, asks, at, by_id, appointment_id FROM cases_incidententry",
        "INSERT INTO cases_incidentgrant (id, incident_id, grant_id, named_at, named_by_id) VALUES (gen_random_uuid(),"
        f" '{incident.pk}', '{foreign.pk}', now(), '{cast.security.pk}')",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    row = Suspension(grant=foreign, side="agency", since=now, suspended_by=cast.security)
    with pytest.raises(IntegrityError, match="suspends on an incident"), transaction.atomic(), writing():
        row.save()
    row.incident = incident
    with pytest.raises(IntegrityError, match="its own case"), transaction.atomic(), writing():
        row.save()


def test_what_is_asked_waits_until_it_is_answered(cast: Cast, case: Case, now: datetime) -> None:
    """A question to the developer or to the partner waits on their home, and goes with their entry."""
    incident = reported(cast, case, now)
    with pytest.raises(Refused, match="wider audience"):
        write_entry(incident=incident, text="?", audience="sides", asks="reporter", by=cast.security, now=now)
    waiting = {
        key: cast.people[key] for key in ("liaison", "signatory", "partner", "other_partner", "stranger")
    }
    for asks, whom, answer in (
        ("developer", {"liaison", "signatory"}, "liaison"),
        ("reporter", {"partner"}, "partner"),
    ):
        write_entry(incident=incident, text=asks, audience="reporter", asks=asks, by=cast.security, now=now)
        assert {key for key, person in waiting.items() if queries.waiting(person, now)} == whom
        assert "MER-" not in str(queries.waiting(cast.partner, now))
        write_entry(incident=incident, text="answer", audience="reporter", by=cast.people[answer], now=now)
        assert not any(queries.waiting(person, now) for person in waiting.values())
