"""The journey up to access: the developer's case, the agreement, the partner, the grants. Each step by its person."""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

from cases.register.models import Case
from cases.rules.window import EASTERN
from demo.papers import pdf
from portal.kit.clock import database_now
from tests.cast import Cast
from tests.journeys.pages import Meet, Visitor
from tests.worker import until

TRACKING = "MER-7001"
QUESTION = "Is Meridian 9 covered, and what would you need from us?"
CARD, REPORT = "Meridian 9 system card", "Meridian 9 red-team report"
DAY = timedelta(days=1)


def wall(at: datetime) -> str:
    """An instant as people type it, in US Eastern, to the second."""
    return at.astimezone(EASTERN).strftime("%Y-%m-%dT%H:%M:%S")


def sign_in(visitor: Visitor, email: str, password: str) -> Visitor:
    """From any address to the sign-in page, and with address and password to the home."""
    visitor.open("/").says("Sign in", "Use is recorded")
    visitor.fill(Email=email, Password=password).press("Sign in")
    return visitor.says("What waits for you")


def paper(folder: Path, title: str) -> Path:
    """A PDF with this title as a file."""
    file = folder / f"{title.lower().replace(' ', '-')}.pdf"
    file.write_bytes(pdf(title, ["A paper of the journey."]).read())
    return file


def draft(liaison: Visitor, folder: Path, release: datetime) -> Case:
    """The liaison drafts a case and uploads two papers."""
    liaison.follow("Draft a case").tick("Developer's offer of pre-release access")
    liaison.fill(
        Your_tracking_number=TRACKING,
        Model_name="Meridian",
        Version="9",
        Planned_general_release=wall(release),
    )
    liaison.labelled("Your question or offer, in your own words").fill(QUESTION)
    liaison.press("Keep the draft").says("is drafted. Only your organization sees it", TRACKING, QUESTION)
    case = Case.objects.get()
    upload(liaison, "System card", CARD, paper(folder, CARD))
    liaison.follow(case.number)
    upload(liaison, "Red-team report", REPORT, paper(folder, REPORT), designated="2-4")
    liaison.says("Business confidential, pages 2-4", "FOIA exemption 4")
    return case


def upload(visitor: Visitor, kind: str, title: str, file: Path, designated: str = "") -> None:
    """From the case page: a document, its digest shown, the policy's marking on it."""
    visitor.follow("Upload a document").select("Kind of document", kind).fill(Title=title)
    if designated:
        visitor.tick("Business confidential").fill(Pages_you_designate=designated)
    visitor.attach("File", file).press("Upload")
    visitor.says(f"“{title}” is uploaded", hashlib.sha256(file.read_bytes()).hexdigest(), "CUI//PROPIN")


def submit(liaison: Visitor, case: Case) -> None:
    """Submitted, recalled, submitted again."""
    liaison.follow(case.number).follow("Submit").says(CARD, REPORT, "What you are told on submission")
    liaison.press("Submit").says("Done: submit", "“received”")
    liaison.more().follow("Recall the submission").press("Recall the submission").says("“draft”")
    liaison.follow("Submit").press("Submit").says("“received”")


def acknowledge(officer: Visitor, case: Case) -> None:
    """The case officer finds it at home, acknowledges, and assigns an evaluator and itself."""
    officer.open("/").says(case.number, TRACKING).follow("Acknowledge").press("Acknowledge").says("“scoping”")
    officer.follow("Assign people")
    for person, role in (("Omar Reyes, NSA AISC", "case officer"), ("Eve Nakamura, NSA AISC", "evaluator")):
        officer.select("Person and role", person).press("Assign").says(f"is assigned as {role}")
    officer.follow("Back to the case").says("Assigned to the case")


def agree(meet: Meet, case: Case, closes: datetime) -> None:
    """Drafted by the case officer, looked at as a line, signed by both sides; then the case is in access."""
    officer = meet("officer")
    officer.follow("Draft the agreement")
    opens = database_now() + timedelta(seconds=10)
    officer.fill(
        Window_opens=wall(opens), Window_closes=wall(closes), Scope="Cyber benchmarks through the API."
    )
    officer.tick("Isolated environment", "Logging of every request")
    officer.fill(People_with_access="Eve Nakamura\nEdwin Cole\nPriya Raman")
    officer.press("Show the window").says("The window as typed")
    officer.press("Draft this version").says("Version 1 is drafted", "ACCESS AGREEMENT")
    agreement = case.agreements.get()
    for safeguard in ("Isolated environment", "Logging of every request"):
        officer.open(agreement.get_absolute_url()).follow("Attest a safeguard").tick(safeguard)
        officer.select("Evidence", f"System card: {CARD}").fill(Valid_until=wall(closes))
        officer.tick("I attest that").press("Attest this safeguard").says("The safeguard is attested")
    for key, side in (("signatory", "developer"), ("lead", "agency")):
        signer = meet(key).open("/").follow("Sign the access agreement")
        signer.says(
            "The exact text you sign", agreement.text_digest, "own capacity", f"You sign for the {side}"
        )
        signer.tick("I have read the exact text above").press("Sign the agreement").says("signed")
    case.refresh_from_db()
    assert case.stage == "access"
    assert {s.text_digest for s in agreement.signatures.all()} == {agreement.text_digest}
    until(lambda: database_now() > agreement.opens_at)


def grant(meet: Meet, case: Case, cast: Cast) -> None:
    """A partner nominated and concurred on by both sides; a grant for the agency and one for the partner."""
    liaison, officer = meet("liaison"), meet("officer")
    liaison.open(case.get_absolute_url()).follow("Nominate a partner").select(
        "Partner", cast.partner_org.name
    )
    liaison.fill(Purpose="Test defenses of grid control systems.", Basis="Operates critical infrastructure")
    liaison.press("Nominate").says("The partner is nominated")
    for key in ("signatory", "lead"):
        meet(key).open("/").follow("Answer the nomination").follow("Concur").press("Concur").says(
            "Your side concurs on Gridline"
        )
    issue(officer, case, "NSA AISC", "Eve Nakamura", "Edwin Cole")
    issue(officer, case, cast.partner_org.short_name, "Priya Raman")


def issue(officer: Visitor, case: Case, holder: str, *people: str) -> None:
    """One grant, to the window's end."""
    officer.open(case.get_absolute_url()).follow("Issue a grant").follow(holder)
    officer.tick(*people, "API hosted by the developer").fill(
        Tasks_allowed="Cyber benchmarks of the agreed suite."
    )
    officer.press("Issue the grant").says("is issued. The people named on it are told.")


def share(liaison: Visitor, case: Case) -> None:
    """The liaison shares the system card, and nothing else, with the partner."""
    liaison.open(case.get_absolute_url()).follow(CARD).more().follow("Share with a partner")
    liaison.tick("Gridline").press("Share the document").says("may open it while its grant lives")


def partner_reads(partner: Visitor, case: Case) -> None:
    """The partner accepts the terms, reads the shared document byte by byte, and finds nothing else anywhere."""
    partner.hides(TRACKING, CARD).follow("Accept the terms").says("Tasks allowed")
    partner.tick("I have read the exact terms").press("Accept the terms").says("The terms are accepted", CARD)
    partner.hides(TRACKING, REPORT, "Eve Nakamura", "MER-")
    partner.follow(CARD).hides(TRACKING, REPORT)
    card = case.documents.get(kind="system_card")
    with partner.page.expect_download() as download:
        partner.page.get_by_role("link", name="Download version 1").click()
    assert hashlib.sha256(Path(download.value.path()).read_bytes()).hexdigest() == card.versions.get().sha256
    report = case.documents.get(kind="red_team_report")
    for path in (
        case.get_absolute_url(), f"{case.get_absolute_url()}history/", report.get_absolute_url(), "/suites/",
        f"{report.get_absolute_url()}versions/1/", case.agreements.get().get_absolute_url(),
        case.nominations.get().get_absolute_url(), case.grants.get(kind="office").get_absolute_url(),
    ):  # fmt: skip
        partner.open(path, status=404).hides(case.number, "Meridian")
    partner.open("/cases/").hides(case.number)
    partner.open("/register/").says("Labels will appear here")
    partner.open("/grants/").says("Meridian 9", "active").hides(TRACKING)
