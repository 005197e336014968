"""A live partner grant as bare rows, for tests that are about documents and not about how access comes about."""

from datetime import datetime, timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.access import give
from cases.access.models import Agreement, Grant, Nomination, WindowPeriod
from cases.register.models import Case
from portal.kit.gate import writing
from tests.cast import Cast


def partner_grant(
    cast: Cast, case: Case, now: datetime, person: Any = None, organisation: Any = None
) -> Grant:
    """A grant of the partner, agreed, its terms accepted, open for ten days, with one named person."""
    organisation = organisation or cast.partner_org
    opens, closes = now - timedelta(hours=1), now + timedelta(days=10)
    with writing():
        if not case.window_periods.exists():
            _window(cast, case, now, opens, closes)
        nomination = Nomination.objects.create(
            case=case, partner=organisation, proposed_side="developer", proposed_by=cast.liaison, proposed_at=now,
            lapses_at=now + timedelta(days=7), purpose="early defence", sector="energy", basis="offered",
        )  # fmt: skip
        grant = Grant.objects.create(
            case=case, organisation=organisation, kind="partner", model_version=case.model_version,
            nomination=nomination, mode="developer_api", tasks_allowed="defence", state="agreed",
            span=DateTimeTZRange(opens, closes),
            terms_accepted_at=now, terms_accepted_by=person or cast.partner, issued_at=now, issued_by=cast.officer,
        )  # fmt: skip
        give("use_grant", person or cast.partner, grant)
    return grant


def _window(cast: Cast, case: Case, now: datetime, opens: datetime, closes: datetime) -> None:
    agreement = Agreement.objects.create(
        case=case, number=1, state="signed", anchor_at=closes, opens_at=opens, closes_at=closes, scope="all",
        text="signed text", text_digest="0" * 64, drafted_at=now, drafted_by=cast.officer,
    )  # fmt: skip
    span = DateTimeTZRange(opens, closes)
    WindowPeriod.objects.create(case=case, agreement=agreement, span=span, agreed_end=closes)
