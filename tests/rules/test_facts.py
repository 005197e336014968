"""Facts loaded with a case are the facts asked one by one, in every stage."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.register.models import Case
from cases.rules.facts import FACTS, evaluates, holds, with_facts
from tests import walk
from tests.cast import Cast


def _rescinded(cast: Cast, now: datetime) -> Case:
    from cases.labels.signing import rescind_determination

    case = walk.determined(cast, now)
    rescind_determination(
        determination=case.determinations.get(), reason="An error.", by=cast.official, now=now
    )
    return case


TOLD = {
    walk.drafted: set(),
    walk.agreed: {"signed_agreement", "developer_signature", "started_window"},
    walk.granted: {"signed_agreement", "developer_signature", "started_window", "open_grant"},
    walk.measured: {"accepted_run"},
    walk.asked: {"accepted_run", "consultation", "open_consultation"},
    walk.determined: {"accepted_run", "consultation", "determination"},
    walk.labelled: {"accepted_run", "consultation", "determination", "disclosure"},
    _rescinded: {"accepted_run", "consultation"},
}


@pytest.mark.parametrize("walked", TOLD, ids=lambda walked: walked.__name__)
def test_loaded_and_asked_agree(walked: Callable[..., Any], cast: Cast, now: datetime) -> None:
    """The same answers either way; loaded ones cost nothing more."""
    plain = Case.objects.get(pk=walked(cast, now).pk)
    asked = {fact for fact in FACTS if holds(plain, fact, now)}
    assert asked == TOLD[walked]
    loaded = with_facts(Case.objects.all(), now).get(pk=plain.pk)
    with CaptureQueriesContext(connection) as queries:
        assert {fact for fact in FACTS if holds(loaded, fact, now)} == asked
        seen = [evaluates(loaded, person.pk) for person in (cast.evaluator, cast.evaluator2)]
    assert len(queries) == 0
    assert seen == [evaluates(plain, person.pk) for person in (cast.evaluator, cast.evaluator2)]
