"""Two gigabytes whose server is killed three times: `pytest tests/deploy/large_upload.py -s`. The suite leaves it out.

`LARGE_MB` makes it smaller or larger. Says what it took; the digest must be the file's, and memory stays flat.
"""

import hashlib
import os
import re
import signal
import sys
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Thread
from typing import Final

import pytest

from cases.documents.models import Document
from cases.register.models import Case
from portal.kit import arriving
from tests.cases.documents import tus
from tests.cast import Cast
from tests.deploy.test_uploads import Sender, answers, case, cast, row, site, workers  # noqa: F401  fixtures
from tests.worker import until

pytestmark = pytest.mark.django_db(transaction=True)
MB: Final = 1_000_000
LENGTH: Final = int(os.environ.get("LARGE_MB", "2000")) * MB
KILLS: Final = 3


def _file(folder: Path) -> tuple[Path, str]:
    """A text of that length, which is a file that a document may be, and its digest."""
    path, digest, line = folder / "large.txt", hashlib.sha256(), os.urandom(MB // 2).hex().encode()
    with path.open("wb") as out:
        for number in range(LENGTH // MB):
            piece = f"{number:08d}".encode() + line[8:]
            digest.update(piece)
            out.write(piece)
    return path, digest.hexdigest()


def _send(sender: Sender, place: str, there: int, file: Path) -> int:
    """Bring the rest of the file; the status, or 0 when the connection broke."""
    connection = HTTPConnection("127.0.0.1", sender.connection.port, timeout=300)
    head = {**sender.headers, **tus.HEAD, "Upload-Offset": str(there), "Content-Type": tus.BYTES,
            "Content-Length": str(LENGTH - there)}  # fmt: skip
    with file.open("rb") as body, suppress(OSError, HTTPException):
        body.seek(there)
        connection.request("PATCH", place, body, head)
        return connection.getresponse().status
    return 0


def _peak_mb() -> float:
    found = (Path(f"/proc/{pid}/status").read_text() for pid in workers())
    return max(int(re.search(r"VmHWM:\s+(\d+) kB", one)[1]) for one in found) / 1000  # type: ignore[index]


def test_killed_three_times_the_digest_is_right(site: int, case: Case, cast: Cast, tmp_path: Path) -> None:  # noqa: F811
    """Each time it goes on from what came; the form then makes a document of it."""
    file, digest = _file(tmp_path)
    sender = Sender(site, cast.liaison)
    told = {"Upload-Length": str(LENGTH), "Upload-Metadata": tus.told(filename=file.name, sha256=digest)}
    place, began, idle = (
        sender.say("POST", tus.creation(case), **told)[1]["location"],
        time.monotonic(),
        _peak_mb(),
    )
    name, offsets = row(place).name_on_disk, []
    for kill in range(1, KILLS + 1):
        there = sender.offset(place)
        sending = Thread(target=_send, args=(sender, place, there, file))
        sending.start()
        until(lambda part=kill * LENGTH // (KILLS + 1): arriving.size(name) > part, patience_s=300)  # type: ignore[misc]
        for worker in workers():
            os.kill(worker, signal.SIGKILL)
        sending.join(60)
        until(lambda: answers(sender), patience_s=60)
        offsets.append(arriving.size(name))
    assert _send(sender, place, sender.offset(place), file) == 204
    took, peak = time.monotonic() - began, _peak_mb()
    assert row(place).sha256 == digest
    form = f"kind=system_card&title=Large&designation=none&uploads={row(place).pk}"
    assert sender.ask(f"/cases/{case.pk}/documents/new/", form)[0] == 302
    version = Document.objects.get(title="Large").versions.get()
    assert (version.sha256, version.size) == (digest, LENGTH)
    sys.stdout.write(f"\n{LENGTH} bytes, killed at {offsets}, {took:.1f} s, digest {digest} equal; "
          f"peak of a web process {peak:.0f} MB, {idle:.0f} MB before\n")  # fmt: skip
    assert peak - idle < 60
