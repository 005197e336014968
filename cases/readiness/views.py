"""Pages of readiness. For everybody but the developer's own people on the case they do not exist."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import Request
from cases.readiness import actions, guards, queries
from cases.readiness.forms import AnswersForm, AttestForm, FileForm, ObligationChangeForm, ObligationForm
from cases.readiness.models import Obligation, ObligationsNotice
from cases.readiness.text import propose
from cases.register.models import Case
from cases.register.pages import crumbs, frame
from cases.rules import events, policy, visibility
from portal.kit.forms import attempt, status_of
from portal.kit.refusal import Refused

form_page = require_http_methods(["GET", "HEAD", "POST"])
ON_CASE = ("case__model_version__model", "case__policy_version", "case__developer")


def _case(request: Request, case_id: UUID) -> Case:
    """The case, for its developer's own people."""
    own = Case.objects.visible_to(request.user, request.now).filter(
        visibility.own_cases(request.user, request.now)
    )
    return get_object_or_404(
        own.select_related("model_version__model", "policy_version", "developer"), pk=case_id
    )


def _obligation(request: Request, obligation_id: UUID) -> Any:
    rows = Obligation.objects.visible_to(request.user, request.now).select_related(*ON_CASE)
    return get_object_or_404(rows, pk=obligation_id)


def _notice(request: Request, notice_id: UUID) -> Any:
    rows = ObligationsNotice.objects.visible_to(request.user, request.now)
    return get_object_or_404(
        rows.select_related(*ON_CASE, "attested_by", "appointment__organisation"), pk=notice_id
    )


def _sent(request: Request) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _stop(request: Request, said: str | None) -> None:
    """Refuse a page whose moment has gone; a form that was sent keeps what was typed, and its action refuses."""
    if said is not None and request.method != "POST":
        raise Refused(said, conflict=True)


def _page(request: Request, case: Case, template: str, title: str, **more: Any) -> HttpResponse:
    """A page below the readiness of a case."""
    above = reverse("cases:readiness", args=[case.pk])
    context = frame(case, title, **more)
    context |= {
        "back": above,
        "crumbs": [*crumbs(case), {"label": "Readiness", "url": above}, {"label": title, "url": ""}],
    }
    status = status_of(more["form"]) if "form" in more else 200
    return render(request, f"cases/readiness/{template}.html", context, status=status)


@require_safe
def readiness(request: Request, case_id: UUID) -> HttpResponse:
    """What the case will ask, the answers so far, the obligations and the notices made from them."""
    case, user, now = _case(request, case_id), request.user, request.now
    answers = queries.answers_of(case, user, now)
    listed, noticed = queries.obligations(case, user, now), queries.notices(case, user, now)
    context = frame(
        case, "Readiness",
        groups=queries.checklist(case, answers, listed, noticed, user, now),
        line=queries.line_of(case, now), answers=answers,
        obligations=[one for one in listed if one.removed_at is None],
        removed=[one for one in listed if one.removed_at is not None],
        notices=noticed, off=guards.changing(case),
        changes=[(one, events.sentence(one.kind, one.data)) for one in queries.changes(actions.stream(case))],
    )  # fmt: skip
    return render(request, "cases/readiness/readiness.html", context)


@form_page
def answers(request: Request, case_id: UUID) -> HttpResponse:
    """Answer for the safeguards of the catalogue, and list the people who would have access."""
    case = _case(request, case_id)
    _stop(request, guards.changing(case))
    start = AnswersForm.start(queries.answers_of(case, request.user, request.now))
    form = AnswersForm(_sent(request), catalogue=case.policy_version.safeguards, initial=start)
    if request.method == "POST":
        done = attempt(
            request,
            form,
            lambda _: actions.answer(case=case, by=request.user, now=request.now, **form.told()),
        )
        if done is not None:
            messages.success(request, "The answers are written down. Only your organization sees them.")
            return redirect("cases:readiness", case.pk)
    stands = start if status_of(form) == 409 else None
    if stands is not None:
        _catch_up(form, revision=stands["revision"])
    return _page(request, case, "answers", "Answers", form=form, stands=stands)


def _catch_up(form: Any, **stands: Any) -> None:
    """After a form was overtaken the next press is about what stands now."""
    data = form.data.copy()
    for name in stands:
        data[name] = str(stands[name])
    form.data = data


@form_page
def obligation_new(request: Request, case_id: UUID) -> HttpResponse:
    """List an obligation to a third party."""
    case = _case(request, case_id)
    _stop(request, guards.changing(case))
    form = ObligationForm(_sent(request), initial={"consent": "needed"})
    if request.method == "POST":
        row = attempt(
            request, form,
            lambda _: actions.list_obligation(case=case, said=form.said(), by=request.user, now=request.now),
        )  # fmt: skip
        if row is not None:
            messages.success(request, "The obligation is listed. The agreement itself is never asked for.")
            return redirect("cases:readiness", case.pk)
    return _page(request, case, "form", "List an obligation", form=form, action_label="List it")


@form_page
def obligation(request: Request, obligation_id: UUID) -> HttpResponse:
    """Change an obligation."""
    row = _obligation(request, obligation_id)
    _stop(request, guards.changing(row.case) or guards.listed(row))
    form = ObligationChangeForm(_sent(request), initial=ObligationForm.start(row))
    if request.method == "POST":
        changed = attempt(
            request, form,
            lambda data: actions.change_obligation(
                obligation=row, said=form.said(), revision=data["revision"], by=request.user, now=request.now
            ),
        )  # fmt: skip
        if changed is not None:
            messages.success(request, "The obligation is changed.")
            return redirect("cases:readiness", row.case_id)
    if status_of(form) == 409:
        row.refresh_from_db()
        _catch_up(form, revision=row.revision)
    return _page(
        request, row.case, "form", "Change an obligation", form=form, action_label="Keep the changes",
        stands=row if status_of(form) == 409 else None,
    )  # fmt: skip


def _list_change(request: Request, obligation_id: UUID, do: Callable[..., Any], said: str) -> HttpResponse:
    row = _obligation(request, obligation_id)
    do(obligation=row, by=request.user, now=request.now)
    messages.success(request, said)
    return redirect(f"{reverse('cases:readiness', args=[row.case_id])}#obligations")


@require_POST
def obligation_remove(request: Request, obligation_id: UUID) -> HttpResponse:
    """Take an obligation off the list."""
    return _list_change(
        request, obligation_id, actions.remove_obligation, "It is off the list. You can put it back."
    )


@require_POST
def obligation_restore(request: Request, obligation_id: UUID) -> HttpResponse:
    """Put an obligation back on the list."""
    return _list_change(request, obligation_id, actions.restore_obligation, "It is on the list again.")


@form_page
def notice_new(request: Request, case_id: UUID) -> HttpResponse:
    """Read the exact text of the notice, then attest it."""
    case = _case(request, case_id)
    appointment = policy.require(request.user, "readiness.attest", case, now=request.now)
    _stop(request, guards.changing(case))
    found = propose(case, actions.newest_number(case) + 1, actions.on_list(case), appointment)
    form = AttestForm(_sent(request), initial={"digest": found.digest})
    if request.method == "POST":
        attested = attempt(
            request, form,
            lambda said: actions.attest_notice(case=case, digest=said["digest"], by=request.user, now=request.now),
        )  # fmt: skip
        if attested is not None:
            messages.success(
                request, f"Notice {attested.number} is attested. Only your organization sees it."
            )
            return redirect(attested)
    if status_of(form) == 409:
        _catch_up(form, digest=found.digest)
    return _page(request, case, "attest", "Attest a third-party obligations notice", form=form, found=found)


@require_safe
def notice(request: Request, notice_id: UUID) -> HttpResponse:
    """One notice: its exact text and digest, who attested it, whether it is filed. Made to be printed."""
    found = _notice(request, notice_id)
    case = found.case
    filing = queries.filing_of(found)
    may_file = policy.standing(request.user, "document.upload", case, request.now) is not None
    return _page(
        request, case, "notice", f"Third-party obligations notice {found.number}", notice=found, filing=filing,
        may_file=may_file and filing is None, file_off=guards.filing(found, actions.newest_number(case)),
    )  # fmt: skip


@form_page
def notice_file(request: Request, notice_id: UUID) -> HttpResponse:
    """File a notice into the case."""
    found = _notice(request, notice_id)
    case = found.case
    policy.require(request.user, "document.upload", case, now=request.now)
    _stop(request, guards.filing(found, actions.newest_number(case)))
    form = FileForm(_sent(request))
    if request.method == "POST":
        document = attempt(
            request, form, lambda _: actions.file_notice(notice=found, by=request.user, now=request.now)
        )
        if document is not None:
            messages.success(request, "The notice is filed as a document of the case.")
            return redirect(document)
    return _page(
        request, case, "form", f"File notice {found.number}", form=form, action_label="File it into the case",
        filing=True,
    )  # fmt: skip
