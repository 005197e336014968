"""Pages of the register: draft a case, move it, its people, release dates and notes."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.requests import Request
from accounts.roles import ROLES
from cases.register import actions, queries
from cases.register.forms import AssignForm, DraftForm, MoveForm, NoteForm, RecuseForm, ReleaseForm
from cases.register.models import Assignment, Case
from cases.register.pages import frame, one_case
from cases.rules import lifecycle, policy, visibility
from portal.kit.forms import attempt, status_of
from portal.kit.refusal import Refused

FORM = "cases/register/form.html"
GET_POST = ["GET", "HEAD", "POST"]
BY_SIGNING = "begin_access"  # the one move that has no page of its own: the second signature makes it
RECUSABLE = (*visibility.PROGRAMME_ROLES, "evaluator")


def _case(request: Request, case_id: UUID) -> Case:
    """The case, as far as this person may see it."""
    visible = Case.objects.visible_to(request.user, request.now).select_related(
        "model_version__model", "policy_version"
    )
    return one_case(visible.select_related("developer"), case_id)


def _posted(request: Request) -> QueryDict | None:
    """What was sent, also when it is empty; None for a page that is only looked at."""
    return request.POST if request.method == "POST" else None


def _require(request: Request, permission: str, case: Case | None = None) -> None:
    """Refuse a page whose form is not for this person, with the sentence that says whose it is."""
    policy.require(request.user, permission, case, now=request.now)


@require_http_methods(GET_POST)
def case_new(request: Request) -> HttpResponse:
    """Draft a case."""
    _require(request, "case.draft")
    form = DraftForm(_posted(request), initial={"origin": "developer_offer"})
    if request.method == "POST":
        case = attempt(
            request,
            form,
            lambda values: actions.draft_case(by=request.user, now=request.now, **_fields(values)),
        )
        if case is not None:
            messages.success(
                request, f"{case.number} is drafted. Only your organization sees it until you submit it."
            )
            return redirect(case)
    context = {
        "title": "Draft a case",
        "form": form,
        "crumbs": [{"label": "Cases", "url": reverse("cases:cases")}, {"label": "Draft a case", "url": ""}],
        "intro": "One case is about one version of one model. Documents are added once the draft is kept.",
        "action_label": "Keep the draft",
        "back": reverse("cases:cases"),
    }
    return render(request, FORM, context, status=status_of(form))


def _fields(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != "revision"}


@require_http_methods(GET_POST)
def case_edit(request: Request, case_id: UUID) -> HttpResponse:
    """Change a draft."""
    case = _case(request, case_id)
    _require(request, "case.edit_draft", case)
    if request.method == "POST":
        form = DraftForm(request.POST)
        changed = attempt(
            request,
            form,
            lambda values: actions.edit_draft(case=case, by=request.user, now=request.now, **values),
        )
        if changed is not None:
            messages.success(request, "The draft is changed.")
            return redirect(case)
        _catch_up(request, form, case)
    else:
        form = DraftForm.of(case)
    context = frame(
        case, "Change the draft", form=form, action_label="Keep the changes", stale=_stale(form, case),
        intro="" if case.stage == lifecycle.DRAFT else "This case was submitted. Recall it first to change it.",
    )  # fmt: skip
    return render(request, FORM, context, status=status_of(form))


def _catch_up(request: Request, form: DraftForm | MoveForm, case: Case) -> None:
    """After a form was overtaken: load the case anew and let the next press be about what the page now shows."""
    if status_of(form) == 409:
        case.refresh_from_db()
        data = request.POST.copy()
        data["revision"] = str(case.revision)
        form.data = data


def _stale(form: DraftForm, case: Case) -> list[tuple[str, str]]:
    """For a form that was overtaken: the draft as it stands now, beside what the person typed."""
    if status_of(form) != 409:
        return []
    fresh = DraftForm.of(case)
    return [
        (str(field.label), str(fresh.initial.get(name) or "–"))
        for name, field in fresh.fields.items()
        if name != "revision" and str(fresh.initial.get(name) or "") != str(form.cleaned_data.get(name) or "")
    ]


@require_http_methods(GET_POST)
def move(request: Request, case_id: UUID, name: str) -> HttpResponse:
    """Say what a move does, then make it."""
    case = _case(request, case_id)
    known = lifecycle.move(name, case.stage) or next((m for m in lifecycle.MOVES if m.name == name), None)
    if known is None or name == BY_SIGNING:
        raise Http404
    refused = policy.move_refusal(request.user, name, case, request.now)
    if refused is not None and (request.method != "POST" or not refused.conflict):
        raise refused
    form = MoveForm(_posted(request), move=known, initial={"revision": case.revision})
    if request.method == "POST":

        def run(values: dict[str, Any]) -> Case:
            if refused is not None:
                raise refused
            told = {key: value for key, value in values.items() if key != "confirmed"}
            return actions.move_case(case=case, name=name, by=request.user, now=request.now, **told)

        moved = attempt(request, form, run)
        if moved is not None:
            messages.success(request, _moved_words(known, moved))
            return redirect(moved)
        _catch_up(request, form, case)
    return render(
        request, "cases/register/move.html", _move_context(request, case, known, form), status=status_of(form)
    )


def _moved_words(the_move: lifecycle.Move, case: Case) -> str:
    if the_move.to == lifecycle.WITHDRAWN:
        return f"{case.number} is withdrawn. Every grant has ended. The receipt stands under Access."
    return f"Done: {the_move.label.lower()}. {case.number} is now in the stage “{case.get_stage_display().lower()}”."


def _move_context(request: Request, case: Case, the_move: lifecycle.Move, form: MoveForm) -> dict[str, Any]:
    dangerous = the_move.to in lifecycle.TERMINAL
    return frame(
        case,
        the_move.label,
        form=form,
        move=the_move,
        gone=lifecycle.move(the_move.name, case.stage) is None,
        to=lifecycle.STAGES[the_move.to].lower(),
        ending=queries.withdrawal(case, request.user, request.now)
        if the_move.to == lifecycle.WITHDRAWN
        else None,
        assurance=case.policy_version.assurance if the_move.name == "submit" else "",
        incidents=queries.open_incidents(case) if the_move.to == lifecycle.CLOSED else 0,
        submission=queries.submission(case, request.user, request.now) if the_move.name == "submit" else None,
        action_kind="danger" if dangerous else "primary",
    )


@require_http_methods(GET_POST)
def assign(request: Request, case_id: UUID) -> HttpResponse:
    """Who works on the case: assign, and end assignments."""
    case = _case(request, case_id)
    _require(request, "case.assign", case)
    form = AssignForm(_posted(request), people=queries.assignable(case, request.now, actions.ASSIGNABLE))
    if request.method == "POST":

        def run(_: dict[str, Any]) -> Assignment:
            person, role = form.chosen()
            return actions.assign(case=case, person=person, role=role, by=request.user, now=request.now)

        assignment = attempt(request, form, run)
        if assignment is not None:
            title = ROLES[assignment.role].title.lower()
            messages.success(request, f"{assignment.person.name} is assigned as {title}.")
            return redirect("cases:assign", case.pk)
    assigned = (
        case.assignments.filter(until__isnull=True).select_related("person").order_by("role", "person__name")
    )
    context = frame(case, "People on the case", form=form, assigned=assigned, ended=case.is_terminal)
    return render(request, "cases/register/people.html", context, status=status_of(form))


@require_POST
def unassign(request: Request, assignment_id: UUID) -> HttpResponse:
    """End an assignment."""
    visible = Case.objects.visible_to(request.user, request.now)
    assignment = get_object_or_404(
        Assignment.objects.select_related("case", "person").filter(case__in=visible), pk=assignment_id
    )
    actions.unassign(assignment=assignment, by=request.user, now=request.now)
    messages.success(request, f"The assignment of {assignment.person.name} has ended.")
    return redirect("cases:assign", assignment.case_id)


@require_http_methods(GET_POST)
def recuse(request: Request, case_id: UUID) -> HttpResponse:
    """Record a recusal."""
    case = _case(request, case_id)
    _require(request, "case.recuse", case)
    form = RecuseForm(_posted(request), people=queries.assignable(case, request.now, RECUSABLE))
    if request.method == "POST":

        def run(values: dict[str, Any]) -> Any:
            return actions.recuse(
                case=case, person=form.chosen(), reason=values["reason"], by=request.user, now=request.now
            )

        recusal = attempt(request, form, run)
        if recusal is not None:
            messages.success(request, f"{recusal.person.name} is recused from {case.number}.")
            return redirect("cases:home") if recusal.person == request.user else redirect(case)
    context = frame(
        case, "Record a recusal", form=form, action_label="Record the recusal", action_kind="danger",
        intro="A recused person reads nothing of this case any more, and its assignments end at once.",
    )  # fmt: skip
    return render(request, FORM, context, status=status_of(form))


@require_http_methods(GET_POST)
def release(request: Request, case_id: UUID) -> HttpResponse:
    """The release dates as they were stated; the developer's liaison states another."""
    case = _case(request, case_id)
    off = policy.refusal(request.user, "release.state", case, now=request.now)
    form = ReleaseForm(_posted(request), initial={"kind": "general_release", "state": "planned"})
    if request.method == "POST":

        def run(_: dict[str, Any]) -> Any:
            kind, state, at = form.stated()
            return actions.state_release(
                case=case, kind=kind, state=state, at=at, by=request.user, now=request.now
            )

        if off is not None:
            raise Refused(off, permission="release.state")
        if attempt(request, form, run) is not None:
            messages.success(request, "The date is stated. Earlier statements stay in the list.")
            return redirect("cases:release", case.pk)
    context = frame(case, "Release dates", form=form, off=off, releases=queries.releases(case))
    return render(request, "cases/register/releases.html", context, status=status_of(form))


@require_http_methods(GET_POST)
def note(request: Request, case_id: UUID) -> HttpResponse:
    """The agency's notes. For everybody else the page does not exist."""
    case = _case(request, case_id)
    if policy.standing(request.user, "note.read", case, request.now) is None:
        raise Http404
    off = policy.refusal(request.user, "note.write", case, now=request.now)
    form = NoteForm(_posted(request))
    if request.method == "POST":
        written = attempt(
            request, form,
            lambda values: actions.write_note(case=case, text=values["text"], by=request.user, now=request.now),
        )  # fmt: skip
        if written is not None:
            messages.success(request, "The note is written.")
            return redirect("cases:note", case.pk)
    context = frame(case, "Agency notes", form=form, off=off, notes=queries.notes(case))
    return render(request, "cases/register/notes.html", context, status=status_of(form))
