"""Pages of records: the records officer's desk, a case's records, legal holds, retention, FOIA requests."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.requests import Request
from cases.access.views.pages import sent, visible_case
from cases.documents.models import Document
from cases.records import actions, forms, guards, queries
from cases.records.models import FoiaRequest, LegalHold
from cases.register.models import Case
from cases.register.pages import frame, on_case
from cases.rules import clock, markings, policy, visibility
from portal.kit.forms import attempt, status_of
from portal.kit.refusal import Refused

form_page = require_http_methods(["GET", "HEAD", "POST"])
FORM = "cases/records/form.html"
INSIDE_ALONE = "The records of a case are kept by the agency, and this page is its own."
ON_CASE = ("case__model_version__model", "case__developer", "case__policy_version")


@require_safe
def records_desk(request: Request) -> HttpResponse:
    """Legal holds, open FOIA requests and the documents of withdrawn cases."""
    policy.require(request.user, guards.RETAIN, now=request.now)
    shown = queries.desk(request.user, request.now)
    seen = [one.case.marking for one in (*shown["legal_holds"], *shown["papers"])]
    seen += [one["row"].case.marking for one in shown["requests"]]
    seen += [one.marking for one in shown["papers"]]
    page = {"title": "Records", "marking": markings.highest(seen), **shown}
    return render(request, "cases/records/desk.html", page)


@require_safe
def case_records(request: Request, case_id: UUID) -> HttpResponse:
    """Legal holds, retention classes and FOIA requests of one case."""
    case = visible_case(request, case_id)
    if not visibility.inside(request.user, case, request.now):
        raise Refused(INSIDE_ALONE)
    shown = queries.page(case, request.user, request.now)
    page = frame(case, "Records", also=[one.row.marking for one in shown["papers"]])
    return render(request, "cases/records/case.html", page | shown)


def _papers(request: Request, case: Case) -> QuerySet[Document]:
    seen = Document.objects.visible_to(request.user, request.now).filter(case=case)
    return seen.order_by("created_at", "pk")


def _choices(request: Request, case: Case) -> dict[str, Any]:
    """What a form with a choice among documents needs."""
    titled = visibility.reads_titles(request.user, case, request.now)
    return {"papers": _papers(request, case), "titled": titled}


def _form_page(
    request: Request, case: Case, title: str, refused: Refused | None, form: BaseForm,
    run: Callable[[dict[str, Any]], Any], *, label: str, done: str, back: str, says: tuple[str, ...] = (),
    catch_up: Callable[[], int] | None = None,
) -> HttpResponse:  # fmt: skip
    """The page of one form and one action. What overtook a form is said above it."""
    if refused is not None and (request.method != "POST" or not refused.conflict):
        raise refused
    if request.method == "POST":
        if attempt(request, form, run) is not None:
            messages.success(request, done)
            return redirect(back)
        if catch_up is not None and status_of(form) == 409:
            again = request.POST.copy()
            again["revision"] = str(catch_up())
            form.data = again
    page = frame(case, title) | {"form": form, "label": label, "says": says, "back": back}
    return render(request, FORM, page, status=status_of(form))


@form_page
def legal_hold_new(request: Request, case_id: UUID) -> HttpResponse:
    """Place a legal hold."""
    case, user, now = visible_case(request, case_id), request.user, request.now
    form = forms.HoldForm(sent(request), **_choices(request, case))
    return _form_page(
        request, case, "Place a legal hold", guards.place_refusal(user, case, now), form,
        lambda data: actions.place_legal_hold(case=case, by=user, now=now, **data),
        label="Place the legal hold", done="The legal hold is placed.", back=_records(case),
        says=("Only the agency and the auditor see that it is there. It conditions nothing of the review.",),
    )  # fmt: skip


def _records(case: Case) -> str:
    return reverse("cases:case_records", args=[case.pk])


@form_page
def legal_hold_lift(request: Request, legal_hold_id: UUID) -> HttpResponse:
    """Lift a legal hold."""
    seen = LegalHold.objects.visible_to(request.user, request.now).select_related(*ON_CASE)
    hold, user, now = on_case(seen, legal_hold_id), request.user, request.now
    form = forms.LiftForm(sent(request), words="I lift this legal hold.")
    reads = visibility.reads_records(user, hold.case, now)
    return _form_page(
        request, hold.case, "Lift a legal hold", guards.lift_refusal(user, hold, now), form,
        lambda data: actions.lift_legal_hold(hold=hold, reason=data["reason"], by=user, now=now),
        label="Lift the legal hold", done="The legal hold is lifted.", back=_records(hold.case),
        says=(f"Matter: {hold.matter}. Authority: {hold.authority}.",) if reads else (),
    )  # fmt: skip


@form_page
def retention(request: Request, case_id: UUID) -> HttpResponse:
    """Set the retention class of a case or of its documents."""
    case, user, now = visible_case(request, case_id), request.user, request.now
    form = forms.RetentionForm(sent(request), **_choices(request, case))
    return _form_page(
        request, case, "Set a retention class", guards.retention_refusal(user, case, now), form,
        lambda data: actions.set_retention(case=case, by=user, now=now, **data),
        label="Set the class", done="The retention class is set.", back=_records(case),
        says=(guards.DISPOSAL_OFF,),
    )  # fmt: skip


# -- FOIA -------------------------------------------------------------------------------------------------------------


@form_page
def foia_new(request: Request, case_id: UUID) -> HttpResponse:
    """Record a FOIA request."""
    case, user, now = visible_case(request, case_id), request.user, request.now
    form = forms.RequestForm(sent(request), now=now, **_choices(request, case))
    return _form_page(
        request, case, "Record a FOIA request", guards.record_refusal(user, case, now), form,
        lambda data: actions.record_request(case=case, by=user, now=now, **data),
        label="Record the request", done="The request is recorded. The developer is not told yet.",
        back=_records(case),
    )  # fmt: skip


def _visible(request: Request, foia_id: UUID) -> FoiaRequest:
    """The request with its case, or 404."""
    seen = FoiaRequest.objects.visible_to(request.user, request.now)
    return on_case(seen.select_related(*ON_CASE, "answered_by", "decided_by", "recorded_by"), foia_id)


@require_safe
def foia(request: Request, foia_id: UUID) -> HttpResponse:
    """One request: what is asked for, the notice, the answer, the decision."""
    found = _visible(request, foia_id)
    shown = queries.request_page(found, request.user, request.now)
    page = frame(found.case, f"FOIA request {found.number}", also=[one.marking for one in shown["papers"]])
    return render(request, "cases/records/foia.html", page | shown)


Guard = Callable[[User, FoiaRequest, Any], Refused | None]


def _step(
    request: Request, found: FoiaRequest, title: str, guard: Guard, form: BaseForm, run: Callable[..., Any], *,
    label: str, done: str, says: tuple[str, ...] = (),
) -> HttpResponse:  # fmt: skip
    """The page of one step of a request."""
    user, now = request.user, request.now

    def act(data: dict[str, Any]) -> Any:
        data.pop("confirmed", None)
        return run(request=found, by=user, now=now, **data)

    return _form_page(
        request, found.case, f"{title}: {found.number}", guard(user, found, now), form, act, label=label, done=done,
        says=says, back=found.get_absolute_url(),
        catch_up=lambda: get_object_or_404(FoiaRequest.objects.visible_to(user, now), pk=found.pk).revision,
    )  # fmt: skip


@form_page
def foia_notice(request: Request, foia_id: UUID) -> HttpResponse:
    """Send the submitter notice."""
    found = _visible(request, foia_id)
    days = found.case.policy_version.clocks.get("foia_objection", clock.CLOCKS["foia_objection"].amount)
    form = forms.NoticeForm(sent(request), request=found, words="I send the notice to the developer.")
    return _step(
        request, found, "Send the submitter notice", guards.notice_refusal, form, actions.send_notice,
        label="Send the notice", done="The developer has the notice.",
        says=(
            "The liaison and the signing official read the request's number, the records asked for and which of their "
            f"documents are in the scope. They may object within {days} business days.",
        ),
    )  # fmt: skip


@form_page
def foia_answer(request: Request, foia_id: UUID) -> HttpResponse:
    """Answer a submitter notice for the developer."""
    found = _visible(request, foia_id)
    return _step(
        request, found, "Answer the notice", guards.answer_refusal, forms.AnswerForm(sent(request), request=found),
        actions.answer_notice, label="Send the answer", done="Your answer is recorded.",
        says=("Your objection and its pages go with the request. What you submitted keeps its assurance.",),
    )  # fmt: skip


@form_page
def foia_decide(request: Request, foia_id: UUID) -> HttpResponse:
    """Record the decision on a request."""
    found = _visible(request, foia_id)
    told = "The developer is told." if found.notice_at else "The developer had no notice and is not told."
    return _step(
        request, found, "Record the decision", guards.decide_refusal,
        forms.DecisionForm(sent(request), request=found), actions.record_decision, label="Record the decision",
        done="The decision is recorded.", says=(f"{told} It is recorded once, in your name and capacity.",),
    )  # fmt: skip
