"""Suites and threshold rules: registered once, declared by one evaluator, agreed to by another, frozen from then on."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from cases.benchmarks.actions import TaskSpec, agree_rule, declare_rule, register_suite_version
from cases.benchmarks.models import SuiteVersion, ThresholdRule
from cases.benchmarks.queries import waiting
from cases.benchmarks.rulebook import digest_of
from portal.audit.models import Entry
from portal.kit.gate import writing
from portal.kit.refusal import Refused
from portal.notify.models import Notice
from tests import walk
from tests.cast import Cast

ClientOf = Callable[[Any], Client]


def register(cast: Cast, now: datetime, **changes: Any) -> SuiteVersion:
    values = {"suite": "toy-cyber", "version": "1.0", "tasks": [TaskSpec("toy_decode", 60)], **changes}
    return register_suite_version(by=cast.evaluator, now=now, **values)


def declared(cast: Cast, now: datetime, **changes: Any) -> ThresholdRule:
    version = walk.suite(cast, now)
    values = {"scorer": "includes", "threshold": 0.5, **changes}
    return declare_rule(task=version.tasks.get(), by=cast.evaluator, now=now, **values)


def test_a_suite_version_is_registered_once(cast: Cast, now: datetime) -> None:
    version = register(cast, now, tasks=[TaskSpec("a", 40), TaskSpec("b", 25, 5, "2")])
    assert [str(task) for task in version.tasks.order_by("name")] == ["a", "b"]
    entry = Entry.objects.get(kind="suite.registered")
    assert (entry.sequence.key, entry.actor, entry.case_id) == ("stream:benchmarks", cast.evaluator, None)
    assert len(entry.rows) == 4
    with pytest.raises(Refused, match="registered already") as refused:
        register(cast, now)
    assert refused.value.conflict
    assert register(cast, now, version="1.1").suite == version.suite


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"marking": "S"}, "high-side pointer"),
        ({"tasks": []}, "at least one task"),
        ({"tasks": [TaskSpec("a", 1), TaskSpec("a", 2)]}, "same name"),
    ],
)
def test_a_suite_version_that_cannot_be(cast: Cast, now: datetime, changes: Any, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        register(cast, now, **changes)
    assert not SuiteVersion.objects.exists()


@pytest.mark.parametrize("who", ["officer", "official", "liaison", "partner", "auditor", "admin"])
def test_only_evaluators_register_declare_and_agree(cast: Cast, now: datetime, who: str) -> None:
    person, rule = getattr(cast, who), declared(cast, now)
    with pytest.raises(Refused, match="done by an evaluator"):
        register_suite_version(suite="s", version="1", tasks=[TaskSpec("a", 1)], by=person, now=now)
    with pytest.raises(Refused, match="done by an evaluator"):
        declare_rule(task=rule.task, scorer="x", threshold=0.1, by=person, now=now)
    with pytest.raises(Refused, match="done by an evaluator"):
        agree_rule(rule=rule, digest=rule.digest, by=person, now=now)


def test_two_people_make_a_rule(cast: Cast, now: datetime) -> None:
    rule = declared(cast, now)
    assert digest_of(rule) == rule.digest
    assert set(Notice.objects.filter(kind="rule.declared").values_list("recipient", flat=True)) == {
        cast.evaluator2.pk
    }
    assert [(w.verb, w.url) for w in waiting(cast.evaluator2, now) if "rule" in w.verb] == [
        ("Read a threshold rule and agree", reverse("cases:rule_agree", args=[rule.pk]))
    ]
    with pytest.raises(Refused, match="yourself"):
        agree_rule(rule=rule, digest=rule.digest, by=cast.evaluator, now=now)
    with pytest.raises(Refused, match="not the one you read"):
        agree_rule(rule=rule, digest="0" * 64, by=cast.evaluator2, now=now)
    agree_rule(rule=rule, digest=rule.digest, by=cast.evaluator2, now=now)
    with pytest.raises(Refused, match="frozen") as refused:
        agree_rule(rule=rule, digest=rule.digest, by=cast.evaluator2, now=now)
    assert refused.value.conflict
    assert Entry.objects.filter(kind="rule.agreed", subject_id=str(rule.pk)).count() == 1
    assert not [w for w in waiting(cast.evaluator2, now) if "rule" in w.verb]


def test_the_database_wants_two_people_too(cast: Cast, now: datetime) -> None:
    rule = declared(cast, now)
    rule.agreed_by, rule.agreed_at = cast.evaluator, now
    with pytest.raises(IntegrityError, match="rule_two_people"), transaction.atomic(), writing():
        rule.save()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"threshold": 1.2}, "between 0 and 1"),
        ({"threshold": float("nan")}, "between 0 and 1"),
        ({"alert": -0.1}, "between 0 and 1"),
        ({"alpha": 0.5}, "α"),
        ({"metric": "bootstrap"}, "recounted"),
    ],
)
def test_a_rule_that_cannot_be(cast: Cast, now: datetime, changes: Any, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        declared(cast, now, **changes)


def test_the_same_rule_is_not_declared_twice(cast: Cast, now: datetime) -> None:
    rule = declared(cast, now)
    with pytest.raises(Refused, match="declared for the task already") as refused:
        declare_rule(task=rule.task, scorer="includes", threshold=0.5, by=cast.evaluator2, now=now)
    assert refused.value.conflict
    declare_rule(task=rule.task, scorer="includes", threshold=0.6, by=cast.evaluator2, now=now)


def test_pages_from_suite_to_agreed_rule(cast: Cast, client_of: ClientOf) -> None:
    first, second = client_of(cast.evaluator), client_of(cast.evaluator2)
    typed = {
        "suite": "toy-cyber", "version": "2.0", "marking": "U", "purpose": "",
        "tasks": "toy_decode, 60\nother task, 25, 5, 3.1",
    }  # fmt: skip
    assert first.post(reverse("cases:suite_new"), {**typed, "tasks": "no count"}).status_code == 422
    made = first.post(reverse("cases:suite_new"), typed, follow=True)
    version = SuiteVersion.objects.get()
    assert list(version.tasks.order_by("name").values_list("name", "expected_samples", "epochs", "task_version")) == [
        ("other task", 25, 5, "3.1"), ("toy_decode", 60, 1, ""),
    ]  # fmt: skip
    assert "Threshold rules will appear here" in made.content.decode()
    assert first.post(reverse("cases:suite_new"), typed).status_code == 409
    rule_form = {
        "task": str(version.tasks.get(name="toy_decode").pk), "scorer": "includes", "metric": "accuracy",
        "direction": "at_least", "threshold": "0.5", "alert": "", "alpha": "0.05", "min_n": "30",
        "min_effective_n": "30", "min_completeness": "0.95", "max_error_rate": "0.05",
    }  # fmt: skip
    new = reverse("cases:rule_new", args=[version.pk])
    assert first.get(new).status_code == 200
    assert first.post(new, {**rule_form, "threshold": "2"}).status_code == 422
    assert first.post(new, rule_form).status_code == 302
    rule = ThresholdRule.objects.get()
    agree = reverse("cases:rule_agree", args=[rule.pk])
    shown = second.get(agree).content.decode()
    assert rule.digest in shown
    assert "at least 0.5" in shown
    assert "You declared this rule yourself" in first.get(agree).content.decode()
    assert first.post(agree, {"digest": rule.digest}).status_code == 403
    assert second.post(agree, {"digest": rule.digest}, follow=True).status_code == 200
    assert second.post(agree, {"digest": rule.digest}).status_code == 409
    page = second.get(version.get_absolute_url()).content.decode()
    assert "frozen" in page
    assert "at least 0.50" in page


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("evaluator", 200),
        ("officer", 200),
        ("auditor", 200),
        ("liaison", 404),
        ("partner", 404),
        ("consultee", 404),
    ],
)
def test_who_sees_a_suite(cast: Cast, now: datetime, client_of: ClientOf, who: str, status: int) -> None:
    version = declared(cast, now, threshold=0.77).task.suite_version
    client = client_of(getattr(cast, who))
    answer = client.get(version.get_absolute_url())
    assert answer.status_code == status
    assert client.get(reverse("cases:suites")).status_code == status
    made = client.get(reverse("cases:suite_new")).status_code
    assert made == (status if who in ("evaluator", "liaison", "partner", "consultee") else 403)
    if status == 200:
        assert ("0.77" in answer.content.decode()) is (who != "auditor")


def test_the_list_costs_the_same_for_one_and_for_twenty(
    cast: Cast, now: datetime, client_of: ClientOf, django_assert_max_num_queries: Any
) -> None:
    client, spent = client_of(cast.evaluator), []
    for more in (1, 19):
        for _ in range(more):
            walk.agreed_rule(cast, walk.suite(cast, now), now)
        with django_assert_max_num_queries(12) as queries:
            page = client.get(reverse("cases:suites")).content.decode()
        spent.append(len(queries))
    assert spent[0] == spent[1]
    assert page.count("1, 1 agreed") == 20
