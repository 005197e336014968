"""Read a log in a child process with limits on memory, time and output, so that a hostile file takes nothing with it.

The child is this module run by itself: no Django, no database, no environment but the locale.
"""

import json
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cases.benchmarks.importers import DEFAULT, Caps, Reading, Unreadable, read

_ROOT = Path(__file__).resolve().parents[2]
_SENTENCES = {
    -signal.SIGXCPU: "The file takes more computing time than an import may use.",
    -signal.SIGKILL: "The import was stopped by the system before it had finished.",
}


def read_in_child(path: Path, caps: Caps = DEFAULT) -> Reading:
    """What `importers.read` finds, read in a child process. Raises Unreadable, also for a child that dies."""
    command = [sys.executable, "-E", "-s", "-m", __name__, str(path.absolute()), json.dumps(asdict(caps))]
    with tempfile.TemporaryFile() as answer:
        try:
            done = subprocess.run(
                command,
                cwd=_ROOT,
                env={"LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                timeout=caps.wall_seconds,
                start_new_session=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unreadable("The file takes longer to read than an import may take.") from None
        answer.seek(0)
        return _answer(answer.read(), done.returncode)


def _answer(data: bytes, code: int) -> Reading:
    try:
        found: dict[str, Any] = json.loads(data) if code == 0 else {}
    except ValueError:
        found = {}
    if "refused" in found:
        raise Unreadable(found["refused"])
    if "reading" not in found:
        raise Unreadable(_SENTENCES.get(code, "The import stopped before it had finished."))
    return Reading.from_dict(found["reading"])


def _limit(caps: Caps) -> None:
    """Set the child's own limits; a system that lacks one of them keeps the others."""
    limits = {
        resource.RLIMIT_AS: caps.memory_bytes,
        resource.RLIMIT_CPU: caps.cpu_seconds,
        resource.RLIMIT_FSIZE: caps.answer_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for kind, amount in limits.items():
        try:
            hard = resource.getrlimit(kind)[1]
            amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
            resource.setrlimit(kind, (amount, hard))
        except (ValueError, OSError):
            continue


def main(path: str, caps: str) -> int:
    """The child: read, and write one strict JSON object."""
    limits = Caps(**json.loads(caps))
    _limit(limits)
    try:
        found: dict[str, Any] = {"reading": read(Path(path), limits).as_dict()}
    except Unreadable as refusal:
        found = {"refused": refusal.sentence}
    json.dump(found, sys.stdout, allow_nan=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
