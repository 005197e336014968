"""The page of a withdrawal's receipt."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.requests import Request
from cases.access.models import WithdrawalReceipt
from cases.access.views.pages import visible_case
from cases.register.pages import frame


@require_safe
def receipt(request: Request, case_id: UUID) -> HttpResponse:
    """The receipt, for whoever may open the case; 404 while it is not withdrawn."""
    case = visible_case(request, case_id)
    seen = WithdrawalReceipt.objects.visible_to(request.user, request.now)
    found = get_object_or_404(seen.select_related("withdrawn_by", "appointment"), case=case)
    page = frame(case, f"Receipt of withdrawal {found.number}", receipt=found)
    return render(request, "cases/access/receipt.html", page)
