"""What the pages of labeling share: the case or determination behind them, and the way back to it."""

from uuid import UUID

from django.http import QueryDict
from django.views.decorators.http import require_http_methods

from accounts.requests import Request
from cases.labels import guards
from cases.labels.models import Determination
from cases.register.models import Case
from cases.register.pages import on_case, one_case
from portal.kit.refusal import Refused

form_page = require_http_methods(["GET", "HEAD", "POST"])


def posted(request: Request) -> QueryDict | None:
    """What was sent, also when it is empty; None for a page that is only looked at."""
    return request.POST if request.method == "POST" else None


def visible_case(request: Request, case_id: UUID) -> Case:
    """The case with what its pages show, or 404."""
    visible = Case.objects.visible_to(request.user, request.now)
    return one_case(visible.select_related("model_version__model", "developer", "policy_version"), case_id)


def stop_when_ended(case: Case) -> None:
    """Refuse the page of a step that an ended case takes no more: its packet is not read through a form."""
    said = guards.in_labeling(case) if case.is_terminal else None
    if said is not None:
        raise Refused(said, conflict=True)


def visible_determination(request: Request, determination_id: UUID) -> Determination:
    """The determination with what its pages show, or 404."""
    visible = Determination.objects.visible_to(request.user, request.now)
    return on_case(
        visible.select_related(
            "case__model_version__model", "case__developer", "case__policy_version", "signed_by", "rescinded_by",
            "appointment__organisation", "policy_version", "suite_version__suite", "label",
        ),
        determination_id,
    )  # fmt: skip


def decisions_of(case: Case) -> str:
    """Address of the case's Decisions section."""
    return f"{case.get_absolute_url()}#decisions"
