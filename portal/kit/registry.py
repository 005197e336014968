"""Named hooks through which a lower floor reaches upward without importing it.

A room registers in `AppConfig.ready`; the lower floor calls by name. Hooks in use: `refused` (a refusal is to be
recorded), `may_still_see` (right to see, asked at send time), `job_given_up` (a job will not be tried again),
`tidy` (once an hour), `room_for_upload` (how many bytes more may be kept where a file is sent to),
`case_moved` and `release_stated` (the rooms above act on a move or a release date in the same transaction, and return
the rows they changed).
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

_hooks: dict[str, list[Callable[..., Any]]] = defaultdict(list)


def hook(name: str) -> Callable[[F], F]:
    """Register the decorated function under `name`; registering the same function twice changes nothing."""

    def register(function: F) -> F:
        if function not in _hooks[name]:
            _hooks[name].append(function)
        return function

    return register


def call(name: str, **arguments: Any) -> list[Any]:
    """Call every function registered under `name`, in order of registration, and return their answers."""
    return [function(**arguments) for function in _hooks[name]]
