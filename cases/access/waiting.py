"""What waits for whom in access, for the homes: one query a kind of thing, asked only of roles it can wait for."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from accounts.models import User
from cases.access import guards
from cases.access.models import Agreement, Concurrence, Grant, Nomination, Signature
from cases.register.models import Assignment, Case
from cases.register.waiting import Waiting
from cases.rules import lifecycle, visibility

SHOWN: Final = 50  # rows of a kind; the home links to the lists for more
SOON: Final = timedelta(hours=72)
SIDES: Final = {"developer_signatory": "developer", "framework_lead": "agency"}


def waiting(user: User, now: datetime) -> list[Waiting]:
    """What this person is asked to do about access, in no order."""
    roles = {a.role for a in user.appointments_at(now)}
    found: list[Waiting] = []
    if "case_officer" in roles:
        found += [*_to_draft(user, now), *_certificates(user, now)]
    for role, side in SIDES.items():
        if role in roles:
            found += [*_to_sign(user, now, side), *_to_concur(user, now, side)]
    if "partner_representative" in roles:
        found += _partners(user, now)
    return found


def _row(
    verb: str, case: Case, since: datetime, until: datetime | None, url: str, detail: str = ""
) -> Waiting:
    return Waiting.on(case, verb, url=url, since=since, until=until, detail=detail)


def _mine(user: User) -> Q:
    """Cases assigned to this officer, or to no officer at all."""
    open_ = Assignment.objects.filter(case=OuterRef("pk"), role="case_officer", until__isnull=True)
    return Q(Exists(open_.filter(person=user))) | ~Q(Exists(open_))


def _to_draft(user: User, now: datetime) -> Iterator[Waiting]:
    pending = Agreement.objects.filter(case=OuterRef("pk"), state__in=("draft", "offered"))
    cases = Case.objects.visible_to(user, now).filter(
        _mine(user), ~Q(Exists(pending)), stage=lifecycle.SCOPING
    )
    for case in cases.exclude(origin="government").for_list().order_by("stage_since")[:SHOWN]:
        url = reverse("cases:agreement_new", args=[case.pk])
        yield _row("Draft the access agreement", case, case.stage_since, None, url)


def _certificates(user: User, now: datetime) -> Iterator[Waiting]:
    """Of the cases assigned to this officer: certificates of offices to be filed, and of partners that are overdue."""
    mine = Assignment.objects.filter(person=user, role="case_officer", until__isnull=True).values("case")
    ended = Grant.objects.visible_to(user, now).filter(
        ~Q(end_reason="") | Q(span__endswith__lte=now), case__in=mine, closed_out_at__isnull=True
    )
    wide = ended.select_related("organisation", "case__policy_version", "case__model_version__model")
    for grant in wide.order_by("-issued_at", "-pk")[:SHOWN]:
        due = grant.certificate_due
        if grant.owes_certificate(now) and (grant.kind == "office" or due <= now):
            url = reverse("cases:grant", args=[grant.pk])
            verb = "File the certificate" if grant.kind == "office" else "Ask for the overdue certificate"
            yield _row(verb, grant.case, grant.ends_at, due, url, grant.organisation.short_name)


def _to_sign(user: User, now: datetime, side: str) -> Iterator[Waiting]:
    signed = Signature.objects.filter(Q(side=side) | Q(signed_by=user), agreement=OuterRef("pk"))
    in_place = Q(amends=None, case__stage=lifecycle.SCOPING) | Q(
        amends__state="signed", case__stage__in=guards.GRANTING
    )
    rows = Agreement.objects.visible_to(user, now).filter(
        in_place, ~Q(Exists(signed)), state__in=("draft", "offered")
    )
    for row in rows.select_related("case__model_version__model").order_by("opens_at")[:SHOWN]:
        url = reverse("cases:agreement_sign", args=[row.pk])
        verb, until = ("Sign the amendment", row.closes_at) if row.amends_id else (
            "Sign the access agreement", row.opens_at
        )  # fmt: skip
        yield _row(verb, row.case, row.drafted_at, until, url, f"version {row.number}")


def _to_concur(user: User, now: datetime, side: str) -> Iterator[Waiting]:
    rows: QuerySet[Nomination] = Nomination.objects.visible_to(user, now).filter(
        ~Q(
            Exists(
                Concurrence.objects.filter(
                    Q(side=side) | Q(retracted_at__isnull=False), nomination=OuterRef("pk")
                )
            )
        ),
        lapses_at__gt=now,
        case__stage__in=guards.NOMINATING,
    )
    for row in rows.select_related("partner", "case__model_version__model").order_by("lapses_at")[:SHOWN]:
        url = reverse("cases:nomination", args=[row.pk])
        yield _row(
            "Answer the nomination", row.case, row.proposed_at, row.lapses_at, url, row.partner.short_name
        )


def _partners(user: User, now: datetime) -> Iterator[Waiting]:
    """Terms to accept, grants near their end, certificates due: of the grants this person is named on."""
    rows = Grant.objects.filter(visibility.grants(user, now), kind="partner", closed_out_at__isnull=True)
    wide = rows.select_related("case__policy_version", "model_version__model")
    for grant in wide.order_by("-issued_at")[:SHOWN]:
        row = _of_partner(grant, now)
        if row is not None:
            yield row


def _of_partner(grant: Grant, now: datetime) -> Waiting | None:
    def said(verb: str, since: datetime, until: datetime, name: str) -> Waiting:
        url = reverse(f"cases:{name}", args=[grant.pk])
        return Waiting(
            verb,
            grant.case.number,
            "",
            str(grant.model_version),
            since,
            until,
            url,
            marking=grant.case.marking,
        )

    if grant.has_ended(now):
        due = grant.certificate_due
        owes = grant.owes_certificate(now)
        return said("File the certificate", grant.ends_at, due, "grant_close_out") if owes else None
    if not grant.may_have_begun:
        until = grant.span.lower if now < grant.span.lower else grant.span.upper
        return said("Accept the terms", grant.issued_at, until, "grant_terms")
    if grant.span.lower <= now and grant.ends_at - now <= SOON:
        return said("Finish your work: the grant ends", grant.issued_at, grant.ends_at, "grant")
    return None
