"""What pages ask about access: the section of a case, a partner's grants, and what the pages of one row show.

What waits for whom stands in `waiting.py`. Rows come with everything a page shows of them, in one query a kind.
"""

from datetime import datetime
from typing import Any, Final

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from accounts.models import Organisation, User
from accounts.roles import ROLES
from cases.access import amending, guards, lines
from cases.access.models import (
    Agreement,
    CredentialReveal,
    Grant,
    Nomination,
    Signature,
    Suspension,
    WindowPeriod,
)
from cases.access.sides import own_side
from cases.access.text import Terms, safeguard_labels
from cases.access.waiting import waiting
from cases.register.models import Case
from cases.rules import lifecycle, policy, visibility, window
from cases.rules.quotation import VOLUNTARY
from portal.kit.paging import Page, keyset_page

__all__ = [
    "agreement_page",
    "grant_list",
    "holders",
    "incidents_of",
    "inside",
    "line_as_typed",
    "nomination_page",
    "printed",
    "reveals",
    "section",
    "shared_documents",
    "shown_grant",
    "signed_safeguards",
    "waiting",
    "with_signatures",
    "with_suspensions",
]

REVEALS_SHOWN: Final = 50
GRANT_ORDER: Final = ("-issued_at", "-id")
AGREEMENT_TONES: Final = {
    "draft": "neutral",
    "offered": "warning",
    "signed": "success",
    "superseded": "ended",
}
OFFER_TONES: Final = {"offered": "warning", "concurred": "success", "retracted": "ended", "lapsed": "ended"}
GRANT_TONES: Final = {
    "active": "success",
    "scheduled": "info",
    "suspended": "warning",
    window.TERMS_OPEN: "warning",
    "proposed": "neutral",
}


# -- rows -----------------------------------------------------------------------------------------------------------


def with_signatures(agreements: QuerySet[Agreement]) -> QuerySet[Agreement]:
    """Agreements with `signed` (side, name, capacity, at), and `window`, `cut_at`, `cut_cause` of their window."""
    signed = Signature.objects.filter(agreement=OuterRef("pk")).order_by("signed_at", "-side")
    period = WindowPeriod.objects.filter(agreement=OuterRef("pk"))
    facts = JSONObject(
        side="side", name="signed_by__name", capacity="capacity", at="signed_at", role="appointment__role",
        delegation="appointment__delegation_reference",
    )  # fmt: skip
    return agreements.annotate(
        signed=ArraySubquery(signed.values(facts=facts)),
        window=Subquery(period.values("span")[:1]),
        cut_at=Subquery(period.values("cut_at")[:1]),
        cut_cause=Subquery(period.values("cut_cause")[:1]),
    )


def with_suspensions(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    """Grants with their organisation and `suspended` (side, since, until)."""
    rows = Suspension.objects.filter(grant=OuterRef("pk")).order_by("since")
    facts = JSONObject(side="side", since="since", until="until")
    return grants.select_related("organisation").annotate(suspended=ArraySubquery(rows.values(facts=facts)))


def signatures_of(agreement: Agreement) -> list[dict[str, Any]]:
    """The signatures of an agreement from `with_signatures`, instants as such."""
    rows: list[dict[str, Any]] = agreement.signed  # type: ignore[attr-defined]
    capacities = dict(Signature._meta.get_field("capacity").flatchoices)
    return [
        {
            **row,
            "at": at,
            "said_at": window.instant(at),
            "capacity": capacities[row["capacity"]],
            "title": ROLES[row["role"]].title,
        }
        for row in rows
        for at in [datetime.fromisoformat(row["at"])]
    ]


def shown_grant(grant: Grant, now: datetime, *, inside: bool = True) -> dict[str, Any]:
    """A grant as a list shows it. A partner reads only that its grant ended, not why."""
    state = grant.state_at(now)
    if not inside and grant.has_ended(now):
        state = "ended" if state != "expired" else state
    return {
        "row": grant,
        "state": state,
        "tone": GRANT_TONES.get(state, "ended"),
        "owes": grant.owes_certificate(now),
    }


# -- the section of a case ------------------------------------------------------------------------------------------


def section(case: Case, user: User, now: datetime) -> dict[str, Any] | None:
    """Access of a visible case: agreement versions, the window's line, nominations, grants. Three queries.

    None for a case that the government opened itself: it has no access.
    """
    if case.origin == "government":
        return None
    agreements = list(with_signatures(Agreement.objects.filter(case=case)).order_by("-number"))
    nominations = list(
        Nomination.objects.with_sides()
        .filter(case=case)
        .select_related("partner")
        .order_by("proposed_at", "pk")
    )
    grants = list(with_suspensions(Grant.objects.filter(case=case)).order_by("issued_at", "pk"))
    return {
        "case": case,
        "agreements": [_shown_agreement(agreement) for agreement in agreements],
        "nominations": [_shown_nomination(nomination, now) for nomination in nominations],
        "grants": [shown_grant(grant, now) for grant in grants],
        "line": drawn_line(agreements, grants, now),
        "count": len(grants),
        "may": _may(case, user, now, in_force=any(row.state == "signed" for row in agreements)),
    }


def _shown_agreement(agreement: Agreement) -> dict[str, Any]:
    return {
        "row": agreement,
        "state": agreement.get_state_display(),
        "tone": AGREEMENT_TONES[agreement.state],
        "signatures": signatures_of(agreement),
    }


def _shown_nomination(nomination: Nomination, now: datetime) -> dict[str, Any]:
    state = guards.offer_state(nomination, now)
    return {"row": nomination, "state": state, "tone": OFFER_TONES[state]}


def drawn_line(agreements: list[Agreement], grants: list[Grant], now: datetime) -> Any:
    """The line of the windows that were set, else of the newest draft, else None. `agreements` newest first."""
    periods = [agreement for agreement in agreements if agreement.window is not None]  # type: ignore[attr-defined]
    if periods:
        return lines.window_line(periods[0], periods[::-1], grants, now)
    drafts = [agreement for agreement in agreements if agreement.state in ("draft", "offered")]
    if not drafts:
        return None
    span = window.Span(drafts[0].opens_at, drafts[0].closes_at)
    return lines.draft_line(span, drafts[0].anchor_at, now)


def _may(case: Case, user: User, now: datetime, *, in_force: bool) -> dict[str, bool]:
    """Which doors the section shows; the pages behind them ask the guards. No query."""

    def stands(permission: str) -> bool:
        return policy.standing(user, permission, case, now) is not None

    return {
        "draft": case.stage == lifecycle.SCOPING and stands("agreement.draft"),
        "amend": in_force and case.stage in guards.GRANTING and stands("agreement.amend"),
        "nominate": case.stage in guards.NOMINATING and stands("partner.nominate"),
        "issue": case.stage in guards.GRANTING and stands("grant.issue"),
        "sight": stands("case.sight"),
    }


# -- one agreement, one nomination ------------------------------------------------------------------------------------


def agreement_page(agreement: Agreement, user: User, now: datetime) -> dict[str, Any]:
    """What the agreement's page shows; the text only to those who read content of the case."""
    set_window = agreement.window is not None  # type: ignore[attr-defined]
    span = window.Span(agreement.opens_at, agreement.closes_at)
    case = agreement.case
    line = (
        lines.window_line(agreement, [agreement], with_suspensions(Grant.objects.filter(case=case)), now)
        if set_window
        else lines.draft_line(span, agreement.anchor_at, now)
    )
    labels, content = safeguard_labels(case), visibility.reads_content(user, case, now)
    return {
        "agreement": agreement,
        "signatures": signatures_of(agreement),
        "line": line,
        "length": window.words(span.length),
        "attested": _attested(agreement, now),
        "listed": list(agreement.listed.select_related("person", "added_by").order_by("name"))
        if content
        else [],
        "safeguards": [labels.get(id, id) for id in agreement.safeguards],
        "content": content,
        **(_amendment(agreement, now, content) if agreement.amends_id and agreement.pending else {}),
        "newest": case.agreements.order_by("-number").first(),
        "state": agreement.get_state_display(),
        "state_tone": AGREEMENT_TONES[agreement.state],
    }


def _amendment(agreement: Agreement, now: datetime, content: bool) -> dict[str, Any]:
    """What a pending amendment changes, and what its second signature would do if it were given now."""
    assert agreement.amends is not None
    effect = _effect(agreement.case, guards.terms_of(agreement), now)
    changes = amending.changes(agreement.amends, agreement)
    words = ("Scope", "People with access")
    return {"effect": effect, "changes": [row for row in changes if content or row[0] not in words]}


def _effect(case: Case, terms: Terms, now: datetime) -> amending.Effect:
    grants = Grant.objects.filter(case=case, end_reason="").select_related("organisation")
    return amending.effect_of(case, terms, grants.order_by("issued_at", "pk"), now)


def line_as_typed(case: Case, terms: Terms, amends: Agreement | None, now: datetime) -> Any:
    """The line as it would be with the terms typed into the form, of an amendment with what it does to grants."""
    if amends is None:
        return lines.draft_line(terms.span, terms.anchor_at, now)
    return lines.amended_line(_effect(case, terms, now), terms.anchor_at, now)


def _attested(agreement: Agreement, now: datetime) -> list[dict[str, Any]]:
    """The safeguards that the agreement waits for, each with its attestation and whether that holds now."""
    return [
        {
            "label": label,
            "row": row,
            "state": state,
            "tone": "success" if state == "attested" else "warning",
            "said_from": window.instant(row.valid_from) if row else "",
            "said_until": window.instant(row.valid_until) if row else "",
        }
        for _, label, row in guards.attested(agreement, now)
        for state in [row.state_at(now) if row else "not attested yet"]
    ]


def printed(agreement: Agreement, user: User, now: datetime) -> dict[str, Any]:
    """The agreement for print: its page, the exact text by paragraphs, and as of when."""
    return {
        **agreement_page(agreement, user, now),
        "paragraphs": agreement.text.strip().split("\n\n"),
        "printed_at": window.instant(now),
        "voluntary": VOLUNTARY,
    }


def nomination_page(nomination: Nomination, user: User, now: datetime) -> dict[str, Any]:
    """What the nomination's page shows; a reason is shown to the side that gave it alone."""
    state = guards.offer_state(nomination, now)
    content = visibility.reads_content(user, nomination.case, now)
    side = own_side(user, now) if content else ""
    rows = nomination.concurrences.select_related("concurred_by", "appointment").order_by("concurred_at")
    grants = with_suspensions(Grant.objects.visible_to(user, now).filter(nomination=nomination))
    return {
        "nomination": nomination,
        "content": content,
        "concurrences": [{"row": row, "reason": row.reason if row.side == side else ""} for row in rows],
        "grants": [shown_grant(grant, now) for grant in grants.order_by("issued_at")],
        "state": state,
        "state_tone": OFFER_TONES[state],
    }


# -- grants -----------------------------------------------------------------------------------------------------------


def inside(grant: Grant, user: User, now: datetime) -> bool:
    """Whether this person sees the grant as part of a case it may open, and not as the partner who holds it."""
    return Case.objects.visible_to(user, now).filter(pk=grant.case_id).exists()


def grant_list(user: User, now: datetime, cursor: str) -> Page[Grant]:
    """The grants this person may see, newest first, page by page; `in_case` says whether it sees the case too.

    The page is found first and what it shows of each grant fetched after, for fifty rows and not for all it may see.
    """
    seen = Case.objects.visible_to(user, now).filter(pk=OuterRef("case_id"))
    found = Grant.objects.visible_to(user, now).annotate(in_case=Exists(seen))
    page = keyset_page(found.only("issued_at"), order=GRANT_ORDER, cursor=cursor)
    rows = found.select_related("organisation", "case", "model_version__model")
    shown = rows.in_bulk([grant.pk for grant in page.items])
    return Page([shown[grant.pk] for grant in page.items], page.newer, page.older)


def shared_documents(grant: Grant, user: User, now: datetime) -> QuerySet:
    """The documents shared with the grant, and its holder's own findings, that this person may open now.

    Own findings show to their holder before they open, and in quarantine. Documents are asked by name: their room
    stands beside this one and is not imported.
    """
    documents = apps.get_model("cases", "Document").objects
    shares = grant.shares.filter(ended_at__isnull=True).values("document")
    found: QuerySet = documents.openable_by(user, now).filter(Q(pk__in=shares) | Q(under_grant=grant))
    if any(a.organisation_id == grant.organisation_id for a in user.appointments_at(now)):
        own = documents.visible_to(user, now).filter(under_grant=grant, withdrawn_at__isnull=True)
        found = documents.filter(Q(pk__in=found.values("pk")) | Q(pk__in=own.values("pk")))
    return found.with_state().order_by("created_at", "pk")  # type: ignore[attr-defined]


def reveals(grant: Grant) -> list[CredentialReveal]:
    """Who was shown endpoint and secret of the grant, the newest fifty first."""
    found = CredentialReveal.objects.filter(credential__grant=grant).order_by("-revealed_at", "-pk")
    return list(found.select_related("revealed_by", "appointment__organisation")[:REVEALS_SHOWN])


def signed_safeguards(case: Case) -> dict[str, str]:
    """The safeguards of the signed agreement, id to label; empty while none is signed."""
    agreement = Agreement.objects.filter(case=case, state="signed").first()
    labels = safeguard_labels(case)
    return {id: labels.get(id, id) for id in agreement.safeguards} if agreement else {}


def incidents_of(grant: Grant, user: User, now: datetime) -> list[Any]:
    """The incidents that concern the grant and that this person sees, newest first; asked by name, as documents are."""
    seen = apps.get_model("cases", "Incident").objects.visible_to(user, now)
    return list(seen.filter(concerned__grant=grant).order_by("-noticed_at", "-pk"))


def holders(case: Case, now: datetime) -> list[tuple[str, str]]:
    """For whom a grant may be issued: (`office:<id>` or `partner:<nomination id>`, name)."""
    offices = Organisation.objects.filter(kind="agency", is_active=True).order_by("short_name")
    partners = Nomination.objects.with_sides().filter(case=case).select_related("partner")
    given = Grant.objects.filter(end_reason="", span__endswith__gt=now, nomination=OuterRef("pk"))
    ready = partners.filter(~Q(Exists(given))).order_by("partner__short_name")
    return [
        *((f"office:{office.pk}", f"{office.short_name} (government office)") for office in offices),
        *(
            (f"partner:{row.pk}", f"{row.partner.short_name} (trusted partner)")
            for row in ready
            if guards.offer_state(row, now) == "concurred"
        ),
    ]
