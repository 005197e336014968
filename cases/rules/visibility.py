"""Who sees which rows: one condition a kind of thing, used by every list, page, count, search, export and report.

Each function takes a person and an instant and returns a condition for the table it is named after. What the
condition leaves out does not exist for that person. Conditions on related rows are subqueries, never joins, so that
no row comes twice and the planner can stop early.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from accounts.models import Appointment, User
from accounts.roles import AGENCY, DEVELOPER, OVERSIGHT, PARTNER
from cases.rules import events, lifecycle, markings

if TYPE_CHECKING:
    from cases.documents.models import Document
    from cases.register.models import Case

NOTHING = Q(pk__in=[])

# Agency roles that see every submitted case; an evaluator sees those assigned, a consulted office those it is asked on.
PROGRAMME_ROLES = frozenset(
    {"framework_lead", "case_officer", "determining_official", "security_manager", "records_officer"}
)
# Roles that may read content, not only metadata.
AGENCY_READERS = frozenset({"framework_lead", "case_officer", "determining_official", "evaluator"})
DEVELOPER_ROLES = frozenset({"liaison", "developer_signatory"})


def _rows(model: str) -> QuerySet:
    return apps.get_model("cases", model)._default_manager.all()


def _organisations(user: User, now: datetime, kind: str, roles: frozenset[str] | None = None) -> list:
    return [
        a.organisation_id
        for a in user.appointments_at(now)
        if a.organisation.kind == kind and (roles is None or a.role in roles)
    ]


def _has_role(user: User, now: datetime, kind: str, roles: frozenset[str]) -> bool:
    return bool(_organisations(user, now, kind, roles))


def _developer_cases(user: User, now: datetime) -> Q:
    own = _organisations(user, now, DEVELOPER, DEVELOPER_ROLES)
    if not own:
        return NOTHING
    return Q(developer__in=own) & (~Q(origin="government") | Q(disclosed_at__isnull=False))


def _agency_cases(user: User, now: datetime) -> Q:
    if _has_role(user, now, AGENCY, PROGRAMME_ROLES):
        return Q(submitted_at__isnull=False)
    if _has_role(user, now, AGENCY, frozenset({"evaluator"})):
        mine = _rows("Assignment").filter(
            case=OuterRef("pk"), person=user, role="evaluator", until__isnull=True
        )
        return Q(submitted_at__isnull=False) & Q(Exists(mine))
    return NOTHING


def cases(user: User, now: datetime) -> Q:
    """Cases whose page this person may open. Partners and consulted offices have pages of their own instead."""
    oversight = NOTHING
    if _has_role(user, now, OVERSIGHT, frozenset({"auditor"})):
        oversight = Q(submitted_at__isnull=False)
    return (_developer_cases(user, now) | _agency_cases(user, now) | oversight) & ~_recused(user, "pk")


def _recused(user: User, case: str) -> Q:
    """Rows whose case, named by the column `case`, the person is recused from."""
    return Q(Exists(_rows("Recusal").filter(case=OuterRef(case), person=user, until__isnull=True)))


def case_ids(user: User, now: datetime) -> QuerySet:
    """Ids of the visible cases, as a subquery for tables that hang on a case."""
    return _rows("Case").filter(cases(user, now)).values("pk")


def _opens_cases(user: User, now: datetime) -> bool:
    """Whether any role of this person opens cases at all; a partner's and a consulted office's do not."""
    return bool(_organisations(user, now, DEVELOPER, DEVELOPER_ROLES)) or sees_several_developers(user, now)


def _in_visible_case(user: User, now: datetime) -> Q:
    if not _opens_cases(user, now):
        return NOTHING  # known beforehand, so that their own lists are found by index and not through cases
    return Q(Exists(_rows("Case").filter(cases(user, now), pk=OuterRef("case_id"))))


# -- grants and partners ------------------------------------------------------------------------------------------


def grant_is_live(now: datetime) -> Q:
    """Grants under which a model may be used at `now`: evaluated on read, no background job needed."""
    return (
        Q(state="agreed", end_reason="", span__contains=now)
        & ~Q(case__stage__in=lifecycle.TERMINAL)
        & (Q(kind="office") | Q(terms_accepted_at__isnull=False))
    )


def _named_on_grant(user: User, now: datetime) -> Q:
    partners = _organisations(user, now, PARTNER, frozenset({"partner_representative"}))
    if not partners:
        return NOTHING
    use = apps.get_model("auth.Permission")._default_manager.filter(
        codename="use_grant", content_type__app_label="cases", content_type__model="grant"
    )
    # by the permission's id and not by a join to its name, of which the planner would expect next to no rows
    named = _rows("GrantUserPermission").filter(
        content_object=OuterRef("pk"), user=user, permission=Subquery(use.order_by().values("pk"))
    )
    return Q(organisation__in=partners) & Q(Exists(named))


def grants(user: User, now: datetime) -> Q:
    """Grants this person may see. A partner sees those on which it is named, from the offer to the close-out."""
    own = _named_on_grant(user, now) & Q(closed_out_at__isnull=True) & ~_recused(user, "case_id")
    return _in_visible_case(user, now) | own


def of_case(user: User, now: datetime) -> Q:
    """Rows with a `case` that go with the case: agreements and nominations, seen by whoever may open its page."""
    return _in_visible_case(user, now)


def partner_reads(user: User, now: datetime) -> Q:
    """Grants that open content to this person right now."""
    return _named_on_grant(user, now) & grant_is_live(now)


# -- documents ----------------------------------------------------------------------------------------------------


def _shared_with_partner(user: User, now: datetime) -> Q:
    if not _organisations(user, now, PARTNER):
        return NOTHING
    live = _rows("Grant").filter(partner_reads(user, now)).values("pk")
    shares = _rows("DocumentShare").filter(document=OuterRef("pk"), ended_at__isnull=True, grant__in=live)
    return Q(Exists(shares)) & Q(marking__in=markings.readable_by(PARTNER))


def _in_own_packet(user: User, now: datetime) -> Q:
    offices = _organisations(user, now, AGENCY, frozenset({"consultee"}))
    if not offices:
        return NOTHING
    asked = _rows("PacketDocument").filter(document=OuterRef("pk"), consultation__office__in=offices)
    return Q(Exists(asked)) & Q(marking__in=markings.readable_by(AGENCY))


def documents(user: User, now: datetime) -> Q:
    """Documents whose row (title, kind, size) this person may see."""
    seen = _case_documents(user, now) | _shared_with_partner(user, now) | _in_own_packet(user, now)
    return seen & _unrestricted(user) & ~_recused(user, "case_id")


def version_numbers(user: User, document: "Document", now: datetime) -> set[int] | None:
    """Which versions of a document it may see this person reads; None means every one.

    A consulted office reads those that its packets froze, and none that came before or after.
    """
    row = _rows("Document").filter(pk=document.pk)
    if row.filter(_case_documents(user, now) | _shared_with_partner(user, now)).exists():
        return None
    offices = _organisations(user, now, AGENCY, frozenset({"consultee"}))
    asked = _rows("PacketDocument").filter(document=document.pk, consultation__office__in=offices)
    listed = [
        one for packet in asked.values_list("consultation__packet", flat=True) for one in packet["documents"]
    ]
    return {one["version"] for one in listed if one["id"] == str(document.pk)}


def _unrestricted(user: User) -> Q:
    named = apps.get_model("cases", "Document").named_readers.through._default_manager.filter(
        document=OuterRef("pk"), user=user
    )
    return Q(frozen_at__isnull=True) & (Q(restricted=False) | Q(Exists(named)))


def _case_documents(user: User, now: datetime) -> Q:
    kinds = {a.organisation.kind for a in user.appointments_at(now)}
    readable = {m for kind in kinds for m in markings.readable_by(kind)}
    return _in_visible_case(user, now) & Q(marking__in=readable)


def document_content(user: User, now: datetime) -> Q:
    """Documents whose bytes this person may open, among those whose row it may see."""
    withdrawn = Q(case__stage=lifecycle.WITHDRAWN)
    readers = _shared_with_partner(user, now) | (_in_own_packet(user, now) & ~withdrawn)
    if _has_role(user, now, AGENCY, AGENCY_READERS):
        readers |= ~withdrawn & _in_visible_case(user, now)
    if _has_role(user, now, AGENCY, frozenset({"records_officer"})):
        readers |= withdrawn
    own = _organisations(user, now, DEVELOPER, DEVELOPER_ROLES)
    if own:
        readers |= ~withdrawn & Q(case__developer__in=own)
    return readers & Q(withdrawn_at__isnull=True)


# -- benchmarks and labels ----------------------------------------------------------------------------------------


def runs(user: User, now: datetime) -> Q:
    """Runs this person may see: the agency's readers and the auditor; a developer sees none of them."""
    if _has_role(user, now, AGENCY, AGENCY_READERS) or _has_role(
        user, now, OVERSIGHT, frozenset({"auditor"})
    ):
        return _in_visible_case(user, now)
    return NOTHING


def suites(user: User, now: datetime) -> Q:
    """Suite versions, and rules by theirs: the programme's own staff and the auditor see that they exist."""
    if agency_side(user, now) or _has_role(user, now, OVERSIGHT, frozenset({"auditor"})):
        return Q()
    return NOTHING


def reads_thresholds(user: User, now: datetime) -> bool:
    """Whether this person reads the content of rules: their thresholds and alert levels."""
    return _has_role(user, now, AGENCY, AGENCY_READERS)


def pointers(user: User, now: datetime) -> Q:
    """High-side pointers this person may see: as runs, because their very existence tells of a result."""
    return runs(user, now)


def consultations(user: User, now: datetime) -> Q:
    """Consultations this person may see: an office its own; programme staff those of their cases."""
    offices = _organisations(user, now, AGENCY, frozenset({"consultee"}))
    own = Q(office__in=offices) & ~_recused(user, "case_id") if offices else NOTHING
    if agency_side(user, now) or _has_role(user, now, OVERSIGHT, frozenset({"auditor"})):
        return own | _in_visible_case(user, now)
    return own


def determinations(user: User, now: datetime) -> Q:
    """Determinations this person may see: the programme's staff and the auditor; a developer sees disclosures instead."""
    if agency_side(user, now) or _has_role(user, now, OVERSIGHT, frozenset({"auditor"})):
        return _in_visible_case(user, now)
    return NOTHING


def disclosures(user: User, now: datetime) -> Q:
    """What was recorded as disclosed: everybody who may open the case, its developer before all."""
    return Q(Exists(_rows("Case").filter(cases(user, now), pk=OuterRef("determination__case_id"))))


def labels(user: User, now: datetime) -> Q:
    """Register entries this person may see: the agency and the auditor all that have taken effect, a developer its disclosed."""
    if agency_side(user, now) or _has_role(user, now, OVERSIGHT, frozenset({"auditor"})):
        return _in_visible_case(user, now) & Q(effective_at__isnull=False)
    own = _organisations(user, now, DEVELOPER, DEVELOPER_ROLES)
    if own:
        return _in_visible_case(user, now) & Q(disclosed_to_developer=True, effective_at__isnull=False)
    return NOTHING


# -- history and fields -------------------------------------------------------------------------------------------


def agency_side(user: User, now: datetime) -> bool:
    """Whether this person works for the programme (not as a consulted office): sees agency-only sections."""
    return _has_role(user, now, AGENCY, PROGRAMME_ROLES | {"evaluator"})


def sees_several_developers(user: User, now: datetime) -> bool:
    """Whether lists of this person need a column that names the developer."""
    return agency_side(user, now) or _has_role(user, now, OVERSIGHT, frozenset({"auditor"}))


def entry_kinds(user: User, now: datetime) -> list[str] | None:
    """Kinds of audit entries this person may read in the history of a case it may see; None means every kind."""
    if _has_role(user, now, OVERSIGHT, frozenset({"auditor"})):
        return None
    mine: set[str] = set()
    if agency_side(user, now):
        mine.add(events.AGENCY)
    if _organisations(user, now, DEVELOPER, DEVELOPER_ROLES):
        mine.add(events.DEVELOPER)
    return [event.kind for event in events.EVENTS.values() if event.readers & mine]


def reads_content(user: User, case: "Case", now: datetime) -> bool:
    """Whether this person reads content fields of the case, or sees them as *changed*."""
    if case.stage == lifecycle.WITHDRAWN:
        return _has_role(user, now, AGENCY, frozenset({"records_officer"}))
    if _has_role(user, now, AGENCY, AGENCY_READERS):
        return case.submitted_at is not None
    own = case.developer_id in _organisations(user, now, DEVELOPER, DEVELOPER_ROLES)
    return own and case.marking in markings.readable_by(DEVELOPER)


def reads_titles(user: User, case: "Case", now: datetime) -> bool:
    """Whether this person reads titles and file names of the documents it sees in a case it may open.

    They are content; but a developer keeps the list of its own papers after a withdrawal.
    """
    own = case.developer_id in _organisations(user, now, DEVELOPER, DEVELOPER_ROLES)
    return own or reads_content(user, case, now)


# -- who is told --------------------------------------------------------------------------------------------------


def people(audience: str, case: "Case", now: datetime) -> list[User]:
    """The people an event of `case` tells, by audience word; recused people are left out.

    Nobody outside the developer's organisation learns of a case that is not submitted.
    """
    if audience not in DEVELOPER_ROLES and case.submitted_at is None:
        return []
    live = Appointment.objects.live(now).in_role(audience).select_related("person")
    if audience in DEVELOPER_ROLES:
        if case.origin == "government" and case.disclosed_at is None:
            return []
        live = live.filter(organisation=case.developer_id)
    elif audience in ("case_officer", "evaluator"):
        assigned = case.assignments.filter(role=audience, until__isnull=True).values_list("person", flat=True)
        if audience == "evaluator" or assigned:
            live = live.filter(person__in=list(assigned))
    recused = case.recusals.filter(until__isnull=True).values("person")
    found = {a.person_id: a.person for a in live.exclude(person__in=recused)}
    return list(found.values())
