"""Starting, finding and stopping processes, so that a killed run leaves nothing behind that a second one trips over.

Every child is tied to its parent (on Linux the kernel ends it when the parent dies) and leaves its pid in a file; what
a parent that was killed elsewhere left running is found again by that file and ended before a new one starts.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


class ServeError(Exception):
    """Something a person must know or do before Foreview can run, as a sentence."""


def tied(command: Sequence[str], sign: str = "TERM") -> list[str]:
    """`command`, ended by the kernel with `sign` when its parent dies. Unchanged where that cannot be had (macOS)."""
    if sys.platform == "linux" and shutil.which("setpriv"):
        return ["setpriv", "--pdeathsig", sign, *command]
    return list(command)


def command_line(pid: int) -> str:
    """How the process with this id was started; empty if there is none."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    return shown.stdout.strip()


def read_pid(file: Path) -> int:
    """The process id in the first line of `file`; 0 if there is none."""
    try:
        return int(file.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return 0


def end_leftover(file: Path, needle: str, signs: Sequence[signal.Signals] = (signal.SIGTERM,)) -> bool:
    """End the process named in a pid file, if it really is ours: `needle` stands in its command line.

    A pid that was given to another program since is left alone. Returns whether something was ended.
    """
    pid = read_pid(file)
    if not pid or needle not in command_line(pid):
        return False
    for sign in (*signs, signal.SIGKILL):
        os.kill(pid, sign)
        for _ in range(100):
            if needle not in command_line(pid):
                return True
            time.sleep(0.1)
    raise ServeError(f"Process {pid} of an earlier run does not end. End it by hand: kill -9 {pid}")


class Child:
    """One process of ours: its output goes to a log file, its id to a pid file, and `stop()` waits for its end."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        run: Path,
        env: Mapping[str, str] | None = None,
        stop_with: signal.Signals = signal.SIGTERM,
        user: int | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.env = dict(env) if env is not None else None
        self.stop_with = stop_with
        self.user = user
        self.pid_file = run / f"{name}.pid"
        self.log_file = run / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it in a process group of its own, so that Ctrl-C reaches the supervisor alone."""
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        as_user = {} if self.user is None else {"user": self.user, "group": self.user, "extra_groups": []}
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **as_user,  # type: ignore[call-overload]
            )
        self.pid_file.write_text(f"{self.process.pid}\n")

    @property
    def alive(self) -> bool:
        """Whether it runs now."""
        return self.process is not None and self.process.poll() is None

    def stop(self, patience_s: float = 15.0) -> None:
        """Ask it to end, wait, and insist."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.stop_with)
            try:
                self.process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        self.pid_file.unlink(missing_ok=True)

    def last_words(self, lines: int = 12) -> str:
        """The end of its log, for the terminal."""
        try:
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""
