"""Large files through the real web server: speed of an upload and a download, and the memory they take."""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse

from cases.documents.models import DocumentVersion
from cases.documents.tasks import scan
from portal.kit.clock import database_now
from tests.bench.rows import Row, Side, compare, limited, peak_memory, reset_peak
from tests.bench.stage import HOME, HOST, LARGE, ROOT, Stage, client

MIB = 1024 * 1024
ROUNDS = 3
BOUNDARY = "bench-boundary-7f3a"
PIECE = 256 * 1024


@contextmanager
def server(stage: Stage, application: str, port: int) -> Iterator[int]:
    """Gunicorn with one worker process on a port; the worker's process id."""
    env = {**stage.env, "PORT": str(port), "WEB_WORKERS": "1"}
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", application]
    with (HOME / "web.log").open("ab") as log:
        master = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        _wait(port)
        found = subprocess.run(["pgrep", "-P", str(master.pid)], capture_output=True, text=True)
        yield int(found.stdout.split()[0])
    finally:
        master.terminate()
        master.wait(30)


def _wait(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            connection = http.client.HTTPConnection(HOST, port, timeout=10)
            connection.request("GET", "/sign-in/")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the web server did not start")


def large_files(stage: Stage) -> Iterator[Row]:
    """Upload against openssl + cp + sync of the same file, download against a plain file wrapper, memory of both."""
    source, port = _make_file(stage.size.file_mb), int(stage.env["PORT"])
    with stage.on(LARGE):
        browser = client(stage.people["liaison"])
        case = _draft(stage)
    head = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"}
    plain = "tests.bench.plain_file:application"
    stage.env["BENCH_FILE"] = str(source)
    with server(stage, "portal.wsgi", port) as web, server(stage, plain, port + 1) as _:
        links: list[str] = []
        form = _Form(port, reverse("cases:document_new", args=[case.pk]), head, source)
        yield from _measured(
            f"upload_{stage.size.file_mb}mb", Side(lambda: links.append(form.send())), Side(lambda: _by_hand(source)),
            web, 0.6, "openssl dgst -sha256, cp, sync",
        )  # fmt: skip
        with stage.on(LARGE):
            for version in DocumentVersion.objects.filter(state="received").select_related("document__case"):
                scan(version, database_now)
        path = f"{links[-1]}versions/1/"
        yield from _measured(
            f"download_{stage.size.file_mb}mb", Side(lambda: _fetch(port, path, head)),
            Side(lambda: _fetch(port + 1, "/", {})), web, 0.7, "plain file wrapper, same server",
        )  # fmt: skip


def _measured(name: str, ours: Side, theirs: Side, web: int, at_least: float, against: str) -> Iterator[Row]:
    _settle(ours, web)
    before = peak_memory(web)
    row = compare(name, ours, theirs, against=against, at_least=at_least, rounds=ROUNDS, times=1)
    more = (peak_memory(web) - before) / MIB
    yield Row(**{**row.as_dict(), "cpu_value": None, "cpu_against_value": None, "cpu_ratio": None})
    yield limited(
        f"{name}_memory", more, "MB", 16, note=f"peak of the web process above {before / MIB:.0f} MB"
    )


def _settle(ours: Side, web: int) -> None:
    """Every thread of the server has served a page before memory is counted."""
    port = int(os.environ["PORT"])
    for _ in range(12):
        connection = http.client.HTTPConnection(HOST, port, timeout=10)
        connection.request("GET", "/sign-in/")
        connection.getresponse().read()
        connection.close()
    reset_peak(web)


def _make_file(megabytes: int) -> Path:
    """Random bytes within the outline of a PDF."""
    path = HOME / "large.pdf"
    with path.open("wb") as out:
        out.write(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\nstream\n")
        for _ in range(megabytes):
            out.write(os.urandom(MIB))
        out.write(b"\nendstream\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n")
    return path


def _draft(stage: Stage) -> Any:
    from portal.kit.clock import database_now
    from tests import walk
    from tests.cast import Cast

    cast = Cast(stage.people, stage.people, None)  # type: ignore[arg-type]
    return walk.drafted(cast, database_now(), tracking_number="BENCH-1")


class _Form:
    """The upload form, sent as a browser sends it."""

    def __init__(self, port: int, path: str, head: dict[str, str], source: Path) -> None:
        self.port, self.path, self.source = port, path, source
        connection = http.client.HTTPConnection(HOST, port, timeout=60)
        connection.request("GET", path, headers=head)
        answer = connection.getresponse()
        page, cookie = answer.read().decode(), answer.getheader("Set-Cookie", "").split(";")[0]
        token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        self.head = {**head, "Cookie": f"{head['Cookie']}; {cookie}", "Origin": f"http://{HOST}:{port}"}
        fields = {
            "csrfmiddlewaretoken": token,
            "kind": "system_card",
            "title": "Large card",
            "designation": "none",
        }
        self.start = "".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        self.start += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="large.pdf"\r\n'
        self.start += "Content-Type: application/pdf\r\n\r\n"
        self.end = f"\r\n--{BOUNDARY}--\r\n"

    def send(self) -> str:
        """Send it; the address of the document that was made."""
        length = len(self.start) + self.source.stat().st_size + len(self.end)
        connection = http.client.HTTPConnection(HOST, self.port, timeout=300)
        head = {
            **self.head,
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Content-Length": str(length),
        }
        connection.putrequest("POST", self.path)
        for name, value in head.items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(self.start.encode())
        with self.source.open("rb") as file:
            while piece := file.read(PIECE):
                connection.send(piece)
        connection.send(self.end.encode())
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 302:
            raise AssertionError(
                f"the upload answered {answer.status}: {body[-2000:].decode(errors='replace')}"
            )
        return str(answer.getheader("Location"))


def _by_hand(source: Path) -> None:
    copy = source.with_name("copy.pdf")
    subprocess.run(["openssl", "dgst", "-sha256", str(source)], check=True, capture_output=True)
    subprocess.run(["cp", str(source), str(copy)], check=True)
    subprocess.run(["sync", str(copy)], check=True)


def _fetch(port: int, path: str, head: dict[str, str]) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=300)
    connection.request("GET", path, headers=head)
    answer = connection.getresponse()
    if answer.status != 200:
        raise AssertionError(f"{path} answered {answer.status}")
    while answer.read(PIECE):
        pass
