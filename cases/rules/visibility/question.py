"""Questions to the developer: which threads a person sees. Their words are content (`reads_content`)."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from cases.rules.visibility.basis import rows
from cases.rules.visibility.case import of_agency, of_developer


def question_threads(user: User, now: datetime) -> Q:
    """Threads this person sees: the agency's staff, the auditor and the developer's people those of their cases."""
    return of_agency(user, now) | of_developer(user, now)


def questions(user: User, now: datetime) -> Q:
    """Questions of the threads this person sees."""
    return Q(Exists(rows("QuestionThread").filter(question_threads(user, now), pk=OuterRef("thread_id"))))
