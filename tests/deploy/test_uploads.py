"""Uploads through the real web server: cut, killed, robbed of their answers, slow; and by curl, as the how-to says."""

import hashlib
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from http.client import HTTPException
from pathlib import Path
from threading import Thread
from typing import Final

import pytest

from cases.documents.models import Document
from cases.documents.uploads.models import Upload
from cases.register.models import Case
from deploy.processes import command_line
from portal.kit import arriving
from portal.kit.clock import database_now
from tests import walk
from tests.cases.documents import tus
from tests.cast import Cast, load_people
from tests.deploy.site import Visitor, web_server
from tests.line import Line
from tests.worker import ROOT, until

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
BODY: Final = walk.PDF[:-6] + os.urandom(6_000_000) + b"\n%%EOF\n"
DIGEST: Final = hashlib.sha256(BODY).hexdigest()
PASSWORD: Final = "correct horse battery staple"
KIB: Final = 1024


class Sender(Visitor):
    """Somebody who speaks tus over real connections, each request on a connection of its own."""

    def say(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and text of an answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.close()
        self.connection.request(method, path, body, {**self.headers, **tus.HEAD, **named})
        answer = self.connection.getresponse()
        text = answer.read().decode(errors="replace")
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text

    def begin(self, case: Case, length: int = len(BODY)) -> str:
        """The address of a new upload."""
        told = {"Upload-Length": str(length), "Upload-Metadata": tus.told(filename="card.pdf", sha256=DIGEST)}
        status, headers, text = self.say("POST", tus.creation(case), **told)
        assert status == 201, text
        return headers["location"]

    def offset(self, place: str) -> int:
        """How far it came."""
        return int(self.say("HEAD", place)[1]["upload-offset"])

    def bring(self, place: str, offset: int, body: bytes) -> int:
        """Send bytes; the status, or 0 when the connection broke."""
        with suppress(OSError, HTTPException):
            return self.say("PATCH", place, body, Upload_Offset=str(offset), Content_Type=tus.BYTES)[0]
        return 0


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """Everybody, appointed an hour ago."""
    return load_people(database_now() - timedelta(hours=1))


@pytest.fixture
def case(cast: Cast) -> Case:
    """A draft."""
    return walk.drafted(cast, database_now())


@pytest.fixture
def site(tmp_path: Path, cast: Cast) -> Iterator[int]:
    """The port of a web server."""
    with web_server(tmp_path / "web.log") as port:
        yield port
    for name in arriving.arrived_names():
        arriving.remove(name)


def row(place: str) -> Upload:
    """The row at an address."""
    return Upload.objects.get(pk=place.split("/")[2])


def free(place: str) -> bool:
    """Whether nobody is writing the file."""
    with suppress(arriving.Fault), arriving.sole(row(place).name_on_disk):
        return True
    return False


def workers() -> list[int]:
    """The processes of the web server that answer."""

    def children(pid: int) -> list[int]:
        found = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(one) for path in found for one in path.read_text().split()]

    masters = [pid for pid in children(os.getpid()) if "gunicorn" in command_line(pid)]
    return [worker for master in masters for worker in children(master)]


def test_cut_at_many_bytes_and_killed_it_goes_on(site: int, case: Case, cast: Cast) -> None:
    """F16: after each cut it goes on from what came; also the server killed in the middle; the digest is right."""
    line = Line(f"http://127.0.0.1:{site}")
    direct, cut = Sender(site, cast.liaison), Sender(int(line.url.rsplit(":", 1)[1]), cast.liaison)
    place, there = direct.begin(case), 0
    for after in (1, 2_000, 16 * KIB, 64 * KIB - 1, 256 * KIB, 256 * KIB + 1, 512 * KIB, 1024 * KIB + 7):
        line.cut_after = after
        assert cut.bring(place, there, BODY[there:]) == 0
        until(lambda: free(place))
        came = direct.offset(place)
        assert there <= came <= there + after
        there = came
    line.cut_after, line.speed = None, 3_000_000
    with suppress(OSError, HTTPException):
        _killed_in_the_middle(cut, place, there)
    assert row(place).finished_at is None
    until(lambda: answers(direct), patience_s=30)
    there = direct.offset(place)
    assert direct.bring(place, there, BODY[there:]) == 204
    assert (row(place).sha256, direct.offset(place)) == (DIGEST, len(BODY))
    line.close()


def answers(sender: Sender) -> bool:
    """Whether the web server answers again."""
    with suppress(OSError, HTTPException):
        return sender.ask("/sign-in/")[0] in (200, 302)
    return False


def _killed_in_the_middle(sender: Sender, place: str, there: int) -> None:
    """Send slowly from a process of its own thread, and kill whoever answers once half a megabyte came."""
    name = row(place).name_on_disk
    sending = Thread(target=sender.bring, args=(place, there, BODY[there:]))
    sending.start()
    until(lambda: arriving.size(name) > there + 500_000, patience_s=30)
    for worker in workers():
        os.kill(worker, signal.SIGKILL)
    sending.join(30)


def test_an_answer_that_was_lost_is_asked_for_again(site: int, case: Case, cast: Cast) -> None:
    """F17: of the last bytes, and of the form: one upload, one document."""
    line = Line(f"http://127.0.0.1:{site}")
    direct, deaf = Sender(site, cast.liaison), Sender(int(line.url.rsplit(":", 1)[1]), cast.liaison)
    place = direct.begin(case)
    line.answers = False
    assert deaf.bring(place, 0, BODY) == 0
    until(lambda: free(place) and row(place).finished_at is not None)
    assert direct.offset(place) == len(BODY)
    form = f"kind=model_card&title=Card&designation=none&uploads={row(place).pk}"
    with suppress(OSError, HTTPException):
        deaf.ask(f"/cases/{case.pk}/documents/new/", form)
    until(lambda: Document.objects.filter(title="Card").exists())
    assert direct.ask(f"/cases/{case.pk}/documents/new/", form)[0] == 422
    assert Document.objects.get(title="Card").versions.get().sha256 == DIGEST
    until(lambda: arriving.arrived_names() == [])
    line.close()


def test_slow_senders_leave_room_for_pages(site: int, case: Case, cast: Cast) -> None:
    """F18: fifty at two kilobytes a second; everybody else is served, and who is too much is asked to come again."""
    sender = Sender(site, cast.liaison)
    places = [sender.begin(case, 400_000) for _ in range(50)]
    lines = [_slow(sender, site, place) for place in places]
    until(lambda: sum(arriving.place(row(place).name_on_disk).exists() for place in places) >= 6)
    waited = []
    for path in ("/sign-in/", f"/cases/{case.pk}/", "/") * 5:
        began = time.monotonic()
        assert sender.ask(path)[0] in (200, 302)
        waited.append(time.monotonic() - began)
        for one in lines:
            with suppress(OSError):
                one.send(b"x" * 200)
    assert max(waited) < 5, waited
    turned = [one for one in lines if _said(one).startswith(b"HTTP/1.1 503")]
    assert len(turned) >= 50 - 2 * 6
    for one in lines:
        one.close()


def _slow(sender: Sender, site: int, place: str) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", site))
    head = {
        **sender.headers,
        **tus.HEAD,
        "Upload-Offset": "0",
        "Content-Type": tus.BYTES,
        "Content-Length": "400000",
    }
    lines = [
        f"PATCH {place} HTTP/1.1",
        "Host: 127.0.0.1",
        *(f"{name}: {value}" for name, value in head.items()),
    ]
    one.sendall("\r\n".join([*lines, "", ""]).encode() + b"x" * 2000)
    return one


def _said(one: socket.socket) -> bytes:
    one.settimeout(0.05)
    with suppress(OSError):
        return one.recv(100)
    return b""


def test_the_how_to_for_curl(site: int, case: Case, cast: Cast, tmp_path: Path) -> None:
    """The commands of the how-to, as they stand there, by the real curl and a shell."""
    cast.liaison.set_password(PASSWORD)
    cast.liaison.save(update_fields=["password"])
    file = tmp_path / "our card, final.pdf"
    file.write_bytes(BODY)
    text = (ROOT / "docs" / "how-to" / "developer.md").read_text()
    (commands,) = re.findall(r"```sh\n(.*?)```", text, re.S)
    told = {"SITE": f"http://127.0.0.1:{site}", "CASE": str(case.pk), "FILE": str(file), "EMAIL": cast.liaison.email,
            "PASSWORD": PASSWORD, "PATH": os.environ["PATH"]}  # fmt: skip
    done = subprocess.run(["bash", "-c", commands], env=told, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    document = Document.objects.get(title="System card")
    assert done.stdout.strip().endswith(document.get_absolute_url())
    version = document.versions.get()
    assert (version.sha256, version.file_name) == (DIGEST, "our card, final.pdf")
