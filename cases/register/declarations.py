"""What pages and guards ask about conflict-of-interest declarations: who declared, who is asked, who must have."""

from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import User
from cases.register.models import NO_CONFLICT, Case, Declaration, Recusal, declaration_choices
from cases.register.waiting import Waiting
from cases.rules import facts, visibility

SHOWN: Final = 50


def saying(kind: str, text: str) -> str | None:
    """A conflict is described in a sentence; that there is none needs no words."""
    if kind not in dict(declaration_choices()):
        return "Choose what you declare from the list."
    if kind != NO_CONFLICT and not text.strip():
        return (
            "Describe the conflict in a sentence. The framework lead and the security manager alone read it."
        )
    if kind == NO_CONFLICT and text.strip():
        return "Leave the words empty where you declare no conflict, or choose the kind of conflict."
    return None


def undeclared(case: Case, person: User, role: str) -> str | None:
    """Why `person` may not act in `role` yet where the policy asks that role to declare, or None."""
    if facts.declared(case, person.pk) or role not in case.policy_version.declarations:
        return None
    return (
        "Declare first whether you have a conflict of interest in this case. "
        "You find it on your home and under People."
    )


def declarable(user: User, now: datetime) -> QuerySet[Case]:
    """Cases on which this person may come to declare; an office and a partner see nothing else of them here."""
    return Case.objects.filter(visibility.declares(user, now)).select_related("model_version__model")


def recusals_seen(user: User, now: datetime) -> QuerySet[Recusal]:
    """Recusals from the cases this person may open."""
    rows = Recusal.objects.filter(case__in=Case.objects.visible_to(user, now))
    return rows.select_related("person", "case__model_version__model")


def waiting(user: User, now: datetime) -> list[Waiting]:
    """Cases on which this person is asked to declare. Of a case somebody outside is shown number and model alone."""
    found = Case.objects.filter(visibility.asked_to_declare(user, now)).select_related("model_version__model")
    inside = visibility.sees_several_developers(user, now)
    return [
        Waiting(
            "Declare whether you have a conflict of interest", case.number, case.tracking_number if inside else "",
            str(case.model_version), case.stage_since, None, reverse("cases:declare", args=[case.pk]),
            marking=case.marking,
        )
        for case in found.order_by("stage_since")[:SHOWN]
    ]  # fmt: skip


def own(case: Case, user: User) -> Declaration | None:
    """The person's newest declaration on the case."""
    found: QuerySet[Declaration] = case.declarations.filter(person=user)
    return found.order_by("-number").first()


def declared_on(case: Case, user: User, now: datetime) -> list[Declaration]:
    """Every declaration on the case, newest first, for who reads them."""
    found = Declaration.objects.filter(visibility.declarations(user, now), case=case)
    rows = found.select_related("person", "appointment__organisation", "recusal")
    return list(rows.order_by("-declared_at", "-number")[: 4 * SHOWN])


def recused_from(case: Case) -> list[Recusal]:
    """Every recusal from the case, those that stand first."""
    rows = case.recusals.select_related("person", "recorded_by", "lifted_by")
    return sorted(rows.order_by("-since"), key=lambda one: one.until is not None)
