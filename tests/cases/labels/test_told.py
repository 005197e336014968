"""What the register tells a developer of an entry that a newer one superseded: nothing, until that one is disclosed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from django.test import Client

from accounts.models import User
from cases.benchmarks.actions import accept_run
from cases.benchmarks.tasks import read
from cases.labels.actions import answer_consultation, open_consultations, record_disclosure
from cases.labels.models import Label
from cases.labels.signing import rescind_determination
from cases.register.actions import assign, move_case, open_government_case
from cases.register.models import Case
from tests import walk
from tests.cast import Cast
from tests.fresh_log import fresh_log

SAME = {"model": "Twice", "version": "1.0"}


def watched(cast: Cast, now: datetime, folder: Path) -> Case:
    """A case the government opened of the same model version, determined; nothing of it disclosed."""
    case = open_government_case(by=cast.lead, now=now, developer=cast.developer, **SAME)
    assign(case=case, person=cast.evaluator, role="evaluator", by=cast.officer, now=now)
    walk.quiet(case, cast.evaluator, now)
    case = move_case(case=case, name="documents_only", by=cast.officer, now=now)
    version = walk.suite(cast, now)
    walk.agreed_rule(cast, version, now)
    run = walk.imported(cast, case, version, fresh_log(folder / "again.eval"), now)
    read(run, lambda: now)
    accept_run(run=run, by=cast.evaluator, now=now)
    case = move_case(case=case, name="label", by=cast.officer, now=now)
    for one in open_consultations(case=case, question="?", by=cast.officer, now=now):
        by = cast.consultee if one.required else cast.consultee2
        answer_consultation(consultation=one, answer="no_view", by=by, now=now)
    walk.signed(case, cast.official, now)
    return Case.objects.get(pk=case.pk)


def told(client: Client, label: Label) -> tuple[list[str], str]:
    """States on the register page, and the entry's own page; the filter by state agrees with both."""
    rows = client.get("/register/").context["page"].items
    for row in rows:
        assert row in client.get(f"/register/?state={row.told_state}").context["page"].items
    page = client.get(label.get_absolute_url()).content.decode()
    return [row.told_state for row in rows], page


def test_an_undisclosed_newer_label_is_not_told(
    cast: Cast, now: datetime, client_of: Callable[[User], Client], tmp_path: Path
) -> None:
    """The agency reads superseded at once; the developer what it read before, to the word, until the disclosure."""
    first = walk.labelled(cast, now, **SAME)
    label, own = first.labels.get(), client_of(cast.liaison)
    before, history = told(own, label), own.get(f"{first.get_absolute_url()}history/").content.decode()
    later = now + timedelta(minutes=1)
    second = watched(cast, later, tmp_path)
    label.refresh_from_db()
    assert label.state == "superseded"
    states, page = told(client_of(cast.officer), label)
    assert states == ["effective", "superseded"]
    assert second.labels.get().get_absolute_url() in page
    states, page = told(own, label)
    assert states == before[0] == ["effective"]
    assert "Review due" in page
    assert "uperseded" not in page
    assert own.get("/register/?state=superseded").context["page"].items == []
    assert "uperseded" not in history + own.get(f"{first.get_absolute_url()}history/").content.decode()
    record_disclosure(determination=second.determinations.get(), extent="full", by=cast.officer, now=later)
    states, page = told(own, label)
    assert states == ["effective", "superseded"]
    assert second.labels.get().get_absolute_url() in page


def test_what_becomes_of_the_entry_itself_is_told(
    cast: Cast, now: datetime, client_of: Callable[[User], Client]
) -> None:
    """A rescission after an undisclosed newer label reads as a rescission, at its own instant."""
    first = walk.labelled(cast, now, **SAME)
    walk.determined(cast, now + timedelta(minutes=1), **SAME)
    later = now + timedelta(minutes=2)
    rescind_determination(determination=first.determinations.get(), reason="x", by=cast.official, now=later)
    states, _ = told(client_of(cast.liaison), first.labels.get())
    assert states == ["rescinded"]
    row = Label.objects.visible_to(cast.liaison, later).as_told(cast.liaison, later).get()
    assert row.told_ended_at == later
    assert Label.objects.as_told(cast.officer, later).get(pk=row.pk).told_state == "superseded"
