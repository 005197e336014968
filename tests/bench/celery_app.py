"""The portal's Celery application with two things to count: a plain task, and a job of the outbox."""

from datetime import datetime

import redis
from django.conf import settings

from portal.celery import app
from portal.notify.jobs import job

_counter = redis.Redis.from_url(settings.REDIS_URL)


def count() -> None:
    """One more is done."""
    _counter.incr("bench:done")


@app.task(name="bench.plain", ignore_result=True)
def plain() -> None:
    """A task without any wrapper."""
    count()


@job("bench_count")
def bench_count(*, now: datetime) -> None:
    """The same, as a job."""
    count()


@job("bench_nothing")
def bench_nothing(*, now: datetime) -> None:
    """Nothing, for rows that only want to be enqueued."""


__all__ = ["app"]
