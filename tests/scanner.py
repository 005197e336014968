"""A real clamd of the tests' own: Debian's program, one signature written by hand, no download."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy import clamav
from tests.cases.documents.samples import EICAR
from tests.worker import until

PROGRAM = clamav.program()
CONFIGURATION = """
LocalSocket {home}/clamd.ctl
DatabaseDirectory {home}/signatures
TemporaryDirectory {home}
Foreground yes
StreamMaxLength 1M
MaxThreads 2
SelfCheck 0
"""


def prepare(home: Path) -> Path:
    """Configuration and a signature database of the harmless test file (extended signature format), in a new folder."""
    (home / "signatures").mkdir(parents=True)
    (home / "signatures" / "own.ndb").write_text(f"Foreview.Test.EICAR:0:*:{EICAR.hex()}\n")
    file = home / "clamd.conf"
    file.write_text(CONFIGURATION.format(home=home))
    return file


@contextmanager
def running(home: Path) -> Iterator[str]:
    """A clamd until the block ends; gives its socket."""
    file, path = home / "clamd.conf", home / "clamd.ctl"
    if not file.exists():
        prepare(home)
    assert PROGRAM is not None
    command, surroundings = PROGRAM
    with (home / "clamd.log").open("ab") as log:
        process = subprocess.Popen(
            [command, "--config-file", str(file)], stdout=log, stderr=log, env={**os.environ, **surroundings}
        )
    try:
        until(lambda: _answers(path))
        yield str(path)
    finally:
        process.terminate()
        process.wait()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(path))
            line.sendall(b"zPING\0")
            return line.recv(16).startswith(b"PONG")
        except OSError:
            return False
