"""The table of doors: what GET answers each role at every address of one world. What a row leaves out is 404.

The world is the demonstration's labelled case. `200` a page or file, `403` seen but another's to do, `409` the wrong
moment, `302` a way to another page.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse

from cases.benchmarks.models import HighSidePointer
from cases.documents.models import QuarantineDecision
from cases.documents.spills import declare_spill
from cases.documents.uploads.actions import begin
from cases.documents.uploads.using import Meant
from cases.incidents.actions import report_incident, write_entry
from cases.questions.models import Question
from cases.register.actions import recuse
from cases.register.models import Case
from demo.people import Cast, load_people
from demo.story import Teller, beginning
from portal.kit.gate import writing

ROLES: Final = (
    "liaison", "signatory", "lead", "officer", "evaluator", "evaluator2", "consultee", "official", "security",
    "records", "partner", "other_partner", "auditor", "org_admin", "admin", "stranger", "stranger_signatory",
)  # fmt: skip

PUBLIC: Final = ("health", "gallery", "account_login", "account_logout")

INSIDE: Final = ("lead", "officer", "evaluator", "official", "security", "records", "auditor")
SEE_CASE: Final = ("liaison", "signatory", *INSIDE)
OWN: Final = ("liaison", "signatory")
SUITES_SEEN: Final = (*INSIDE, "evaluator2")


def _row(status: int, *roles: str, **others: int) -> dict[str, int]:
    return {**dict.fromkeys(roles, status), **others}


@dataclass(frozen=True)
class World:
    """One case with everything on it."""

    cast: Cast
    ids: dict[str, Any]

    def __deepcopy__(self, memo: dict[int, Any]) -> "World":
        """Itself: a world of `setUpTestData` is shared by the tests of its class, whose changes are rolled back."""
        return self

    def path(self, name: str) -> str:
        """The address `name` of this world's objects."""
        return _path(name, self.ids)

    def missing_path(self, name: str, missing: str) -> str:
        """The same address for an object that does not exist."""
        return _path(
            name, {key: missing if key.endswith("_id") else value for key, value in self.ids.items()}
        )


def _path(name: str, ids: dict[str, Any]) -> str:
    from tests.house.routes import arguments

    return reverse(name, kwargs={key: ids[key] for key in arguments(name)})


def build(now: datetime) -> World:
    """Walk the labelled case of the demonstration and name everything on it."""
    cast = load_people(beginning(now))
    teller = Teller(cast, now)
    suite = teller.suite()
    teller.labelled(suite)
    case = Case.objects.get()
    partner = case.grants.get(kind="partner")
    determination = case.determinations.get()
    notice = teller.prepared(case, now)
    with writing(now):  # evidence is not taken in any more in this stage
        pointer = HighSidePointer.objects.create(
            case=case, holding_agency="NSA", system="High side", control_number="1", custodian="A custodian",
            referenced_marking="S", cover_text="A result is kept elsewhere.", recorded_by=cast.evaluator,
            recorded_at=now,
        )  # fmt: skip
    released = case.documents.get(kind="system_card").versions.get()
    with writing(now):  # at first in quarantine, released since
        released.finding = "banner"
        released.save()
        QuarantineDecision.objects.create(
            version=released, decision="released", finding="banner", reason="A citation.", decided_at=now,
            decided_by=cast.security, appointment=cast.security.appointments.get(), capacity="own",
        )  # fmt: skip
    teller.paper(case, cast.officer, now, "notice", "A paper that is frozen")
    spill = declare_spill(
        document=case.documents.get(kind="notice"),
        reason="unsure",
        control_number="HS-1",
        by=cast.officer,
        now=now,
    )
    incident = report_incident(  # an open one, beside the demonstration's
        case=case, kind="misuse", severity="low", account="Used for a task that is not allowed.", noticed_at=now,
        under=partner, by=cast.partner, now=now,
    )  # fmt: skip
    for audience in ("agency", "sides", "reporter"):
        write_entry(incident=incident, text=f"For {audience}.", audience=audience, by=cast.officer, now=now)
    asked = Question.objects.select_related("thread").get(ended_at__isnull=True)
    ids = {
        "case_id": case.pk,
        "name": "close",
        "assignment_id": case.assignments.order_by("since", "pk")[0].pk,
        "agreement_id": case.agreements.get().pk,
        "nomination_id": partner.nomination_id,
        "grant_id": partner.pk,
        "person_id": cast.partner.pk,
        "incident_id": incident.pk,
        "legal_hold_id": case.legal_holds.get().pk,
        "foia_id": case.foia_requests.get().pk,
        "thread_id": asked.thread_id,
        "question_id": asked.pk,
        "document_id": case.documents.get(kind="system_card").pk,
        "number": 1,
        "spill_id": spill.pk,
        "suite_version_id": suite.pk,
        "rule_id": suite.tasks.order_by("name")[0].rules.get().pk,
        "run_id": case.runs.get().pk,
        "pointer_id": pointer.pk,
        "consultation_id": case.consultations.get(office=cast.office).pk,
        "determination_id": determination.pk,
        "disclosure_id": determination.disclosures.get().pk,
        "recusal_id": recuse(case=case, person=cast.evaluator2, reason="Shares", by=cast.lead, now=now).pk,
        "label_id": case.labels.get().pk,
        "obligation_id": case.obligations.order_by("reference")[0].pk,
        "notice_id": notice.pk,
        "upload_id": begin(meant=Meant(case), file_name="card.pdf", length=9, by=cast.liaison, now=now).pk,
    }
    return World(cast, ids)


EVERYBODY: Final = _row(200, *ROLES)
DOORS: Final[dict[str, dict[str, int]]] = {
    "cases:home": EVERYBODY,
    "cases:cases": EVERYBODY,
    "cases:notices": EVERYBODY,
    "cases:grants": EVERYBODY,
    "cases:incidents": EVERYBODY,
    "cases:register": EVERYBODY,
    "cases:history": _row(200, *SEE_CASE),
    "cases:case": _row(200, *SEE_CASE),
    "cases:sight": _row(403, *SEE_CASE, liaison=200, signatory=200, lead=200, officer=200, auditor=200),
    "cases:desk": _row(403, *ROLES, auditor=200),
    "cases:verify": _row(403, *ROLES, auditor=200),
    "cases:case_new": _row(403, *ROLES, liaison=200, stranger=200),
    "cases:case_edit": _row(403, *SEE_CASE, liaison=200),
    "cases:move": _row(403, *SEE_CASE, officer=409),
    "cases:assign": _row(403, *SEE_CASE, officer=200),
    "cases:recuse": _row(403, *SEE_CASE, lead=200, officer=200),
    "cases:declare": _row(
        200,
        "lead",
        "officer",
        "evaluator",
        "official",
        "security",
        "records",
        "consultee",
        "partner",
        liaison=403,
        signatory=403,
        auditor=403,
    ),
    "cases:declarations": _row(403, *SEE_CASE, lead=200, security=200),
    "cases:recusal_lift": _row(403, *SEE_CASE, lead=200),
    "cases:release": _row(200, *SEE_CASE),
    "cases:note": _row(200, "lead", "officer", "evaluator", "official"),
    "cases:agreement_new": _row(403, *SEE_CASE, liaison=200, signatory=200, officer=200),
    "cases:attestation_new": _row(403, *SEE_CASE, lead=200, officer=200),
    "cases:agreement": _row(200, *SEE_CASE),
    "cases:agreement_print": _row(200, *SEE_CASE, security=403, records=403, auditor=403),
    "cases:agreement_sign": _row(403, *SEE_CASE, signatory=409, lead=409),
    "cases:receipt": {},  # of a withdrawn case alone
    "cases:nomination_new": _row(403, *SEE_CASE, liaison=200, signatory=200, lead=200),
    "cases:nomination": _row(200, *SEE_CASE),
    "cases:concur": _row(403, *SEE_CASE, signatory=409, lead=409),
    "cases:retract": _row(403, *SEE_CASE, signatory=200, lead=200),
    "cases:grant_new": _row(403, *SEE_CASE, officer=200),
    "cases:grant": _row(200, *SEE_CASE, partner=200),
    "cases:grant_suspend": _row(403, *SEE_CASE, partner=403, signatory=200, security=409),
    "cases:grant_resume": _row(403, *SEE_CASE, partner=403, signatory=409, security=409),
    "cases:grant_end": _row(403, *SEE_CASE, partner=403, lead=200, officer=200),
    "cases:grant_people": _row(403, *SEE_CASE, partner=403, officer=200),
    "cases:grant_person_end": _row(403, *SEE_CASE, partner=403, officer=200),
    "cases:credential_reveal": _row(403, *SEE_CASE, partner=200),
    "cases:credential_store": _row(403, *SEE_CASE, partner=403, liaison=200, signatory=200),
    "cases:credential_withdraw": _row(403, *SEE_CASE, partner=403, liaison=200, signatory=200),
    "cases:findings_new": _row(403, *SEE_CASE, partner=200),
    "cases:grant_terms": _row(403, *SEE_CASE, partner=409),
    "cases:grant_close_out": _row(403, *SEE_CASE, partner=409),
    "cases:records_desk": _row(403, *ROLES, records=200),
    "cases:case_records": _row(200, *INSIDE, liaison=403, signatory=403),
    "cases:retention": _row(403, *SEE_CASE, records=200),
    "cases:legal_hold_new": _row(403, *SEE_CASE, records=200),
    "cases:legal_hold_lift": _row(403, *INSIDE, records=200),
    "cases:foia_new": _row(403, *SEE_CASE, records=200),
    "cases:foia": _row(200, *SEE_CASE),
    "cases:foia_notice": _row(403, *SEE_CASE, records=409),
    "cases:foia_answer": _row(403, *SEE_CASE, liaison=200, signatory=200),
    "cases:foia_decide": _row(403, *SEE_CASE, records=200),
    "cases:question_new": _row(403, *SEE_CASE, officer=200, evaluator=200),
    "cases:question_thread": _row(200, *SEE_CASE),
    "cases:question_follow": _row(403, *SEE_CASE, officer=200, evaluator=200),
    "cases:question_answer": _row(403, *SEE_CASE, liaison=200, signatory=200),
    "cases:question_decline": _row(403, *SEE_CASE, liaison=200, signatory=200),
    "cases:question_message": _row(403, *SEE_CASE, liaison=200, signatory=200, officer=200, evaluator=200),
    "cases:question_close": _row(403, *SEE_CASE, officer=409, evaluator=409),
    "cases:question_take_back": _row(403, *SEE_CASE, officer=200, evaluator=200),
    "cases:incident_new": _row(200, *SEE_CASE, auditor=403),
    "cases:grant_incident_new": _row(200, *SEE_CASE, partner=200, auditor=403),
    "cases:incident": _row(200, *SEE_CASE, partner=200),
    "cases:incident_note": _row(200, *SEE_CASE, partner=200, auditor=403),
    "cases:incident_documents": _row(200, *SEE_CASE, partner=200, auditor=403),
    "cases:incident_first_report": _row(403, *SEE_CASE, partner=403, security=200),
    "cases:incident_severity": _row(403, *SEE_CASE, partner=403, security=200),
    "cases:incident_contain": _row(403, *SEE_CASE, partner=403, security=200),
    "cases:incident_suspend": _row(403, *SEE_CASE, partner=403, signatory=200, security=200),
    "cases:incident_resume": _row(403, *SEE_CASE, partner=403, signatory=409, security=409),
    "cases:incident_close": _row(403, *SEE_CASE, partner=403, security=409),
    "cases:document_new": _row(403, *SEE_CASE, liaison=200, officer=200),
    "cases:document": _row(200, *SEE_CASE, consultee=200, partner=200),
    "cases:document_version_new": _row(403, *SEE_CASE, liaison=200),
    "cases:document_file": _row(
        200, *SEE_CASE, consultee=200, partner=200, security=403, records=403, auditor=403
    ),
    "cases:document_spill": _row(
        200,
        "liaison",
        "lead",
        "officer",
        "evaluator",
        "official",
        "security",
        signatory=403,
        records=403,
        auditor=403,
    ),
    "cases:spill": _row(200, "security"),
    "cases:spill_close": _row(200, "security"),
    "cases:document_quarantine": _row(403, *SEE_CASE, security=409),
    "cases:document_share": _row(403, *SEE_CASE, liaison=200),
    "cases:document_marking": _row(403, *SEE_CASE, officer=200),
    "cases:document_withdraw": _row(403, *SEE_CASE, liaison=200),
    "cases:readiness": _row(200, *OWN),
    "cases:readiness_answers": _row(200, *OWN),
    "cases:obligation_new": _row(200, *OWN),
    "cases:obligation": _row(200, *OWN),
    "cases:obligations_notice_new": _row(200, *OWN),
    "cases:obligations_notice": _row(200, *OWN),
    "cases:obligations_notice_file": _row(403, "signatory", liaison=200),
    "cases:suites": _row(200, *SUITES_SEEN),
    "cases:suite_new": _row(403, *INSIDE, evaluator=200, evaluator2=200),
    "cases:suite": _row(200, *SUITES_SEEN),
    "cases:rule_new": _row(403, *INSIDE, evaluator=200, evaluator2=200),
    "cases:rule_agree": _row(403, *INSIDE, evaluator=200, evaluator2=200),
    "cases:run_new": _row(403, *SEE_CASE, evaluator=200),
    "cases:run": _row(200, "lead", "officer", "evaluator", "official", "auditor"),
    "cases:run_state": _row(200, "lead", "officer", "evaluator", "official", "auditor"),
    "cases:pointer_new": _row(403, *SEE_CASE, evaluator=200),
    "cases:pointer_check": _row(403, "lead", "officer", "official", "auditor", evaluator=200),
    "cases:consultation_new": _row(403, *SEE_CASE, officer=200),
    "cases:consultation": _row(200, *INSIDE, consultee=200),
    "cases:consultation_close": _row(403, *INSIDE, consultee=403, officer=200),
    "cases:determination_new": _row(403, *SEE_CASE, official=200),
    "cases:determination": _row(200, *INSIDE),
    "cases:rescind": _row(403, *INSIDE, official=200),
    "cases:disclosure_new": _row(403, *INSIDE, officer=200),
    "cases:response": _row(403, *SEE_CASE, liaison=200, signatory=200),
    "cases:label": _row(200, *SEE_CASE),
}
# Addresses that take POST alone, with the roles that get through the door.
POST_DOORS: Final[dict[str, dict[str, int]]] = {
    "cases:notices_read": EVERYBODY,
    "cases:case_seen": _row(409, *SEE_CASE),
    # uploads: what is no tus request answers 412 to those who may
    "cases:document_upload": _row(412, "liaison", "officer"),
    "cases:version_upload": _row(412, "liaison"),
    "cases:findings_upload": _row(412, "partner"),
    "cases:upload": _row(405, "liaison"),
    "cases:upload_remove": _row(302, "liaison"),
    "cases:unassign": _row(302, "officer"),
    "cases:run_read_again": _row(302, "evaluator"),
    "cases:run_accept": _row(302, "evaluator"),
    "cases:obligation_remove": _row(302, *OWN),
    "cases:obligation_restore": _row(409, *OWN),
}
# Addresses that say what a page beside them says to whoever sees the thing.
PAGE_OF: Final = {
    "cases:document_upload": "cases:document_new",
    "cases:version_upload": "cases:document_version_new",
    "cases:findings_upload": "cases:findings_new",
}
