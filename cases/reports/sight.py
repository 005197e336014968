"""How far a person sees the things of a case at an instant, each asked of its own condition; no rule stands here.

Within `portal.audit.as_of` the same questions are answered as of a past instant. To add a kind of thing, add its row to
KINDS.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from accounts.models import User
from cases.access.models import Agreement, Grant, Nomination
from cases.benchmarks.models import HighSidePointer, Run
from cases.documents.models import Document, DocumentVersion
from cases.incidents.models import Incident
from cases.incidents.queries import reads_incident
from cases.labels.models import Consultation, Determination, Disclosure, Label
from cases.labels.queries import reads_determination, reads_packet
from cases.questions.models import QuestionThread
from cases.records.models import FoiaRequest
from cases.register.models import Case
from cases.reports.history import GROUPS
from cases.rules import policy, visibility

Key = tuple[str, UUID]


@dataclass(frozen=True)
class Sight:
    """How far one thing is seen: its facts, or its content as well.

    parts: of a document the numbers of the versions that open, of the history the groups that are read.
    """

    reads: bool
    parts: frozenset[int | str] = frozenset()

    def __or__(self, other: "Sight") -> "Sight":
        return Sight(self.reads or other.reads, self.parts | other.parts)


Seen = dict[Key, Sight]


class Kind(NamedTuple):
    """One kind of thing that hangs on a case, by the path `case`; without `reads` it reads as the case does."""

    key: str
    model: Any
    case: str = "case"
    needs: tuple[str, ...] = ()
    reads: Callable[[Any, User, datetime], bool] | None = None


def _reads_request(row: FoiaRequest, user: User, at: datetime) -> bool:
    return visibility.reads_records(user, row.case, at)


KINDS: Final = (
    Kind("agreement", Agreement),
    Kind("nomination", Nomination),
    Kind("incident", Incident, needs=("organisation", "reported_under"), reads=reads_incident),
    Kind("thread", QuestionThread),
    Kind("foia", FoiaRequest, reads=_reads_request),
    Kind("run", Run),
    Kind("pointer", HighSidePointer),
    Kind("consultation", Consultation, needs=("office",), reads=reads_packet),
    Kind("determination", Determination, needs=("signed_by",), reads=reads_determination),
    Kind("disclosure", Disclosure, case="determination__case"),
    Kind("label", Label),
)


def seen_by(user: User, case: Case, at: datetime) -> Seen:
    """Everything of the case that this person sees at `at`, and how far."""
    reads = visibility.reads_content(user, case, at)
    found: Seen = {}
    inside = Case.objects.visible_to(user, at).filter(pk=case.pk).exists()
    if inside:
        found["case", case.pk] = Sight(reads)
        found["history", case.pk] = Sight(reads, history_groups(user, case, at))
        if policy.standing(user, "note.read", case, at) is not None:
            found["notes", case.pk] = Sight(True)
    for kind in KINDS:
        rows = kind.model.objects.visible_to(user, at).filter(**{kind.case: case}).only("id", *_needs(kind))
        for row in rows:
            if kind.reads is not None:
                row.case = case
            found[kind.key, row.pk] = Sight(kind.reads(row, user, at) if kind.reads else reads)
    live = Grant.objects.filter(visibility.partner_reads(user, at), case=case).values_list("pk", flat=True)
    opened = set(live)
    for pk in Grant.objects.visible_to(user, at).filter(case=case).values_list("pk", flat=True):
        found["grant", pk] = Sight(reads if inside else pk in opened)
    return found | _documents(user, case, at)


def _needs(kind: Kind) -> Iterable[str]:
    return ("case", *kind.needs) if kind.reads is not None else ()


def _documents(user: User, case: Case, at: datetime) -> Seen:
    visible = set(Document.objects.visible_to(user, at).filter(case=case).values_list("pk", flat=True))
    opens = set(Document.objects.openable_by(user, at).filter(case=case).values_list("pk", flat=True))
    numbers = visibility.versions_opened(user, opens, at) if opens else {}
    found: Seen = {("document", pk): Sight(False) for pk in visible}
    kept = DocumentVersion.objects.filter(document__in=opens, state=visibility.AVAILABLE)
    for pk, number in kept.values_list("document", "number"):
        read = numbers[pk]
        if read is None or number in read:
            found["document", pk] |= Sight(True, frozenset({number}))
    return found


def together(some: Iterable[Seen]) -> Seen:
    """What several people see between them."""
    found: Seen = {}
    for seen in some:
        for key, sight in seen.items():
            found[key] = found[key] | sight if key in found else sight
    return found


def history_groups(user: User, case: Case, at: datetime) -> frozenset[int | str]:
    """The groups of history of which this person reads any entries, in a case whose page it may open."""
    kinds = visibility.entry_kinds(user, case, at)
    if kinds is None:
        return frozenset(GROUPS)
    return frozenset(
        key for key, (_, begins) in GROUPS.items() if any(kind.startswith(begins) for kind in kinds)
    )
