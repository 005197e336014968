"""The change that every recusal makes, whoever records it; for actions alone."""

from datetime import datetime

from accounts.models import User
from cases.register.models import Assignment, Case, Recusal
from portal.kit.refusal import Refused


def begin(case: Case, person: User, reason: str, by: User, now: datetime) -> tuple[Recusal, list[Assignment]]:
    """The recusal, and the assignments of the person that it ends. The case is locked."""
    if case.recusals.filter(person=person, until__isnull=True).exists():
        raise Refused(f"{person.name} is recused from this case already.", conflict=True)
    recusal = Recusal.objects.create(case=case, person=person, reason=reason, since=now, recorded_by=by)
    ended = list(case.assignments.select_for_update().filter(person=person, until__isnull=True))
    for assignment in ended:
        assignment.until = now
        assignment.save()
    return recusal, ended
