"""Notices and mails: who is told, and that a mail never says what it is about."""

from typing import Any

import pytest
from django.core import mail

from portal.kit import registry
from portal.kit.clock import database_now
from portal.notify import worker
from portal.notify.models import Notice, Outbox
from portal.notify.notices import mark_read, tell
from tests.portal.helpers import NOW, StandInCase, organisation, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def may_see(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What those who know answer when asked whether a recipient may still see the case."""
    answers = [True]
    monkeypatch.setitem(registry._hooks, "may_still_see", [lambda **_asked: answers[0]])
    return answers


def deliver() -> None:
    """Do what is in the outbox."""
    for row in Outbox.objects.filter(done_at=None):
        assert worker.run(str(row.pk))


def told(case: Any = None, **more: Any) -> Notice:
    (notice,) = tell(
        "case.submitted", case=case, to=[more.pop("to", None) or person()], by=None, now=database_now()
    )
    return notice


def test_each_person_once_and_not_the_one_who_acts() -> None:
    ada, ben, cy = person("Ada"), person("Ben"), person("Cy")
    tell("case.submitted", case=StandInCase(), to=[ada, ben, cy, ben], by=ada, now=NOW)
    assert sorted(notice.recipient.name for notice in Notice.objects.all()) == ["Ben", "Cy"]
    assert Outbox.objects.count() == 2


def test_who_acts_is_told_when_nobody_else_is() -> None:
    ada = person()
    assert [notice.recipient for notice in tell("x", case=None, to=[ada], by=ada, now=NOW)] == [ada]
    assert tell("x", case=None, to=[], by=ada, now=NOW) == []


def test_a_notice_holds_kind_and_ids_only() -> None:
    office, case = organisation("Secret name"), StandInCase()
    tell("case.submitted", case=case, subject=office, to=[person()], by=None, now=NOW)
    notice = Notice.objects.get()
    assert (notice.case_id, notice.subject_model, notice.subject_id) == (
        case.pk,
        "accounts.organisation",
        str(office.pk),
    )
    assert "Secret name" not in str(vars(notice))


def test_the_mail_says_only_that_something_changed_and_where(may_see: list[bool], settings: Any) -> None:
    settings.PUBLIC_ORIGIN = "https://foreview.example.gov"
    case, ada = StandInCase(), person("Ada Secretname")
    notice = told(case, to=ada)
    deliver()
    (message,) = mail.outbox
    assert (message.subject, message.to) == ("Foreview: a case has changed", [ada.email])
    assert "https://foreview.example.gov/notices/" in message.body
    whole = str(message.message())
    for secret in ("Secretname", str(case.pk), str(notice.pk), "submitted"):
        assert secret not in whole
    notice.refresh_from_db()
    assert notice.mailed_at is not None


def test_who_lost_access_hears_nothing(may_see: list[bool]) -> None:
    told(StandInCase())
    may_see[0] = False
    deliver()
    assert mail.outbox == []


def test_nobody_hears_of_a_case_nobody_can_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._hooks, "may_still_see", [])
    told(StandInCase())
    deliver()
    assert mail.outbox == []


def test_inactive_people_hear_nothing(may_see: list[bool]) -> None:
    ada = person()
    told(StandInCase(), to=ada)
    ada.is_active = False
    ada.save()
    deliver()
    assert mail.outbox == []


def test_a_second_run_of_the_same_mail_sends_none(may_see: list[bool]) -> None:
    told()
    deliver()
    Outbox.objects.update(done_at=None)
    deliver()
    assert [message.subject for message in mail.outbox] == ["Foreview: you have a new notice"]


def test_an_address_cannot_add_headers(may_see: list[bool]) -> None:
    ada = person()
    type(ada).objects.filter(pk=ada.pk).update(email="a@example.org\nBcc: b@example.org")
    told(to=ada)
    row = Outbox.objects.get()
    assert not worker.run(str(row.pk))
    assert mail.outbox == []
    row.refresh_from_db()
    assert row.fault == "BadHeaderError"


def test_people_mark_their_own_notices_only() -> None:
    mine, other = told(), told()
    assert mark_read(notices=Notice.objects.all(), by=mine.recipient, now=NOW) == 1
    other.refresh_from_db()
    assert other.read_at is None
    assert not Notice.objects.of(mine.recipient).unread().exists()
    assert Notice.objects.of(other.recipient).unread().count() == 1
