"""The virus scanner: Debian's clamd as a process of its own, and servers that answer wrongly, late or never."""

import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.test import Client

from cases.documents import tasks
from cases.documents.actions import open_version
from cases.documents.models import DocumentVersion
from cases.documents.orders import SCAN_JOB
from cases.documents.scanning import clamd
from portal.audit.models import Entry
from portal.kit.refusal import Refused
from portal.notify.models import Outbox
from tests import scanner, walk
from tests.cases.documents.samples import EICAR, docx
from tests.cases.documents.test_quarantine import received
from tests.cast import Cast

needs_clamd = pytest.mark.skipif(
    scanner.PROGRAM is None, reason="no clamd here: python3 -m deploy.bootstrap test unpacks one"
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with TemporaryDirectory(prefix="clamd-") as folder:
        yield Path(folder)


@needs_clamd
def test_a_real_scanner_finds_the_test_file_and_may_be_away(
    cast: Cast, now: datetime, home: Path, settings: Any, client_of: Callable[[Any], Client]
) -> None:
    """Alone, in a Word file, not in a clean one; stopped: versions wait, pages say so, and it is asked again."""
    case = walk.acknowledged(cast, now)
    settings.ENV = settings.ENV.model_copy(update={"clamd_address": str(home / "clamd.ctl")})
    with scanner.running(home) as address:
        assert clamd.scan(io.BytesIO(EICAR), address) == "virus"
        assert clamd.scan(io.BytesIO(b"plain"), address) == ""
        assert clamd.scan(io.BytesIO(b"x" * 2_000_000), address) == "unscanned"
        for body, name, finding in (
            (EICAR, "a.txt", "virus"),
            (docx({"word/media/image1.png": EICAR}), "a.docx", "virus"),
            (walk.PDF, "a.pdf", ""),
        ):
            version = received(case, cast.liaison, now, body, name)
            tasks.scan(version, lambda: now)
            version.refresh_from_db()
            assert (version.finding, version.scanned_with) == (finding, "clamd"), name
    waiting = received(case, cast.liaison, now, walk.PDF + b"%%EOF\n")
    for minute in (0, 1, 1):
        at = now + timedelta(minutes=minute)
        tasks.scan(waiting, lambda at=at: at)  # type: ignore[misc]
    waiting = DocumentVersion.objects.select_related("document__case").get(pk=waiting.pk)
    assert (waiting.state, waiting.waits_since) == ("scanning", now)
    with pytest.raises(Refused, match="virus scanner does not answer"):
        open_version(version=waiting, by=cast.officer, now=now)
    orders = Outbox.objects.filter(job=SCAN_JOB, args={"version_id": str(waiting.pk)}, done_at=None)
    assert sorted(one.run_at - now for one in orders) == [
        timedelta(0),
        timedelta(minutes=1),
        timedelta(minutes=2),
    ]
    assert Entry.objects.filter(kind="document.scan_waits", subject_id=str(waiting.document_id)).count() == 1
    for person, url in (
        (cast.officer, waiting.document.get_absolute_url()),
        (cast.officer, case.get_absolute_url()),
        (cast.liaison, case.get_absolute_url()),
    ):
        assert "waiting for the scanner" in client_of(person).get(url).content.decode()
    assert "Have the virus scanner looked at" in client_of(cast.security).get("/").content.decode()
    with scanner.running(home):
        tasks.scan(waiting, lambda: now)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.waits_since, waiting.scanned_with) == ("available", None, "clamd")


def test_own_findings_need_no_scanner(cast: Cast, now: datetime, settings: Any, home: Path) -> None:
    """What the own checks find is quarantined though the scanner is away."""
    settings.ENV = settings.ENV.model_copy(update={"clamd_address": str(home / "nothing.ctl")})
    version = received(walk.drafted(cast, now), cast.liaison, now, b"SECRET//NOFORN\n", "a.txt")
    tasks.scan(version, lambda: now)
    version.refresh_from_db()
    assert (version.state, version.finding) == ("quarantined", "banner")


@contextmanager
def answering(answer: bytes, *, reads: bool = True) -> Iterator[str]:
    """A server on TCP that gives every client this answer; without `reads` at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            line, _ = server.accept()
            with line, line.makefile("rb") as told:
                assert told.read(10) == b"zINSTREAM\0"
                while reads and (size := int.from_bytes(told.read(4), "big")):
                    told.read(size)
                line.sendall(answer)
                line.shutdown(socket.SHUT_WR)
                while told.read(65536):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            thread.join()


@pytest.mark.parametrize(
    ("answer", "reads", "finding"),
    [
        (b"stream: OK\0", True, ""),
        (b"stream: Foreview.Test FOUND\0", True, "virus"),
        (b"INSTREAM size limit exceeded. ERROR\0", False, "unscanned"),
        (b"stream: Can't allocate memory ERROR\0", True, None),
        (b"", True, None),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", False, None),
    ],
)
def test_only_a_clear_answer_counts(answer: bytes, reads: bool, finding: str | None) -> None:
    """Found, nothing, too large; everything else is a scanner that is away."""
    with answering(answer, reads=reads) as address:
        if finding is None:
            with pytest.raises(clamd.ScannerAway):
                clamd.scan(io.BytesIO(b"x" * 600_000), address)
        else:
            assert clamd.scan(io.BytesIO(b"x" * 600_000), address) == finding


def test_a_scanner_that_never_answers_is_left(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """After its patience; and so is an address where nobody listens."""
    monkeypatch.setattr(clamd, "ANSWER_S", 0.1)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(home / "mute.ctl"))
        server.listen()
        for name in ("mute.ctl", "absent.ctl"):
            with pytest.raises(clamd.ScannerAway):
                clamd.scan(io.BytesIO(b"plain"), str(home / name))
