"""The page "what exactly can this organization see?" as it is served: by the database's web role."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cases.access.actions import end_grant
from cases.access.models import Grant
from cases.rules.window import EASTERN
from portal.audit.models import Entry
from tests import walk
from tests.cast import load_people
from tests.portal.helpers import served_as_web_role

HOUR = timedelta(hours=1)


@pytest.mark.django_db(transaction=True)
def test_the_web_role_answers_now_and_as_of_then(
    transactional_db: None, now: datetime, client_of: Callable[[User], Client]
) -> None:
    """Of a grant that has ended meanwhile: both answers, nothing of the past left behind, and writing still works."""
    cast = load_people(now - 9 * HOUR)
    case = walk.granted(cast, now - 3 * HOUR)
    end_grant(grant=Grant.objects.get(kind="partner"), by=cast.officer, now=now - HOUR)
    url = reverse("cases:sight", args=[case.pk])
    then = (now - 2 * HOUR).astimezone(EASTERN).strftime("%Y-%m-%dT%H:%M")
    with served_as_web_role():
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone()[0] == "portal_web"
        client = client_of(cast.officer)

        def page(organisation: UUID, at: str = "") -> str:
            answer = client.get(url, {"organization": organisation, "at": at})
            assert answer.status_code == 200
            return answer.content.decode()

        assert "reads it and may use it" in page(cast.partner_org.pk, then)
        assert "reads it and may use it" not in page(cast.partner_org.pk)
        assert "Omar Reyes" in page(cast.agency.pk, then)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relkind = 'v'")
            assert cursor.fetchone()[0] == 0
        entries = Entry.objects.count()
        note = {"text": "Still written."}
        assert client.post(reverse("cases:note", args=[case.pk]), note).status_code == 302
        assert Entry.objects.count() == entries + 1
