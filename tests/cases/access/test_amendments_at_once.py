"""Races about an amendment over real connections: one of two wins, the other reads why (F20, attack row 73)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.actions import add_person, appoint
from cases.access.models import Agreement, Grant
from cases.register.models import Case
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.clock import database_now
from tests import walk
from tests.at_once import at_once
from tests.cast import Cast, load_people

ROUNDS: Final = 4
DAY: Final = timedelta(days=1)
pytestmark = pytest.mark.django_db(transaction=True)
Post = Callable[[], tuple[int, str]]


class Stage:
    """The people at their browsers, and a case in access."""

    def __init__(self) -> None:
        self.now = database_now()
        self.cast = load_people(self.now - timedelta(hours=1))
        more = {}
        for key, organisation, role in (
            ("signatory2", self.cast.developer, "developer_signatory"),
            ("lead2", self.cast.agency, "framework_lead"),
        ):
            more[key] = add_person(email=f"{key}@at-once.example", name=key, by=None, now=self.now)
            began = self.now - timedelta(hours=1)
            appoint(person=more[key], organisation=organisation, role=role, by=None, now=began)
        people = {key: getattr(self.cast, key) for key in ("signatory", "lead", "officer")} | more
        self.clients = {key: signed_in(person) for key, person in people.items()}

    def post(self, who: str, path: str, data: dict[str, Any]) -> Post:
        """A post that waits to be sent; it gives status and text."""
        return lambda: told(self.clients[who].post(path, data))

    def sign(self, who: str, version: Agreement) -> Post:
        """The signature under a version, on its text as it stands."""
        path = reverse("cases:agreement_sign", args=[version.pk])
        return self.post(who, path, {"digest": version.text_digest, "confirmed": "on"})

    def half_signed(self, case: Case, **changes: Any) -> Agreement:
        """An amendment that the developer's side has signed."""
        version = walk.agreement(self.cast, case, database_now(), **changes)
        assert self.sign("signatory", version)()[0] == 302
        return version


def signed_in(person: Any) -> Client:
    """A browser of somebody's own."""
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def told(answer: HttpResponse) -> tuple[int, str]:
    """Status and text of a page."""
    return answer.status_code, " ".join(answer.content.decode().split())


def spans(case: Case) -> int:
    """How many windows count anything."""
    return sum(period.left is not None for period in case.window_periods.all())


def test_one_signature_a_side_and_one_of_two_that_exclude_each_other() -> None:
    """Four sign at once; a new draft against the second signature; a withdrawal against it. The log stays whole."""
    stage = Stage()
    case = walk.agreed(stage.cast, stage.now)
    for _ in range(ROUNDS):
        four_sign(stage, case)
        a_draft_against_the_second_signature(stage, case)
    for _ in range(ROUNDS):
        a_withdrawal_against_the_second_signature(stage)
    a_retraction_against_the_second_signature(stage, case)
    assert verify().fault is None


def four_sign(stage: Stage, case: Case) -> None:
    """Two of each side: one of each wins, the other of it hears that its side, or both, have signed."""
    version = walk.agreement(stage.cast, case, database_now())
    before = case.window_periods.count()
    answers = at_once(*(stage.sign(who, version) for who in ("signatory", "signatory2", "lead", "lead2")))
    for first, second in (answers[:2], answers[2:]):
        assert sorted((first[0], second[0])) == [302, 409]
        lost = first if first[0] == 409 else second
        assert (
            "side has signed this version already" in lost[1]
            or "Both sides have signed this version" in lost[1]
        )
    assert sorted(version.signatures.values_list("side", flat=True)) == ["agency", "developer"]
    assert case.window_periods.count() == before + 1
    assert case.agreements.filter(state="signed").get().pk == version.pk


def a_draft_against_the_second_signature(stage: Stage, case: Case) -> None:
    """A newer version replaces the one that waits, or finds that other terms came into force: never both."""
    version = stage.half_signed(case)
    path = reverse("cases:agreement_new", args=[case.pk])
    start = stage.clients["officer"].get(path).context["form"].initial
    close = f"{database_now() + 9 * DAY:%Y-%m-%dT%H:%M}"
    typed = {**start, "opens_at": "", "closes_at": close, "scope": "Other words."}
    signed, drafted = at_once(stage.sign("lead", version), stage.post("officer", path, typed))
    assert sorted((signed[0], drafted[0])) == [302, 409], (signed[0], drafted[0], drafted[1][-3000:])
    version.refresh_from_db()
    if signed[0] == 302:
        assert version.state == "signed"
        assert "Someone changed this case while you had the page open." in drafted[1]
    else:
        assert version.state == "superseded"
        assert "A newer version replaced this one. Sign the newest version." in signed[1]


def a_withdrawal_against_the_second_signature(stage: Stage) -> None:
    """Withdrawn first, nothing is signed any more; signed first, the withdrawal is confirmed anew and then stands."""
    case = walk.agreed(stage.cast, stage.now)
    version = stage.half_signed(case)
    path = reverse("cases:move", args=[case.pk, "withdraw"])
    form = {"confirmed": "on", "revision": Case.objects.get(pk=case.pk).revision}
    signed, withdrawn = at_once(stage.sign("lead", version), stage.post("signatory", path, form))
    assert sorted((signed[0], withdrawn[0])) == [302, 409]
    if withdrawn[0] == 302:
        assert "an amendment is not signed now" in signed[1]
        assert version.signatures.count() == 1
    else:
        assert "Someone changed this case while you had the page open." in withdrawn[1]
        form["revision"] = Case.objects.get(pk=case.pk).revision
        assert stage.post("signatory", path, form)()[0] == 302
    case.refresh_from_db()
    assert case.stage == "withdrawn"
    at = database_now()
    assert not [one for one in case.window_periods.all() if one.left and one.left.end > at]


def a_retraction_against_the_second_signature(stage: Stage, case: Case) -> None:
    """Both are right and both stand; the grant that either would end ends once, for the reason that came first."""
    cast: Cast = stage.cast
    for _ in range(ROUNDS):
        moment: datetime = database_now()
        walk.amended(cast, case, moment)
        grant = walk.partner_grant(cast, case, database_now(), ends_at=moment + DAY)
        later = stage.half_signed(case, opens_at=moment + 2 * DAY)
        retract = reverse("cases:retract", args=[grant.nomination_id])
        answers = at_once(stage.sign("lead", later), stage.post("signatory", retract, {"confirmed": "on"}))
        assert [status for status, _ in answers] == [302, 302]
        reasons = [
            one.data["reason"] for one in Entry.objects.filter(kind="grant.ended", subject_id=str(grant.pk))
        ]
        grant = Grant.objects.get(pk=grant.pk)
        assert reasons == [grant.get_end_reason_display()]
        assert grant.end_reason in ("amended", "retracted")
        assert spans(case) > 0
