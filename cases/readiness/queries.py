"""What the pages of readiness ask: the checklist computed from draft and policy, the answers, the notices.

The checklist is advice. No guard reads it: what a submission needs stands in `lifecycle` alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, F, OuterRef, Q, Subquery
from django.urls import reverse

from accounts.models import Appointment, User
from cases.access.guards import release_of, stated_dates
from cases.documents.kinds import suggested
from cases.documents.models import Document
from cases.readiness.models import NoticeFiling, Obligation, ObligationsNotice, Readiness, safeguard_answers
from cases.register.models import Case
from cases.rules import policy, visibility, window
from portal.audit.models import Entry
from portal.kit.charts import Bar, WindowLine

SHOWN: Final = 30


@dataclass(frozen=True)
class Line:
    """One thing a case will ask: whether it is there, what is known of it, and where it is done."""

    what: str
    there: bool
    said: str = ""
    url: str = ""
    link: str = ""


@dataclass(frozen=True)
class Group:
    """Lines on one subject."""

    title: str
    lines: list[Line]


@dataclass(frozen=True)
class Change:
    """One earlier change, by whom and when."""

    at: datetime
    who: str
    kind: str
    data: dict[str, Any]


def section(case: Case, user: User, now: datetime) -> dict[str, Any] | None:
    """What the case page says of readiness: to the developer's own people alone. One query."""
    if policy.standing(user, "readiness.keep", case, now) is None:
        return None
    listed = Count("obligations", filter=Q(obligations__removed_at__isnull=True))
    newest = ObligationsNotice.objects.filter(case=OuterRef("pk")).order_by("-number")
    facts = (
        Case.objects.filter(visibility.own_cases(user, now), pk=case.pk)
        .annotate(
            listed=listed,
            said=F("readiness__safeguards"),
            noticed=Subquery(newest.values("number")[:1]),
            filed=Subquery(newest.values("filing__version")[:1]),
        )
        .values("listed", "said", "noticed", "filed")
        .first()
    )
    catalogue = case.policy_version.safeguards
    said: dict[str, dict[str, str]] = facts["said"] or {} if facts else {}
    answered = sum(1 for row in catalogue if said.get(row["id"], {}).get("answer"))
    return {**(facts or {}), "case": case, "answered": answered, "catalogue": len(catalogue)}


def answers_of(case: Case, user: User, now: datetime) -> Readiness | None:
    """The answers on a case, None before any."""
    found = Readiness.objects.visible_to(user, now).filter(case=case)
    return found.select_related("changed_by").first()


def obligations(case: Case, user: User, now: datetime) -> list[Obligation]:
    """Every obligation that was listed, those off the list last."""
    found = Obligation.objects.visible_to(user, now).filter(case=case)
    return list(found.order_by(F("removed_at").asc(nulls_first=True), "reference", "kind"))


def notices(case: Case, user: User, now: datetime) -> list[ObligationsNotice]:
    """The notices of a case, newest first, each with its filing as `filed`."""
    rows = list(
        ObligationsNotice.objects.visible_to(user, now)
        .filter(case=case)
        .select_related("attested_by")
        .order_by("-number")
    )
    filings = {one.notice_id: one for one in NoticeFiling.objects.filter(notice__in=[row.pk for row in rows])}
    for row in rows:
        row.filed = filings.get(row.pk)
    return rows


def filing_of(notice: ObligationsNotice) -> NoticeFiling | None:
    """How a visible notice was filed, None while it is not."""
    return NoticeFiling.objects.filter(notice=notice).select_related("document", "filed_by").first()


def changes(stream: str) -> list[Change]:
    """The newest changes of a case's readiness, for the developer's own page."""
    found = Entry.objects.filter(sequence__key=f"stream:{stream}").order_by("-number")
    return [Change(one.at, one.actor_name, one.kind, one.data) for one in found[:SHOWN]]


# -- the checklist --------------------------------------------------------------------------------------------------


def checklist(
    case: Case, answers: Readiness | None, listed: Sequence[Obligation], noticed: Sequence[ObligationsNotice],
    user: User, now: datetime,
) -> list[Group]:  # fmt: skip
    """What the case will ask, from what the draft and its policy version hold. At most four queries."""
    return [
        Group("Dates", _dates(case, release_of(stated_dates(case)), now)),
        Group("Model version", _variant(case, user, now)),
        Group("Safeguards", _safeguards(case, answers)),
        Group("People", _people(case, answers, now)),
        Group("Documents often asked for", _documents(case, user, now)),
        Group("Obligations to third parties", _third_parties(case, listed, noticed)),
    ]


def line_of(case: Case, now: datetime) -> WindowLine | None:
    """The widest window that the stated release date leaves room for; None where it leaves none."""
    release = release_of(stated_dates(case))
    if release is None or release <= now:
        return None
    opens = max(release - window.LIMIT, now)
    said = (
        f"Access could open at {window.instant(opens)} at the earliest and would end at the planned release, "
        f"{window.instant(release)}: {window.words(release - opens)} at most."
    )
    bars = [Bar("Room for a window", opens, release, "drafted")]
    return WindowLine(release - window.LIMIT, release, now, bars, sentence=said, end_name="planned release")


def _dates(case: Case, release: datetime | None, now: datetime) -> list[Line]:
    url = reverse("cases:release", args=[case.pk])
    stated = Line(
        "Planned general release", release is not None, window.instant(release) if release else "", url, "State a date"
    )  # fmt: skip
    if release is None:
        return [stated, Line("Room for a window", False, "shown once a date is stated")]
    if release <= now:
        return [stated, Line("Room for a window", False, "none: the release is not ahead")]
    return [stated, Line("Room for a window", True, f"from {window.instant(release - window.LIMIT)}")]


def _variant(case: Case, user: User, now: datetime) -> list[Line]:
    version = case.model_version
    editable = case.submitted_at is None and not case.is_terminal
    may = editable and policy.standing(user, "case.edit_draft", case, now) is not None
    url = reverse("cases:case_edit", args=[case.pk]) if may else ""
    named = f"{version}, {version.get_variant_display().lower()}" if version else ""
    digest = version.checkpoint_digest if version else ""
    return [
        Line("Model and version named", version is not None, named, url, "Change the draft"),
        Line("Checkpoint digest named", bool(digest), f"{digest[:12]}…" if digest else "", url, "Change the draft"),
    ]  # fmt: skip


def _safeguards(case: Case, answers: Readiness | None) -> list[Line]:
    url = reverse("cases:readiness_answers", args=[case.pk])
    words, said = dict(safeguard_answers()), answers.safeguards if answers else {}
    found = []
    for row in case.policy_version.safeguards:
        one = said.get(row["id"], {})
        parts = [words.get(one.get("answer", ""), ""), one.get("note", "")]
        there = one.get("answer") in ("have", "planned")
        found.append(Line(row["label"], there, ": ".join(part for part in parts if part), url, "Answer"))
    return found


def _people(case: Case, answers: Readiness | None, now: datetime) -> list[Line]:
    live = Appointment.objects.live(now).filter(organisation=case.developer_id)
    names: dict[str, list[str]] = {}
    for role, name in live.order_by("person__name").values_list("role", "person__name"):
        names.setdefault(role, []).append(name)
    signers, keepers = names.get("developer_signatory", []), names.get("organisation_administrator", [])
    people = answers.people if answers else []
    listed = "1 person" if len(people) == 1 else f"{len(people)} people"
    url = reverse("cases:readiness_answers", args=[case.pk])
    ask = "the organization administrator appoints one"
    return [
        Line("People who would have access listed", bool(people), listed if people else "", url, "Answer"),
        Line("Signing official appointed", bool(signers), ", ".join(signers) or ask),
        Line("Organization administrator appointed", bool(keepers), ", ".join(keepers) or "the operator appoints one"),
    ]  # fmt: skip


def _documents(case: Case, user: User, now: datetime) -> list[Line]:
    own = Document.objects.visible_to(user, now).filter(case=case, withdrawn_at__isnull=True)
    there = set(own.order_by().values_list("kind", flat=True))
    may = not case.is_terminal and policy.standing(user, "document.upload", case, now) is not None
    url = reverse("cases:document_new", args=[case.pk]) if may else ""
    return [Line(one.label, one.id in there, one.needed_for, url, "Upload") for one in suggested()]


def _third_parties(
    case: Case, listed: Sequence[Obligation], noticed: Sequence[ObligationsNotice]
) -> list[Line]:
    live = [one for one in listed if one.removed_at is None]
    owed = sum(one.consent_owed for one in live)
    said = f"{len(live)} listed, {owed} with consent still to come" if live else ""
    newest = noticed[0] if noticed else None
    filed = newest is not None and newest.filed is not None
    url = newest.get_absolute_url() if newest else ""
    return [
        Line("Obligations listed", bool(live), said, reverse("cases:obligation_new", args=[case.pk]), "List one"),
        Line("Notice attested", newest is not None, f"notice {newest.number}" if newest else "",
             reverse("cases:obligations_notice_new", args=[case.pk]), "Read and attest"),
        Line("Notice filed into the case", filed, "" if filed else "if you wish", url, "See the notice"),
    ]  # fmt: skip
