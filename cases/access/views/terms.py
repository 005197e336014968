"""The page on which a safeguard is attested."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.requests import Request
from cases.access import guards
from cases.access.actions import attest_safeguard
from cases.access.forms import AttestationForm
from cases.access.text import safeguard_labels
from cases.access.views.pages import one_action, sent, stop, visible_case
from cases.register.pages import frame
from cases.rules import policy


@require_http_methods(["GET", "HEAD", "POST"])
def attestation_new(request: Request, case_id: UUID) -> HttpResponse:
    """Attest one safeguard of the policy's catalogue, on evidence that both sides see."""
    case = visible_case(request, case_id)
    appointment = policy.require(request.user, "safeguard.attest", case, now=request.now)
    stop(request, guards.attest_refusal(request.user, case, request.now))
    labels = list(safeguard_labels(case).items())
    form = AttestationForm(sent(request), safeguards=labels, evidence=guards.evidence(case))

    def run(data: dict[str, Any]) -> Any:
        return attest_safeguard(
            case=case, safeguard=data["safeguard"], document=data["document"], valid_from=data["valid_from"],
            valid_until=data["valid_until"], by=request.user, now=request.now,
        )  # fmt: skip

    held = f"{appointment.title}, {appointment.organisation.name}, {appointment.get_capacity_display()}"
    return one_action(
        request,
        form,
        run,
        frame=frame(case, "Attest a safeguard"),
        label="Attest this safeguard",
        done="The safeguard is attested.",
        then=f"{case.get_absolute_url()}#access",
        says=[
            f"You attest as {request.user.name}, {held}. The attestation is final; a later one follows it."
        ],
    )
