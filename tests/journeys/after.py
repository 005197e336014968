"""The journey from access on: the evidence, the consultation, the label, what the developer is told, the history."""

import os
import subprocess
import sys
from pathlib import Path

from cases.register.models import Case
from tests.fresh_log import SCORER, TASK, make_log
from tests.journeys.before import QUESTION, TRACKING
from tests.journeys.pages import Meet, Visitor
from tests.portal.helpers import web_conninfo
from tests.stub_model import StubModel

ROOT = Path(__file__).resolve().parents[2]
RATIONALE = "The finding holds at this elicitation and budget."
RESPONSE = "We read this with interest and release as planned."


def declare(meet: Meet) -> None:
    """A suite version with a rule that one evaluator declares and another agrees to, before anything is measured."""
    evaluator, second = meet("evaluator"), meet("evaluator2")
    evaluator.open("/").follow("Suites", among="nav").follow("Register a suite version")
    evaluator.fill(Suite="Toy puzzles", Version="1.0", Purpose="Decoding puzzles.", Tasks=f"{TASK}, 60")
    evaluator.press("Register").says("is registered").follow("Declare a threshold rule")
    evaluator.fill(Scorer=SCORER, Threshold="0.5", Alert_level="0.4").press("Declare")
    evaluator.says("The rule is declared", "waits for a second evaluator")
    second.open("/").follow("Read a threshold rule and agree").says("Digest of the rule")
    second.press("Agree to this rule").says("It is frozen now", "frozen")


def measure(meet: Meet, case: Case, folder: Path) -> None:
    """A log made now is imported, read by the worker while the page waits, found to meet the rule, and accepted."""
    advance(meet("officer"), case, "Begin benchmarking", "benchmarking")
    with StubModel() as server:
        log = make_log(folder / "fresh.eval", url=server.url)
    evaluator = meet("evaluator").open(case.get_absolute_url())
    evaluator.says("Declare first whether you have a conflict of interest")
    no_conflict(evaluator, case).open(case.get_absolute_url())
    evaluator.follow("Import a run").select("Suite version", "Toy puzzles 1.0").attach("Evaluation log", log)
    evaluator.press("Import").until("What the rules say")
    run = case.runs.get()
    finding = run.findings.get()
    evaluator.says("met at this elicitation and budget", f"{finding.low:.3f}", f"{finding.high:.3f}", "≥ 0.5")
    evaluator.says(run.sha256, "Nothing is missing, and nothing disagrees.")
    evaluator.press("Accept the run").says("accepted as evidence")


def no_conflict(visitor: Visitor, case: Case) -> Visitor:
    """From the home: no conflict of interest in the case."""
    visitor.open("/").follow("Declare whether you have a conflict of interest").tick(
        "No conflict of interest"
    )
    return visitor.press("Declare").says(f"Recorded: you have no conflict of interest in {case.number}")


def advance(officer: Visitor, case: Case, words: str, stage: str) -> None:
    """One move of the case officer's."""
    officer.open(case.get_absolute_url()).follow(words).press(words).says(f"“{stage}”")


def consult(meet: Meet, case: Case) -> None:
    """The offices are asked; the one whose answer is required concurs, and sees nothing else of the case."""
    officer, consultee = meet("officer"), meet("consultee")
    advance(officer, case, "Begin labeling", "labeling")
    officer.follow("Ask the offices").fill(Question_to_the_offices="Do you concur that the threshold is met?")
    officer.tick("System card").press("Ask the offices").says("Asked CISA")
    no_conflict(consultee, case).hides(TRACKING, QUESTION)
    consultee.open("/").hides(TRACKING).follow("Answer the consultation")
    consultee.says("Do you concur that the threshold is met?", "met").hides(TRACKING, QUESTION, "NIST")
    consultee.tick("Concur with comment").labelled("Comment").fill("At this budget.")
    consultee.press("Give this answer").says("The answer of CISA is recorded")
    consultee.follow("System card").hides(TRACKING)
    report = case.documents.get(kind="red_team_report")
    for path in (
        case.get_absolute_url(),
        report.get_absolute_url(),
        "/suites/",
        case.runs.get().get_absolute_url(),
    ):
        consultee.open(path, status=404).hides(case.number, "Meridian")
    other = case.consultations.exclude(office__short_name="CISA").get()
    consultee.open(other.get_absolute_url(), status=404)


def determine(meet: Meet, case: Case) -> None:
    """The official reads the exact text and signs it; the label stands in the register at once."""
    official = no_conflict(meet("official"), case).open("/").follow("Sign the determination")
    official.says("Concur with comment", "At this budget.").tick("Meets the threshold")
    official.fill(Rationale=RATIONALE).press("Read the text").says("SHA-256 of this text", RATIONALE)
    official.press("Sign the determination").says("Say below that you have read the text")
    official.tick("I have read the exact text above").press("Sign the determination")
    official.says("The determination is signed", "in force", case.determinations.get().text_digest)
    officer = meet("officer").open("/register/").says("Meridian 9", "effective", "Toy puzzles 1.0")
    officer.follow("Meridian 9").says("conditions no release", "Evidence trail")


def disclose(meet: Meet, case: Case) -> None:
    """The case officer records what the developer is told; the developer reads exactly that and responds."""
    officer, liaison = meet("officer"), meet("liaison")
    liaison.open(case.get_absolute_url()).says("What the review ended with will appear here.").hides(
        RATIONALE
    )
    officer.open("/").follow("Record what is disclosed").tick("Full").press(
        "Read what the developer will read"
    )
    officer.says("What the developer will read", RATIONALE).press("Record it and tell the developer")
    officer.says("What is disclosed is recorded")
    liaison.open("/").follow("Respond to what was disclosed").says(RATIONALE)
    liaison.fill(Your_response=RESPONSE).press("Record the response").says(
        "Your response is recorded", RESPONSE
    )
    liaison.hides("CISA", "At this budget.")
    liaison.open("/register/").says("Meridian 9", "effective").follow("Meridian 9").hides("Evidence trail")


def audit(auditor: Visitor, case: Case) -> None:
    """The auditor reads every step, who, in what capacity, what changed; content shows as changed; the log is whole."""
    auditor.open(f"/cases/?q={TRACKING}").follow(case.number).hides(QUESTION, RATIONALE, RESPONSE)
    auditor.follow("All history, with what changed").hides(QUESTION, RATIONALE, RESPONSE)
    auditor.says(
        "Lena Ortiz (Developer liaison, Meridian AI, Inc.)", "recorded the developer's response", "changed"
    )
    seen = auditor.text
    while auditor.page.get_by_role("link", name="Older").count():
        seen += auditor.follow("Older").hides(QUESTION).text
    for step in (
        "drafted the case", "uploaded a system card", "submitted the case", "recalled the submission",
        "acknowledged the submission", "assigned Eve Nakamura as evaluator",
        "drafted version 1 of the access agreement",
        "signed version 1 of the access agreement for the developer", "set the access window",
        "nominated a trusted partner", "concurred on the partner for the agency", "issued a grant",
        "shared a document with a grant", "accepted the partner terms", "opened a system card, version 1",
        "imported an evaluation log", "read the evaluation log", "accepted the run", "asked CISA for its view",
        "declared no conflict of interest",
        "answered the consultation", "signed the determination", "put the label into effect",
    ):  # fmt: skip
        assert step in seen, step
    assert "became" in seen
    auditor.follow("History", among="nav").follow("Verify the log").press("Verify now").until("whole")


def verify_audit() -> subprocess.CompletedProcess[str]:
    """`manage.py verify_audit` as the web role, in a process of its own."""
    environment = {**os.environ, "FOREVIEW_DB": "web", "DATABASE_URL": web_conninfo()}
    command = [sys.executable, "manage.py", "verify_audit"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
