"""What pages show of labeling: the Decisions section of a case, what waits for whom, and the register."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Prefetch, Q, QuerySet, Value, When
from django.urls import reverse

from accounts.models import User
from cases.labels import guards
from cases.labels.models import Consultation, Determination, Disclosure, Label
from cases.labels.waiting import waiting
from cases.register import declarations
from cases.register.models import Case
from cases.rules import lifecycle, policy, visibility

__all__ = ["register", "section", "waiting"]  # what other rooms ask; the pages of this one ask the rest

Button = dict[str, str | None]


# -- the section of the case page ---------------------------------------------------------------------------------


def section(case: Case, user: User, now: datetime) -> dict[str, Any] | None:
    """The Decisions section: all of it for the programme and the auditor, what is disclosed for the developer.

    None where the person has no such section: a developer of whose case nothing is disclosed yet sees an empty one.
    """
    if visibility.inside(user, case, now):
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
    """The steps of this stage that this person's appointments carry, each with the sentence that turns it off."""
    signed = guards.in_force(determinations)
    buttons: list[Button] = []
    if signed is None and case.stage == lifecycle.LABELING:
        if policy.standing(user, "consultation.open", case, now):
            address = reverse("cases:consultation_new", args=[case.pk])
            buttons.append({"label": "Ask the offices", "url": address, "off": None})
        signer = policy.standing(user, "determination.sign", case, now)
        if signer is not None:
            roster = bool(consultations) or case.policy_version.roster.exists()
            off = guards.signing(case, consultations, determinations, roster=roster)
            off = off or declarations.undeclared(case, user, signer.role)
            address = reverse("cases:determination_new", args=[case.pk])
            buttons.append({"label": "Sign the determination", "url": address, "off": off})
    undisclosed = signed if signed is not None and not signed.disclosures.all() else None
    if (
        undisclosed is not None
        and case.stage != lifecycle.WITHDRAWN
        and policy.standing(user, "disclosure.record", case, now)
    ):
        address = reverse("cases:disclosure_new", args=[undisclosed.pk])
        buttons.append({"label": "Record what is disclosed", "url": address, "off": None})
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
    found = (
        Label.objects.visible_to(user, now)
        .as_told(user, now)
        .select_related("case", "model_version__model__developer", "suite_version__suite")
    )
    for word in words.split()[:6]:
        found = found.filter(
            Q(model_version__model__name__icontains=word)
            | Q(model_version__name__icontains=word)
            | Q(model_version__model__developer__name__icontains=word)
        )
    if state:
        found = found.filter(told_state=state)  # type: ignore[misc]
    rank = models.Case(
        When(told_state="effective", then=Value(0)), default=Value(1), output_field=models.IntegerField()
    )
    return found.annotate(rank=rank)


def successor(label: Label, user: User, now: datetime) -> Label | None:
    """The visible label that superseded this one (from `as_told`)."""
    if label.told_state != "superseded":  # type: ignore[attr-defined]
        return None
    newer = Label.objects.visible_to(user, now).filter(
        model_version=label.model_version_id,
        effective_at=label.told_ended_at,  # type: ignore[attr-defined]
    )
    return newer.select_related("model_version__model").exclude(pk=label.pk).first()
