"""The demonstration's cases, told by real actions as the people whose steps they are, with the clock set back.

The evaluation logs are real and carry their own dates, so the rule is declared before the log began and the log is
imported after it ended; the run's page says that the clock was set back.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from cases.access.actions import (
    Limits,
    accept_terms,
    attest_safeguard,
    concur,
    draft_agreement,
    issue_grant,
    nominate,
    reveal_credential,
    sign_agreement,
    store_credential,
)
from cases.access.models import Grant
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
from cases.benchmarks.models import Run, SuiteVersion
from cases.benchmarks.tasks import read
from cases.documents.actions import open_version, share, upload
from cases.documents.findings import upload_findings
from cases.documents.models import Document
from cases.documents.tasks import scan
from cases.incidents.actions import (
    close_incident,
    report_incident,
    suspend_grants,
    write_entry,
    write_first_report,
)
from cases.labels.actions import answer_consultation, open_consultations, record_disclosure
from cases.labels.signing import propose, sign_determination
from cases.questions.actions import answer as answer_question
from cases.questions.actions import close_question, open_thread
from cases.readiness.actions import Answers, answer, attest_notice, list_obligation, on_list
from cases.readiness.models import ObligationsNotice
from cases.readiness.text import propose as propose_notice
from cases.records.actions import place_legal_hold, record_request, send_notice
from cases.register.actions import assign, draft_case, move_case, write_note
from cases.register.conflicts import declare
from cases.register.models import Case
from demo.papers import pdf
from demo.people import Cast
from portal.kit.files import receive

LOGS: Final = Path(__file__).resolve().parent / "logs"
LOGS_BEGAN: Final = datetime(2026, 11, 23, 1, tzinfo=UTC)
LOGS_ENDED: Final = datetime(2026, 11, 23, 2, tzinfo=UTC)
DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
SAFEGUARDS: Final = ["isolation", "egress_control", "logging", "no_training", "return_destroy"]


def beginning(now: datetime) -> datetime:
    """When the demonstration's people were appointed: before every case and every log."""
    return min(now - 60 * DAY, LOGS_BEGAN - 5 * DAY)


def tell(cast: Cast, now: datetime) -> None:
    """Load every case. `now` is the database's clock; nothing happens after it."""
    teller = Teller(cast, now)
    suite = teller.suite()
    teller.labelled(suite)
    teller.withdrawn()
    teller.consulted(suite)
    teller.in_access()
    teller.waiting_for_signature()
    teller.received()
    teller.drafted()
    teller.of_another_developer()


@dataclass(frozen=True)
class Teller:
    """Tells one case a method."""

    cast: Cast
    now: datetime

    def ago(self, days: float) -> datetime:
        """An instant so many days before now."""
        return self.now - days * DAY

    # -- steps ------------------------------------------------------------------------------------------------------

    def draft(
        self, at: datetime, number: str, model: str, version: str, release: datetime, **more: Any
    ) -> Case:
        """A draft with its two papers."""
        by = more.pop("by", self.cast.liaison)
        case = draft_case(
            by=by, now=at, tracking_number=number, model=model, version=version, release_at=release,
            question=more.pop("question", "We offer access before release and ask whether this version is covered."),
            **more,
        )  # fmt: skip
        self.paper(case, by, at, "system_card", f"{model} {version} system card")
        self.paper(case, by, at, "red_team_report", f"{model} {version} red-team report", pages="2-4")
        return case

    def paper(self, case: Case, by: Any, at: datetime, kind: str, title: str, pages: str = "") -> None:
        """Upload a small PDF; with `pages` it is designated business confidential."""
        document = upload(
            case=case, kind=kind, title=title, file=pdf(title, ["Example paper of the Foreview demonstration."]),
            file_name=f"{title.lower().replace(' ', '-')}.pdf", by=by, now=at,
            designation="business_confidential" if pages else "none", designation_pages=pages,
        )  # fmt: skip
        self.scan(document, at)

    def scan(self, document: Document, at: datetime) -> None:
        """What a worker does with a document that was uploaded."""
        for version in document.versions.filter(state="received"):
            scan(version, lambda: at)

    def move(self, case: Case, name: str, by: Any, at: datetime, **more: Any) -> Case:
        """One move of the lifecycle."""
        return move_case(case=case, name=name, by=by, now=at, **more)

    def scoping(self, case: Case, submitted: datetime) -> Case:
        """Submitted, acknowledged the next day, assigned."""
        cast, next_day = self.cast, min(submitted + DAY, self.now)
        case = self.move(case, "submit", case.created_by, submitted)
        case = self.move(case, "acknowledge", cast.officer, next_day)
        assign(case=case, person=cast.officer, role="case_officer", by=cast.officer, now=next_day)
        assign(case=case, person=cast.evaluator, role="evaluator", by=cast.officer, now=next_day)
        for person in (cast.officer, cast.evaluator):
            declare(case=case, kind="none", by=person, now=next_day)
        return Case.objects.get(pk=case.pk)

    def agreement(
        self, case: Case, at: datetime, opens: datetime, closes: datetime, *signers: Any, by: Any = None
    ) -> Case:
        """An agreement or amendment drafted by the case officer (or `by`) and signed by `signers`."""
        assert case.model_version is not None
        anchor = case.model_version.milestones.order_by("-stated_at").first()
        assert anchor is not None
        terms = Terms(
            anchor_kind="general_release", anchor_at=anchor.at, opens_at=opens, closes_at=closes,
            scope="Cyber benchmarks of this version through the developer's API.", safeguards=tuple(SAFEGUARDS),
            people=tuple(
                f"{person.name}, {organisation.short_name}"
                for person, organisation in (
                    (self.cast.evaluator, self.cast.agency), (self.cast.evaluator2, self.cast.agency),
                    (self.cast.partner, self.cast.partner_org),
                )
            ),
        )  # fmt: skip
        self.attest(case, at)
        drafted = draft_agreement(case=case, terms=terms, by=by or self.cast.officer, now=at)
        for number, signer in enumerate(signers, start=1):
            sign_agreement(
                agreement=drafted,
                digest=drafted.text_digest,
                by=signer,
                now=min(at + number * HOUR, self.now),
            )
        return Case.objects.get(pk=case.pk)

    def attest(self, case: Case, at: datetime) -> None:
        """Every safeguard of the agreement attested for half a year on one paper, once a case."""
        if case.attestations.exists():
            return
        self.paper(case, self.cast.officer, at, "isolation_attestation", "Attestation of safeguards")
        evidence = case.documents.get(kind="isolation_attestation")
        for safeguard in SAFEGUARDS:
            attest_safeguard(
                case=case, safeguard=safeguard, document=evidence, valid_until=at + 180 * DAY,
                by=self.cast.officer, now=at,
            )  # fmt: skip

    def office_grant(self, case: Case, at: datetime, starts: datetime, ends: datetime) -> Grant:
        """Access for the agency's own evaluators."""
        cast = self.cast
        return issue_grant(
            case=case, organisation=cast.agency, people=[cast.evaluator, cast.evaluator2], mode="developer_api",
            tasks_allowed="Cyber benchmarks of the agreed suite.", starts_at=starts, ends_at=ends, by=cast.officer,
            limits=Limits(requests_per_day=200_000), now=at,
        )  # fmt: skip

    def partner_grant(self, case: Case, at: datetime, ends: datetime, *, accepted: bool = True) -> Grant:
        """A trusted partner: nominated, concurred on by both sides, granted, with the system card shared."""
        cast = self.cast
        offer = nominate(
            case=case, partner=cast.partner_org, purpose="Test defenses of grid control systems against the model.",
            basis="Operates critical infrastructure", sector="energy", by=cast.liaison, now=at,
        )  # fmt: skip
        concur(nomination=offer, by=cast.signatory, now=at + HOUR, reason="A customer we know well.")
        concur(nomination=offer, by=cast.lead, now=at + 2 * HOUR, reason="Sector coverage.")
        grant = issue_grant(
            case=case, organisation=cast.partner_org, people=[cast.partner], mode="developer_api",
            tasks_allowed="Defensive testing in your own laboratory.\nTriage of findings in grid control software.",
            tasks_forbidden="Any use against live systems.\nTraining or distillation.",
            limits=Limits(requests_per_day=5_000, tokens_per_day=20_000_000, concurrent_requests=4),
            own_safeguards="Laboratory network without a route to the control network",
            ends_at=ends, nomination=offer, by=cast.officer, now=at + 3 * HOUR,
        )  # fmt: skip
        share(
            document=case.documents.get(kind="system_card"), grant=grant, by=cast.liaison, now=at + 4 * HOUR
        )
        if accepted:
            digest = text_digest(grant_terms(grant))
            accept_terms(grant=grant, digest=digest, by=cast.partner, now=at + 5 * HOUR)
            store_credential(
                grant=grant, endpoint="https://preview.meridian.example/v1", secret="demonstration-only-" + uuid4().hex,
                by=cast.liaison, now=at + 6 * HOUR,
            )  # fmt: skip
            reveal_credential(
                grant=grant, reason="Setting up our laboratory's client.", by=cast.partner, now=at + 7 * HOUR
            )
            self.findings(grant, at + 30 * HOUR)
        return grant

    def findings(self, grant: Grant, at: datetime) -> None:
        """A paper of the partner's, uploaded under its grant."""
        title = "First findings on relay firmware"
        document = upload_findings(
            grant=grant, title=title, file=pdf(title, ["Example findings of the Foreview demonstration."]),
            file_name="relay-findings.pdf", by=self.cast.partner, now=at,
        )  # fmt: skip
        self.scan(document, at)

    def run(self, case: Case, suite: SuiteVersion, log: str, at: datetime) -> Run:
        """A log imported and read, the way a worker reads it."""
        with (LOGS / log).open("rb") as file:
            kept = receive(file)
        run = import_run(
            case=case, suite_version=suite, received=kept, file_name=log, by=self.cast.evaluator, now=at
        )
        read(run, lambda: at)
        return Run.objects.get(pk=run.pk)

    def suite(self) -> SuiteVersion:
        """A suite of two tasks, each with a rule agreed to by two people before the logs began."""
        cast, declared = self.cast, min(self.ago(20), LOGS_BEGAN - DAY)
        suite = register_suite_version(
            suite="Toy cyber puzzles", version="1.2.0", by=cast.evaluator, now=declared - HOUR,
            purpose="Decoding puzzles that stand in for a real suite.",
            tasks=[TaskSpec("toy_ctf", 120), TaskSpec("toy_ctf_epochs", 25, 5)],
        )  # fmt: skip
        for task in suite.tasks.order_by("name"):
            rule = declare_rule(
                task=task, scorer="includes", threshold=0.5, alert=0.4, by=cast.evaluator, now=declared
            )
            agree_rule(rule=rule, digest=rule.digest, by=cast.evaluator2, now=declared + HOUR)
        return suite

    def evidence_from(self) -> datetime:
        """From when logs may be imported: after they ended, and two days ago at the latest."""
        return max(self.ago(2), LOGS_ENDED + HOUR)

    # -- cases ------------------------------------------------------------------------------------------------------

    def measured(self, case: Case, suite: SuiteVersion, at: datetime, *logs: str) -> Case:
        """Benchmarked on `logs`, the runs accepted, the case in labeling."""
        case = self.move(case, "benchmark", self.cast.officer, at)
        for log in logs:
            accept_run(run=self.run(case, suite, log, at), by=self.cast.evaluator, now=at)
        return self.move(case, "label", self.cast.officer, at)

    def asked(self, case: Case, at: datetime) -> None:
        """Every office of the roster asked on a packet with every paper."""
        declare(case=case, kind="none", by=self.cast.official, now=at)
        open_consultations(
            case=case, question="Do you concur that the threshold is met at this elicitation and budget?",
            documents=list(case.documents.all()), by=self.cast.officer, now=at,
        )  # fmt: skip

    def labelled(self, suite: SuiteVersion) -> None:
        """The whole journey: a label in the register, disclosed."""
        cast, from_at = self.cast, self.evidence_from()
        step = (self.now - from_at) / 8
        case = self.draft(self.ago(40), "MER-1001", "Meridian", "5.0", self.now + 9 * DAY)
        case = self.agreement(
            self.scoping(case, self.ago(39)),
            self.ago(25),
            self.ago(20),
            self.now + 9 * DAY,
            cast.signatory,
            cast.lead,
        )
        self.office_grant(case, self.ago(20), self.ago(20), self.now + 9 * DAY)
        grant = self.partner_grant(case, self.ago(6), self.now + 8 * DAY)
        self.incident(case, grant, self.ago(4))
        write_note(
            case=case,
            text="Elicitation agreed with the developer on the phone.",
            by=cast.officer,
            now=self.ago(19),
        )
        self.questions(case)
        self.records(case)
        case = self.measured(case, suite, from_at, "40_high_score.eval")
        self.asked(case, from_at + step)
        for one in case.consultations.order_by("-required"):
            by, answer = (cast.consultee, "concur") if one.required else (cast.consultee2, "no_view")
            answer_consultation(consultation=one, answer=answer, by=by, now=from_at + 2 * step)
        self.sign(case, from_at + 3 * step)
        record_disclosure(
            determination=case.determinations.get(), extent="full", by=cast.officer, now=from_at + 4 * step
        )

    def incident(self, case: Case, grant: Grant, noticed: datetime) -> None:
        """A small one, from its report to its end: the partner's access stood still for three hours."""
        by, hours = self.cast.security, [noticed + number * HOUR for number in range(1, 6)]
        incident = report_incident(
            case=case, kind="credential_exposure", severity="moderate", under=grant, by=self.cast.partner, now=hours[0],
            account="A key of the endpoint stood in a test log for an hour. We took the log away.", noticed_at=noticed,
        )  # fmt: skip
        suspend_grants(incident=incident, grants=[grant], by=by, now=hours[1])
        write_first_report(
            incident=incident, text="One key, read by nobody else as far as the log tells.", audience="sides",
            by=by, now=hours[2],
        )  # fmt: skip
        text = "The key is replaced, and the old one opens nothing."
        write_entry(incident=incident, text=text, audience="reporter", by=self.cast.liaison, now=hours[3])
        close_incident(
            incident=incident, outcome="remedied", lessons="Logs are read for keys before they are kept.", by=by,
            now=hours[4],
        )  # fmt: skip

    def questions(self, case: Case) -> None:
        """One question answered with a paper and closed; another, with a date to give, waits for an answer."""
        cast, report = self.cast, case.documents.get(kind="red_team_report")
        thread = open_thread(
            case=case, subject="safeguards", title="Refusal filter during the tests", wants="document",
            by=cast.evaluator, text="Is the refusal filter in place on the endpoint we test, and which paper says so?",
            now=self.ago(18),
        )  # fmt: skip
        question = thread.questions.get()
        answer_question(
            question=question, text="It is in place. Pages 2 to 4 describe it.", documents=[report], by=cast.liaison,
            now=self.ago(17),
        )  # fmt: skip
        close_question(question=question, by=cast.evaluator, now=self.ago(16))
        open_thread(
            case=case, subject="dates", title="Next checkpoint", wants="date", by=cast.officer, now=self.ago(1),
            text="When do you expect the next checkpoint, if one comes before the release?",
        )  # fmt: skip

    def records(self, case: Case) -> None:
        """A legal hold on the case, and a FOIA request of which the developer has notice."""
        by = self.cast.records
        place_legal_hold(
            case=case, matter="OIG inquiry 2026-17", authority="Inspector General's letter of preservation",
            reason="Everything on the conduct of the review is kept.", by=by, now=self.ago(15),
        )  # fmt: skip
        request = record_request(
            case=case, number="FOIA-2026-0311", received_at=self.ago(14), by=by, now=self.ago(14),
            asked_for="The system card and red-team report of this version.",
            documents=list(case.documents.filter(kind__in=("system_card", "red_team_report"))),
        )  # fmt: skip
        send_notice(request=request, by=by, now=self.ago(3))

    def sign(self, case: Case, at: datetime) -> None:
        """The determining official's signature on the very text it read."""
        chosen: dict[str, Any] = {
            "outcome": "meets_threshold",
            "rationale": "The interval lies above the threshold at this elicitation and budget.",
        }
        read_text = propose(case=case, by=self.cast.official, now=at, **chosen)
        sign_determination(case=case, text_digest=read_text.digest, by=self.cast.official, now=at, **chosen)

    def withdrawn(self) -> None:
        """Withdrawn by the developer on the ninth day of its window; every grant ended in that transaction."""
        cast = self.cast
        case = self.draft(self.ago(25), "MER-1002", "Meridian", "5.0 Mini", self.now + 15 * DAY)
        case = self.agreement(
            self.scoping(case, self.ago(24)),
            self.ago(11),
            self.ago(9),
            self.now + 15 * DAY,
            cast.signatory,
            cast.lead,
        )
        self.office_grant(case, self.ago(9), self.ago(9), self.now + 14 * DAY)
        self.partner_grant(case, self.ago(6), self.now + 14 * DAY)
        self.move(case, "withdraw", cast.signatory, self.now - HOUR)

    def consulted(self, suite: SuiteVersion) -> None:
        """In labeling, the offices asked and not answered; the finding is inconclusive."""
        cast, from_at = self.cast, self.evidence_from()
        case = self.draft(self.ago(30), "MER-1003", "Meridian", "5.0 Code", self.now + 12 * DAY)
        case = self.agreement(
            self.scoping(case, self.ago(29)),
            self.ago(18),
            self.ago(15),
            self.now + 12 * DAY,
            cast.signatory,
            cast.lead,
        )
        self.office_grant(case, self.ago(15), self.ago(15), self.now + 12 * DAY)
        case = self.measured(case, suite, from_at, "04_epochs.eval", "57_tampered_header.eval")
        self.asked(case, from_at + (self.now - from_at) / 2)

    def in_access(self) -> None:
        """Access running; the partner has yet to accept its terms; the agency has yet to sign an amendment."""
        cast = self.cast
        case = self.draft(self.ago(20), "MER-1004", "Meridian", "6 preview", self.now + 25 * DAY)
        case = self.agreement(
            self.scoping(case, self.ago(19)),
            self.ago(6),
            self.ago(4),
            self.now + 25 * DAY,
            cast.signatory,
            cast.lead,
        )
        self.office_grant(case, self.ago(4), self.ago(4), self.now + 25 * DAY)
        self.partner_grant(case, self.ago(3), self.now + 20 * DAY, accepted=False)
        for document in case.documents.order_by("created_at", "pk"):
            open_version(version=document.versions.get(number=1), by=cast.officer, now=self.ago(2)).close()
        self.agreement(case, self.ago(1), self.ago(1), self.now + 15 * DAY, cast.signatory, by=cast.liaison)

    def waiting_for_signature(self) -> None:
        """In scoping, signed by the developer alone."""
        case = self.draft(self.ago(12), "MER-1005", "Meridian", "6 Voice", self.now + 40 * DAY)
        self.agreement(
            self.scoping(case, self.ago(11)),
            self.ago(2),
            self.now + 12 * DAY,
            self.now + 40 * DAY,
            self.cast.signatory,
        )

    def received(self) -> None:
        """Submitted yesterday, not acknowledged yet."""
        case = self.draft(self.ago(1.2), "MER-1006", "Meridian", "6 Vision", self.now + 60 * DAY)
        self.move(case, "submit", self.cast.liaison, self.ago(1))

    def drafted(self) -> None:
        """A draft that only its developer sees, with its readiness."""
        case = self.draft(self.ago(0.2), "MER-1007", "Meridian", "7 alpha", self.now + 90 * DAY)
        self.prepared(case, self.ago(0.1))

    def prepared(self, case: Case, at: datetime) -> ObligationsNotice:
        """Readiness answered, two obligations to customers listed, and a notice of them attested."""
        liaison, signatory = self.cast.liaison, self.cast.signatory
        said = {
            "isolation": ("have", "One enclave, no route out."),
            "logging": ("have", ""),
            "no_training": ("planned", ""),
        }
        answer(
            case=case, by=liaison, now=at,
            safeguards={id: {"answer": word, "note": note} for id, (word, note) in said.items()},
            people=[{"name": "Noor Haddad", "organisation": "Meridian AI"}],
        )  # fmt: skip
        for reference, bears_on, consent in (
            ("Customer A", ["evaluations"], "given"),
            ("Customer B", ["names"], "asked"),
        ):
            obligation = Answers(
                reference=reference, kind="nda", bears_on=bears_on, consent=consent, note="",
                consent_on=at.date() if consent == "given" else None, notice_sent_on=at.date(), until=None,
            )  # fmt: skip
            list_obligation(case=case, said=obligation, by=liaison, now=at)
        appointment = signatory.appointments_at(at)[0]
        read_text = propose_notice(case, 1, on_list(case), appointment)
        return attest_notice(case=case, digest=read_text.digest, by=signatory, now=at)

    def of_another_developer(self) -> None:
        """A case of another developer, which the first never sees."""
        by = self.cast.stranger
        case = self.draft(self.ago(8), "HAL-0042", "Halcyon", "2", self.now + 45 * DAY, by=by)
        self.move(case, "submit", by, self.ago(7))
