"""How far a person sees the things of a case at an instant, each asked of its own condition; no rule stands here.

Within `portal.audit.as_of` the same questions are answered as of a past instant. To add a kind of thing, add its row to
KINDS, and how it is shown to `sight_things.SHOWN`; what is asked in another way stands in APART, and what is left out
in LEFT_OUT with its reason. A house test minds that nothing a person may see stands in none of them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from accounts.models import User
from cases.access.models import (
    Agreement,
    Attestation,
    Certificate,
    EndpointCredential,
    Grant,
    Nomination,
    TermsAcceptance,
    WithdrawalReceipt,
)
from cases.benchmarks.models import HighSidePointer, Run
from cases.documents.models import Document, DocumentVersion
from cases.incidents.models import Incident, IncidentEntry
from cases.incidents.queries import reads_incident
from cases.labels.models import Consultation, Determination, Disclosure, Label
from cases.labels.queries import reads_determination, reads_packet
from cases.questions.models import QuestionThread
from cases.readiness.models import Obligation, ObligationsNotice, Readiness
from cases.records.models import FoiaRequest, LegalHold
from cases.register.models import Case, Declaration
from cases.reports.history import GROUPS
from cases.rules import policy, visibility, window

Key = tuple[str, UUID]
Part = int | str | UUID
USE: Final = "use"  # part of a grant: this person may use it now
TERMS: Final = "terms"  # part of a grant: its holder reads the offer and its terms, and nothing else is open


@dataclass(frozen=True)
class Sight:
    """How far one thing is seen: its facts, or its content as well.

    parts: of a document the numbers of the versions that open, of the history the groups that are read, of an incident
    the entries of its timeline, of a grant USE or TERMS.
    """

    reads: bool
    parts: frozenset[Part] = frozenset()

    def __or__(self, other: "Sight") -> "Sight":
        return Sight(self.reads or other.reads, self.parts | other.parts)


Seen = dict[Key, Sight]


def _always(row: Any, user: User, now: datetime) -> bool:
    return True


class Kind(NamedTuple):
    """One kind of thing that hangs on a case, by the path `case`; without `reads` it reads as the case does.

    condition: who sees its rows, where the model has no `visible_to` of its own.
    """

    key: str
    model: Any
    case: str = "case"
    needs: tuple[str, ...] = ()
    reads: Callable[[Any, User, datetime], bool] | None = None
    condition: Callable[[User, datetime], Any] | None = None


def _reads_record(row: FoiaRequest | LegalHold, user: User, at: datetime) -> bool:
    return visibility.reads_records(user, row.case, at)


KINDS: Final = (
    Kind("agreement", Agreement),
    Kind("attestation", Attestation, condition=visibility.of_case),
    Kind("nomination", Nomination),
    Kind("receipt", WithdrawalReceipt, reads=_always),
    Kind("readiness", Readiness, reads=_always),
    Kind("obligation", Obligation, reads=_always),
    Kind("notice", ObligationsNotice, reads=_always),
    Kind("declaration", Declaration, reads=_always, condition=visibility.declarations),
    Kind("incident", Incident, needs=("organisation", "reported_under"), reads=reads_incident),
    Kind("thread", QuestionThread),
    Kind("foia", FoiaRequest, reads=_reads_record),
    Kind("hold", LegalHold, reads=_reads_record),
    Kind("run", Run),
    Kind("pointer", HighSidePointer),
    Kind("consultation", Consultation, needs=("office",), reads=reads_packet),
    Kind("determination", Determination, needs=("signed_by",), reads=reads_determination),
    Kind("disclosure", Disclosure, case="determination__case"),
    Kind("label", Label),
)
# asked beside them: what opens in parts, and what is seen with the grant it belongs to
APART: Final = (Case, Document, Grant, IncidentEntry, EndpointCredential, TermsAcceptance, Certificate)
# what has a condition of its own and is no thing of one case
LEFT_OUT: Final = {
    "WindowPeriod": "the window of an agreement, drawn wherever that is shown",
    "Question": "stands in its thread, and is read with it",
    "Upload": "bytes on their way, which nobody reads; what comes of them is a document",
    "Spill": "closes its document to all but the security manager, whose own page tells of it",
    "SuiteVersion": "belongs to no case",
    "ThresholdRule": "belongs to a suite, and so to no case",
}


def seen_by(user: User, case: Case, at: datetime, among: Iterable[str] | None = None) -> Seen:
    """Everything of the case that this person sees at `at`, and how far; of the kinds `among` alone where given."""
    asked = None if among is None else frozenset(among)
    reads = visibility.reads_content(user, case, at)
    found: Seen = {}
    inside = Case.objects.visible_to(user, at).filter(pk=case.pk).exists()
    if inside:
        found["case", case.pk] = Sight(reads)
        found["history", case.pk] = Sight(reads, history_groups(user, case, at))
        if policy.standing(user, "note.read", case, at) is not None:
            found["notes", case.pk] = Sight(True)
    for kind in KINDS:
        if asked is not None and kind.key not in asked:
            continue
        for row in _rows(kind, user, case, at):
            if kind.reads is not None:
                row.case = case
            found[kind.key, row.pk] = Sight(kind.reads(row, user, at) if kind.reads else reads)
    found |= _entries(found, user, case, at)
    found |= _grants(user, case, at, inside=inside, reads=reads)
    return found | (_documents(user, case, at) if asked is None or "document" in asked else {})


def _rows(kind: Kind, user: User, case: Case, at: datetime) -> Any:
    if kind.condition is None:
        seen = kind.model.objects.visible_to(user, at)
    else:
        seen = kind.model.objects.filter(kind.condition(user, at))
    needs = ("case", *kind.needs) if kind.reads is not None and kind.case == "case" else ()
    return seen.filter(**{kind.case: case}).only("id", *needs)


def _entries(found: Seen, user: User, case: Case, at: datetime) -> Seen:
    """The incidents found, with the entries of their timelines that are for this person."""
    incidents = [pk for kind, pk in found if kind == "incident"]
    if not incidents:
        return {}
    parts: dict[UUID, set[Part]] = {pk: set() for pk in incidents}
    entries = IncidentEntry.objects.visible_to(user, at).filter(incident__in=incidents)
    for pk, entry in entries.values_list("incident", "pk"):
        parts[pk].add(entry)
    return {
        ("incident", pk): Sight(found["incident", pk].reads, frozenset(some)) for pk, some in parts.items()
    }


def _grants(user: User, case: Case, at: datetime, *, inside: bool, reads: bool) -> Seen:
    """Grants, and what is shown with them: terms accepted, that a secret is stored, the certificate at the end.

    A holder who sees no case sees its own grant: the offer and its terms, then what it may use, then that it ended.
    """
    grants = {one.pk: one for one in Grant.objects.visible_to(user, at).filter(case=case)}
    if not grants:
        return {}
    live = Grant.objects.filter(visibility.partner_reads(user, at), pk__in=grants).values_list(
        "pk", flat=True
    )
    used = set(live)
    offered = set() if inside else {pk for pk, one in grants.items() if one.state_at(at) in window.BEFORE_USE}
    found: Seen = {}
    for pk in grants:
        parts = {USE} if pk in used else {TERMS} if pk in offered else set()
        found["grant", pk] = Sight(bool(parts) or (inside and reads), frozenset(parts))
    stored = EndpointCredential.objects.filter(grant__in=grants if inside else used, ended_at__isnull=True)
    for pk, grant_id in stored.values_list("pk", "grant"):
        found["credential", pk] = Sight(grant_id in used)
    own = used | offered
    accepted = TermsAcceptance.objects.filter(grant__in=grants if inside else own).values_list("pk", "grant")
    found |= {("terms", pk): Sight(reads if inside else True) for pk, _ in accepted}
    if inside:
        filed = Certificate.objects.filter(grant__in=grants).values_list("pk", flat=True)
        found |= {("certificate", pk): Sight(reads) for pk in filed}
    return found


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


def history_groups(user: User, case: Case, at: datetime) -> frozenset[Part]:
    """The groups of history of which this person reads any entries, in a case whose page it may open."""
    kinds = visibility.entry_kinds(user, case, at)
    if kinds is None:
        return frozenset(GROUPS)
    return frozenset(
        key for key, (_, begins) in GROUPS.items() if any(kind.startswith(begins) for kind in kinds)
    )
