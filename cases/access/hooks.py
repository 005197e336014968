"""What access answers when a case moves or a release date is stated: ends and cuts in the same transaction.

Registered on the hooks of `portal.kit.registry`; `cases.hooks` imports this module.
"""

from datetime import datetime
from typing import Final

from django.db.models import Model as Row

from accounts.models import Appointment, User
from cases.access.actions.ending import (
    cut_periods,
    end_grants,
    open_grants,
    reach_term,
    tell_cut,
)
from cases.access.models import Agreement, Grant
from cases.register.models import Case, ReleaseMilestone
from cases.rules import lifecycle, policy, window
from portal.kit.registry import hook

# stage entered -> (end reason of the grants, cause of the window's cut)
ENDS: Final = {
    lifecycle.WITHDRAWN: ("withdrawn", "the developer withdrew the case"),
    lifecycle.CLOSED: ("closed", "the case closed"),
    lifecycle.SCOPING: ("rescoped", "the case went back to scoping"),
}


@hook("case_moved")
def end_access(*, case: Case, move: lifecycle.Move, by: User, now: datetime) -> list[Row]:
    """A case that ends or goes back to scoping leaves no grant open and no window running. Returns the rows changed."""
    if move.to not in ENDS:
        return []
    reason, cause = ENDS[move.to]
    appointment = policy.appointment_for(by, move.permission, case, now)
    grants = end_grants(open_grants(case), reason, case=case, by=by, now=now, appointment=appointment)
    periods = cut_periods(case, now, cause)
    tell_cut(case, periods, by=by, now=now, appointment=appointment)
    return [*grants, *periods, *(_superseded(case) if move.to == lifecycle.SCOPING else [])]


def _superseded(case: Case) -> list[Agreement]:
    """Back in scoping access begins only with a newly signed agreement: the signed one and drafts are set aside."""
    found = list(Agreement.objects.filter(case=case).exclude(state="superseded"))
    for agreement in found:
        agreement.state = "superseded"
        agreement.save()
    return found


@hook("release_stated")
def cut_to_release(*, case: Case, milestone: ReleaseMilestone, by: User, now: datetime) -> list[Row]:
    """An earlier release cuts windows and grants of every case of the model version; a later one changes nothing.

    Returns the rows changed on `case`; other cases get entries of their own.
    """
    own = _cut(case, milestone, by, now)
    others = Case.objects.select_for_update(no_key=True).filter(model_version=milestone.model_version_id)
    for other in others.exclude(pk=case.pk).exclude(stage__in=lifecycle.TERMINAL).order_by("pk"):
        _cut(other, milestone, by, now)
    return own


def _cut(case: Case, milestone: ReleaseMilestone, by: User, now: datetime) -> list[Row]:
    agreement = Agreement.objects.filter(case=case, state="signed").first()
    general = milestone.kind == window.GENERAL_RELEASE
    if agreement is None or not (general or agreement.anchor_kind == milestone.kind):
        return []
    appointment = policy.appointment_for(by, "release.state", case, now)
    cause = f"{milestone.get_state_display()} {milestone.get_kind_display()} stated by the developer"
    periods = cut_periods(case, milestone.at, cause)
    # under an anchor at the release to other partners, partner grants begin there: only general release ends them
    grants = [g for g in open_grants(case) if general or g.kind == "office"]
    rows = _cut_grants(case, grants, milestone.at, by, now, appointment)
    tell_cut(case, periods, by=by, now=now, appointment=appointment)
    return [*rows, *periods]


def _cut_grants(
    case: Case, grants: list[Grant], at: datetime, by: User, now: datetime, appointment: Appointment | None
) -> list[Row]:
    rows: list[Row] = []
    ending: list[Grant] = []
    for grant in grants:
        span = grant.span
        if span.upper <= at:
            continue
        if span.upper <= now:
            rows += reach_term(grant, now)
        elif max(span.lower, now) >= at:
            ending.append(grant)
        else:
            grant.span = type(span)(span.lower, at)
            grant.save()
            rows.append(grant)
    return rows + end_grants(ending, "released", case=case, by=by, now=now, appointment=appointment)
