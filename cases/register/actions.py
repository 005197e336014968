"""What people do to a case as a whole. The moves between stages all pass through `move_case`."""

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Model as Row

from accounts.models import Organisation, User
from accounts.roles import ROLES
from cases.register import recusals
from cases.register.journal import happened
from cases.register.models import (
    Assignment,
    Case,
    Model,
    ModelVersion,
    Note,
    PolicyVersion,
    Recusal,
    ReleaseMilestone,
)
from cases.rules import clock, lifecycle, policy
from portal.kit import registry
from portal.kit.actions import action
from portal.kit.forms import STALE
from portal.kit.refusal import Refused

ASSIGNABLE = ("case_officer", "evaluator")  # roles in which people are assigned to a case

MODEL_FIRST = "Name the model version first: a release date belongs to a model version."
AHEAD = "A planned release lies ahead. State it as actual, or correct the hour."


def locked(case: Case, revision: int | None = None) -> Case:
    """The case row, locked for this transaction; refuses when `revision` says the form is stale."""
    fresh = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
    if revision is not None and revision != fresh.revision:
        raise Refused(STALE, conflict=True)
    return fresh


def policy_in_force(now: datetime) -> PolicyVersion:
    """The newest policy version in effect at `now`; refuses when none is signed yet."""
    found = PolicyVersion.objects.filter(effective_from__lte=now).order_by("-number").first()
    if found is None:
        raise Refused("No policy version is in force yet. The framework lead signs one before cases begin.")
    return found


def _free_number(now: datetime) -> str:
    """A case number that no case has; two drawn alike in the same moment are settled by the unique key."""
    while Case.objects.filter(number=(number := Case.new_number(now))).exists():
        continue
    return number


def _search_text(case: Case) -> str:
    version = case.model_version
    words = [case.number, case.tracking_number, case.developer.name]
    if version is not None:
        words += [version.model.name, version.name]
    return " ".join(word for word in words if word)


def save_case(case: Case) -> None:
    """Save a changed case under its next revision, with its search text."""
    case.revision += 1
    case.search_text = _search_text(case)
    try:
        with transaction.atomic():
            case.save()
    except IntegrityError as fault:
        if "tracking_number_once" in str(fault):
            said = "Your organisation uses this tracking number for another case. Choose another."
            raise Refused(said, conflict=True) from None
        raise


def _model_version(developer: Organisation, model: str, version: str, variant: str, digest: str) -> list[Row]:
    """The named model and version, made where they do not exist: [version, *rows made].

    The developer's row is locked first, so that two drafts at once do not both make the same model.
    """
    Organisation.objects.select_for_update(no_key=True).get(pk=developer.pk)
    made: list[Row] = []
    the_model = Model.objects.filter(developer=developer, name=model).first()
    if the_model is None:
        the_model = Model.objects.create(developer=developer, name=model)
        made.append(the_model)
    the_version = ModelVersion.objects.filter(model=the_model, name=version, variant=variant).first()
    if the_version is None:
        the_version = ModelVersion.objects.create(
            model=the_model, name=version, variant=variant, checkpoint_digest=digest
        )
        made.append(the_version)
    elif digest and not the_version.checkpoint_digest:
        # who named it without a digest stays untold: it may be a case that the developer does not see
        the_version.checkpoint_digest = digest
        the_version.save()
        made.append(the_version)
    elif digest and the_version.checkpoint_digest != digest:
        raise Refused(
            f"{the_version} is on file with another checkpoint digest. A new checkpoint is a new version: name it so."
        )
    return [the_version, *made]


@action
def draft_case(
    *,
    by: User,
    now: datetime,
    origin: str = "developer_offer",
    tracking_number: str = "",
    question: str = "",
    model: str = "",
    version: str = "",
    variant: str = "release_candidate",
    checkpoint_digest: str = "",
    release_at: datetime | None = None,
) -> Case:
    """Draft a case for one of the developer's model versions; everything but the origin may come later."""
    appointment = policy.require(by, "case.draft", now=now)
    developer = appointment.organisation
    in_force = policy_in_force(now)
    case = Case(
        number=_free_number(now),
        tracking_number=tracking_number,
        origin=origin,
        stage_since=now,
        developer=developer,
        policy_version=in_force,
        marking=in_force.default_marking,
        question=question,
        created_at=now,
        created_by=by,
    )
    rows = _name_version(case, model, version, variant, checkpoint_digest)
    save_case(case)
    rows += _state_first_release(case, release_at, by, now)
    happened("case.drafted", case=case, by=by, now=now, appointment=appointment, rows=[case, *rows])
    return case


def _name_version(case: Case, model: str, version: str, variant: str, digest: str) -> list[Row]:
    if not (model and version):
        return []
    the_version, *made = _model_version(case.developer, model, version, variant, digest)
    assert isinstance(the_version, ModelVersion)
    case.model_version = the_version
    return made


def _state_first_release(case: Case, at: datetime | None, by: User, now: datetime) -> list[Row]:
    if at is None:
        return []
    if case.model_version is None:
        raise Refused(MODEL_FIRST)
    planned = case.model_version.milestones.filter(kind="general_release").order_by("-stated_at").first()
    if planned is not None and planned.at == at:
        return []
    if at <= now:
        raise Refused(AHEAD)
    return _stated(case, _milestone(case, "general_release", "planned", at, by, now), by, now)


def _stated(case: Case, milestone: ReleaseMilestone, by: User, now: datetime) -> list[Row]:
    """The milestone and the rows that the rooms above changed on `case`: an earlier release cuts at once."""
    answers: Iterable[list[Row]] = registry.call(
        "release_stated", case=case, milestone=milestone, by=by, now=now
    )
    return [milestone, *(row for rows in answers for row in rows)]


def _milestone(case: Case, kind: str, state: str, at: datetime, by: User, now: datetime) -> ReleaseMilestone:
    assert case.model_version is not None
    return ReleaseMilestone.objects.create(
        model_version=case.model_version, kind=kind, state=state, at=at, stated_at=now, stated_by=by
    )


@action
def edit_draft(
    *,
    case: Case,
    by: User,
    now: datetime,
    revision: int | None = None,
    tracking_number: str,
    question: str,
    origin: str,
    model: str,
    version: str,
    variant: str,
    checkpoint_digest: str = "",
    release_at: datetime | None = None,
) -> Case:
    """Change a draft. After submission the liaison recalls first."""
    case = locked(case, revision)
    appointment = policy.require(by, "case.edit_draft", case, now=now)
    if case.stage != lifecycle.DRAFT:
        raise Refused(
            "This case was submitted. Recall it first, while it is not acknowledged.", conflict=True
        )
    case.tracking_number, case.question, case.origin = tracking_number, question, origin
    rows = _name_version(case, model, version, variant, checkpoint_digest)
    save_case(case)
    rows += _state_first_release(case, release_at, by, now)
    happened("case.edited", case=case, by=by, now=now, appointment=appointment, rows=[case, *rows])
    return case


@action
def move_case(
    *, case: Case, name: str, by: User, now: datetime, revision: int | None = None, reason: str = "",
    closed_reason: str = "completed",
) -> Case:  # fmt: skip
    """Make the move `name` of the lifecycle: permission, stage and guards as its row says.

    A move into a terminal stage or back to scoping ends what hangs on the case, in this transaction, through the
    hook `stage_left`. `closed_reason` counts for `close_early` alone.
    """
    case = locked(case, revision)
    refused = policy.move_refusal(by, name, case, now)
    if refused is not None:
        raise refused
    the_move = lifecycle.move(name, case.stage)
    assert the_move is not None
    appointment = policy.require(by, the_move.permission, case, now=now)
    before = case.stage
    case.stage, case.stage_since = the_move.to, now
    _stamp(case, the_move, now, closed_reason)
    save_case(case)
    rows = _told_upstairs(case, the_move, by, now)
    happened(
        the_move.event,
        case=case,
        by=by,
        now=now,
        appointment=appointment,
        rows=[case, *rows],
        reason=reason,
        data={
            "move": name,
            "from_stage": lifecycle.STAGES[before].lower(),
            "to_stage": lifecycle.STAGES[case.stage].lower(),
            "reason": lifecycle.CLOSED_REASONS.get(case.closed_reason, ""),
        },
    )
    return case


def _told_upstairs(case: Case, the_move: lifecycle.Move, by: User, now: datetime) -> list[Row]:
    """Let the rooms above act on a move; returns the rows they changed."""
    answers: Iterable[list[Row]] = registry.call("case_moved", case=case, move=the_move, by=by, now=now)
    return [row for rows in answers for row in rows]


def _stamp(case: Case, the_move: lifecycle.Move, now: datetime, closed_reason: str) -> None:
    """Set the instants and words that belong to a move."""
    if the_move.name == "submit":
        case.submitted_at = now
        case.acknowledge_due_at = clock.due_at("acknowledge", now, case.policy_version.clocks)
    elif the_move.name == "recall":
        case.submitted_at = case.acknowledge_due_at = None
    elif the_move.name == "acknowledge":
        case.acknowledged_at = now
    if the_move.to in lifecycle.TERMINAL:
        case.ended_at = now
    if the_move.to == lifecycle.CLOSED:
        fixed = {"close": "completed", "lapse": "lapsed", "discard": "discarded"}
        case.closed_reason = fixed.get(the_move.name, closed_reason)


@action
def open_government_case(
    *, by: User, now: datetime, developer: Organisation, model: str, version: str, question: str = ""
) -> Case:
    """Open a case of origin government. It begins in scoping, has no grants, and its developer does not see it."""
    appointment = policy.require(by, "case.open_government", now=now)
    in_force = policy_in_force(now)
    case = Case(
        number=_free_number(now), origin="government", stage=lifecycle.SCOPING, stage_since=now,
        developer=developer, policy_version=in_force, marking="CUI_FEDONLY", question=question,
        created_at=now, created_by=by, submitted_at=now, acknowledged_at=now,
    )  # fmt: skip
    rows = _name_version(case, model, version, "release_candidate", "")
    save_case(case)
    happened(
        "case.opened_by_government", case=case, by=by, now=now, appointment=appointment, rows=[case, *rows]
    )
    return case


@action
def assign(*, case: Case, person: User, role: str, by: User, now: datetime) -> Assignment:
    """Assign an agency person who holds `role` to the case."""
    case = locked(case)
    appointment = policy.require(by, "case.assign", case, now=now)
    _refuse_unassignable(case, person, role, now)
    assignment = Assignment.objects.create(case=case, person=person, role=role, since=now, assigned_by=by)
    happened(
        "case.assigned", case=case, by=by, now=now, appointment=appointment, subject=assignment, rows=[assignment],
        data={"person": person.name, "role": ROLES[role].title.lower()}, also=[person],
    )  # fmt: skip
    return assignment


def _refuse_unassignable(case: Case, person: User, role: str, now: datetime) -> None:
    if role not in ASSIGNABLE:
        raise Refused("People are assigned as case officer or evaluator. Choose one of the two.")
    title = ROLES[role].title.lower()
    if case.is_terminal:
        raise Refused("This case has ended, so nobody is assigned any more.", conflict=True)
    if not any(a.role == role for a in person.appointments_at(now)):
        raise Refused(f"{person.name} has no live appointment as {title}. Choose someone who does.")
    if case.recusals.filter(person=person, until__isnull=True).exists():
        raise Refused(f"{person.name} is recused from this case. Choose someone else.")
    if case.assignments.filter(person=person, role=role, until__isnull=True).exists():
        raise Refused(f"{person.name} is already assigned as {title}.", conflict=True)


@action
def unassign(*, assignment: Assignment, by: User, now: datetime) -> Assignment:
    """End an assignment; what the person did stays."""
    case = locked(assignment.case)
    appointment = policy.require(by, "case.assign", case, now=now)
    assignment = Assignment.objects.select_for_update().get(pk=assignment.pk)
    if assignment.until is not None:
        raise Refused("This assignment has ended already.", conflict=True)
    assignment.until = now
    assignment.save()
    happened(
        "case.unassigned", case=case, by=by, now=now, appointment=appointment, subject=assignment, rows=[assignment],
        data={"person": assignment.person.name, "role": ROLES[assignment.role].title.lower()},
    )  # fmt: skip
    return assignment


@action
def recuse(*, case: Case, person: User, reason: str, by: User, now: datetime) -> Recusal:
    """Record a recusal: the person no longer reads the case, and its open assignments end."""
    case = locked(case)
    appointment = policy.require(by, "case.recuse", case, now=now)
    recusal, ended = recusals.begin(case, person, reason, by, now)
    happened(
        "case.recusal_recorded", case=case, by=by, now=now, appointment=appointment, subject=recusal,
        rows=[recusal, *ended],
    )  # fmt: skip
    return recusal


@action
def state_release(
    *, case: Case, kind: str, state: str, at: datetime, by: User, now: datetime
) -> ReleaseMilestone:
    """State a planned or actual release date of the case's model version. The developer alone does; dates are kept.

    An earlier general release cuts windows and grants in this transaction, through the hook `release_stated`.
    """
    case = locked(case)
    appointment = policy.require(by, "release.state", case, now=now)
    if case.model_version is None:
        raise Refused(MODEL_FIRST)
    if state == "actual" and at > now:
        raise Refused("An actual release lies in the past. State it as planned, or correct the hour.")
    if state == "planned" and at <= now:
        raise Refused(AHEAD)
    milestone = _milestone(case, kind, state, at, by, now)
    rows = _stated(case, milestone, by, now)
    happened(
        "release.stated", case=case, by=by, now=now, appointment=appointment, subject=milestone,
        rows=rows,
        data={"kind": milestone.get_kind_display(), "state": state},
    )  # fmt: skip
    return milestone


@action
def write_note(*, case: Case, text: str, by: User, now: datetime) -> Note:
    """Write an agency-only note."""
    appointment = policy.require(by, "note.write", case, now=now)
    note = Note.objects.create(case=case, author=by, text=text, at=now)
    happened("note.written", case=case, by=by, now=now, appointment=appointment, subject=note, rows=[note])
    return note
