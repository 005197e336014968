"""The shape of every write: `@action def verb(*, case, …, by, now)`.

An action is one transaction. Inside, in this order: lock row → policy → guards → change → audit → notice on commit.
"""

import inspect
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import transaction

from portal.kit.gate import writing

P = ParamSpec("P")
R = TypeVar("R")

ACTIONS: dict[str, Callable[..., object]] = {}


def action(function: Callable[P, R]) -> Callable[P, R]:
    """Make `function` an action: keyword-only, atomic, with the write gate open while it runs.

    Raises TypeError at import when the function takes positional arguments or lacks `by` or `now`.
    """
    parameters = inspect.signature(function).parameters
    if any(p.kind is not inspect.Parameter.KEYWORD_ONLY for p in parameters.values()):
        raise TypeError(f"{function.__qualname__} must take keyword arguments only")
    if not {"by", "now"} <= set(parameters):
        raise TypeError(f"{function.__qualname__} must take `by` and `now`")

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        now = kwargs.get("now")
        with transaction.atomic(), writing(now if isinstance(now, datetime) else None):
            return function(*args, **kwargs)

    ACTIONS[f"{function.__module__}.{function.__name__}"] = run
    return run
