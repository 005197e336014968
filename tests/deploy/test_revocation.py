"""Access that ends while it is used, through the real web server (fault F21).

The measure: an answer that was asked for after the commit of an end shows nothing, and by the log nobody opened or was
shown anything while access was shut.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Final

import pytest
from django.urls import reverse

from cases.access.actions import end_grant, issue_grant, resume_grant, store_credential, suspend_grant
from cases.access.models import Grant
from cases.documents.actions import share
from cases.documents.models import Document
from portal.audit.models import Entry
from portal.audit.verify import verify
from portal.kit.clock import database_now
from tests import walk
from tests.cast import Cast, load_people
from tests.deploy.site import Visitor, web_server

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
ROUNDS: Final = 100  # of an end at a random moment, every fifth one final
READERS: Final = 2
ANSWERS: Final = 1250  # at least, five of six to a GET
TITLE, SECRET, TASK = "A paper for the partner", "sk-endpoint-secret", "Find weaknesses in grid software."
SHUTS, OPENS = {"grant.suspended", "grant.ended"}, {"grant.resumed", "grant.terms_accepted"}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What the web server says."""
    return tmp_path / "web.log"


@pytest.fixture
def port(transactional_db: None, log: Path) -> Iterator[int]:
    """A web server on the test database."""
    with web_server(log) as port:
        yield port


@dataclass
class Answer:
    """One answer: what was asked, when it was asked and had come, and what it was."""

    path: str
    posted: bool
    asked: float
    came: float
    status: int
    text: str

    @property
    def shows(self) -> bool:
        """Whether anything of what was shared stands in it."""
        told = any(word in self.text for word in (TITLE, SECRET, TASK, "%PDF"))
        return told or (self.status == 200 and not self.posted)


@dataclass
class Readers:
    """The partner at several connections, reading without a pause; each reader's answers in their order."""

    port: int
    partner: Any
    paper: Document
    grant: Grant
    answers: list[list[Answer]] = field(default_factory=lambda: [[] for _ in range(READERS)])
    faults: list[BaseException] = field(default_factory=list)
    over: bool = False

    def __post_init__(self) -> None:
        self.news = Condition()
        visitors = [Visitor(self.port, self.partner) for _ in range(READERS)]
        self.threads = [Thread(target=self._read, args=pair, daemon=True) for pair in enumerate(visitors)]

    def _paths(self) -> list[tuple[str, str | None]]:
        grant, paper = self.grant.pk, self.paper.pk
        return [
            (reverse("cases:document", args=[paper]), None),
            (reverse("cases:document_file", args=[paper, 1]), None),
            (reverse("cases:grant", args=[grant]), None),
            (reverse("cases:document", args=[paper]), None),
            (reverse("cases:document_file", args=[paper, 1]), None),
            (reverse("cases:credential_reveal", args=[grant]), "reason=Work."),
        ]

    def _read(self, number: int, visitor: Visitor) -> None:
        turn = number
        try:
            while not self.over:
                path, form = self._paths()[turn % 6]
                asked = time.monotonic()
                status, text = visitor.ask(path, form)
                with self.news:
                    self.answers[number].append(
                        Answer(path, form is not None, asked, time.monotonic(), status, text)
                    )
                    self.news.notify_all()
                turn += 1
        except BaseException as fault:
            with self.news:
                self.faults.append(fault)
                self.news.notify_all()

    def counts(self) -> list[int]:
        """How many answers each has."""
        return [len(some) for some in self.answers]

    def each_has(self, more: int) -> None:
        """Wait until each has so many more answers than now."""
        goal = [count + more for count in self.counts()]
        self._wait(lambda: all(has >= wants for has, wants in zip(self.counts(), goal, strict=True)))

    def together_have(self, more: int) -> None:
        """Wait until all together have so many more."""
        goal = sum(self.counts()) + more
        self._wait(lambda: sum(self.counts()) >= goal)

    def _wait(self, reached: Any) -> None:
        with self.news:
            assert self.news.wait_for(lambda: reached() or self.faults, timeout=60)
        assert not self.faults, self.faults

    def stop(self) -> list[Answer]:
        """End, and give every answer."""
        self.over = True
        for thread in self.threads:
            thread.join(60)
        return [answer for some in self.answers for answer in some]


def opened(cast: Cast, case: Any, paper: Document, nomination: Any) -> Grant:
    """A live grant of the partner with the paper shared and a secret stored."""
    now = database_now()
    grant = issue_grant(
        case=case, organisation=cast.partner_org, people=[cast.partner], mode="developer_api", tasks_allowed=TASK,
        ends_at=now + timedelta(days=1), nomination=nomination, by=cast.officer, now=now,
    )  # fmt: skip
    share(document=paper, grant=grant, by=cast.liaison, now=now)
    store_credential(grant=grant, endpoint="https://a.example", secret=SECRET, by=cast.liaison, now=now)
    return walk.accepted_terms(grant, cast.partner, database_now())


def test_no_answer_asked_for_after_the_end_shows_anything(port: int, log: Path) -> None:
    """A hundred ends at random moments of more than a thousand answers; a fifth of the ends are final (F21)."""
    now = database_now()
    cast = load_people(now - timedelta(hours=1))
    case = walk.agreed(cast, now)
    paper = walk.paper(case, cast.liaison, now, title=TITLE)
    offer = walk.nominated(cast, case, now)
    chance, shut = random.Random(21), []
    grant = opened(cast, case, paper, offer)
    readers = Readers(port, cast.partner, paper, grant)
    for thread in readers.threads:
        thread.start()
    for number in range(1, ROUNDS + 1):
        readers.together_have(chance.randrange(10))
        final = number % 5 == 0
        if final:
            end_grant(grant=grant, by=cast.officer, now=database_now())
        else:
            suspend_grant(grant=grant, by=cast.signatory, now=database_now())
        ended = time.monotonic()
        readers.each_has(2)  # the one under way when it ended, and one asked for afterwards
        shut.append((ended, time.monotonic()))
        if final:
            readers.grant = grant = opened(cast, case, paper, offer)
        else:
            resume_grant(grant=grant, by=cast.signatory, now=database_now())
    readers.together_have(max(0, ANSWERS - sum(readers.counts())))
    answers = readers.stop()
    late = [one for one in answers for since, until_ in shut if since <= one.asked and one.came <= until_]
    assert not [one for one in late if one.shows], "shown after the commit"
    assert len(late) >= ROUNDS * READERS
    assert {one.status for one in late} == {403, 404, 409}
    assert sum(one.shows for one in answers) > ROUNDS, "access was hardly open"
    gets = sum(not one.posted for one in answers)
    assert gets >= 1000, gets
    assert not [one for one in answers if one.status not in (200, 403, 404, 409)]
    _log_tells_of_no_use_while_shut(case, cast.partner, answers)


def _log_tells_of_no_use_while_shut(case: Any, partner: Any, answers: list[Answer]) -> None:
    """The case's log, in its order: each opening and each reveal stands where access was open, and has its answer."""
    is_open, used = False, {"document.opened": 0, "credential.revealed": 0}
    for kind, actor in Entry.objects.filter(case_id=case.pk).order_by("number").values_list("kind", "actor"):
        is_open = kind in OPENS or (is_open and kind not in SHUTS)
        if kind in used and actor == partner.pk:
            assert is_open, f"{kind} while access was shut"
            used[kind] += 1
    assert used == {
        "document.opened": sum(one.text.startswith("%PDF") for one in answers),
        "credential.revealed": sum(SECRET in one.text for one in answers),
    }
    assert min(used.values()) > 10
    assert verify().fault is None
