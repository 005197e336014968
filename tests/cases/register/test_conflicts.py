"""Conflicts of interest: declared by oneself, recusing at once, read by two roles; who must have declared first."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.actions import add_person, appoint
from accounts.models import User
from cases.benchmarks.actions import import_run
from cases.labels.signing import propose
from cases.register import declarations
from cases.register.actions import assign, recuse
from cases.register.conflicts import declare, lift_recusal
from cases.register.models import Case, Declaration, PolicyVersion, Recusal
from cases.register.policies import sign_policy
from cases.reports.home import home
from cases.rules import clock
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.files import Received
from portal.kit.refusal import Refused
from portal.notify.models import Notice
from tests import walk
from tests.cast import Cast

ClientOf = Callable[[User], Client]
CANARY = "Shares in Zephyr"
ASK = "Declare whether you have a conflict of interest"
FILE = Received("none", 1, "0" * 64)


@pytest.fixture
def case(cast: Cast, now: datetime) -> Case:
    """In benchmarking, two evaluators assigned, the first declared to have no conflict."""
    case = walk.benchmarking(cast, now)
    assign(case=case, person=cast.evaluator2, role="evaluator", by=cast.officer, now=now)
    return case


def conflict(case: Case, by: User, now: datetime) -> Declaration:
    """A financial conflict, declared."""
    return declare(case=case, kind="financial", text=CANARY, by=by, now=now)


def test_a_conflict_recuses_in_the_same_transaction(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """Recusal, end of the assignment, notices to officer and lead, an entry without words; the page is gone."""
    client = client_of(cast.evaluator2)
    assert client.get(case.get_absolute_url()).status_code == 200
    path = reverse("cases:declare", args=[case.pk])
    answered = client.post(path, {"kind": "financial", "text": CANARY})
    assert (answered.status_code, answered["Location"]) == (302, "/")
    recusal = Recusal.objects.get()
    assert (recusal.person, recusal.until, recusal.declaration.text) == (cast.evaluator2, None, CANARY)
    assert not case.assignments.filter(person=cast.evaluator2, until__isnull=True).exists()
    told = Notice.objects.filter(kind="conflict.declared").values_list("recipient", flat=True)
    assert set(told) == {cast.officer.pk, cast.lead.pk}
    entry = Entry.objects.get(kind="conflict.declared")
    assert (entry.data, entry.reason, len(entry.rows)) == ({}, "", 3)
    assert client.get(case.get_absolute_url()).status_code == 404
    assert client.post(path, {"kind": "none"}).status_code == 404
    assert verify(deep=True).fault is None


def test_the_words_are_read_by_lead_and_security_manager_alone(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """Every other person who sees the case learns of the recusal at most, on any page, the history included."""
    conflict(case, cast.evaluator2, now)
    page = reverse("cases:declarations", args=[case.pk])
    places = [
        case.get_absolute_url(),
        reverse("cases:history", args=[case.pk]),
        "/",
        "/notices/",
        "/history/",
        page,
    ]
    for name, person in cast.people.items():
        client = client_of(person)
        shown = {place: client.get(place) for place in places}
        if name in ("lead", "security"):
            assert CANARY in shown.pop(page).content.decode()
        else:
            assert shown[page].status_code in (403, 404), name
        for place, answered in shown.items():
            text = answered.content.decode()
            assert not {word for word in (CANARY, "Financial interest") if word in text}, (name, place)


def test_who_must_declare_first_is_asked_and_stopped(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """An evaluator imports nothing before; its home and the case officer's page say so, until it has declared."""
    version = walk.suite(cast, now)

    def bring_in(by: User) -> Any:
        return import_run(case=case, suite_version=version, received=FILE, file_name="a", by=by, now=now)

    def asks(person: User) -> list[str]:
        return [one.case_number for one in home(person, now).waiting if one.verb == ASK]

    with pytest.raises(Refused, match="Declare first") as refused:
        bring_in(cast.evaluator2)
    assert refused.value.conflict
    assert (asks(cast.evaluator), asks(cast.evaluator2)) == ([], [case.number])
    assert "Declare first" in client_of(cast.evaluator2).get(case.get_absolute_url()).content.decode()
    officer = client_of(cast.officer)
    assert officer.get(case.get_absolute_url()).content.decode().count("no declaration yet") == 2
    assert (
        client_of(cast.evaluator2)
        .post(reverse("cases:declare", args=[case.pk]), {"kind": "none"})
        .status_code
        == 302
    )
    assert asks(cast.evaluator2) == []
    assert officer.get(case.get_absolute_url()).content.decode().count("no declaration yet") == 1  # its own
    assert bring_in(cast.evaluator2).imported_by == cast.evaluator2
    with pytest.raises(Refused, match="It stands"):
        declare(case=case, kind="none", by=cast.evaluator2, now=now)


def test_offices_and_officials_are_asked_and_the_official_signs_after_it(cast: Cast, now: datetime) -> None:
    """A consultee is asked and may answer without; a determining official is stopped until it has declared."""
    case = walk.asked(cast, now)
    waits = [
        (one.case_number, one.tracking_number) for one in home(cast.consultee, now).waiting if one.verb == ASK
    ]
    assert waits == [(case.number, "")]
    for one in case.consultations.all():
        by = cast.consultee if one.required else cast.consultee2
        walk.answer_consultation(consultation=one, answer="no_view", by=by, now=now)
    second = add_person(email="second@agency.example", name="Second Official", by=None, now=now)
    appoint(person=second, organisation=cast.agency, role="determining_official", by=None, now=now)
    words = {"outcome": "no_determination", "rationale": "None."}
    with pytest.raises(Refused, match="Declare first"):
        propose(case=case, by=second, now=now, **words)  # type: ignore[arg-type]
    assert [one.verb for one in home(second, now).waiting if one.verb == ASK] == [ASK]
    declare(case=case, kind="none", by=second, now=now)
    assert propose(case=case, by=second, now=now, **words).digest  # type: ignore[arg-type]


def test_a_policy_version_may_ask_nobody(cast: Cast, now: datetime) -> None:
    """The flag stands in the policy record of the case; other roles than the two are not asked for."""
    told: dict[str, Any] = {
        "by": cast.lead, "now": now, "default_marking": "PROPIN", "clocks": clock.defaults(), "safeguards": [],
        "assurance": "", "roster": [],
    }  # fmt: skip
    with pytest.raises(Refused, match="nobody else"):
        sign_policy(**told, declarations=["auditor"])
    sign_policy(**told, declarations=[])
    assert PolicyVersion.objects.get(number=1).declarations == ["evaluator", "determining_official"]
    case = walk.benchmarking(cast, now)
    assert declarations.undeclared(case, cast.evaluator2, "evaluator") is None


def test_a_recusal_is_lifted_by_the_lead_with_a_reason(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """Afterwards the person reads again what its roles open, is assigned anew, and declares anew."""
    recusal = conflict(case, cast.evaluator2, now).recusal
    assert recusal is not None
    path = reverse("cases:recusal_lift", args=[recusal.pk])
    for key, status in {
        "officer": 403,
        "security": 403,
        "evaluator2": 404,
        "liaison": 403,
        "stranger": 404,
    }.items():
        assert client_of(cast.people[key]).post(path, {"reason": "Sold."}).status_code == status, key
    lead = client_of(cast.lead)
    assert lead.post(path, {"reason": " "}).status_code == 422
    assert lead.post(path, {"reason": "Sold."}).status_code == 302
    assert lead.post(path, {"reason": "Sold."}).status_code == 409
    recusal.refresh_from_db()
    assert (recusal.lifted_by, recusal.lift_reason) == (cast.lead, "Sold.")
    later = now + timedelta(minutes=1)
    assign(case=case, person=cast.evaluator2, role="evaluator", by=cast.officer, now=later)
    assert declarations.undeclared(case, cast.evaluator2, "evaluator") is not None
    declare(case=case, kind="none", by=cast.evaluator2, now=later)
    assert declarations.undeclared(case, cast.evaluator2, "evaluator") is None
    own = recuse(case=case, person=cast.lead, reason="Interest", by=cast.officer, now=later)
    with pytest.raises(Refused, match="recused"):
        lift_recusal(recusal=own, reason="Mine.", by=cast.lead, now=later)


def test_bad_input_has_its_sentence_and_the_database_agrees(
    cast: Cast, case: Case, now: datetime, client_of: ClientOf
) -> None:
    """What the form answers, what the action refuses, and what raw SQL may not do."""
    client, path = client_of(cast.evaluator2), reverse("cases:declare", args=[case.pk])
    bad = {
        "Describe the conflict": {"kind": "family"}, "Leave this empty": {"kind": "none", "text": "x"},
        "Choose one": {}, "Select a valid choice": {"kind": "other"},
    }  # fmt: skip
    for words, data in bad.items():
        answered = client.post(path, data)
        assert answered.status_code == 422
        assert words in answered.content.decode(), words
    for kind, text in (("other", "x"), ("family", " "), ("none", "x")):
        with pytest.raises(Refused):
            declare(case=case, kind=kind, text=text, by=cast.evaluator2, now=now)
    assert Declaration.objects.count() == 1  # the first evaluator's
    raw = {
        "UPDATE cases_declaration SET kind = 'family'": "append-only",
        "UPDATE cases_recusal SET until = now()": "recusal_lifted_with_reason",
        "INSERT INTO cases_declaration (id, case_id, person_id, number, appointment_id, kind, text, declared_at)"
        " SELECT gen_random_uuid(), case_id, person_id, 2, appointment_id, 'family', 'x', declared_at"
        " FROM cases_declaration": "declared_conflict_recuses",
    }
    recuse(case=case, person=cast.evaluator2, reason="shares", by=cast.officer, now=now)
    for sql, name in raw.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
