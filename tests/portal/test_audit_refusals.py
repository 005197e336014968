"""Refusals are recorded after the rollback, and equal ones are counted, not multiplied."""

from datetime import timedelta
from typing import Any

import pytest

from portal.audit.models import Entry, RefusalCount
from portal.audit.refusals import record_refusal
from portal.audit.verify import verify
from portal.kit import registry
from tests.portal.helpers import NOW, StandInCase, person

pytestmark = pytest.mark.django_db


def refuse(**changed: Any) -> Entry | None:
    told = {
        "sentence": "Only the case officer may do this.",
        "permission": "acknowledge",
        "path_name": "cases:case",
    }
    return record_refusal(**{"now": NOW, **told, **changed})


def test_equal_ones_within_the_hour_are_counted() -> None:
    ada, case = person(), StandInCase()
    first = refuse(by=ada, case_id=case.pk)
    again = [refuse(by=ada, case_id=case.pk, now=NOW + timedelta(minutes=n)) for n in (1, 30, 59)]
    assert first is not None
    assert again == [None, None, None]
    assert (RefusalCount.objects.get().times, RefusalCount.objects.get().entry) == (4, first)
    later = refuse(by=ada, case_id=case.pk, now=NOW + timedelta(hours=1))
    assert later is not None
    assert later.data["repeated_before"] == 3
    assert later.sequence.key == "stream:refusals"
    assert later.case_id is None
    assert verify().fault is None


def test_another_person_sentence_or_case_is_another_refusal() -> None:
    ada = person()
    refuse(by=ada)
    assert refuse(by=person()) is not None
    assert refuse(by=ada, sentence="Another.") is not None
    assert refuse(by=ada, case_id=StandInCase().pk) is not None
    assert refuse(by=None) is not None


def test_the_middleware_reaches_it() -> None:
    registry.call("refused", sentence="No.", permission="", by=None, path_name="", case_id=None, now=None)
    assert Entry.objects.get().kind == "refused"
