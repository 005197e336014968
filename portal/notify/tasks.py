"""The portal's Celery tasks, four for all: run a job, sweep, tidy, show life. Rooms add jobs, not tasks."""

from datetime import datetime
from uuid import uuid4

from celery import shared_task

from portal.kit.clock import database_now
from portal.kit.files import remove_forsaken
from portal.kit.registry import call, hook
from portal.kit.rowless import put_rowless_aside
from portal.notify import worker
from portal.notify.jobs import job
from portal.notify.mail import send_notice
from portal.notify.models import Heartbeat
from portal.notify.notices import MAIL_JOB
from portal.notify.outbox import enqueue, sweep

AT_ONCE_OR_LATER = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}

TIDY_JOB = "portal.remove_forsaken_files"

job(MAIL_JOB)(send_notice)


@shared_task(name="portal.run_job", ignore_result=True)
def run_job(outbox_id: str) -> None:
    """Do the job of one outbox row; a second delivery finds it claimed or done."""
    worker.run(outbox_id)


@shared_task(name="portal.sweep", ignore_result=True)
def sweep_outbox() -> None:
    """Send again what is due. Two beats sweep twice and send once."""
    sweep(database_now())


@shared_task(name="portal.heartbeat", ignore_result=True)
def heartbeat() -> None:
    """Beat sent it and a worker runs it: both are alive."""
    Heartbeat.beat("jobs", database_now())


@shared_task(name="portal.tidy", ignore_result=True)
def tidy() -> None:
    """Once an hour, whichever beat comes first: what broken uploads left behind goes."""
    now = database_now()
    enqueue(TIDY_JOB, key=f"{TIDY_JOB}:{now:%Y-%m-%dT%H}", args={}, now=now)


@job(TIDY_JOB)
def remove_forsaken_files(*, now: datetime) -> None:
    """Remove what uploads left behind, also by the hour of each; put aside what was kept without a row."""
    remove_forsaken(now)
    call("tidy", now=now)
    put_rowless_aside(now)


@hook("send_job")
def send_job(*, outbox_id: str) -> None:
    """Hand a row to the broker; raises kombu's OperationalError at once when it is down.

    The message is written straight away: what `apply_async` does besides is for tasks that have results.
    """
    amqp = run_job.app.amqp
    message = amqp.create_task_message(str(uuid4()), run_job.name, (outbox_id,), {}, ignore_result=True)
    with run_job.app.producer_or_acquire() as producer:
        amqp.send_task_message(producer, run_job.name, message, retry=True, retry_policy=AT_ONCE_OR_LATER)
