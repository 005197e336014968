"""Pages of questions: a new thread, one thread, and each step that may be taken about a question."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.requests import Request
from cases.access.views.pages import sent, visible_case
from cases.questions import actions, forms, guards, queries
from cases.questions.models import Question, QuestionThread
from cases.register.models import Case
from cases.register.pages import frame, on_case
from cases.rules import policy, visibility
from portal.kit.forms import attempt, status_of
from portal.kit.refusal import Refused

form_page = require_http_methods(["GET", "HEAD", "POST"])
FORM = "cases/questions/form.html"
ON_CASE = ("case__model_version__model", "case__developer", "case__policy_version")


def _visible_thread(request: Request, thread_id: UUID) -> QuestionThread:
    """The thread with its case, or 404."""
    seen = QuestionThread.objects.visible_to(request.user, request.now)
    return on_case(seen.select_related(*ON_CASE), thread_id)


def _visible(request: Request, question_id: UUID) -> Question:
    """The question with its thread and case, or 404."""
    seen = Question.objects.visible_to(request.user, request.now)
    wide = seen.select_related(*(f"thread__{name}" for name in ON_CASE), "asked_by")
    return on_case(wide, question_id, path="thread.case")


def _frame(request: Request, case: Case, title: str, thread: QuestionThread | None = None) -> dict[str, Any]:
    """Title, way and marking; below a thread the way leads through it."""
    page = frame(case, title)
    if thread is not None:
        reads = visibility.reads_content(request.user, case, request.now)
        said = thread.title if reads else f"Questions: {thread.get_subject_display()}"
        page["crumbs"] = [*page["crumbs"][:-1], {"label": said, "url": thread.get_absolute_url()}]
        page["crumbs"].append({"label": title, "url": ""})
        page |= {"back": thread.get_absolute_url(), "reads": reads}
    return page


# -- asking -----------------------------------------------------------------------------------------------------------


@form_page
def question_new(request: Request, case_id: UUID) -> HttpResponse:
    """Open a thread with its first question."""
    case = visible_case(request, case_id)
    return _ask(request, case, None, forms.ThreadForm, "Ask the developer")


@form_page
def question_follow(request: Request, thread_id: UUID) -> HttpResponse:
    """Ask another question in a thread."""
    thread = _visible_thread(request, thread_id)
    return _ask(request, thread.case, thread, forms.FollowForm, "Ask a further question")


def _ask(
    request: Request, case: Case, thread: QuestionThread | None, form_of: type[forms.FollowForm], title: str
) -> HttpResponse:
    user, now = request.user, request.now
    refused = guards.ask_refusal(user, case, now)
    if refused is not None and (request.method != "POST" or not refused.conflict):
        raise refused
    form = form_of(sent(request), due_at=actions.default_due(case, now), now=now)

    def run(data: dict[str, Any]) -> QuestionThread:
        if thread is None:
            return actions.open_thread(case=case, by=user, now=now, **data)
        return actions.ask(thread=thread, by=user, now=now, **data).thread

    if request.method == "POST":
        done = attempt(request, form, run)
        if done is not None:
            messages.success(request, "The question is asked. The developer is told that there is one.")
            return redirect(done)
    page = _frame(request, case, title, thread) | {
        "form": form, "label": "Ask the question",
        "says": ["The developer reads it as you send it. To answer is voluntary, and no step of the case waits."],
    }  # fmt: skip
    return render(request, FORM, page, status=status_of(form))


# -- one thread -------------------------------------------------------------------------------------------------------


@require_safe
def question_thread(request: Request, thread_id: UUID) -> HttpResponse:
    """One thread: its questions, what was said to each, and what this person may do."""
    thread = _visible_thread(request, thread_id)
    shown = queries.page(thread, request.user, request.now)
    title = thread.title if shown["reads"] else f"Questions: {thread.get_subject_display()}"
    page = frame(thread.case, title)
    return render(request, "cases/questions/thread.html", page | shown)


Guard = Callable[[User, Question, Any], Refused | None]


def _step(
    request: Request, found: Question, title: str, guard: Guard, form: BaseForm, run: Callable[..., Any], *,
    label: str, done: str, says: tuple[str, ...] = (), **more: Any,
) -> HttpResponse:  # fmt: skip
    """The page of one step. What overtook a form is said above it, and the next press is about what stands now."""
    refused = guard(request.user, found, request.now)
    if refused is not None and (request.method != "POST" or not refused.conflict):
        raise refused
    if request.method == "POST":
        taken = attempt(
            request, form, lambda data: run(question=found, by=request.user, now=request.now, **data)
        )
        if taken is not None:
            messages.success(request, done)
            return redirect(found.thread)
        _catch_up(request, form, found)
    page = _frame(request, found.thread.case, title, found.thread)
    page |= {"form": form, "says": says, "label": label, "question": found, **more}
    return render(request, FORM, page, status=status_of(form))


def _catch_up(request: Request, form: BaseForm, found: Question) -> None:
    if status_of(form) == 409 and "revision" in form.fields:
        again = request.POST.copy()
        again["revision"] = str(_visible(request, found.pk).revision)
        form.data = again


@form_page
def question_answer(request: Request, question_id: UUID) -> HttpResponse:
    """Answer, whole or in part."""
    found, user, now = _visible(request, question_id), request.user, request.now
    case = found.thread.case
    appointment = policy.require(user, guards.ANSWER, case, now=now)
    form = forms.AnswerForm(sent(request), question=found, user=user, now=now, appointment=appointment)
    uploads = policy.standing(user, "document.upload", case, now) is not None
    return _step(
        request, found, "Answer", guards.answer_refusal, form, actions.answer,
        label="Send the answer", done="The answer is sent.", asks=True,
        says=("It is read as you send it; a correction is a message.",),
        upload_url=reverse("cases:document_new", args=[case.pk]) if uploads else "",
        decline_url=reverse("cases:question_decline", args=[found.pk]),
    )  # fmt: skip


@form_page
def question_decline(request: Request, question_id: UUID) -> HttpResponse:
    """Say that the question is not answered."""
    found = _visible(request, question_id)
    form = forms.DeclineForm(sent(request), question=found)
    return _step(
        request, found, "Say that you do not answer", guards.decline_refusal, form, actions.decline,
        label="Send: we do not answer this", done="The agency is told that you do not answer this.", asks=True,
        says=("You may answer later all the same.",),
    )  # fmt: skip


@form_page
def question_message(request: Request, question_id: UUID) -> HttpResponse:
    """Write a message to a question."""
    found = _visible(request, question_id)
    return _step(
        request, found, "Write a message", guards.message_refusal, forms.MessageForm(sent(request)),
        actions.write_message, label="Send the message", done="The message is sent.", asks=True,
        says=("Both sides read it. It stays as you send it; a correction is another message.",),
    )  # fmt: skip


@form_page
def question_close(request: Request, question_id: UUID) -> HttpResponse:
    """Close a question as answered."""
    found = _visible(request, question_id)
    form = forms.EndForm(sent(request), question=found, words="I have read what was said to this question.")
    return _step(
        request, found, "Close as answered", guards.close_refusal, form,
        lambda *, confirmed, **told: actions.close_question(**told),
        label="Close as answered", done="The question is closed.", asks=True,
        says=("Both sides may still write messages to it.",),
    )  # fmt: skip


@form_page
def question_take_back(request: Request, question_id: UUID) -> HttpResponse:
    """Take a question back."""
    found = _visible(request, question_id)
    form = forms.EndForm(sent(request), question=found, words="I take this question back.")
    return _step(
        request, found, "Take the question back", guards.take_back_refusal, form,
        lambda *, confirmed, **told: actions.take_back(**told),
        label="Take it back", done="The question is taken back.", asks=True,
        says=("It stays in the record, and nobody is asked for an answer any more.",),
    )  # fmt: skip
