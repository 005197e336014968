"""The write gate: rows that only actions may write are closed unless an action has opened the gate.

The gate knows the instant of the action inside it, which is the instant its rows of history bear.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

_open: ContextVar[bool] = ContextVar("write_gate_open", default=False)
_instant: ContextVar[datetime | None] = ContextVar("write_gate_instant", default=None)


def is_open() -> bool:
    """Whether the running code is inside an action."""
    return _open.get()


def instant() -> datetime | None:
    """The instant of the action that is running, or None outside of one."""
    return _instant.get()


@contextmanager
def writing(now: datetime | None = None) -> Iterator[None]:
    """Open the gate for a block: used by `action`, by the bulk loader, and by tests that arrange rows."""
    opened, at = _open.set(True), _instant.set(now)
    try:
        yield
    finally:
        _instant.reset(at)
        _open.reset(opened)
