"""What pages show of labeling: the Decisions section of a case, what waits for whom, and the register."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Value, When
from django.urls import reverse

from accounts.models import User
from accounts.roles import ROLES
from cases.labels import guards
from cases.labels.models import Consultation, Determination, Disclosure, Label
from cases.register.models import Assignment, Case, RosterEntry
from cases.register.waiting import Waiting
from cases.rules import lifecycle, policy, visibility

ROWS = 50
REVIEW_AHEAD = timedelta(days=30)
Button = dict[str, str | None]


# -- the section of the case page ---------------------------------------------------------------------------------


def section(case: Case, user: User, now: datetime) -> dict[str, Any] | None:
    """The Decisions section: all of it for the programme and the auditor, what is disclosed for the developer.

    None where the person has no such section: a developer of whose case nothing is disclosed yet sees an empty one.
    """
    if visibility.sees_several_developers(user, now):
        return _inside(case, user, now)
    return _outside(case, user, now)


def _inside(case: Case, user: User, now: datetime) -> dict[str, Any]:
    consultations = list(
        case.consultations.select_related("office", "answered_by").order_by("asked_at", "office__short_name")
    )
    disclosures = Prefetch("disclosures", Disclosure.objects.select_related("response_by"))
    determinations = list(
        case.determinations.select_related(
            "signed_by", "appointment__organisation", "suite_version__suite", "label"
        )
        .prefetch_related(disclosures)
        .order_by("-signed_at")
    )
    return {
        "count": len(consultations) + len(determinations),
        "inside": True,
        "case": case,
        "content": visibility.reads_content(user, case, now),
        "consultations": consultations,
        "determinations": determinations,
        "buttons": _buttons(case, consultations, determinations, user, now),
    }


def _outside(case: Case, user: User, now: datetime) -> dict[str, Any]:
    """Disclosures and nothing else: neither offices nor signers nor how many there were."""
    disclosures = list(
        Disclosure.objects.filter(determination__case=case)
        .select_related("determination", "response_by")
        .order_by("-recorded_at")
    )
    may_respond = policy.standing(user, "response.record", case, now) is not None
    return {
        "count": len(disclosures),
        "inside": False,
        "case": case,
        "disclosures": disclosures,
        "respond_to": next((one for one in disclosures if may_respond and not one.response), None),
    }


def _buttons(
    case: Case,
    consultations: list[Consultation],
    determinations: list[Determination],
    user: User,
    now: datetime,
) -> list[Button]:
    """What this person's appointments carry here, each with the sentence that turns it off, or None."""
    buttons: list[Button] = []
    if policy.standing(user, "consultation.open", case, now):
        address = reverse("cases:consultation_new", args=[case.pk])
        buttons.append(
            {"label": "Ask the offices", "url": address, "off": guards.asking(case, determinations)}
        )
    if policy.standing(user, "determination.sign", case, now):
        roster = bool(consultations) or case.policy_version.roster.exists()
        off = guards.signing(case, consultations, determinations, roster=roster)
        address = reverse("cases:determination_new", args=[case.pk])
        buttons.append({"label": "Sign the determination", "url": address, "off": off})
    signed = guards.in_force(determinations)
    if signed is not None and policy.standing(user, "disclosure.record", case, now):
        off = guards.disclosing(signed, bool(signed.disclosures.all()))
        address = reverse("cases:disclosure_new", args=[signed.pk])
        buttons.append({"label": "Record what is disclosed", "url": address, "off": off})
    return buttons


def reads_packet(consultation: Consultation, user: User, now: datetime) -> bool:
    """Whether this person reads question, packet and answer: the office that was asked, and the programme's readers."""
    case = consultation.case
    if speaks_for_office(consultation, user, now):
        return case.stage != lifecycle.WITHDRAWN
    return visibility.reads_content(user, case, now)


def speaks_for_office(consultation: Consultation, user: User, now: datetime) -> bool:
    """Whether this person is a consultee of the office that was asked."""
    return any(
        a.role == "consultee" and a.organisation_id == consultation.office_id
        for a in user.appointments_at(now)
    )


def reads_determination(determination: Determination, user: User, now: datetime) -> bool:
    """Whether this person reads a determination: the programme's readers, and its signer even of a withdrawn case."""
    return determination.signed_by_id == user.pk or visibility.reads_content(user, determination.case, now)


# -- the register -------------------------------------------------------------------------------------------------


REGISTER_ORDER = ("rank", "-effective_at", "-id")


def register(user: User, now: datetime, *, words: str = "", state: str = "") -> QuerySet[Label]:
    """Register entries this person may see, effective ones first; `words` match developer, model or version."""
    found = Label.objects.visible_to(user, now).select_related(
        "case", "model_version__model__developer", "suite_version__suite"
    )
    for word in words.split()[:6]:
        found = found.filter(
            Q(model_version__model__name__icontains=word)
            | Q(model_version__name__icontains=word)
            | Q(model_version__model__developer__name__icontains=word)
        )
    if state:
        found = found.filter(state=state)
    rank = models.Case(
        When(state="effective", then=Value(0)), default=Value(1), output_field=models.IntegerField()
    )
    return found.annotate(rank=rank)


def successor(label: Label, user: User, now: datetime) -> Label | None:
    """The visible label that superseded this one."""
    if label.state != "superseded":
        return None
    newer = Label.objects.visible_to(user, now).filter(
        model_version=label.model_version_id, effective_at=label.ended_at
    )
    return newer.select_related("model_version__model").exclude(pk=label.pk).first()


# -- what waits ---------------------------------------------------------------------------------------------------


def waiting(user: User, now: datetime) -> list[Waiting]:
    """What waits for this person in labeling, by the roles it holds now."""
    roles = {appointment.role for appointment in user.appointments_at(now)}
    found: list[Waiting] = []
    for held, ask in _WAITING:
        if roles & held:
            found.extend(ask(user, now))
    return found


def _waits(
    verb: str, case: Case, since: datetime, until: datetime | None, url: str, detail: str = ""
) -> Waiting:
    return Waiting.on(case, verb, url=url, since=since, until=until, detail=detail)


def _signed_in_force(path: str) -> Exists:
    """Whether the case that `path` leads to has a determination in force."""
    return Exists(Determination.objects.filter(case=OuterRef(path), rescinded_at__isnull=True))


def _to_answer(user: User, now: datetime) -> Iterable[Waiting]:
    """Requests to the person's own offices; of the case an office is shown its number and model alone."""
    offices = [a.organisation_id for a in user.appointments_at(now) if a.role == "consultee"]
    found = (
        Consultation.objects.visible_to(user, now)
        .filter(~_signed_in_force("case_id"), office__in=offices, answer="", case__stage__in=lifecycle.LIVE)
        .select_related("case__model_version__model")
        .order_by("due_at")[:ROWS]
    )
    for one in found:
        version = str(one.case.model_version)
        url = one.get_absolute_url()
        yield Waiting(
            "Answer the consultation", one.case.number, "", version, one.asked_at, one.due_at, url,
            marking=one.case.marking,
        )  # fmt: skip


def _in_labeling(user: User, now: datetime) -> QuerySet[Case]:
    return (
        Case.objects.visible_to(user, now)
        .filter(~_signed_in_force("pk"), stage=lifecycle.LABELING)
        .select_related("model_version__model")
    )


def _to_sign(user: User, now: datetime) -> Iterable[Waiting]:
    """Packets ready to sign, and what is missing in the others."""
    consulted = Prefetch("consultations", Consultation.objects.select_related("office").order_by("asked_at"))
    named = Exists(RosterEntry.objects.filter(policy=OuterRef("policy_version")))
    cases = _in_labeling(user, now).annotate(roster=named).prefetch_related(consulted).order_by("stage_since")
    for case in cases[:ROWS]:
        missing = guards.signing(case, case.consultations.all(), [], roster=case.roster)
        verb = "See what is missing" if missing else "Sign the determination"
        url = reverse("cases:determination_new", args=[case.pk]) if not missing else _decisions(case)
        yield _waits(verb, case, case.stage_since, None, url, missing or "The packet is ready to sign.")


def _decisions(case: Case) -> str:
    return f"{case.get_absolute_url()}#decisions"


def _mine(user: User, path: str) -> Q:
    """Cases whose officer this person is, and those that have none; `path` leads from the table to the case's id."""
    assigned = Assignment.objects.filter(case=OuterRef(path), role="case_officer", until__isnull=True)
    return Q(Exists(assigned.filter(person=user))) | ~Q(Exists(assigned))


def _of_officer(user: User, now: datetime) -> Iterable[Waiting]:
    unasked = (
        _in_labeling(user, now).filter(_mine(user, "pk"), consultations__isnull=True).order_by("stage_since")
    )
    for case in unasked[:ROWS]:
        url = reverse("cases:consultation_new", args=[case.pk])
        yield _waits("Ask the offices", case, case.stage_since, None, url)
    late = (
        Consultation.objects.visible_to(user, now)
        .filter(_mine(user, "case_id"), answer="", due_at__lte=now, case__stage=lifecycle.LABELING)
        .select_related("case__model_version__model", "office")
        .order_by("due_at")
    )
    for one in late[:ROWS]:
        said = f"{one.office.short_name} has not answered."
        url = reverse("cases:consultation_close", args=[one.pk])
        yield _waits("Record no response", one.case, one.asked_at, one.due_at, url, said)
    yield from _to_disclose(user, now)


def _to_disclose(user: User, now: datetime) -> Iterable[Waiting]:
    undisclosed = (
        Determination.objects.visible_to(user, now)
        .filter(_mine(user, "case_id"), rescinded_at__isnull=True, disclosures__isnull=True)
        .select_related("case__model_version__model")
        .order_by("signed_at")
    )
    for one in undisclosed[:ROWS]:
        url = reverse("cases:disclosure_new", args=[one.pk])
        yield _waits("Record what is disclosed", one.case, one.signed_at, None, url)


def _to_respond(user: User, now: datetime) -> Iterable[Waiting]:
    found = (
        Disclosure.objects.visible_to(user, now)
        .filter(
            response="",
            determination__rescinded_at__isnull=True,
            determination__case__stage__in=lifecycle.LIVE,
        )
        .select_related("determination__case__model_version__model")
        .order_by("recorded_at")
    )
    for one in found[:ROWS]:
        url = reverse("cases:response", args=[one.pk])
        said = "You may respond; nobody must."
        yield _waits(
            "Respond to what was disclosed", one.determination.case, one.recorded_at, None, url, said
        )


def _to_review(user: User, now: datetime) -> Iterable[Waiting]:
    found = (
        Label.objects.visible_to(user, now)
        .filter(state="effective", review_due_at__lte=now + REVIEW_AHEAD)
        .select_related("case__model_version__model")
        .order_by("review_due_at")
    )
    for one in found[:ROWS]:
        assert one.effective_at is not None
        yield _waits(
            "Review the label", one.case, one.effective_at, one.review_due_at, one.get_absolute_url()
        )


# Whoever may take a step is asked to; the roles are those that carry the permission.
_WAITING: tuple[tuple[frozenset[str], Callable[[User, datetime], Iterable[Waiting]]], ...] = (
    (frozenset({"consultee"}), _to_answer),
    (frozenset(r.id for r in ROLES.values() if "determination.sign" in r.permissions), _to_sign),
    (frozenset(r.id for r in ROLES.values() if "consultation.open" in r.permissions), _of_officer),
    (frozenset(r.id for r in ROLES.values() if "response.record" in r.permissions), _to_respond),
    (frozenset({"case_officer", "framework_lead"}), _to_review),
)
