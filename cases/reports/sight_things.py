"""The things of a case as the page "what exactly can this organisation see?" names them, and how far one is seen.

A thing is shown as its viewer reads it: a title that the viewer does not read stays unsaid.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.urls import reverse

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
from cases.access.text import safeguard_labels
from cases.benchmarks.models import HighSidePointer, Run
from cases.documents.models import Document
from cases.incidents.models import Incident
from cases.labels.models import Consultation, Determination, Disclosure, Label
from cases.questions.models import QuestionThread
from cases.readiness.models import Obligation, ObligationsNotice, Readiness
from cases.records.models import FoiaRequest, LegalHold
from cases.register.models import Case, Declaration
from cases.reports.history import GROUPS
from cases.reports.sight import USE, Key, Seen, Sight
from cases.rules.window import instant


class Thing(NamedTuple):
    """One thing of the case as its viewer reads it."""

    kind: str
    title: str
    url: str
    marking: str = ""
    restricted: bool = False


class Shown(NamedTuple):
    """How things of a kind are shown: their rows in order, and one of them as a Thing (row, case, titles are read)."""

    rows: Any
    thing: Callable[[Any, Case, bool], Thing]


def _page(kind: str, title: Callable[[Any], str]) -> Callable[[Any, Case, bool], Thing]:
    """A thing with a page of its own."""
    return lambda row, case, titled: Thing(kind, title(row), row.get_absolute_url())


def _case_part(kind: str, section: str, title: Callable[[Any], str]) -> Callable[[Any, Case, bool], Thing]:
    """A thing that stands in a section of the case page."""
    return lambda row, case, titled: Thing(kind, title(row), f"{case.get_absolute_url()}#{section}")


def _grant_part(kind: str, section: str) -> Callable[[Any, Case, bool], Thing]:
    """A thing that stands on the page of its grant, under the holder's name."""
    return lambda row, case, titled: Thing(
        kind, f"Grant of {row.grant.organisation.short_name}", f"{row.grant.get_absolute_url()}{section}"
    )


def _readiness(kind: str, title: Callable[[Any], str]) -> Callable[[Any, Case, bool], Thing]:
    return lambda row, case, titled: Thing(kind, title(row), reverse("cases:readiness", args=[case.pk]))


def _recorded(row: Any) -> str:
    return f"Recorded {instant(row.recorded_at)}"


def _attestation(row: Any, case: Case, titled: bool) -> Thing:
    label = safeguard_labels(case).get(row.safeguard, row.safeguard)
    return Thing("Attestation of a safeguard", label, row.get_absolute_url())


def _paper(row: Any, case: Case, titled: bool) -> Thing:
    title = row.title if titled else "Its title is not open to you"
    return Thing(row.get_kind_display(), title, row.get_absolute_url(), row.marking, row.restricted)


def _declaration(row: Any, case: Case, titled: bool) -> Thing:
    url = reverse("cases:declarations", args=[case.pk])
    return Thing("Declaration of interests", f"Declared {instant(row.declared_at)}", url)


def _hold(row: Any, case: Case, titled: bool) -> Thing:
    return Thing(
        "Legal hold", f"Placed {instant(row.placed_at)}", reverse("cases:case_records", args=[case.pk])
    )


def _receipt(row: Any, case: Case, titled: bool) -> Thing:
    return Thing("Receipt of the withdrawal", row.number, reverse("cases:receipt", args=[case.pk]))


_GRANTED: Final = "grant__organisation"
# by kind, in the order of the page
SHOWN: Final[dict[str, Shown]] = {
    "agreement": Shown(Agreement.objects.order_by("number"), _page("Agreement", lambda r: f"Version {r.number}")),
    "attestation": Shown(Attestation.objects.order_by("attested_at", "pk"), _attestation),
    "nomination": Shown(Nomination.objects.select_related("partner").order_by("proposed_at", "pk"),
                        _page("Nomination", lambda r: r.partner.short_name)),
    "grant": Shown(Grant.objects.select_related("organisation").order_by("issued_at", "pk"),
                   _page("Grant", lambda r: r.organisation.short_name)),
    "terms": Shown(TermsAcceptance.objects.select_related(_GRANTED).order_by("accepted_at", "pk"),
                   _grant_part("Terms as accepted", "#terms")),
    "credential": Shown(EndpointCredential.objects.select_related(_GRANTED).order_by("stored_at", "pk"),
                        _grant_part("Endpoint and secret", "#credential")),
    "certificate": Shown(Certificate.objects.select_related(_GRANTED).order_by("filed_at", "pk"),
                         _grant_part("Return or destruction certificate", "#certificate")),
    "receipt": Shown(WithdrawalReceipt.objects.all(), _receipt),
    "document": Shown(Document.objects.order_by("created_at", "pk"), _paper),
    "readiness": Shown(Readiness.objects.all(), _readiness("Readiness", lambda r: "Answers")),
    "obligation": Shown(Obligation.objects.order_by("reference", "pk"),
                        _readiness("Obligation to a third party", lambda r: r.reference)),
    "notice": Shown(ObligationsNotice.objects.order_by("number"),
                    _page("Obligations notice", lambda r: f"Notice {r.number}")),
    "incident": Shown(Incident.objects.order_by("noticed_at", "pk"), _page("Incident", lambda r: r.reference)),
    "thread": Shown(QuestionThread.objects.order_by("opened_at", "pk"),
                    _page("Questions", lambda r: r.get_subject_display())),
    "foia": Shown(FoiaRequest.objects.order_by("received_at", "pk"), _page("FOIA request", lambda r: r.number)),
    "hold": Shown(LegalHold.objects.order_by("placed_at", "pk"), _hold),
    "run": Shown(Run.objects.defer("provenance", "reasons", "served_models").order_by("imported_at", "pk"),
                 _page("Run", lambda r: f"Imported {instant(r.imported_at)}")),
    "pointer": Shown(HighSidePointer.objects.order_by("recorded_at", "pk"),
                     _case_part("High-side pointer", "benchmarks", _recorded)),
    "consultation": Shown(Consultation.objects.select_related("office").order_by("asked_at", "pk"),
                          _page("Consultation", lambda r: r.office.short_name)),
    "determination": Shown(Determination.objects.order_by("signed_at", "pk"),
                           _page("Determination", lambda r: f"Signed {instant(r.signed_at)}")),
    "disclosure": Shown(Disclosure.objects.order_by("recorded_at", "pk"),
                        _case_part("Disclosure", "decisions", _recorded)),
    "label": Shown(Label.objects.order_by("signed_at", "pk"), _page("Label", lambda r: "Register entry")),
    "declaration": Shown(Declaration.objects.order_by("declared_at", "pk"), _declaration),
}  # fmt: skip


def things(case: Case, own: Seen, *, titled: bool, past: bool = False) -> dict[Key, Thing]:
    """What its viewer sees of the case, `own`, as it reads it, in the order of the page. One query a kind.

    past: with what was stored for the grants it sees and is gone, which was there at an earlier instant.
    """
    found: dict[Key, Thing] = {}
    if ("case", case.pk) in own:
        found["case", case.pk] = Thing("Case page", case.number, case.get_absolute_url(), case.marking)
        found["history", case.pk] = Thing("History", "Entries", reverse("cases:history", args=[case.pk]))
    if ("notes", case.pk) in own:
        found["notes", case.pk] = Thing("Notes", "Agency notes", reverse("cases:note", args=[case.pk]))
    for key, (rows, thing) in SHOWN.items():
        gone = key == "credential" and past
        wanted = {"grant__in": _of_kind(own, "grant")} if gone else {"pk__in": _of_kind(own, key)}
        mine = rows.filter(**wanted) if all(wanted.values()) else ()
        found.update({(key, row.pk): thing(row, case, titled) for row in mine})
    return found


def _of_kind(own: Seen, key: str) -> list[UUID]:
    return [pk for kind, pk in own if kind == key]


def words(kind: str, sight: Sight) -> str:
    """How far one thing of a kind is seen."""
    if kind == "history":
        groups = ", ".join(GROUPS[key][0].lower() for key in GROUPS if key in sight.parts)
        return f"reads entries about: {groups}"
    if kind == "document" and sight.reads:
        numbers = [str(number) for number in sorted(sight.parts, key=int)]
        return f"opens version{'s' * (len(numbers) > 1)} {', '.join(numbers)}"
    if kind == "grant" and sight.parts:
        return (
            "reads it and may use it"
            if USE in sight.parts
            else "reads its offer and terms; nothing is open yet"
        )
    if kind == "credential":
        return (
            "may have them shown, for a reason that is kept" if sight.reads else "sees that they are stored"
        )
    said = "reads it" if sight.reads else "sees that it is there, not its content"
    if kind == "incident" and sight.parts:
        return f"{said}, with {len(sight.parts)} {'entry' if len(sight.parts) == 1 else 'entries'} of its timeline"
    return said
