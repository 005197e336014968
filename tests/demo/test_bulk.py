"""The bulk load: what it writes is whole, visible to the right people, and like what the actions write."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.urls import reverse

from accounts.models import Organisation, User
from cases.access.models import Grant, GrantUserPermission
from cases.register.models import Case
from cases.rules import clock, lifecycle
from demo.bulk import NotPossible, Plan, load
from portal.audit import canonical
from portal.audit.journal import body
from portal.audit.models import Entry, Sequence
from portal.audit.verify import verify
from portal.kit.clock import database_now
from portal.kit.gate import writing
from tests.cast import Cast, load_people

CASES = 300


def quiet(line: str) -> None:
    """Takes a line of progress and says nothing."""


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Plan, Cast]]:
    """One load for all tests of this module, in a transaction around theirs."""
    with django_db_blocker.unblock(), transaction.atomic():
        now = database_now()
        cast = load_people(now - timedelta(days=800))
        yield load(cases=CASES, permissions=300, now=now, tell=quiet), cast
        transaction.set_rollback(True)


@pytest.fixture
def plan(loaded: tuple[Plan, Cast], db: None) -> Plan:
    return loaded[0]


@pytest.fixture
def cast(loaded: tuple[Plan, Cast], db: None) -> Cast:
    return loaded[1]


def partner_people(plan: Plan, name: str) -> list[User]:
    organisation = Organisation.objects.get(short_name=f"{plan.tag}-{name}")
    return list(User.objects.filter(appointments__organisation=organisation).order_by("email"))


def test_the_audit_log_is_whole_with_every_history_row_told_of(plan: Plan) -> None:
    report = verify(deep=True)
    assert report.fault is None
    assert report.sequences >= CASES
    told = {
        (mark["model"], mark["history_id"])
        for rows in Entry.objects.values_list("rows", flat=True)
        for mark in rows
    }
    for model in (Case, Grant, GrantUserPermission):
        label = model._meta.label_lower
        assert {(label, str(pk)) for pk in model.history.values_list("history_id", flat=True)} <= told


def test_entries_are_the_bytes_that_the_journal_would_write(plan: Plan) -> None:
    for entry in Entry.objects.filter(kind__in=["case.drafted", "grant.issued", "case.closed"])[:50]:
        assert canonical.digest(body(entry, Sequence.objects.get(pk=entry.sequence_id).key)) == entry.digest


def test_a_changed_history_row_is_found(plan: Plan) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE cases_historicalcase SET question = 'other' WHERE revision = 1 AND stage = 'draft'"
        )
    fault = verify(deep=True).fault
    assert fault is not None
    assert fault.kind == "history changed"


def test_cases_stand_in_every_stage_over_two_years(plan: Plan, now) -> None:
    stages = Counter(Case.objects.values_list("stage", flat=True))
    assert sum(stages.values()) == CASES
    assert set(stages) == set(lifecycle.STAGES)
    created = Case.objects.order_by("created_at").values_list("created_at", flat=True)
    assert now - timedelta(days=731) < created[0] < created.last() < now


def test_instants_are_in_order_and_targets_are_the_policy_s(plan: Plan, cast: Cast, now) -> None:
    for case in Case.objects.exclude(submitted_at=None).exclude(origin="government")[:40]:
        assert case.created_at <= case.submitted_at <= case.stage_since <= now
        assert case.acknowledge_due_at == clock.due_at("acknowledge", case.submitted_at, cast.policy.clocks)


def test_a_history_row_is_as_an_ordinary_save_writes_it(plan: Plan) -> None:
    case = Case.objects.filter(stage="benchmarking").first()
    loaded = case.history.latest("history_id")
    with writing():
        case.save()
    saved = case.history.latest("history_id")
    assert saved.history_id != loaded.history_id
    own = {"history_id", "history_date", "history_user_id"}  # the one has a person and that person's hour
    names = [field.attname for field in loaded._meta.concrete_fields if field.attname not in own]
    assert {name: getattr(loaded, name) for name in names} == {name: getattr(saved, name) for name in names}
    first = case.history.earliest("history_id")
    assert (first.history_type, first.revision, first.stage) == ("+", 1, "draft")
    assert (first.history_user_id, first.history_date) == (case.created_by_id, case.created_at)


def test_search_text_is_what_saving_would_make_it(plan: Plan) -> None:
    from cases.register.actions import _search_text

    for case in Case.objects.exclude(tracking_number="").select_related("developer", "model_version__model")[
        :20
    ]:
        assert case.search_text == _search_text(case)


@pytest.mark.parametrize("name", ["Partner A dense", "Partner B medium", "Partner C sparse"])
def test_a_partner_sees_its_own_grants_and_no_case(plan: Plan, now, name: str) -> None:
    for person in partner_people(plan, name):
        own = GrantUserPermission.objects.filter(user=person).values_list("content_object_id", flat=True)
        assert set(Grant.objects.visible_to(person, now).values_list("pk", flat=True)) == set(own)
        assert not Case.objects.visible_to(person, now).exists()
    dense = GrantUserPermission.objects.filter(user=partner_people(plan, "Partner A dense")[0]).count()
    assert (
        dense > GrantUserPermission.objects.filter(user=partner_people(plan, name)[0]).count()
        or "dense" in name
    )


def test_the_list_pages_show_them(plan: Plan, cast: Cast, client_of) -> None:
    newest = Case.objects.exclude(submitted_at=None).order_by("-created_at").first()
    page = client_of(cast.officer).get(reverse("cases:cases"))
    assert page.status_code == 200
    assert newest.number in page.content.decode()
    found = client_of(cast.officer).get(reverse("cases:cases"), {"q": newest.tracking_number})
    assert newest.number in found.content.decode()
    assert client_of(cast.officer).get(newest.get_absolute_url()).status_code == 200


def test_it_may_be_run_again(plan: Plan, now) -> None:
    before = Case.objects.count()
    load(cases=16, now=now, tell=quiet)
    assert Case.objects.count() == before + 16
    assert verify(deep=True).fault is None


def test_more_permissions_than_grants_can_name_are_refused(cast: Cast, now) -> None:
    with pytest.raises(NotPossible, match="at most"):
        load(cases=16, permissions=10_000, now=now, tell=quiet)


def test_the_command_adds_and_says_how_long_it_took(db: None) -> None:
    out = StringIO()
    before = Case.objects.count()
    call_command("load_demo", cases=24, stdout=out)
    assert "24 cases added" in out.getvalue()
    assert Case.objects.count() == before + 24


def test_the_demonstration_loads_once(cast: Cast) -> None:
    with pytest.raises(CommandError, match="people in this database already"):
        call_command("load_demo", stdout=StringIO())
