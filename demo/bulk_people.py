"""Organisations and people of a bulk load: developers with a liaison and a signatory, partners with named people."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from simple_history.utils import bulk_create_with_history

from accounts.actions import STREAM
from accounts.models import Appointment, Organisation, User
from accounts.roles import ROLES
from demo.bulk_plan import DEVELOPER_WORDS
from portal.audit.journal import Draft, record_many
from portal.kit.gate import writing

# In the order of their short names, which decides how many grants each gets; the others share what is left.
PARTNERS: Final = (
    "Partner A dense",
    "Partner B medium",
    "Partner C sparse",
    *(f"Partner D {n}" for n in range(5)),
)
BATCH: Final = 1000


def add_people(*, tag: str, developers: int, named: int, now: datetime) -> None:
    """Add `developers` developers, and partners with `named` people each, appointed at `now`, named with `tag`."""
    organisations = [_developer(tag, n) for n in range(developers)] + [
        _partner(tag, name) for name in PARTNERS
    ]
    posts = [post for one in organisations for post in _posts(one, named, now)]
    with transaction.atomic(), writing():
        for model, rows in (
            (Organisation, organisations),
            (User, [post.person for post in posts]),
            (Appointment, posts),
        ):
            bulk_create_with_history(rows, model, batch_size=BATCH, default_date=now)
        drafts = _drafts(organisations, posts, now)
        while batch := list(islice(drafts, BATCH)):
            record_many(batch)


def _developer(tag: str, n: int) -> Organisation:
    word = DEVELOPER_WORDS[n % len(DEVELOPER_WORDS)]
    return Organisation(
        name=f"{word} Models {tag}{n}", short_name=f"{tag}-{word} {n}", kind="developer", sector="models"
    )


def _partner(tag: str, name: str) -> Organisation:
    return Organisation(name=f"{name} {tag}", short_name=f"{tag}-{name}", kind="partner", sector="energy")


def _posts(organisation: Organisation, named: int, since: datetime) -> list[Appointment]:
    if organisation.kind == "developer":
        return [_post(organisation, role, role, since) for role in ("liaison", "developer_signatory")]
    return [_post(organisation, "partner_representative", f"person{n:02}", since) for n in range(named)]


def _post(organisation: Organisation, role: str, mailbox: str, since: datetime) -> Appointment:
    host = organisation.short_name.replace(" ", "-").lower()
    person = User(
        email=f"{mailbox}@{host}.example", name=f"{mailbox.replace('_', ' ').title()} of {organisation.name}"
    )
    person.set_unusable_password()
    return Appointment(person=person, organisation=organisation, role=role, span=DateTimeTZRange(since, None))


def _drafts(organisations: list[Organisation], posts: list[Appointment], now: datetime) -> Iterator[Draft]:
    """The entries that the actions of the roster would leave."""

    def draft(kind: str, row: Any, **data: Any) -> Draft:
        return Draft(kind=kind, by=None, now=now, stream=STREAM, subject=row, rows=[row], data=data)

    for one in organisations:
        yield draft("organisation.added", one, organisation=one.short_name)
    for post in posts:
        yield draft("person.added", post.person, person=post.person.name)
        yield draft("appointment.made", post, person=post.person.name, role=ROLES[post.role].title.lower())
