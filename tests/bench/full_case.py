"""A case with every related table filled, walked by real actions: what page costs and query counts are taken on."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cases.access.actions import suspend_grant
from cases.benchmarks.actions import accept_run
from cases.benchmarks.tasks import read
from cases.documents.actions import share
from cases.labels.actions import answer_consultation, open_consultations, record_disclosure
from cases.register.actions import assign, move_case, recuse, write_note
from cases.register.models import Case
from portal.kit.clock import database_now
from tests import walk
from tests.cast import Cast, load_people
from tests.fresh_log import fresh_log


def full_case() -> tuple[dict[str, Any], Case]:
    """The cast by name, and the case: documents, agreement, window, grants, runs, decisions, label, notes."""
    now = database_now()
    cast = load_people(now - timedelta(days=1))
    case = walk.granted(cast, now)
    _papers(cast, case, now)
    case = move_case(case=case, name="benchmark", by=cast.officer, now=now)
    _runs(cast, case, now)
    case = move_case(case=case, name="label", by=cast.officer, now=now)
    _decisions(cast, case, now)
    assign(case=case, person=cast.evaluator2, role="evaluator", by=cast.officer, now=now)
    recuse(case=case, person=cast.security, reason="Former employee", by=cast.lead, now=now)
    for _ in range(3):
        walk.question(cast, case, now)
    for number in range(5):
        write_note(case=case, text=f"Note {number}", by=cast.officer, now=now)
    return {**cast.people, **cast.organisations}, Case.objects.get(pk=case.pk)


def _papers(cast: Cast, case: Case, now: Any) -> None:
    grants = {grant.kind: grant for grant in case.grants.all()}
    for number in range(10):
        paper = walk.paper(case, cast.liaison, now, "cyber_evaluation_report", title=f"Report {number}")
        share(document=paper, grant=grants["partner"], by=cast.liaison, now=now)
    suspend_grant(grant=grants["office"], by=cast.signatory, now=now, reason="Maintenance")


def _runs(cast: Cast, case: Case, now: Any) -> None:
    for _ in range(3):
        version = walk.suite(cast, now)
        walk.agreed_rule(cast, version, now)
        with TemporaryDirectory() as folder:
            run = walk.imported(cast, case, version, fresh_log(Path(folder) / "fresh.eval"), now)
        read(run, lambda: now)
        accept_run(run=run, by=cast.evaluator, now=now)


def _decisions(cast: Cast, case: Case, now: Any) -> None:
    question = "Do you concur that the threshold is met?"
    open_consultations(
        case=case, question=question, documents=list(case.documents.all()), by=cast.officer, now=now
    )
    for consultation in case.consultations.all():
        by = cast.consultee if consultation.required else cast.consultee2
        answer_consultation(consultation=consultation, answer="concur", by=by, now=now)
    suite = case.runs.first().suite_version
    determination = walk.signed(case, cast.official, now, suite_version=suite)
    record_disclosure(determination=determination, extent="full", by=cast.officer, now=now)
