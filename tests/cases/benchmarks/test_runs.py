"""Runs: kept as evidence whatever they are, read once, judged by the rules that were agreed before the log began."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cases.benchmarks import actions, panels, tasks
from cases.benchmarks.hooks import STOPPED
from cases.benchmarks.models import HighSidePointer, Run
from cases.benchmarks.queries import section, waiting
from cases.register.actions import assign, move_case
from cases.register.models import Case
from cases.register.pages import one_case
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.files import open_stored
from portal.kit.refusal import Refused
from portal.notify.models import Notice, Outbox
from tests import walk
from tests.cast import Cast, load_people
from tests.fresh_log import fresh_log

ClientOf = Callable[[Any], Client]
SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "inspect"
BEFORE_SAMPLES = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@pytest.fixture
def early(db: None) -> Cast:
    """Everybody, appointed before the sample logs were begun."""
    return load_people(BEFORE_SAMPLES - timedelta(days=1))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log made while the test runs."""
    return fresh_log(tmp_path / "fresh.eval")


def read_run(cast: Cast, log: Path, now: datetime, *, ruled_at: datetime | None = None, **suite: Any) -> Run:
    """The log, imported into a new case and read, with a rule declared and agreed at `ruled_at`."""
    case, version = walk.benchmarking(cast, now), walk.suite(cast, ruled_at or now, **suite)
    walk.agreed_rule(cast, version, ruled_at or now)
    run = walk.imported(cast, case, version, log, now)
    tasks.read_run(str(run.pk), now=now)
    return Run.objects.get(pk=run.pk)


def sample(cast: Cast, name: str, now: datetime, **suite: Any) -> Run:
    """A sample log, under a rule that was declared before it."""
    suite = {"task": "toy_ctf", "samples": 40, **suite}
    return read_run(cast, SAMPLES / name, now, ruled_at=BEFORE_SAMPLES, **suite)


def test_a_fresh_log_meets_a_rule_agreed_before_it(cast: Cast, now: datetime, log: Path) -> None:
    run = read_run(cast, log, now)
    assert (run.state, run.complete, run.reasons, run.task_name) == ("read", True, [], "toy_decode")
    assert run.served_models == ["solve-90-2026-11-01"]
    found = run.findings.get()
    assert (found.outcome, found.n, found.method) == ("met", 60, "clopper_pearson")
    assert found.estimate == pytest.approx(56 / 60)
    assert found.low > 0.5
    panel = panels.Panel(found, run)
    assert panel.sentence.endswith("against ≥ 0.5: met at this elicitation and budget.")
    assert panel.interval.state == "met"
    assert all(gate["holds"] for gate in panel.gates)
    entry = Entry.objects.get(kind="run.read")
    assert (entry.actor, entry.role, entry.case_id) == (cast.evaluator, "evaluator", run.case_id)
    assert len(entry.rows) == 3
    assert verify().fault is None


def test_a_rule_declared_afterwards_says_nothing(cast: Cast, now: datetime, log: Path) -> None:
    later = datetime.now(UTC)
    found = read_run(cast, log, later, ruled_at=later).findings.get()
    assert found.outcome == "insufficient"
    assert found.sentence == "Insufficient: rule declared afterwards."


def test_a_rule_agreed_to_afterwards_says_nothing(cast: Cast, now: datetime, tmp_path: Path) -> None:
    case, version = walk.benchmarking(cast, now), walk.suite(cast, now)
    rule = actions.declare_rule(
        task=version.tasks.get(), scorer="includes", threshold=0.5, by=cast.evaluator, now=now
    )
    run = walk.imported(cast, case, version, fresh_log(tmp_path / "fresh.eval"), now)
    later = datetime.now(UTC)
    actions.agree_rule(rule=rule, digest=rule.digest, by=cast.evaluator2, now=later)
    tasks.read_run(str(run.pk), now=later)
    found = run.findings.get()
    assert found.outcome == "insufficient"
    assert "agreed to by its second person only after the log began" in found.sentence


def test_a_rule_nobody_agreed_to_does_not_count(cast: Cast, now: datetime, log: Path) -> None:
    case, version = walk.benchmarking(cast, now), walk.suite(cast, now)
    actions.declare_rule(
        task=version.tasks.get(), scorer="includes", threshold=0.5, by=cast.evaluator, now=now
    )
    run = walk.imported(cast, case, version, log, now)
    tasks.read_run(str(run.pk), now=now)
    assert Run.objects.get(pk=run.pk).state == "read"
    assert not run.findings.exists()


@pytest.mark.parametrize(
    ("name", "suite", "outcome", "estimate", "low", "high"),
    [
        ("01_success_eval.eval", {}, "inconclusive", 0.65, 0.483, 0.794),
        ("40_high_score.eval", {"samples": 120}, "met", 0.942, 0.884, 0.976),
        ("39_safeguards_on.eval", {"samples": 80}, "not_met", 0.238, 0.150, 0.346),
        ("04_epochs.eval", {"task": "toy_ctf_epochs", "samples": 25, "epochs": 5}, "inconclusive", 0.592, 0.432, 0.739),
    ],
)  # fmt: skip
def test_real_logs(
    early: Cast, now: datetime, name: str, suite: Any, outcome: str, estimate: float, low: float, high: float
) -> None:
    run = sample(early, name, now, **suite)
    assert run.reasons == []
    found = run.findings.get()
    assert found.outcome == outcome
    assert (found.estimate, found.low, found.high) == pytest.approx((estimate, low, high), abs=6e-4)
    assert run.started_at is not None
    assert found.rule.declared_at < run.started_at


def test_a_tampered_header_stands_beside_the_recount(early: Cast, now: datetime, client_of: ClientOf) -> None:
    run = sample(early, "57_tampered_header.eval", now)
    assert not run.complete
    assert run.findings.get().outcome == "insufficient"
    score = run.scores.get()
    assert (score.metrics["accuracy"], score.recounted["accuracy"]) == (0.95, 0.65)
    page = client_of(early.evaluator).get(run.get_absolute_url()).content.decode()
    assert "0.950" in page
    assert "0.650" in page
    assert "differ" in page
    assert "recounted from its samples it is 0.65" in page
    assert "insufficient" in page


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("53_empty.eval", "The file is empty."), ("50_trunc_eval.eval", "truncated")],
)
def test_an_unreadable_log_is_kept_and_has_no_score(
    early: Cast, now: datetime, name: str, sentence: str
) -> None:
    run = sample(early, name, now)
    assert run.state == "unreadable"
    assert sentence in run.refused
    assert not run.scores.exists()
    assert not run.findings.exists()
    with open_stored(run.storage_name) as kept:
        assert kept.read() == (SAMPLES / name).read_bytes()
    assert Entry.objects.filter(kind="run.unreadable", case_id=run.case_id).count() == 1
    with pytest.raises(Refused, match="only a run that was read"):
        actions.accept_run(run=run, by=early.evaluator, now=now)
    assert [w.verb for w in waiting(early.evaluator, now)] == ["Look at an unreadable log"]


def test_a_killed_log_is_read_and_decides_nothing(early: Cast, now: datetime) -> None:
    run = sample(early, "28_killed.eval", now, samples=60)
    assert (run.state, run.status, run.complete) == ("read", "started", False)
    assert not run.scores.exists()
    assert run.findings.get().outcome == "insufficient"


@pytest.mark.parametrize(
    ("suite", "sentence"),
    [
        ({"samples": 50}, "The suite declares 50 samples; the log is of 40 samples × 1, and 40 completed"),
        ({"epochs": 5}, "The suite declares 40 samples × 5 epochs; the log is of 40 samples × 1"),
        ({"task": "another_task"}, "has no task toy_ctf."),
    ],
)
def test_a_log_that_does_not_fit_its_suite(early: Cast, now: datetime, suite: Any, sentence: str) -> None:
    run = sample(early, "01_success_eval.eval", now, **suite)
    assert not run.complete
    assert any(sentence in reason for reason in run.reasons)
    assert {found.outcome for found in run.findings.all()} <= {"insufficient"}


def test_the_same_log_comes_in_once(cast: Cast, now: datetime, log: Path) -> None:
    case, version = walk.benchmarking(cast, now), walk.suite(cast, now)
    run = walk.imported(cast, case, version, log, now)
    assert Outbox.objects.filter(key=f"read_run:{run.pk}", job="benchmarks.read_run").count() == 1
    with pytest.raises(Refused, match="imported into this case already") as refused:
        walk.imported(cast, case, version, log, now)
    assert refused.value.conflict
    walk.imported(cast, walk.benchmarking(cast, now), version, log, now)


def test_reading_twice_stores_once(cast: Cast, now: datetime, log: Path) -> None:
    run = read_run(cast, log, now)
    tasks.read_run(str(run.pk), now=now)
    assert run.scores.count() == 1
    assert Entry.objects.filter(kind="run.read", case_id=run.case_id).count() == 1


def test_a_file_changed_in_storage_is_not_read(cast: Cast, now: datetime, log: Path, tmp_path: Path) -> None:
    case, version = walk.benchmarking(cast, now), walk.suite(cast, now)
    run = walk.imported(cast, case, version, log, now)
    with open_stored(run.storage_name) as kept:
        Path(kept.name).write_bytes(fresh_log(tmp_path / "other.eval").read_bytes())
    tasks.read_run(str(run.pk), now=now)
    assert Run.objects.get(pk=run.pk).refused == tasks.CHANGED


def test_a_case_that_ended_takes_no_reading(cast: Cast, now: datetime, log: Path) -> None:
    case, version = walk.benchmarking(cast, now), walk.suite(cast, now)
    run = walk.imported(cast, case, version, log, now)
    move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    tasks.read_run(str(run.pk), now=now)
    run = Run.objects.get(pk=run.pk)
    assert (run.state, run.refused) == ("stopped", STOPPED)
    assert not run.scores.exists()


def test_evidence_comes_in_at_its_stages_by_the_assigned_evaluator(
    cast: Cast, now: datetime, log: Path
) -> None:
    version, scoping = walk.suite(cast, now), walk.acknowledged(cast, now)
    with pytest.raises(Refused, match="stage “scoping”") as refused:
        walk.imported(cast, scoping, version, log, now)
    assert refused.value.conflict
    case = walk.benchmarking(cast, now)
    with log.open("rb") as file:
        kept = walk.receive(file)
    for person in (cast.evaluator2, cast.officer, cast.official, cast.liaison, cast.partner, cast.auditor):
        with pytest.raises(Refused, match="Import an evaluation log: this is done by an evaluator"):
            actions.import_run(
                case=case, suite_version=version, received=kept, file_name="x", by=person, now=now
            )
    assert not Run.objects.exists()


def test_accepting_opens_the_way_to_labeling(cast: Cast, now: datetime, log: Path) -> None:
    run = read_run(cast, log, now)
    with pytest.raises(Refused, match="no accepted run"):
        move_case(case=run.case, name="label", by=cast.officer, now=now)
    assert [w.verb for w in waiting(cast.evaluator, now)] == ["Accept the run"]
    actions.accept_run(run=run, by=cast.evaluator, now=now)
    with pytest.raises(Refused, match="accepted already") as refused:
        actions.accept_run(run=run, by=cast.evaluator, now=now)
    assert refused.value.conflict
    assert cast.officer.pk in Notice.objects.filter(kind="run.accepted").values_list("recipient", flat=True)
    assert Entry.objects.get(kind="run.accepted").data == {"complete": True}
    assert waiting(cast.evaluator, now) == []
    assert move_case(case=run.case, name="label", by=cast.officer, now=now).stage == "labeling"


def test_measured_walks_to_an_accepted_run(cast: Cast, now: datetime) -> None:
    case = walk.measured(cast, now)
    run = case.runs.get()
    assert run.accepted_at is not None
    assert [found.outcome for found in run.findings.all()] == ["met"]


def test_a_pointer_and_its_second_person(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    case = walk.benchmarking(cast, now)
    assert [w.verb for w in waiting(cast.evaluator, now)] == ["Import a run"]
    typed = {
        "holding_agency": "An agency", "system": "A system", "control_number": "X-1", "custodian": "A desk",
        "referenced_marking": "TS", "cover_text": "A record exists; ask the desk.",
    }  # fmt: skip
    first, new = client_of(cast.evaluator), reverse("cases:pointer_new", args=[case.pk])
    assert first.get(new).status_code == 200
    assert first.post(new, typed).status_code == 302
    assert first.post(new, typed).status_code == 409
    pointer = HighSidePointer.objects.get()
    check = reverse("cases:pointer_check", args=[pointer.pk])
    assert first.post(check).status_code == 403
    assert client_of(cast.evaluator2).get(check).status_code == 404
    assign(case=case, person=cast.evaluator2, role="evaluator", by=cast.officer, now=now)
    assert [w.verb for w in waiting(cast.evaluator2, now)] == ["Check a cover text"]
    second = client_of(cast.evaluator2)
    assert "A record exists" in second.get(check).content.decode()
    assert second.post(check).status_code == 302
    assert second.post(check).status_code == 409
    assert HighSidePointer.objects.get().checked_by == cast.evaluator2
    assert client_of(cast.liaison).get(check).status_code == 404


def test_pages_from_import_to_acceptance(cast: Cast, now: datetime, log: Path, client_of: ClientOf) -> None:
    case, version = walk.benchmarking(cast, now), walk.suite(cast, now)
    walk.agreed_rule(cast, version, now)
    client, new = client_of(cast.evaluator), reverse("cases:run_new", args=[case.pk])
    assert client.get(new).status_code == 200
    assert client.post(new, {"suite_version": str(version.pk)}).status_code == 422

    def post() -> Any:
        file = SimpleUploadedFile("../fresh.eval", log.read_bytes())
        return client.post(new, {"suite_version": str(version.pk), "file": file})

    assert post().status_code == 302
    assert post().status_code == 409
    run = Run.objects.get()
    assert run.file_name == "fresh.eval"
    state = reverse("cases:run_state", args=[run.pk])
    page = client.get(run.get_absolute_url()).content.decode()
    assert f'hx-get="{state}" hx-trigger="every 2s"' in page
    assert "reload it" in page
    assert "HX-Refresh" not in client.get(state, headers={"HX-Request": "true"}).headers
    tasks.read_run(str(run.pk), now=now)
    assert client.get(state, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    page = client.get(run.get_absolute_url()).content.decode()
    assert "hx-get" not in page
    assert "met at this elicitation and budget" in page
    assert "Nothing is missing, and nothing disagrees." in page
    assert client.post(reverse("cases:run_accept", args=[run.pk])).status_code == 302
    assert client.post(reverse("cases:run_accept", args=[run.pk])).status_code == 409


def test_an_empty_upload_is_evidence_too(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    case, version = walk.benchmarking(cast, now), walk.suite(cast, now)
    new = reverse("cases:run_new", args=[case.pk])
    sent = {"suite_version": str(version.pk), "file": SimpleUploadedFile("empty.eval", b"")}
    assert client_of(cast.evaluator).post(new, sent).status_code == 302
    assert Run.objects.get().size == 0


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("officer", 200), ("official", 200), ("lead", 200), ("auditor", 200), ("evaluator2", 404), ("liaison", 404),
        ("signatory", 404), ("partner", 404), ("consultee", 404), ("stranger", 404), ("admin", 404),
    ],
)  # fmt: skip
def test_who_sees_a_run(cast: Cast, now: datetime, client_of: ClientOf, who: str, status: int) -> None:
    case = walk.measured(cast, now)
    run, person = case.runs.get(), getattr(cast, who)
    client = client_of(person)
    answer = client.get(run.get_absolute_url())
    assert answer.status_code == status
    assert client.get(reverse("cases:run_state", args=[run.pk])).status_code == status
    assert client.post(reverse("cases:run_accept", args=[run.pk])).status_code == (
        403 if status == 200 else 404
    )
    if status == 200:
        assert ("solve-90" in answer.content.decode()) is (who != "auditor")
    else:
        assert section(case, person, now) is None or who == "evaluator2"


def test_the_section_costs_three_queries_for_any_number_of_runs(
    cast: Cast, now: datetime, tmp_path: Path, django_assert_num_queries: Any
) -> None:
    case = walk.measured(cast, now)
    version = case.runs.get().suite_version
    for number in range(4):
        log = fresh_log(tmp_path / f"{number}.eval", samples=60)
        tasks.read_run(str(walk.imported(cast, case, version, log, now).pk), now=now)
    case = one_case(Case.objects.visible_to(cast.evaluator, now), case.pk)  # as its page loads it
    with django_assert_num_queries(3):
        found = section(case, cast.evaluator, now)
        assert found is not None
        assert [row.headline.interval.state for row in found["rows"] if row.headline] == ["met"] * 5
        assert [str(row.run.suite_version) for row in found["rows"]]


def test_the_demonstration_says_that_its_clock_was_set_back(
    cast: Cast, now: datetime, client_of: ClientOf, settings: Any
) -> None:
    run = walk.measured(cast, now).runs.get()
    words = "This demonstration’s clock was set back"
    client = client_of(cast.evaluator)
    assert words not in client.get(run.get_absolute_url()).content.decode()
    settings.DEMO = True
    assert words in client.get(run.get_absolute_url()).content.decode()


def test_case_page_fragment_renders(cast: Cast, now: datetime) -> None:
    from django.template.loader import render_to_string

    case = walk.measured(cast, now)
    for person in (cast.evaluator, cast.auditor):
        found = section(Case.objects.get(pk=case.pk), person, now)
        page = render_to_string("cases/benchmarks/section.html", {"section": found})
        assert ("toy_decode" in page) is (person is cast.evaluator)
        assert ("Import a run" in page) is (person is cast.evaluator)
