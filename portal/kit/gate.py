"""The write gate: rows that only actions may write are closed unless an action has opened the gate."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_open: ContextVar[bool] = ContextVar("write_gate_open", default=False)


def is_open() -> bool:
    """Whether the running code is inside an action."""
    return _open.get()


@contextmanager
def writing() -> Iterator[None]:
    """Open the gate for a block: used by `action`, by the bulk loader, and by tests that arrange rows."""
    token = _open.set(True)
    try:
        yield
    finally:
        _open.reset(token)
