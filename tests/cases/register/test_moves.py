"""Moves through their pages: what each page says first, who gets it, what it leaves behind."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.register.actions import move_case
from cases.register.models import Case
from cases.rules import lifecycle
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.refusal import Refused
from portal.notify.models import Notice
from tests import walk
from tests.cases.documents.grants import partner_grant
from tests.cast import Cast

ClientOf = Callable[[Any], Client]


def url(case: Case, name: str) -> str:
    """The page of a move."""
    return reverse("cases:move", args=[case.pk, name])


def test_submission_by_form(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The page tells the assurance; posting submits, sets the target, tells officer, lead and signatory."""
    case, client = walk.drafted(cast, now), client_of(cast.liaison)
    page = client.get(url(case, "submit")).content.decode()
    assert cast.policy.assurance in page
    assert "recall the submission until it is acknowledged" in page
    response = client.post(url(case, "submit"), {"revision": case.revision})
    assert response.headers["Location"] == case.get_absolute_url()
    case.refresh_from_db()
    assert case.stage == "received"
    assert case.acknowledge_due_at > case.submitted_at
    entry = Entry.objects.get(kind="case.submitted")
    assert (entry.actor, entry.data["from_stage"], entry.data["to_stage"]) == (
        cast.liaison,
        "draft",
        "received",
    )
    told = set(Notice.objects.filter(kind="case.submitted").values_list("recipient", flat=True))
    assert told == {cast.officer.pk, cast.lead.pk, cast.signatory.pk}
    assert verify(deep=True).fault is None


def test_a_second_press_is_a_conflict(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The same form again: 409 with a sentence, one entry."""
    case, client = walk.drafted(cast, now), client_of(cast.liaison)
    data = {"revision": case.revision}
    assert client.post(url(case, "submit"), data).status_code == 302
    again = client.post(url(case, "submit"), data)
    assert again.status_code == 409
    assert "in the stage “received”" in again.content.decode()
    assert Entry.objects.filter(kind="case.submitted").count() == 1


def test_submission_without_model_version(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The page and the form say what is missing; nothing is submitted."""
    from cases.register.actions import draft_case

    case, client = draft_case(by=cast.liaison, now=now, tracking_number="T-0"), client_of(cast.liaison)
    for response in (
        client.get(url(case, "submit")),
        client.post(url(case, "submit"), {"revision": case.revision}),
    ):
        assert response.status_code == 409
        assert "Name the model version first" in response.content.decode()
    case.refresh_from_db()
    assert case.stage == "draft"


def test_recall_until_acknowledged(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Back to a draft that nobody outside sees; after the acknowledgement no more."""
    case, client = walk.submitted(cast, now), client_of(cast.liaison)
    assert client_of(cast.officer).get(url(case, "acknowledge")).status_code == 200
    assert client.post(url(case, "recall"), {"revision": case.revision}).status_code == 302
    case.refresh_from_db()
    assert (case.stage, case.submitted_at, case.acknowledge_due_at) == ("draft", None, None)
    assert client_of(cast.officer).get(url(case, "acknowledge")).status_code == 404
    case = walk.acknowledged(cast, now)
    answer = client.post(url(case, "recall"), {"revision": case.revision})
    assert answer.status_code == 409
    assert "in the stage “scoping”" in answer.content.decode()


def test_acknowledgement_is_told_to_the_developer(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The officer's move: liaison and signatory are told; the page thanks in the case's words."""
    case = walk.submitted(cast, now)
    response = client_of(cast.officer).post(
        url(case, "acknowledge"), {"revision": case.revision}, follow=True
    )
    assert "in the stage “scoping”" in response.content.decode()
    told = set(Notice.objects.filter(kind="case.acknowledged").values_list("recipient", flat=True))
    assert told == {cast.liaison.pk, cast.signatory.pk}


def test_withdrawal_names_what_ends_and_asks_for_the_mark(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """In numbers and names; without the mark nothing happens; with it, at once, no reason asked."""
    case = walk.acknowledged(cast, now)
    partner_grant(cast, case, now)
    client = client_of(cast.signatory)
    page = client.get(url(case, "withdraw")).content.decode()
    assert f"1 grant: {cast.partner_org.name}" in page
    assert "2 documents remain" in page
    assert "5 people are told" in page
    unmarked = client.post(url(case, "withdraw"), {"revision": case.revision})
    assert unmarked.status_code == 422
    assert "Mark the box to withdraw" in unmarked.content.decode()
    case.refresh_from_db()
    assert case.stage == "access"
    assert (
        client.post(url(case, "withdraw"), {"revision": case.revision, "confirmed": "on"}).status_code == 302
    )
    case.refresh_from_db()
    assert (case.stage, case.closed_reason) == ("withdrawn", "")
    assert case.ended_at is not None
    assert (
        client.post(url(case, "withdraw"), {"revision": case.revision, "confirmed": "on"}).status_code == 409
    )


@pytest.mark.parametrize("stage", ["draft", "received", "scoping", "benchmarking"])
def test_withdrawal_from_every_stage(stage: str, cast: Cast, now: datetime) -> None:
    """Without reason and without acknowledgement; the agency learns of it only if it knew the case."""
    steps = [walk.drafted, walk.submitted, walk.acknowledged, walk.benchmarking]
    case = steps[["draft", "received", "scoping", "benchmarking"].index(stage)](cast, now)
    Notice.objects.all().delete()
    case = move_case(case=case, name="withdraw", by=cast.signatory, now=now)
    assert case.stage == "withdrawn"
    told = set(Notice.objects.filter(kind="case.withdrawn").values_list("recipient", flat=True))
    assert (cast.officer.pk in told) == (stage != "draft")
    assert cast.liaison.pk in told


def test_closing_early_asks_for_a_reason(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Why, and in a sentence; both stand on the case and in the history."""
    case, client = walk.acknowledged(cast, now), client_of(cast.officer)
    assert client.post(url(case, "close_early"), {"revision": case.revision}).status_code == 422
    data = {"revision": case.revision, "closed_reason": "duplicate", "reason": "Same model as another case."}
    assert client.post(url(case, "close_early"), data).status_code == 302
    case.refresh_from_db()
    assert (case.stage, case.closed_reason) == ("closed", "duplicate")
    entry = Entry.objects.get(kind="case.closed")
    assert (entry.reason, entry.data["reason"]) == (
        "Same model as another case.",
        "duplicate of another case",
    )


def test_nothing_closes_while_a_grant_is_open(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The page says so before anybody fills in a form."""
    case = walk.acknowledged(cast, now)
    partner_grant(cast, case, now)
    response = client_of(cast.officer).get(url(case, "close_early"))
    assert response.status_code == 409
    assert "A grant is still open" in response.content.decode()


def test_discarding_and_lapsing(cast: Cast, now: datetime) -> None:
    """Both close with their own word; a discarded draft stays a record."""
    draft = move_case(case=walk.drafted(cast, now), name="discard", by=cast.liaison, now=now)
    assert (draft.stage, draft.closed_reason) == ("closed", "discarded")
    assert Case.objects.visible_to(cast.liaison, now).filter(pk=draft.pk).exists()
    assert not Case.objects.visible_to(cast.officer, now).filter(pk=draft.pk).exists()
    lapsed = move_case(case=walk.acknowledged(cast, now), name="lapse", by=cast.officer, now=now)
    assert (lapsed.stage, lapsed.closed_reason) == ("closed", "lapsed")


def test_there_and_back_again(cast: Cast, now: datetime) -> None:
    """benchmarking ⇄ labeling, and back to scoping when access is offered late."""
    case = walk.benchmarking(cast, now)
    for name, stage in (
        ("label_without_evidence", "labeling"), ("more_evidence", "benchmarking"), ("offer_access", "scoping"),
    ):  # fmt: skip
        case = move_case(case=case, name=name, by=cast.officer, now=now)
        assert case.stage == stage
    case = move_case(case=case, name="documents_only", by=cast.officer, now=now)
    with pytest.raises(Refused, match="no accepted run"):
        move_case(case=case, name="label", by=cast.officer, now=now)


def test_ended_cases_never_move(cast: Cast, now: datetime) -> None:
    """Every move out of an ended case is refused, whoever asks."""
    for name in ("withdraw", "close_early"):
        by = cast.signatory if name == "withdraw" else cast.officer
        case = move_case(case=walk.acknowledged(cast, now), name=name, by=by, now=now)
        for move in {move.name for move in lifecycle.MOVES}:
            for person in (cast.liaison, cast.signatory, cast.officer, cast.lead):
                with pytest.raises(Refused):
                    move_case(case=case, name=move, by=person, now=now)


def test_who_gets_which_page(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Strangers 404 on every move; those who see the case and may not, 403; unknown moves 404."""
    case = walk.submitted(cast, now)
    for who in ("stranger", "stranger_signatory", "partner", "consultee", "evaluator", "admin", "org_admin"):
        client = client_of(cast.people[who])
        for name in ("acknowledge", "withdraw", "recall", "submit"):
            assert client.get(url(case, name)).status_code == 404, (who, name)
            assert (
                client.post(url(case, name), {"revision": case.revision, "confirmed": "on"}).status_code
                == 404
            )
    others = {"liaison": "acknowledge", "officer": "withdraw", "auditor": "recall", "lead": "acknowledge"}
    for who, name in others.items():
        client = client_of(cast.people[who])
        assert client.get(url(case, name)).status_code == 403, who
        assert client.post(url(case, name), {"revision": case.revision, "confirmed": "on"}).status_code == 403
    officer = client_of(cast.officer)
    assert officer.get(url(case, "approve")).status_code == 404
    assert client_of(cast.signatory).get(url(case, "begin_access")).status_code == 404
    case.refresh_from_db()
    assert case.stage == "received"


def test_a_get_moves_nothing(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """Looking at a confirmation is not confirming; a form without its revision is not one of ours."""
    case, client = walk.drafted(cast, now), client_of(cast.liaison)
    client.get(url(case, "submit"))
    client.head(url(case, "submit"))
    assert client.post(url(case, "submit"), {}).status_code == 422
    assert client.post(url(case, "submit"), {"revision": "x"}).status_code == 422
    case.refresh_from_db()
    assert case.stage == "draft"


def test_a_move_on_a_page_that_was_overtaken(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The draft changed after the page was opened: 409, then a second press decides."""
    case, client = walk.drafted(cast, now), client_of(cast.liaison)
    response = client.post(url(case, "submit"), {"revision": case.revision - 1})
    assert response.status_code == 409
    assert "Someone changed this case" in response.content.decode()
    shown = response.context["form"]["revision"].value()
    assert client.post(url(case, "submit"), {"revision": shown}).status_code == 302
