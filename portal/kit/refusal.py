"""Refusals: a person asked for something they may not do, and deserves a sentence.

Actions raise `Refused`; nobody below the views knows HTTP. `RefusalMiddleware` is the one place that turns a
refusal into an answer and has it recorded, after the rollback, in a transaction of its own.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.kit import registry


class Refused(Exception):
    """An action was refused. `sentence` says what, why and what now; `conflict` means wrong moment or stale form."""

    def __init__(self, sentence: str, *, conflict: bool = False, permission: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.conflict = conflict
        self.permission = permission

    @property
    def status(self) -> int:
        """HTTP status of the answer: 409 when the moment is wrong, 403 when the person is."""
        return 409 if self.conflict else 403


def conflict(sentence: str) -> Refused:
    """A refusal because of the moment, not of the person."""
    return Refused(sentence, conflict=True)


def note_refusal(
    request: HttpRequest, refused: Refused, *, case_id: Any = None, now: datetime | None = None
) -> None:
    """Have a refusal recorded by whoever listens (the audit log); call it outside the rolled-back transaction.

    case_id: where the address does not name the case. now: of a refusal later than the request's instant.
    """
    registry.call(
        "refused",
        sentence=refused.sentence,
        permission=refused.permission,
        by=request.user if request.user.is_authenticated else None,
        path_name=request.resolver_match.view_name if request.resolver_match else "",
        case_id=case_id or _case_id(request),
        now=now or getattr(request, "now", None),
    )


def refusal_page(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The page (or, for an HTMX request, the fragment) that tells a person of a refusal."""
    template = "409.html" if refused.conflict else "403.html"
    if getattr(request, "htmx", False):
        template = "parts/refusal.html"
    return render(request, template, {"sentence": refused.sentence}, status=refused.status)


def _case_id(request: HttpRequest) -> Any:
    match = request.resolver_match
    return match.kwargs.get("case_id") if match else None


class RefusalMiddleware:
    """Turns `Refused` into a 403 or 409 with the sentence, and has it recorded."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a refusal; leave every other exception to Django."""
        if not isinstance(exception, Refused):
            return None
        note_refusal(request, exception)
        return refusal_page(request, exception)
