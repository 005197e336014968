"""What a home page shows: what waits for this person and until when, and at most three quiet panels by role."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Count
from django.urls import reverse

from accounts.models import User
from accounts.roles import OVERSIGHT, PARTNER, ROLES
from cases.access import overview
from cases.access import queries as access
from cases.access.models import Grant
from cases.benchmarks import queries as benchmarks
from cases.documents import quarantine, spills
from cases.documents import queries as documents
from cases.incidents import queries as incidents
from cases.incidents.models import Incident
from cases.labels import queries as labels
from cases.questions import queries as questions
from cases.records import queries as records
from cases.register import queries as register
from cases.register.models import Case
from cases.register.waiting import Waiting
from cases.reports import verification
from cases.rules import lifecycle, visibility
from portal.kit import charts

ROOMS: Final = (register, access, spills, quarantine, questions, records, incidents, benchmarks, labels)
SHOWN: Final = 100
CARDS: Final = 6
RUNS_WINDOWS: Final = frozenset({"case_officer", "framework_lead", "security_manager"})

# What an empty home says, by role: what will appear, and who makes it happen.
_SIGNERS: Final = (
    "Agreements to sign and partners to concur on will appear here.",
    "The case officer drafts the agreement; either side nominates partners.",
)
EMPTY: Final = {
    "liaison": ("Drafts to finish and questions to answer will appear here.", "You begin by drafting a case."),
    "developer_signatory": _SIGNERS,
    "framework_lead": _SIGNERS,
    "case_officer": ("Submissions to acknowledge and agreements to draft will appear here.", "Developers submit."),
    "evaluator": ("Rules to agree to and runs to look at will appear here.", "The case officer assigns you to a case."),
    "consultee": ("Requests for your office's view will appear here.", "The case officer of a case asks."),
    "determining_official": ("Packets ready to sign will appear here.", "They come when consultations are answered."),
    "records_officer": ("FOIA requests to see to will appear here.", "You record them on the case."),
    "security_manager": ("Incidents and quarantined versions will appear here.", "Others report; uploads are scanned."),
    "partner_representative": ("Offers and terms to accept will appear here.", "Both sides concur on you first."),
    "auditor": ("Nothing waits for an auditor.", "Begin at History, or open a case."),
}  # fmt: skip


@dataclass(frozen=True)
class Home:
    """Everything of one person's home page."""

    waiting: list[Waiting]
    empty: tuple[str, str]
    stages: list[charts.Count] = field(default_factory=list)
    windows: list[charts.Stretch] | None = None
    windows_until: datetime | None = None
    cards: list["Card"] = field(default_factory=list)
    grants: list[dict[str, Any]] = field(default_factory=list)
    verifications: list[verification.Verification] = field(default_factory=list)
    opened: list[documents.Opened] | None = None
    incidents: list[Incident] = field(default_factory=list)
    may_draft: bool = False

    @property
    def marks(self) -> list[str]:
        """Markings of what the page tells of."""
        return [
            *(one.marking for one in self.waiting),
            *(window.marking for window in self.windows or []),
            *(card.case.marking for card in self.cards),
            *(grant["row"].case.marking for grant in self.grants),
            *(incident.case.marking for incident in self.incidents),
        ]


@dataclass(frozen=True)
class Card:
    """One of the developer's own cases as a card."""

    case: Case
    stages: list[tuple[str, str, str]]
    line: charts.WindowLine | None


def home(user: User, now: datetime) -> Home:
    """The home of `user` at `now`."""
    roles = {a.role for a in user.appointments_at(now)}
    kinds = {a.organisation.kind for a in user.appointments_at(now)}
    developer = bool(roles & visibility.DEVELOPER_ROLES)
    return Home(
        waiting=_urgent_first(user, now),
        empty=_empty(roles),
        stages=_by_stage(user, now) if roles & (visibility.PROGRAMME_ROLES | {"auditor"}) else [],
        windows=overview.windows_soon(user, now) if roles & RUNS_WINDOWS else None,
        windows_until=now + overview.SOON,
        cards=_cards(user, now) if developer else [],
        grants=_grants(user, now) if PARTNER in kinds else [],
        verifications=verification.newest(1) if OVERSIGHT in kinds else [],
        opened=documents.opened_by_others(user, now) if developer else None,
        incidents=incidents.open_incidents(user, now) if "security_manager" in roles else [],
        may_draft=any("case.draft" in ROLES[role].permissions for role in roles),
    )


def _urgent_first(user: User, now: datetime) -> list[Waiting]:
    found = [one for room in ROOMS for one in room.waiting(user, now)]
    dated = sorted((w for w in found if w.until is not None), key=lambda w: (w.until, w.since))
    return (dated + sorted((w for w in found if w.until is None), key=lambda w: w.since))[:SHOWN]


def _empty(roles: set[str]) -> tuple[str, str]:
    said = next((EMPTY[role] for role in EMPTY if role in roles), None)
    return said or ("Nothing waits for you.", "What needs you will appear here.")


def _by_stage(user: User, now: datetime) -> list[charts.Count]:
    counted = dict(
        Case.objects.visible_to(user, now)
        .order_by()
        .values_list("stage")
        .annotate(n=Count("pk"))
        .values_list("stage", "n")
    )
    address = reverse("cases:cases")
    return [
        charts.Count(label=word, value=counted.get(stage, 0), url=f"{address}?{urlencode({'stage': stage})}")
        for stage, word in lifecycle.STAGES.items()
        if stage != lifecycle.DRAFT
    ]


def _cards(user: User, now: datetime) -> list[Card]:
    newest = list(Case.objects.visible_to(user, now).for_list().order_by("-created_at", "-id")[:CARDS])
    lines = overview.lines_of([case for case in newest if not case.is_terminal], now)
    return [Card(case, register.stages(case), lines.get(case.pk)) for case in newest]


def _grants(user: User, now: datetime) -> list[dict[str, Any]]:
    found = Grant.objects.visible_to(user, now).select_related("model_version__model", "case")
    newest = found.order_by("-issued_at", "-id")[:CARDS]
    return [access.shown_grant(grant, now, inside=False) for grant in newest]
