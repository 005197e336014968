"""Files through a real chooser: several at once, a lost connection, a closed browser; and the form sent at the end."""

import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from cases.documents.uploads.models import Upload
from portal.kit import arriving
from tests import walk
from tests.cast import Cast
from tests.journeys.pages import Meet, Visitor
from tests.line import Line
from tests.worker import until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SLOW = 1_500_000  # bytes a second
FILE = "File"


def paper(folder: Path, name: str, size: int) -> Path:
    """A PDF of random bytes."""
    path = folder / name
    path.write_bytes(walk.PDF[:-6] + os.urandom(size) + b"\n%%EOF\n")
    return path


def choose(visitor: Visitor, *files: Path) -> None:
    """Choose files in the browser's own chooser."""
    with visitor.page.expect_file_chooser() as chooser:
        visitor.labelled(FILE).click()
    chooser.value.set_files(list(files))


def forgive_the_line(visitor: Visitor) -> None:
    """The console tells that the line was cut, and that bytes of the cut request were still being taken in (423)."""
    visitor.watch.missed = [
        one for one in visitor.watch.missed if "net::ERR_" not in one[0] and "status of 423" not in one[0]
    ]
    visitor.watch.faults = [one for one in visitor.watch.faults if not one.startswith("423")]


@pytest.fixture
def there() -> Callable[[], int]:
    """How many bytes of the one unfinished upload are on the disk."""

    def asked() -> int:
        row = Upload.objects.filter(ended_at=None, finished_at=None).first()
        return arriving.size(row.name_on_disk) if row else 0

    return asked


@pytest.fixture
def line(live_server: LiveServer) -> Iterator[Line]:
    """A line to the server, to be slowed and cut."""
    made = Line(live_server.url)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    for name in arriving.arrived_names():
        arriving.remove(name)


def test_several_files_at_once_become_documents(
    cast: Cast, now: datetime, meet: Meet, tmp_path: Path
) -> None:
    """Chosen together and sent by keyboard; each has its title; the page is as clean as every other, script and all."""
    case = walk.acknowledged(cast, now)
    one, two = paper(tmp_path, "first.pdf", 2_000_000), paper(tmp_path, "zweites Blatt.pdf", 10_000)
    liaison = (
        meet("liaison")
        .open(f"{case.get_absolute_url()}documents/new/")
        .select("Kind of document", "Model card")
    )
    choose(liaison, one, two)
    liaison.page.get_by_text("All 2.0 MB are here.").wait_for()
    liaison.look()
    assert not liaison.labelled("Title").is_visible()
    liaison.page.get_by_label("Title of first.pdf").fill("The card of the model")
    liaison.press("Upload").says("2 documents are uploaded", "The card of the model", "zweites Blatt")
    made = {paper.title: paper.versions.get().sha256 for paper in case.documents.filter(kind="model_card")}
    assert made == {
        "The card of the model": hashlib.sha256(one.read_bytes()).hexdigest(),
        "zweites Blatt": hashlib.sha256(two.read_bytes()).hexdigest(),
    }


def test_a_lost_connection_and_a_closed_browser(
    cast: Cast, now: datetime, meet: Meet, tmp_path: Path, there: Callable[[], int], line: Line
) -> None:
    """Paused, cut off, closed; chosen again on a fresh page it goes on from its last byte; the digest is right."""
    case = walk.acknowledged(cast, now)
    file = paper(tmp_path, "large.pdf", 9_000_000)
    address = f"{line.url}{case.get_absolute_url()}documents/new/"
    liaison = meet("liaison").open(address)
    line.speed = SLOW
    choose(liaison, file)
    until(lambda: there() > 200_000)
    liaison.page.get_by_text("left").first.wait_for()
    liaison.page.get_by_role("button", name="Pause large.pdf").click()
    liaison.page.get_by_text("Paused at").wait_for()
    liaison.page.get_by_role("button", name="Go on large.pdf").click()
    until(lambda: there() > 1_000_000)
    line.down = True
    line.cut()
    liaison.page.get_by_text("Waiting for the connection").wait_for()
    at = there()
    line.down = False
    until(lambda: there() > at, patience_s=30)
    liaison.page.close()
    forgive_the_line(liaison)
    at = there()
    assert 1_000_000 < at < file.stat().st_size
    liaison.page = liaison.context.new_page()
    line.speed = None
    asked: list[tuple[str, str]] = []
    liaison.page.on("request", lambda request: asked.append((request.method, request.url)))
    liaison.open(address).says("Not whole yet", "large.pdf").select("Kind of document", "Model card")
    choose(liaison, file)
    liaison.page.locator("main").get_by_role("button", name="Upload", exact=True).click()
    liaison.page.wait_for_url("**/documents/*-*/")
    assert {method for method, url in asked if "/uploads/" in url} == {"HEAD", "PATCH"}  # none was begun anew
    version = case.documents.get(kind="model_card").versions.get()
    assert (version.sha256, version.size) == (
        hashlib.sha256(file.read_bytes()).hexdigest(),
        file.stat().st_size,
    )
    assert Upload.objects.get().end_reason == "used"


def test_what_is_refused_says_why(
    cast: Cast, now: datetime, meet: Meet, tmp_path: Path, settings: Any
) -> None:
    """Over the limit, and empty, before a byte is sent; without room, in the server's words."""
    case = walk.acknowledged(cast, now)
    settings.DOCUMENT_MAX_BYTES, settings.CASE_MAX_BYTES = 100_000, 50_000
    (tmp_path / "empty.pdf").write_bytes(b"")
    liaison = meet("liaison").open(f"{case.get_absolute_url()}documents/new/")
    choose(
        liaison,
        tmp_path / "empty.pdf",
        paper(tmp_path, "long.pdf", 200_000),
        paper(tmp_path, "big.pdf", 60_000),
    )
    for said in ("This file is empty.", "At most 100.0 kB are taken in one file.", "does not fit"):
        liaison.page.get_by_text(said).first.wait_for()
    liaison.watch.faults = [one for one in liaison.watch.faults if not one.startswith("403")]
    liaison.watch.missed = []
    liaison.look()
