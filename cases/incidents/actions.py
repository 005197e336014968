"""What people do about an incident: report it, write in its timeline, suspend and resume grants, close it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.db.models import Model as Row

from accounts.models import Appointment, User
from cases.access.actions import resume_grant, suspend_grant
from cases.access.actions.ending import named_people
from cases.access.models import Grant, Suspension
from cases.documents.models import Document
from cases.incidents import guards
from cases.incidents.models import Incident, IncidentDocument, IncidentEntry, IncidentGrant
from cases.register.actions import locked
from cases.register.journal import happened
from cases.register.models import Case
from cases.rules import clock, policy, severity, visibility
from portal.kit.actions import action
from portal.kit.refusal import Refused, conflict
from portal.notify import outbox

LATE_JOB: Final = "late_first_report"
UNKNOWN: Final = "Something you chose is not among what you see of this case. Choose again from the list."


def _free_reference(now: datetime) -> str:
    while Incident.objects.filter(reference=(found := Incident.new_reference(now))).exists():
        continue
    return found


def _told(case: Case, audiences: Iterable[str], now: datetime) -> list[User]:
    """The people of these audiences, each once."""
    found = (person for audience in audiences for person in visibility.people(audience, case, now))
    return list({person.pk: person for person in found}.values())


def _reporters(incident: Incident) -> list[User]:
    """The partner's people who hear of the incident: those named on the grant it was reported under."""
    return named_people(incident.reported_under) if incident.reported_under is not None else []


# -- reporting --------------------------------------------------------------------------------------------------------


@action
def report_incident(
    *,
    case: Case,
    kind: str,
    severity: str,
    account: str,
    noticed_at: datetime,
    by: User,
    now: datetime,
    began_at: datetime | None = None,
    grants: Sequence[Grant] = (),
    documents: Sequence[Document] = (),
    under: Grant | None = None,
    follows: Incident | None = None,
) -> Incident:
    """Report an incident. under: the grant a partner reports under. follows: a closed incident this one refers to.

    The clock of the first report runs from when it was noticed; the agency is told when it is missed.
    """
    case = locked(case)
    _refuse(guards.report_refusal(by, case, now, under) or guards.times_refusal(noticed_at, began_at, now))
    appointment = policy.require(by, "incident.report", case, now=now)
    concerned = _seen_grants(case, [*grants, *([under] if under else [])], by, now)
    papers = seen_documents(case, documents, by, now)
    _refuse_repetition(case, by, account, noticed_at)
    _refuse_follow(case, follows, by, now)
    incident = Incident.objects.create(
        case=case, reference=_free_reference(now), kind=kind, severity=severity, account=account,
        noticed_at=noticed_at, began_at=began_at, reported_at=now, reported_by=by, appointment=appointment,
        organisation=appointment.organisation, follows=follows,
        reported_under=under if guards.partner_only(by, case, now) else None,
        first_report_due_at=clock.due_at("incident_report", noticed_at, case.policy_version.clocks),
    )  # fmt: skip
    rows = [incident, *_goes_with(incident, concerned, papers, by, now)]
    outbox.enqueue(
        LATE_JOB, key=f"late_first_report:{incident.pk}", args={"incident_id": str(incident.pk)}, now=now,
        run_at=max(now, incident.first_report_due_at),
    )  # fmt: skip
    _happened("incident.reported", incident, appointment, now, rows, also=_told_of(incident, now))
    return incident


def _goes_with(
    incident: Incident, grants: Sequence[Grant], papers: Sequence[Document], by: User, now: datetime
) -> list[Row]:
    """The rows of the grants it concerns and of its documents."""
    named: list[Row] = [_concern(incident, grant, by, now) for grant in grants]
    attached = [
        IncidentDocument.objects.create(incident=incident, document=one, attached_at=now, attached_by=by)
        for one in papers
    ]
    return [*named, *attached]


def _refuse(refused: Refused | None) -> None:
    if refused is not None:
        raise refused


def _told_of(incident: Incident, now: datetime) -> list[User]:
    """Whom the severity has told beside those of the event."""
    return _told(incident.case, severity.SEVERITIES[incident.severity].at_once, now)


def _seen_grants(case: Case, grants: Sequence[Grant], by: User, now: datetime) -> list[Grant]:
    wanted = {grant.pk for grant in grants}
    found = list(Grant.objects.visible_to(by, now).filter(case=case, pk__in=wanted).order_by("pk"))
    if len(found) != len(wanted):
        raise Refused(UNKNOWN)
    return found


def seen_documents(case: Case, documents: Sequence[Document], by: User, now: datetime) -> list[Document]:
    """The documents, as far as `by` sees them in the case; one that it does not see refuses all."""
    wanted = {document.pk for document in documents}
    found = list(Document.objects.visible_to(by, now).filter(case=case, pk__in=wanted).order_by("pk"))
    if len(found) != len(wanted):
        raise Refused(UNKNOWN)
    return found


def _refuse_repetition(case: Case, by: User, account: str, noticed_at: datetime) -> None:
    """The same words of the same person about the same hour are the same report, sent twice."""
    same = Incident.objects.filter(case=case, reported_by=by, account=account, noticed_at=noticed_at).first()
    if same is not None:
        raise conflict(f"You reported this already: it is {same.reference}. Write in its timeline instead.")


def _refuse_follow(case: Case, follows: Incident | None, by: User, now: datetime) -> None:
    if follows is None:
        return
    seen = Incident.objects.visible_to(by, now).filter(case=case, pk=follows.pk).first()
    if seen is None:
        raise Refused(UNKNOWN)
    if seen.is_open:
        raise conflict(f"{seen.reference} is still open. Write in its timeline instead.")


def _concern(incident: Incident, grant: Grant, by: User, now: datetime) -> IncidentGrant:
    return IncidentGrant.objects.create(incident=incident, grant=grant, named_at=now, named_by=by)


def _happened(
    kind: str,
    incident: Incident,
    appointment: Appointment | None,
    now: datetime,
    rows: Iterable[Row],
    *,
    also: Iterable[User] = (),
) -> None:
    by = appointment.person if appointment is not None else None
    happened(
        kind, case=incident.case, by=by, now=now, appointment=appointment, subject=incident, rows=rows, also=also
    )  # fmt: skip


# -- the timeline -----------------------------------------------------------------------------------------------------


def locked_incident(incident: Incident) -> Incident:
    """The incident row, locked after its case's row."""
    case = locked(incident.case)
    fresh = (
        Incident.objects.select_for_update(of=("self",)).select_related("reported_under").get(pk=incident.pk)
    )
    fresh.case = case
    return fresh


def _refuse_stale(incident: Incident, revision: int | None) -> None:
    """Asked after the guards, which say it better where the very step was taken meanwhile."""
    if revision is not None and revision != incident.revision:
        raise conflict(guards.STALE)


def _save(incident: Incident) -> None:
    incident.revision += 1
    incident.save()


def _enter(
    incident: Incident, kind: str, text: str, audience: str, appointment: Appointment, now: datetime, **more: str
) -> IncidentEntry:  # fmt: skip
    _refuse(guards.audience_refusal(appointment.person, incident, audience, more.get("asks", ""), now))
    return IncidentEntry.objects.create(
        incident=incident, kind=kind, audience=audience, text=text, at=now, by=appointment.person,
        appointment=appointment, **more,
    )  # fmt: skip


def _hearing(incident: Incident, entry: IncidentEntry) -> list[User]:
    return _reporters(incident) if entry.audience == "reporter" else []


@action
def write_entry(
    *, incident: Incident, text: str, audience: str, by: User, now: datetime, asks: str = ""
) -> IncidentEntry:
    """Write in the timeline. asks: of whom an answer is asked, by who sees the incident through."""
    incident = locked_incident(incident)
    _refuse(guards.write_refusal(by, incident, now))
    appointment = policy.require(by, "incident.report", incident.case, now=now)
    if asks:
        policy.require(by, "incident.handle", incident.case, now=now)
    last = incident.entries.filter(by=by).order_by("-at", "-pk").first()
    if last is not None and (last.text, last.audience) == (text, audience):
        raise conflict("This entry is in the timeline already.")
    entry = _enter(incident, "note", text, audience, appointment, now, asks=asks)
    _asked_and_answered(incident, entry, appointment)
    _save(incident)
    kind = "incident.noted_inside" if audience == "agency" else "incident.noted"
    _happened(kind, incident, appointment, now, [incident, entry], also=_hearing(incident, entry))
    return entry


def _asked_and_answered(incident: Incident, entry: IncidentEntry, appointment: Appointment) -> None:
    """Keep who is asked for an answer; an entry of that side is one."""
    kind = appointment.organisation.kind
    if entry.asks == "developer":
        incident.developer_asked_at = entry.at
    elif entry.asks == "reporter":
        incident.reporter_asked_at = entry.at
    elif kind == "developer":
        incident.developer_asked_at = None
    elif kind == "partner":
        incident.reporter_asked_at = None


@action
def write_first_report(
    *, incident: Incident, text: str, audience: str, by: User, now: datetime, revision: int | None = None
) -> IncidentEntry:
    """Write the first report, once: what is known, what was done, what is still open. It ends the clock."""
    incident = locked_incident(incident)
    _refuse(guards.first_report_refusal(by, incident, now))
    _refuse_stale(incident, revision)
    appointment = policy.require(by, "incident.handle", incident.case, now=now)
    entry = _enter(incident, "first_report", text, audience, appointment, now)
    incident.first_report_at = now
    _save(incident)
    _happened(
        "incident.first_report", incident, appointment, now, [incident, entry], also=_hearing(incident, entry)
    )
    return entry


@action
def set_severity(
    *, incident: Incident, severity: str, text: str, audience: str, by: User, now: datetime, revision: int | None = None
) -> IncidentEntry:  # fmt: skip
    """Change the severity, with the reason."""
    incident = locked_incident(incident)
    _refuse(guards.handle_refusal(by, incident, now))
    if incident.severity == severity:
        raise conflict(f"The severity is {incident.get_severity_display().lower()} already.")
    _refuse_stale(incident, revision)
    appointment = policy.require(by, "incident.handle", incident.case, now=now)
    entry = _enter(incident, "severity", text, audience, appointment, now, severity=severity)
    incident.severity = severity
    _save(incident)
    also = [*_told_of(incident, now), *_hearing(incident, entry)]
    _happened("incident.severity_set", incident, appointment, now, [incident, entry], also=also)
    return entry


@action
def record_containment(
    *, incident: Incident, text: str, audience: str, by: User, now: datetime, revision: int | None = None
) -> IncidentEntry:
    """Record, once, that the incident is contained and by what."""
    incident = locked_incident(incident)
    _refuse(guards.contain_refusal(by, incident, now))
    _refuse_stale(incident, revision)
    appointment = policy.require(by, "incident.handle", incident.case, now=now)
    entry = _enter(incident, "contained", text, audience, appointment, now)
    incident.contained_at = now
    _save(incident)
    _happened(
        "incident.contained", incident, appointment, now, [incident, entry], also=_hearing(incident, entry)
    )
    return entry


@action
def note_late(*, incident: Incident, by: User | None, now: datetime) -> bool:
    """Tell the agency that the first report is late. Once; nothing where it is written or the incident closed."""
    incident = locked_incident(incident)
    settled = incident.first_report_at or incident.escalated_at or incident.closed_at
    if settled or now < incident.first_report_due_at:
        return False
    incident.escalated_at = now
    _save(incident)
    also = _told(incident.case, severity.SEVERITIES[incident.severity].when_late, now)
    _happened("incident.late", incident, None, now, [incident], also=also)
    return True


# -- effect on grants, and the end ------------------------------------------------------------------------------------


@action
def suspend_grants(
    *, incident: Incident, grants: Sequence[Grant], by: User, now: datetime, reason: str = ""
) -> list[Suspension]:
    """Suspend grants at once because of the incident, all of them or none; they are concerned from then on."""
    incident = locked_incident(incident)
    _refuse(guards.suspend_on_refusal(by, incident, now))
    chosen = _seen_grants(incident.case, grants, by, now)
    if not chosen:
        raise Refused("Choose at least one grant to suspend.")
    appointment = policy.require(by, "grant.suspend", incident.case, now=now)
    known = set(incident.concerned.values_list("grant", flat=True))
    rows: list[Row] = [_concern(incident, one, by, now) for one in chosen if one.pk not in known]
    done = [suspend_grant(grant=one, by=by, now=now, reason=reason, incident=incident) for one in chosen]
    _save(incident)
    _happened("incident.suspended", incident, appointment, now, [incident, *rows])
    return done


@action
def resume_grants(*, incident: Incident, by: User, now: datetime) -> list[Grant]:
    """Lift every suspension of one's side because of this incident, all of them or none."""
    incident = locked_incident(incident)
    _refuse(guards.resume_on_refusal(by, incident, now))
    return _lift(incident, by, now)


def _lift(incident: Incident, by: User, now: datetime) -> list[Grant]:
    return [resume_grant(grant=one.grant, by=by, now=now) for one in guards.lifted_by(by, incident, now)]


@action
def close_incident(
    *, incident: Incident, outcome: str, lessons: str, by: User, now: datetime, revision: int | None = None
) -> Incident:
    """Close the incident for good; what the agency still suspends because of it is resumed in this transaction."""
    incident = locked_incident(incident)
    _refuse(guards.close_refusal(by, incident, now))
    _refuse_stale(incident, revision)
    appointment = policy.require(by, "incident.handle", incident.case, now=now)
    _lift(incident, by, now)
    incident.outcome, incident.lessons, incident.closed_at, incident.closed_by = outcome, lessons, now, by
    incident.developer_asked_at = incident.reporter_asked_at = None
    _save(incident)
    _happened("incident.closed", incident, appointment, now, [incident], also=_reporters(incident))
    return incident
