"""What pages ask about incidents: the section of a case, one incident with its timeline, what may be done about it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.urls import reverse

from accounts.models import Appointment, User
from accounts.roles import PARTNER, ROLES
from cases.access.models import Grant
from cases.access.queries import shown_grant
from cases.documents.models import Document
from cases.incidents import guards
from cases.incidents.models import Incident, IncidentDocument, IncidentEntry
from cases.incidents.waiting import open_incidents, waiting
from cases.register.models import Case
from cases.rules import policy, severity, visibility
from portal.kit.refusal import Refused

__all__ = [
    "open_incidents",
    "page",
    "reads_incident",
    "section",
    "waiting",
    "with_incidents",
]  # what other rooms ask, and this one's pages

STATE_TONES: Final = {"open": "warning", "contained": "info", "closed": "ended"}
SEVERITY_TONES: Final = {"low": "neutral", "moderate": "info", "high": "warning", "critical": "warning"}
FACTS: Final = (
    "id", "reference", "kind", "severity", "noticed_at", "reported_at", "first_report_due_at", "first_report_at",
    "contained_at", "closed_at",
)  # fmt: skip
INSTANTS: Final = tuple(name for name in FACTS if name.endswith("_at"))


# -- the section of a case --------------------------------------------------------------------------------------------


def with_incidents(cases: QuerySet[Any], user: User, now: datetime) -> QuerySet[Any]:
    """Cases with `seen_incidents`, what this person's section shows of them, within the query of the case."""
    rows = Incident.objects.visible_to(user, now).filter(case=OuterRef("pk")).order_by("-noticed_at", "-pk")
    facts = JSONObject(**{name: name for name in FACTS}, organisation="organisation__short_name")
    return cases.annotate(seen_incidents=ArraySubquery(rows.values(facts=facts)))


def section(case: Case, user: User, now: datetime) -> dict[str, Any] | None:
    """The incidents of a case from `with_incidents`. None where there is none to see and none to report."""
    may_report = (
        case.submitted_at is not None and policy.standing(user, "incident.report", case, now) is not None
    )
    rows = [_shown(facts) for facts in case.seen_incidents]  # type: ignore[attr-defined]
    if not rows and not may_report:
        return None
    return {"case": case, "incidents": rows, "count": len(rows), "may_report": may_report}


def _shown(facts: dict[str, Any]) -> dict[str, Any]:
    """A row of the section, instants as such."""
    row = Incident(**{
        name: datetime.fromisoformat(facts[name]) if name in INSTANTS and facts[name] else facts[name]
        for name in FACTS
    })  # fmt: skip
    return {**shown(row), "organisation": facts["organisation"]}


def shown(row: Incident) -> dict[str, Any]:
    """An incident as a list shows it."""
    return {
        "row": row,
        "state": row.state,
        "tone": STATE_TONES[row.state],
        "severity_tone": SEVERITY_TONES[row.severity],
    }


# -- one incident -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of a timeline: when, who in what capacity for whom, what it tells; `text` where the reader reads it."""

    at: datetime
    what: str
    who: str
    text: str = ""
    audience: str = ""
    agency_only: bool = False


def inside(incident: Incident, user: User, now: datetime) -> bool:
    """Whether this person sees the incident as part of a case it may open, and not as the partner who reported it."""
    return Case.objects.visible_to(user, now).filter(pk=incident.case_id).exists()


def reads_incident(incident: Incident, user: User, now: datetime) -> bool:
    """Whether this person reads the words of an incident it sees."""
    return visibility.reads_incident(user, incident, now)


def page(incident: Incident, user: User, now: datetime) -> dict[str, Any]:
    """What the incident's page shows to this person."""
    within = inside(incident, user, now)
    reads = reads_incident(incident, user, now)
    suspensions = _suspensions(incident, within)
    papers = _papers(incident, user, now)
    concerned = incident.concerned.select_related("grant__organisation").order_by("named_at", "pk")
    return {
        **shown(incident),
        "incident": incident,
        "inside": within,
        "reads": reads,
        "means": severity.SEVERITIES[incident.severity].means,
        "grants": [
            _grant(one.grant, suspensions, now, within) for one in concerned if within or _own(one, incident)
        ],
        "documents": [one.document for one in papers],
        "titled": visibility.reads_titles(user, incident.case, now) or not within,
        "lines": _timeline(incident, user, now, suspensions, papers, within=within, reads=reads),
        "follow": incident.follows if incident.follows_id else None,
        "steps": steps(incident, user, now),
        "reports_anew": _anew(incident, user, now, within=within),
    }


def _anew(incident: Incident, user: User, now: datetime, *, within: bool) -> str:
    """Where a new incident that refers to this closed one is reported, for who may."""
    if incident.is_open or policy.standing(user, "incident.report", incident.case, now) is None:
        return ""
    name, key = (
        ("incident_new", incident.case_id) if within else ("grant_incident_new", incident.reported_under_id)
    )
    return f"{reverse(f'cases:{name}', args=[key])}?follows={incident.pk}"


def _own(one: Any, incident: Incident) -> bool:
    own: bool = one.grant_id == incident.reported_under_id
    return own


def _suspensions(incident: Incident, within: bool) -> list[Any]:
    rows = incident.suspensions.select_related("grant__organisation", "suspended_by", "resumed_by")
    found = rows.order_by("since", "pk")
    return list(found if within else found.filter(grant=incident.reported_under_id))


def _grant(grant: Grant, suspensions: list[Any], now: datetime, within: bool) -> dict[str, Any]:
    open_ = [one.side for one in suspensions if one.grant_id == grant.pk and one.until is None]
    return {**shown_grant(grant, now, inside=within), "suspended_by": open_}


def titled(incident: Incident, user: User, now: datetime) -> bool:
    """Whether this person reads the titles of the incident's documents that it sees."""
    return visibility.reads_titles(user, incident.case, now) or not inside(incident, user, now)


def _papers(incident: Incident, user: User, now: datetime) -> list[IncidentDocument]:
    """The attached documents that this person sees, in the order in which they came."""
    seen = Document.objects.visible_to(user, now).filter(case=incident.case_id)
    rows = incident.attached.filter(document__in=seen.values("pk")).select_related("document", "attached_by")
    return list(rows.order_by("attached_at", "pk"))


def _timeline(
    incident: Incident,
    user: User,
    now: datetime,
    suspensions: list[Any],
    papers: list[IncidentDocument],
    *,
    within: bool,
    reads: bool,
) -> list[Line]:
    entries = IncidentEntry.objects.visible_to(user, now).filter(incident=incident)
    wide = entries.select_related("by", "appointment__organisation")
    found = [_reported(incident, within), *(_entry(one, within, reads) for one in wide)]
    found += [
        Line(
            one.attached_at,
            f"Attached: {one.document.get_kind_display()}",
            one.attached_by.name if within else "",
        )
        for one in papers
        if one.attached_at > incident.reported_at
    ]
    for one in suspensions:
        holder = one.grant.organisation.short_name
        by = one.suspended_by.name if within else f"the {one.side}"
        found.append(Line(one.since, f"Grant of {holder} suspended for the {one.side}", by))
        if one.until is not None:
            resumed = one.resumed_by.name if one.resumed_by and within else f"the {one.side}"
            what = "resumed" if one.resumed_by else "over: the suspension ended with the grant"
            found.append(Line(one.until, f"Grant of {holder} {what}", resumed))
    if incident.escalated_at and within:
        found.append(Line(incident.escalated_at, "First report late: the agency was told", "the portal"))
    if incident.closed_at and incident.closed_by:
        by = incident.closed_by.name if within else "the agency"
        found.append(Line(incident.closed_at, f"Closed: {incident.get_outcome_display().lower()}", by))
    return sorted(found, key=lambda line: line.at)


def _reported(incident: Incident, within: bool) -> Line:
    return Line(
        incident.reported_at, "Reported", _who(incident.appointment, incident.reported_by.name, within)
    )


def _entry(one: IncidentEntry, within: bool, reads: bool) -> Line:
    what = one.get_kind_display()
    if one.kind == "severity":
        what = f"{what} to {one.get_severity_display().lower()}"
    if one.asks:
        what = f"{what}, asks {one.get_asks_display().lower()} for an answer"
    return Line(
        one.at, what, _who(one.appointment, one.by.name, within), one.text if reads else "",
        audience=one.get_audience_display() if within else "",
        agency_only=one.audience == "agency",
    )  # fmt: skip


def _who(appointment: Appointment, name: str, within: bool) -> str:
    """Name, capacity and organisation; to a partner a side is a side, and only its own people have names."""
    kind = appointment.organisation.kind
    if not within and kind != PARTNER:
        return f"the {kind}"
    title = ROLES[appointment.role].title
    if appointment.capacity != "own":
        title = f"{title}, {appointment.get_capacity_display()}"
    return f"{name} ({title}, {appointment.organisation.short_name})"


# -- what may be done -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StepRow:
    """One thing that may be done about an incident: its button, its address, the permission it takes, its guard."""

    label: str
    url_name: str
    permission: str
    guard: Callable[[User, Incident, datetime], Refused | None]
    kind: str = "secondary"


HANDLE: Final = "incident.handle"
STEPS: Final = (
    StepRow("Write the first report", "cases:incident_first_report", HANDLE, guards.first_report_refusal, "primary"),
    StepRow("Suspend grants", "cases:incident_suspend", "grant.suspend", guards.suspend_on_refusal, "danger"),
    StepRow("Resume grants", "cases:incident_resume", "grant.suspend", guards.resume_on_refusal),
    StepRow("Add to the timeline", "cases:incident_note", "incident.report", guards.write_refusal),
    StepRow("Attach documents", "cases:incident_documents", "incident.report", guards.attach_refusal),
    StepRow("Change the severity", "cases:incident_severity", HANDLE, guards.handle_refusal),
    StepRow("Record the containment", "cases:incident_contain", HANDLE, guards.contain_refusal),
    StepRow("Close the incident", "cases:incident_close", HANDLE, guards.close_refusal),
)  # fmt: skip


def steps(incident: Incident, user: User, now: datetime) -> list[dict[str, str]]:
    """What this person may do now; closing, which comes last, also stands there with what is missing before it."""
    found = []
    for row in STEPS:
        if policy.standing(user, row.permission, incident.case, now) is None:
            continue
        refused = row.guard(user, incident, now)
        if refused is not None and not (incident.is_open and row.guard is guards.close_refusal):
            continue
        off = refused.sentence if refused else ""
        url = reverse(row.url_name, args=[incident.pk])
        found.append({"label": row.label, "url": url, "kind": row.kind, "off": off})
    return found
