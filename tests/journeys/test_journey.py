"""One case from submission to label, in the browser, each step by the person whose it is."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from portal.audit.models import Entry
from tests import walk
from tests.cast import Cast
from tests.journeys import after, before
from tests.journeys.before import DAY
from tests.journeys.pages import Meet, Visitor
from tests.worker import all_done, until

pytestmark = [pytest.mark.browser, pytest.mark.worker, pytest.mark.django_db(transaction=True)]
PasswordOf = Callable[[str], tuple[str, str]]


@pytest.mark.usefixtures("worker")
def test_the_whole_journey(
    cast: Cast,
    now: datetime,
    meet: Meet,
    visitor: Callable[..., Visitor],
    password_of: PasswordOf,
    tmp_path: Path,
) -> None:
    """Submission, agreement, access, evidence, label, disclosure, history; mails tell nothing of it."""
    liaison = before.sign_in(visitor(), *password_of("liaison"))
    case = before.draft(liaison, tmp_path, now + 20 * DAY)
    before.submit(liaison, case)
    liaison.press("Sign out", among="header").says("Sign in")
    before.acknowledge(meet("officer"), case)
    before.agree(meet, case, now + 15 * DAY)
    before.grant(meet, case, cast)
    before.share(meet("liaison"), case)
    before.partner_reads(before.sign_in(visitor(), *password_of("partner")), case)
    after.declare(meet)
    after.measure(meet, case, tmp_path)
    after.consult(meet, case)
    after.determine(meet, case)
    after.disclose(meet, case)
    after.audit(meet("auditor"), case)
    whole = after.verify_audit()
    assert (whole.returncode, whole.stderr) == (0, "")
    until(all_done)
    mails = "".join(file.read_text() for file in (settings.VAR_DIR / "mail").iterdir())
    assert "/notices/" in mails
    told = (case.number, before.TRACKING, before.CARD, "Meridian 9", "Toy puzzles", after.RATIONALE)
    assert not [word for word in told if word in mails]


def test_a_changed_entry_is_named(cast: Cast, now: datetime) -> None:
    """Somebody who may do everything to the database changes one word of one entry: `verify_audit` names it."""
    case = walk.submitted(cast, now)
    assert after.verify_audit().returncode == 0
    entry = Entry.objects.get(case_id=case.pk, kind="case.submitted")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE portal_audit_entry SET actor_name = 'Nobody' WHERE id = %s", [entry.pk])
    broken = after.verify_audit()
    assert broken.returncode == 1
    assert f"case:{case.pk} entry {entry.number}: changed" in broken.stderr
