"""Walks a case to a stage by real actions, as the people whose steps they are. A room adds its own steps here.

Each function returns the fresh case. Numbers and model versions differ from call to call, so a test may have many.
"""

from datetime import datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cases.access.actions import (
    accept_terms,
    attest_safeguard,
    concur,
    draft_agreement,
    issue_grant,
    nominate,
    sign_agreement,
)
from cases.access.models import Agreement, Grant, Nomination
from cases.access.terms import grant_terms
from cases.access.text import Terms, text_digest
from cases.benchmarks.actions import (
    TaskSpec,
    accept_run,
    agree_rule,
    declare_rule,
    import_run,
    register_suite_version,
)
from cases.benchmarks.models import Run, SuiteVersion, ThresholdRule
from cases.benchmarks.tasks import read
from cases.documents.actions import upload
from cases.documents.models import Document
from cases.documents.tasks import scan
from cases.incidents.actions import report_incident
from cases.incidents.models import Incident
from cases.labels.actions import answer_consultation, open_consultations, record_disclosure
from cases.labels.models import Determination
from cases.labels.signing import propose, sign_determination
from cases.questions.actions import open_thread
from cases.questions.models import Question
from cases.records.actions import record_request, send_notice
from cases.records.models import FoiaRequest
from cases.register.actions import assign, draft_case, move_case
from cases.register.conflicts import declare
from cases.register.models import Case
from cases.rules import facts, policy
from portal.kit.files import receive
from tests.cast import Cast
from tests.fresh_log import SCORER, TASK, fresh_log

_numbers = count(1)

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
RELEASE_AFTER = timedelta(days=40)


def paper(case: Case, by: Any, now: datetime, kind: str = "system_card", **more: Any) -> Document:
    """A small PDF of `kind`, uploaded and scanned."""
    named = {"title": "Meridian system card", "file_name": "card.pdf", "file": BytesIO(PDF), **more}
    return looked_through(upload(case=case, kind=kind, by=by, now=now, **named), now)


def looked_through(document: Document, now: datetime) -> Document:
    """A document whose versions were scanned, the way a worker does it."""
    for version in document.versions.select_related("document__case").filter(state="received"):
        scan(version, lambda: now)
    return document


def drafted(cast: Cast, now: datetime, **changes: Any) -> Case:
    """A draft by the liaison, complete for submission, with a system card and a red-team report."""
    number = next(_numbers)
    values = {
        "origin": "developer_offer",
        "tracking_number": f"MER-{number}",
        "question": "Is this version covered?",
        "model": "Meridian",
        "version": f"4.{number}",
        "release_at": now + RELEASE_AFTER,
        **changes,
    }
    case = draft_case(by=cast.liaison, now=now, **values)
    paper(case, cast.liaison, now)
    paper(
        case, cast.liaison, now, "red_team_report", title="Meridian red-team report", file_name="red-team.pdf"
    )
    return Case.objects.get(pk=case.pk)


def submitted(cast: Cast, now: datetime, **changes: Any) -> Case:
    """Submitted by the liaison; received, not yet acknowledged."""
    return move_case(case=drafted(cast, now, **changes), name="submit", by=cast.liaison, now=now)


def acknowledged(cast: Cast, now: datetime, **changes: Any) -> Case:
    """In scoping, with the case officer and the first evaluator assigned."""
    case = move_case(case=submitted(cast, now, **changes), name="acknowledge", by=cast.officer, now=now)
    assign(case=case, person=cast.officer, role="case_officer", by=cast.officer, now=now)
    assign(case=case, person=cast.evaluator, role="evaluator", by=cast.officer, now=now)
    declare(case=case, kind="none", by=cast.evaluator, now=now)
    return Case.objects.get(pk=case.pk)


def benchmarking(cast: Cast, now: datetime, **changes: Any) -> Case:
    """Benchmarking on documents alone."""
    return move_case(case=acknowledged(cast, now, **changes), name="documents_only", by=cast.officer, now=now)


WINDOW = timedelta(days=20)  # of the agreement below; general release is planned five days after it
ANCHOR_AFTER = timedelta(days=25)


def attested(cast: Cast, case: Case, now: datetime) -> None:
    """The safeguards of the agreement below, attested by the case officer on the case's first paper, once."""
    if case.stage == "scoping" and not case.attestations.exists():
        paper = case.documents.order_by("created_at", "pk").first()
        for safeguard in ("isolation", "logging"):
            attest_safeguard(
                case=case, safeguard=safeguard, document=paper, valid_until=now + timedelta(days=400),
                by=cast.officer, now=now,
            )  # fmt: skip


def agreement(
    cast: Cast,
    case: Case,
    now: datetime,
    *,
    by: Any = None,
    attest: bool = True,
    anchor_kind: str = "general_release",
    **changes: Any,
) -> Agreement:
    """A complete draft by the case officer: the window opens now and lasts twenty days."""
    stated = (
        case.model_version.milestones.filter(kind=anchor_kind, state="planned").order_by("-stated_at").first()
    )
    values = {
        "anchor_kind": anchor_kind,
        "anchor_at": stated.at if stated else now,
        "opens_at": now,
        "closes_at": now + WINDOW,
        "scope": "Classified benchmarking of cyber capabilities by the agency.",
        "safeguards": ("isolation", "logging"),
        "people": tuple(
            person.name for person in (cast.evaluator, cast.evaluator2, cast.partner, cast.other_partner)
        ),
        **changes,
    }
    if attest:
        attested(cast, case, now)
    return draft_agreement(case=case, terms=Terms(**values), by=by or cast.officer, now=now)


def amended(cast: Cast, case: Case, now: datetime, **changes: Any) -> Case:
    """An amendment of the agreement in force, proposed by the case officer and signed by both sides."""
    return sign_both(cast, agreement(cast, case, now, **changes), now)


def sign_both(cast: Cast, version: Agreement, now: datetime) -> Case:
    """Both signatures under a version; the case is in access, or its agreement amended."""
    for by in (cast.signatory, cast.lead):
        sign_agreement(agreement=version, digest=version.text_digest, by=by, now=now)
    return Case.objects.get(pk=version.case_id)


def agreed(cast: Cast, now: datetime, **changes: Any) -> Case:
    """In access: both sides signed, the window open from now for twenty days, no grant yet."""
    case = acknowledged(cast, now, **{"release_at": now + ANCHOR_AFTER, **changes})
    return sign_both(cast, agreement(cast, case, now), now)


def nominated(cast: Cast, case: Case, now: datetime, *, partner: Any = None, both: bool = True) -> Nomination:
    """A trusted partner nominated by the liaison, concurred on by both sides unless told otherwise."""
    offer = nominate(
        case=case,
        partner=partner or cast.partner_org,
        purpose="Find and mend weaknesses in grid software.",
        basis="operator of critical infrastructure",
        by=cast.liaison,
        now=now,
    )
    for by in (cast.signatory, cast.lead) if both else ():
        concur(nomination=offer, by=by, now=now, reason=f"Known to {by.name}.")
    return offer


def office_grant(cast: Cast, case: Case, now: datetime, **changes: Any) -> Grant:
    """A grant of the agency for both evaluators, from now to the window's end."""
    values = {
        "organisation": cast.agency,
        "people": [cast.evaluator, cast.evaluator2],
        "mode": "developer_enclave",
        "tasks_allowed": "Benchmark suites of the agency.",
        "ends_at": now + WINDOW,
        **changes,
    }
    return issue_grant(case=case, by=cast.officer, now=now, **values)


def partner_grant(cast: Cast, case: Case, now: datetime, *, accepted: bool = True, **changes: Any) -> Grant:
    """A partner's grant on both concurrences, its terms accepted unless told otherwise."""
    values = {
        "organisation": cast.partner_org,
        "people": [cast.partner],
        "mode": "developer_api",
        "tasks_allowed": "Find and mend weaknesses in grid software.",
        "tasks_forbidden": "No red teaming of others.",
        "ends_at": now + WINDOW,
        **changes,
    }
    if "nomination" not in values:
        values["nomination"] = nominated(cast, case, now)
    grant = issue_grant(case=case, by=cast.officer, now=now, **values)
    return accepted_terms(grant, cast.partner, now) if accepted else grant


def accepted_terms(grant: Grant, by: Any, now: datetime) -> Grant:
    """The terms accepted, on the very text that `by` would read."""
    return accept_terms(grant=grant, digest=text_digest(grant_terms(grant)), by=by, now=now)


def granted(cast: Cast, now: datetime, **changes: Any) -> Case:
    """In access with a live office grant and a live partner grant."""
    case = agreed(cast, now, **changes)
    office_grant(cast, case, now)
    partner_grant(cast, case, now)
    return Case.objects.get(pk=case.pk)


def incident(cast: Cast, case: Case, now: datetime, by: Any = None, **changes: Any) -> Incident:
    """An incident noticed an hour ago, reported by the security manager unless told otherwise."""
    values = {
        "kind": "credential_exposure",
        "severity": "moderate",
        "account": f"A key stood in a log, number {next(_numbers)}.",
        "noticed_at": now - timedelta(hours=1),
        **changes,
    }
    return report_incident(case=case, by=by or cast.security, now=now, **values)


def foia(cast: Cast, case: Case, now: datetime, *, noticed: bool = True, **changes: Any) -> FoiaRequest:
    """A request for every document of the case, with the submitter notice sent unless told otherwise."""
    papers = list(case.documents.all())
    values = {"number": f"FOIA-{next(_numbers)}", "received_at": now, "asked_for": "All papers.", **changes}
    values.setdefault("documents", papers)
    request = record_request(case=case, by=cast.records, now=now, **values)
    return send_notice(request=request, by=cast.records, now=now) if noticed else request


def question(cast: Cast, case: Case, now: datetime, by: Any = None, **changes: Any) -> Question:
    """The first question of a new thread, asked by the case officer unless told otherwise."""
    values = {
        "subject": "safeguards",
        "title": f"Filters, number {next(_numbers)}",
        "text": "Which filters run before the model answers?",
        "wants": "text",
        **changes,
    }
    return open_thread(case=case, by=by or cast.officer, now=now, **values).questions.get()


def suite(cast: Cast, now: datetime, task: str = TASK, samples: int = 60, epochs: int = 1) -> SuiteVersion:
    """A registered suite version with one task."""
    spec = TaskSpec(task, samples, epochs)
    return register_suite_version(
        suite=f"toy-cyber {next(_numbers)}", version="1.0", tasks=[spec], by=cast.evaluator, now=now
    )


def agreed_rule(cast: Cast, version: SuiteVersion, now: datetime, **changes: Any) -> ThresholdRule:
    """A rule on the version's task, declared by one evaluator and agreed to by the other."""
    values = {"scorer": SCORER, "threshold": 0.5, "alert": 0.4, **changes}
    rule = declare_rule(task=version.tasks.get(), by=cast.evaluator, now=now, **values)
    return agree_rule(rule=rule, digest=rule.digest, by=cast.evaluator2, now=now)


def imported(cast: Cast, case: Case, version: SuiteVersion, log: Path, now: datetime) -> Run:
    """A log kept as evidence and waiting for a worker."""
    with log.open("rb") as file:
        kept = receive(file, may_be_empty=True)
    return import_run(
        case=case, suite_version=version, received=kept, file_name=log.name, by=cast.evaluator, now=now
    )


def measured(cast: Cast, now: datetime, **changes: Any) -> Case:
    """Benchmarking with an agreed rule and an accepted run of a log made just now, which meets it."""
    case, version = benchmarking(cast, now, **changes), suite(cast, now)
    agreed_rule(cast, version, now)
    with TemporaryDirectory() as folder:
        run = imported(cast, case, version, fresh_log(Path(folder) / "fresh.eval"), now)
    read(run, lambda: now)
    accept_run(run=run, by=cast.evaluator, now=now)
    return Case.objects.get(pk=case.pk)


def labeling(cast: Cast, now: datetime, **changes: Any) -> Case:
    """In labeling, measured; no office asked yet, the determining official declared to have no conflict."""
    case = move_case(case=measured(cast, now, **changes), name="label", by=cast.officer, now=now)
    quiet(case, cast.official, now)
    return case


def quiet(case: Case, by: Any, now: datetime) -> None:
    """`by` has declared that it has no conflict of interest."""
    if not facts.declared(case, by.pk):
        declare(case=case, kind="none", by=by, now=now)


def asked(cast: Cast, now: datetime, **changes: Any) -> Case:
    """In labeling, both offices asked on a packet with every document; no answer yet."""
    case = labeling(cast, now, **changes)
    papers = list(case.documents.all())
    question = "Do you concur that the threshold is met?"
    open_consultations(case=case, question=question, documents=papers, by=cast.officer, now=now)
    return Case.objects.get(pk=case.pk)


def consulted(cast: Cast, now: datetime, **changes: Any) -> Case:
    """In labeling, the required office concurring and the optional one without a view: ready to sign."""
    case = asked(cast, now, **changes)
    for consultation in case.consultations.all():
        by, answer = (cast.consultee, "concur") if consultation.required else (cast.consultee2, "no_view")
        answer_consultation(consultation=consultation, answer=answer, by=by, now=now)
    return Case.objects.get(pk=case.pk)


def signed(
    case: Case, by: Any, now: datetime, outcome: str = "meets_threshold", **more: Any
) -> Determination:
    """The determination, signed on the very text that `by` would read, by somebody without a conflict."""
    if policy.may(by, "conflict.declare", case, now=now):
        quiet(case, by, now)
    chosen = {"outcome": outcome, "rationale": "The finding holds at this elicitation and budget.", **more}
    text = propose(case=case, by=by, now=now, **chosen)
    return sign_determination(case=case, text_digest=text.digest, by=by, now=now, **chosen)


def determined(cast: Cast, now: datetime, outcome: str = "meets_threshold", **changes: Any) -> Case:
    """In labeling, the determination signed; nothing disclosed yet."""
    case = consulted(cast, now, **changes)
    signed(case, cast.official, now, outcome)
    return Case.objects.get(pk=case.pk)


def labelled(cast: Cast, now: datetime, **changes: Any) -> Case:
    """In labeling with an effective label, disclosed in full to the developer."""
    case = determined(cast, now, **changes)
    record_disclosure(determination=case.determinations.get(), extent="full", by=cast.officer, now=now)
    return Case.objects.get(pk=case.pk)
