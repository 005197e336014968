"""Drafting and changing a case: by form and by action, with everything that may be wrong about it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.register.actions import draft_case, edit_draft, move_case
from cases.register.forms import DraftForm
from cases.register.models import Case, Model, ModelVersion, ReleaseMilestone
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.refusal import Refused
from portal.notify.models import Notice
from tests import walk
from tests.cast import Cast

ClientOf = Callable[[Any], Client]
NEW = "/cases/new/"


def form(**changes: Any) -> dict[str, Any]:
    """A whole draft form."""
    return {
        "tracking_number": "MER-A1",
        "origin": "developer_inquiry",
        "model": "Meridian",
        "version": "5",
        "variant": "release_candidate",
        "checkpoint_digest": "",
        "release_at": "2027-01-15T10:00",
        "question": "Is it covered?",
        **changes,
    }


# -- by form --------------------------------------------------------------------------------------------------------


def test_a_draft_is_kept_as_entered(cast: Cast, client_of: ClientOf) -> None:
    """Eastern hours become instants; names lose control characters; only the developer learns of it."""
    client = client_of(cast.liaison)
    digest = "sha256:" + "AB" * 32
    response = client.post(NEW, form(model=" Meri\tdian\r\n", checkpoint_digest=digest))
    case = Case.objects.get(tracking_number="MER-A1")
    assert response.headers["Location"] == case.get_absolute_url()
    assert (case.stage, case.origin, case.question) == ("draft", "developer_inquiry", "Is it covered?")
    assert case.model_version is not None
    assert (case.model_version.model.name, case.model_version.name) == ("Meri dian", "5")
    assert case.model_version.checkpoint_digest == "ab" * 32
    planned = ReleaseMilestone.objects.get()
    assert planned.at.isoformat() == "2027-01-15T15:00:00+00:00"
    assert planned.stated_by == cast.liaison
    assert Entry.objects.get(kind="case.drafted").actor == cast.liaison
    assert not Notice.objects.exclude(recipient__in=[cast.liaison, cast.signatory]).exists()
    assert verify(deep=True).fault is None


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"tracking_number": ""}, 422, "thing to mend"),
        ({"origin": "government"}, 422, "Select a valid choice"),
        ({"origin": "re_evaluation"}, 422, "Select a valid choice"),
        ({"version": ""}, 422, "Name the model and its version together"),
        ({"model": ""}, 422, "Name the model and its version together"),
        ({"model": "", "version": ""}, 403, "a release date belongs to a model version"),
        ({"checkpoint_digest": "abc"}, 422, "64 characters"),
        ({"checkpoint_digest": "z" * 64}, 422, "64 characters"),
        ({"release_at": "2020-01-01T10:00"}, 403, "A planned release lies ahead"),
        ({"release_at": "2027-03-14T02:30"}, 422, "The clocks skip this hour"),
        ({"release_at": "soon"}, 422, "thing to mend"),
        ({"question": "x" * 4001}, 422, "at most 4000"),
        ({"tracking_number": "x" * 61}, 422, "at most 60"),
    ],
)
def test_what_a_draft_form_refuses(
    changes: dict[str, Any], status: int, said: str, cast: Cast, client_of: ClientOf
) -> None:
    """A sentence, nothing written, and what was typed still in the form."""
    response = client_of(cast.liaison).post(NEW, form(**{"question": "kept words", **changes}))
    assert response.status_code == status
    text = response.content.decode()
    assert said in text
    assert "kept words" in text or "question" in changes
    assert not Case.objects.exists()
    assert not Model.objects.exists()


def test_the_clock_change_in_autumn_takes_the_first_hour() -> None:
    """01:30 on 7 November 2027 comes twice in Eastern; the first is meant."""
    draft = DraftForm(form(release_at="2027-11-07T01:30"))
    assert draft.is_valid()
    assert draft.cleaned_data["release_at"].isoformat() == "2027-11-07T05:30:00+00:00"


def test_a_tracking_number_is_used_once_a_developer(cast: Cast, client_of: ClientOf) -> None:
    """The same developer gets a sentence and 409, another developer may use the same number."""
    client = client_of(cast.liaison)
    assert client.post(NEW, form()).status_code == 302
    again = client.post(NEW, form(version="6"))
    assert again.status_code == 409
    assert "uses this tracking number" in again.content.decode()
    assert not ModelVersion.objects.filter(name="6").exists()
    assert client_of(cast.stranger).post(NEW, form()).status_code == 302
    assert Case.objects.count() == 2


@pytest.mark.parametrize("who", ["signatory", "officer", "lead", "evaluator", "partner", "auditor", "admin"])
def test_who_may_not_draft(who: str, cast: Cast, client_of: ClientOf) -> None:
    """The page says whose it is."""
    client = client_of(cast.people[who])
    for response in (client.get(NEW), client.post(NEW, form())):
        assert response.status_code == 403
        assert "developer liaison" in response.content.decode()
    assert not Case.objects.exists()


# -- changing a draft -----------------------------------------------------------------------------------------------


def test_changing_a_draft_by_form(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The form shows what stands; a new planned date is a new statement, the old one stays."""
    case, client = walk.drafted(cast, now), client_of(cast.liaison)
    url = reverse("cases:case_edit", args=[case.pk])
    page = client.get(url)
    assert page.context["form"].initial["tracking_number"] == case.tracking_number
    sent = form(tracking_number="MER-NEW", revision=case.revision)
    assert client.post(url, sent).status_code == 302
    case.refresh_from_db()
    assert (case.tracking_number, str(case.model_version)) == ("MER-NEW", "Meridian 5")
    assert Entry.objects.filter(kind="case.edited").count() == 1
    same = form(tracking_number="MER-NEW", revision=case.revision)
    assert client.post(url, same).status_code == 302
    assert ReleaseMilestone.objects.filter(model_version=case.model_version).count() == 1


def test_a_stale_form_shows_both_and_goes_through_the_second_time(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """The overtaken form is a 409 that shows what stands now; pressing again is a decision."""
    case, client = walk.drafted(cast, now), client_of(cast.liaison)
    url = reverse("cases:case_edit", args=[case.pk])
    mine, theirs = (
        form(question="mine", revision=case.revision),
        form(question="theirs", revision=case.revision),
    )
    assert client.post(url, theirs).status_code == 302
    response = client.post(url, mine)
    assert response.status_code == 409
    text = response.content.decode()
    assert "Someone changed this case" in text
    assert "mine" in text
    assert "theirs" in text
    case.refresh_from_db()
    assert case.question == "theirs"
    again = {**mine, "revision": response.context["form"]["revision"].value()}
    assert client.post(url, again).status_code == 302
    case.refresh_from_db()
    assert case.question == "mine"


def test_a_submitted_case_is_recalled_before_it_is_changed(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """409 with the way out; nothing changes."""
    case, client = walk.submitted(cast, now), client_of(cast.liaison)
    url = reverse("cases:case_edit", args=[case.pk])
    assert "Recall it first" in client.get(url).content.decode()
    response = client.post(url, form(revision=case.revision))
    assert response.status_code == 409
    assert "Recall it first" in response.content.decode()
    assert Case.objects.get().tracking_number == case.tracking_number


def test_drafts_are_their_developers_alone(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The agency, the auditor and other developers get 404 for a draft; its signatory a sentence."""
    case = walk.drafted(cast, now)
    url = reverse("cases:case_edit", args=[case.pk])
    for who, person in cast.people.items():
        status = {"liaison": 200, "signatory": 403}.get(who, 404)
        assert client_of(person).get(url).status_code == status, who
        if status != 200:
            assert client_of(person).post(url, form(revision=case.revision)).status_code == status, who


# -- by action ------------------------------------------------------------------------------------------------------


def test_a_checkpoint_digest_on_file_is_not_overwritten(cast: Cast, now: datetime) -> None:
    """Another digest under the same name and version is refused: a new checkpoint is a new version."""
    walk.drafted(cast, now, version="7", checkpoint_digest="a" * 64)
    with pytest.raises(Refused, match="A new checkpoint is a new version"):
        walk.drafted(cast, now, version="7", checkpoint_digest="b" * 64)
    same = walk.drafted(cast, now, version="7", checkpoint_digest="a" * 64)
    assert ModelVersion.objects.filter(name="7").count() == 1
    assert same.model_version is not None


def test_a_draft_without_policy_is_refused(cast: Cast, now: datetime) -> None:
    """Before a policy version is in force no case begins."""
    instant = _before_policy(cast)
    with pytest.raises(Refused, match="No policy version is in force"):
        draft_case(by=cast.liaison, now=instant)


def _before_policy(cast: Cast) -> datetime:
    instant: datetime = cast.policy.effective_from - timedelta(microseconds=1)
    for person in cast.people.values():
        person.__dict__["_appointments"] = (instant, person.appointments_at(cast.policy.effective_from))
    return instant


def test_the_smallest_draft(cast: Cast, now: datetime) -> None:
    """Everything but the origin may come later; submitting waits for the model version and the date."""
    case = draft_case(by=cast.liaison, now=now)
    assert case.model_version is None
    with pytest.raises(Refused, match="Name the model version first"):
        move_case(case=case, name="submit", by=cast.liaison, now=now)
    case = edit_draft(
        case=case, by=cast.liaison, now=now, tracking_number="", question="", origin="developer_offer",
        model="Meridian", version="8", variant="release_candidate",
    )  # fmt: skip
    with pytest.raises(Refused, match="State the planned general release date first"):
        move_case(case=case, name="submit", by=cast.liaison, now=now)
