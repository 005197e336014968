"""What waits for whom in labeling, by the roles a person holds; the home pages show it."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.urls import reverse

from accounts.models import User
from accounts.roles import ROLES
from cases.labels import guards
from cases.labels.models import Consultation, Determination, Disclosure, Label
from cases.register.models import Assignment, Case, RosterEntry
from cases.register.waiting import Waiting
from cases.rules import lifecycle

ROWS = 50
REVIEW_AHEAD = timedelta(days=30)


def waiting(user: User, now: datetime) -> list[Waiting]:
    """What waits for this person in labeling, by the roles it holds now."""
    roles = {appointment.role for appointment in user.appointments_at(now)}
    found: list[Waiting] = []
    for held, ask in _WAITING:
        if roles & held:
            found.extend(ask(user, now))
    return found


def _waits(
    verb: str, case: Case, since: datetime, until: datetime | None, url: str, detail: str = ""
) -> Waiting:
    return Waiting.on(case, verb, url=url, since=since, until=until, detail=detail)


def _signed_in_force(path: str) -> Exists:
    """Whether the case that `path` leads to has a determination in force."""
    return Exists(Determination.objects.filter(case=OuterRef(path), rescinded_at__isnull=True))


def _to_answer(user: User, now: datetime) -> Iterable[Waiting]:
    """Requests to the person's own offices; of the case an office is shown its number and model alone."""
    offices = [a.organisation_id for a in user.appointments_at(now) if a.role == "consultee"]
    found = (
        Consultation.objects.visible_to(user, now)
        .filter(~_signed_in_force("case_id"), office__in=offices, answer="", case__stage__in=lifecycle.LIVE)
        .select_related("case__model_version__model")
        .order_by("due_at")[:ROWS]
    )
    for one in found:
        version = str(one.case.model_version)
        url = one.get_absolute_url()
        yield Waiting(
            "Answer the consultation", one.case.number, "", version, one.asked_at, one.due_at, url,
            marking=one.case.marking,
        )  # fmt: skip


def _in_labeling(user: User, now: datetime) -> QuerySet[Case]:
    return (
        Case.objects.visible_to(user, now)
        .filter(~_signed_in_force("pk"), stage=lifecycle.LABELING)
        .select_related("model_version__model")
    )


def _to_sign(user: User, now: datetime) -> Iterable[Waiting]:
    """Packets ready to sign, and what is missing in the others."""
    consulted = Prefetch("consultations", Consultation.objects.select_related("office").order_by("asked_at"))
    named = Exists(RosterEntry.objects.filter(policy=OuterRef("policy_version")))
    cases = _in_labeling(user, now).annotate(roster=named).prefetch_related(consulted).order_by("stage_since")
    for case in cases[:ROWS]:
        missing = guards.signing(case, list(case.consultations.all()), [], roster=case.roster)
        verb = "See what is missing" if missing else "Sign the determination"
        url = reverse("cases:determination_new", args=[case.pk]) if not missing else _decisions(case)
        yield _waits(verb, case, case.stage_since, None, url, missing or "The packet is ready to sign.")


def _decisions(case: Case) -> str:
    return f"{case.get_absolute_url()}#decisions"


def _mine(user: User, path: str) -> Q:
    """Cases whose officer this person is, and those that have none; `path` leads from the table to the case's id."""
    assigned = Assignment.objects.filter(case=OuterRef(path), role="case_officer", until__isnull=True)
    return Q(Exists(assigned.filter(person=user))) | ~Q(Exists(assigned))


def _of_officer(user: User, now: datetime) -> Iterable[Waiting]:
    yield from _to_ask_or_disclose(user, now)
    late = (
        Consultation.objects.visible_to(user, now)
        .filter(_mine(user, "case_id"), ~_signed_in_force("case_id"), answer="", due_at__lte=now)
        .filter(case__stage=lifecycle.LABELING)
        .select_related("case__model_version__model", "office")
        .order_by("due_at")
    )
    for one in late[:ROWS]:
        said = f"{one.office.short_name} has not answered."
        url = reverse("cases:consultation_close", args=[one.pk])
        yield _waits("Record no response", one.case, one.asked_at, one.due_at, url, said)


def _to_ask_or_disclose(user: User, now: datetime) -> Iterable[Waiting]:
    """Before anybody is asked, and after the determination is signed: in one query, for the homes."""
    signed = Determination.objects.filter(case=OuterRef("pk"), rescinded_at__isnull=True)
    undisclosed = signed.filter(disclosures__isnull=True)
    unasked = ~Exists(signed) & ~Exists(Consultation.objects.filter(case=OuterRef("pk")))
    cases = (
        Case.objects.visible_to(user, now)
        .filter(_mine(user, "pk"), unasked | Exists(undisclosed), stage=lifecycle.LABELING)
        .annotate(
            determined=Subquery(undisclosed.values("pk")), signed_at=Subquery(undisclosed.values("signed_at"))
        )
        .select_related("model_version__model")
        .order_by("stage_since")
    )
    for case in cases[: 2 * ROWS]:
        determined, signed_at = case.determined, case.signed_at  # type: ignore[attr-defined]
        if determined is None:
            url = reverse("cases:consultation_new", args=[case.pk])
            yield _waits("Ask the offices", case, case.stage_since, None, url)
        else:
            url = reverse("cases:disclosure_new", args=[determined])
            yield _waits("Record what is disclosed", case, signed_at, None, url)


def _to_respond(user: User, now: datetime) -> Iterable[Waiting]:
    found = (
        Disclosure.objects.visible_to(user, now)
        .filter(
            response="",
            determination__rescinded_at__isnull=True,
            determination__case__stage__in=lifecycle.LIVE,
        )
        .select_related("determination__case__model_version__model")
        .order_by("recorded_at")
    )
    for one in found[:ROWS]:
        url = reverse("cases:response", args=[one.pk])
        said = "You may respond; nobody must."
        yield _waits(
            "Respond to what was disclosed", one.determination.case, one.recorded_at, None, url, said
        )


def _to_review(user: User, now: datetime) -> Iterable[Waiting]:
    found = (
        Label.objects.visible_to(user, now)
        .filter(state="effective", review_due_at__lte=now + REVIEW_AHEAD)
        .select_related("case__model_version__model")
        .order_by("review_due_at")
    )
    for one in found[:ROWS]:
        assert one.effective_at is not None
        yield _waits(
            "Review the label", one.case, one.effective_at, one.review_due_at, one.get_absolute_url()
        )


# Whoever may take a step is asked to; the roles are those that carry the permission.
_WAITING: tuple[tuple[frozenset[str], Callable[[User, datetime], Iterable[Waiting]]], ...] = (
    (frozenset({"consultee"}), _to_answer),
    (frozenset(r.id for r in ROLES.values() if "determination.sign" in r.permissions), _to_sign),
    (frozenset(r.id for r in ROLES.values() if "consultation.open" in r.permissions), _of_officer),
    (frozenset(r.id for r in ROLES.values() if "response.record" in r.permissions), _to_respond),
    (frozenset({"case_officer", "framework_lead"}), _to_review),
)
