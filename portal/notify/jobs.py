"""The register of jobs: plain functions in a room's `tasks.py`, each under a name that outbox rows keep.

    @job("read_log")
    def read_log(run_id: str, *, now: datetime) -> None: ...

Arguments come from JSON by keyword, with `now`, the database's clock. A job may run again after its worker was
killed, so its effect must be an action that does nothing the second time; or it is `atomic=True`, and then its effect
and the mark that it is done commit together, or neither does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Job:
    """A registered job."""

    function: Callable[..., Any]
    atomic: bool


JOBS: dict[str, Job] = {}


def job(name: str, *, atomic: bool = False) -> Callable[[F], F]:
    """Register a function as the job `name`. Raises ValueError when another function has that name."""

    def register(function: F) -> F:
        taken = JOBS.get(name)
        if taken is not None and taken.function.__qualname__ != function.__qualname__:
            raise ValueError(f"the job name {name!r} is taken by {taken.function.__qualname__}")
        JOBS[name] = Job(function, atomic)
        return function

    return register
