"""The register: who sees which entry, in which order, and the evidence trail of each."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.test import Client

from accounts.models import User
from cases.labels.models import Label
from cases.labels.signing import rescind_determination
from portal.kit.gate import writing
from tests import walk
from tests.cast import Cast

ClientOf = Callable[[User], Client]


def listed(client: Client, query: str = "") -> list[str]:
    """Model versions on the register page, in order."""
    page = client.get(f"/register/{query}")
    assert page.status_code == 200
    return [str(label.model_version) for label in page.context["page"].items]


def test_an_empty_register_says_what_will_appear(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """And that having no label says nothing."""
    page = client_of(cast.officer).get("/register/")
    assert b"Labels will appear here." in page.content
    assert b"Having none says nothing about a model." in page.content


def test_each_person_sees_the_entries_that_are_theirs(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """The programme and the auditor every one; a developer its own, once disclosed; everybody else none."""
    shown = walk.labelled(cast, now, model="Shown", version="1")
    kept = walk.determined(cast, now, model="Kept", version="1")
    labels = [shown.labels.get(), kept.labels.get()]
    seen = {
        cast.officer: 2, cast.official: 2, cast.lead: 2, cast.auditor: 2, cast.liaison: 1, cast.signatory: 1,
        cast.stranger: 0, cast.partner: 0, cast.consultee: 0, cast.admin: 0,
    }  # fmt: skip
    for person, count in seen.items():
        client = client_of(person)
        assert len(listed(client)) == count, person
        assert [client.get(one.get_absolute_url()).status_code for one in labels] == (
            [200 if count else 404, 200 if count == 2 else 404]
        )


def test_effective_entries_come_first_and_filters_live_in_the_address(
    cast: Cast, now: datetime, client_of: ClientOf
) -> None:
    """By state, and by words of model, version or developer."""
    first = walk.determined(cast, now, model="Aster", version="1")
    later = now + timedelta(minutes=1)
    second = walk.determined(cast, later, model="Briar", version="2")
    rescind_determination(determination=second.determinations.get(), reason="x", by=cast.official, now=later)
    client = client_of(cast.officer)
    assert listed(client) == ["Aster 1", "Briar 2"]
    assert listed(client, "?state=rescinded") == ["Briar 2"]
    assert listed(client, "?q=meridian+briar") == ["Briar 2"]
    assert listed(client, "?q=nothing") == []
    assert b"No label that you may see matches." in client.get("/register/?q=nothing").content
    assert listed(client, "?state=unknown&cursor=unreadable") == ["Aster 1", "Briar 2"]
    assert str(first.labels.get().model_version) in client.get("/register/").content.decode()


def test_pages_of_the_register_neither_skip_nor_repeat(
    cast: Cast, now: datetime, client_of: ClientOf, django_assert_max_num_queries: Callable
) -> None:
    """60 entries in two pages at the same cost as few."""
    case = walk.determined(cast, now)
    label, signed = case.labels.get(), case.determinations.get()
    with writing():
        for number in range(59):
            signed.pk, signed._state.adding = None, True
            signed.rescinded_at, signed.rescinded_by = now, cast.official
            signed.save(force_insert=True)
            Label.objects.create(
                determination=signed, case=case, model_version=label.model_version, state="rescinded",
                signed_at=now, effective_at=now - timedelta(seconds=-number), ended_at=now,
            )  # fmt: skip
    client = client_of(cast.officer)
    with django_assert_max_num_queries(12):
        one = client.get("/register/")
    two = client.get(f"/register/?cursor={one.context['page'].older}")
    rows = [*one.context["page"].items, *two.context["page"].items]
    assert (len(rows), len({row.pk for row in rows}), rows[0].pk) == (60, 60, label.pk)


def test_an_entry_carries_its_evidence_trail(
    cast: Cast, now: datetime, client_of: ClientOf, django_assert_max_num_queries: Callable
) -> None:
    """Text digest, packet, policy, log and rule digests, how many offices were heard, and the case."""
    case = walk.labelled(cast, now)
    label, signed, run = case.labels.get(), case.determinations.get(), case.runs.get()
    trail = (
        signed.text_digest, signed.snapshot["packet_digest"], cast.policy.text_digest, run.sha256,
        run.findings.get().rule.digest, case.get_absolute_url(), signed.get_absolute_url(), str(run.suite_version),
    )  # fmt: skip
    for person in (cast.officer, cast.auditor):
        client = client_of(person)
        with django_assert_max_num_queries(12):
            page = client.get(label.get_absolute_url()).content.decode()
        assert all(one in page for one in trail)
    outside = client_of(cast.liaison).get(label.get_absolute_url()).content.decode()
    assert case.get_absolute_url() in outside
    assert str(run.suite_version) in outside
    for hidden in (signed.text_digest, run.sha256, signed.get_absolute_url(), "Dana Whitfield"):
        assert hidden not in outside


def test_a_superseded_entry_names_its_successor(cast: Cast, now: datetime, client_of: ClientOf) -> None:
    """And one that still stands names none."""
    same = {"model": "Twice", "version": "1.0"}
    first = walk.determined(cast, now, **same)
    second = walk.determined(cast, now + timedelta(minutes=1), **same)
    page = client_of(cast.officer).get(first.labels.get().get_absolute_url()).content.decode()
    assert second.labels.get().get_absolute_url() in page
    assert "superseded" in page.lower()
