"""Keeps Foreview's processes running until it is told to stop, and then stops them in order.

A process that ends by itself is started again; one that keeps ending stops everything, with its last words.
"""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from types import FrameType

from deploy.processes import Child, ServeError

TOO_OFTEN, WITHIN_S = 5, 60.0


class Stop(BaseException):
    """A person or the system asked us to stop. Not an Exception, so that nothing on the way mistakes it for a fault."""


def _ask_to_stop(_number: int, _frame: FrameType | None) -> None:
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)  # stopping is under way; a second Ctrl-C must not break it off
    raise Stop


def listen_for_stop() -> None:
    """From here on Ctrl-C, `kill` and a closed terminal raise `Stop` in the main thread."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _ask_to_stop)


class Supervisor:
    """The running processes, in the order in which they were started."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self._ends: dict[str, list[float]] = defaultdict(list)

    def adopt(self, child: Child) -> None:
        """Take over a process that runs."""
        self.children.append(child)

    def start(self, child: Child) -> None:
        """Start a process and keep it running."""
        child.start()
        self.adopt(child)

    def look_after(self) -> None:
        """Start again what has ended. Raises `ServeError` if one ends too often."""
        for child in self.children:
            if child.alive:
                continue
            now = time.monotonic()
            recent = [at for at in self._ends[child.name] if now - at < WITHIN_S]
            self._ends[child.name] = [*recent, now]
            if len(recent) >= TOO_OFTEN:
                raise ServeError(
                    f"{child.name} keeps ending. The end of {child.log_file}:\n{child.last_words()}"
                )
            print(f"{child.name} ended by itself; starting it again (see {child.log_file})", flush=True)
            child.start()

    def stop(self) -> None:
        """Stop all, last started first, so that nobody loses the server it stands on."""
        for child in reversed(self.children):
            child.stop()
        self.children.clear()
