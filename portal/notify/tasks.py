"""The portal's Celery tasks, three for all: run a job, sweep the outbox, show life. Rooms add jobs, not tasks."""

from celery import shared_task

from portal.kit.clock import database_now
from portal.kit.registry import hook
from portal.notify import worker
from portal.notify.jobs import job
from portal.notify.mail import send_notice
from portal.notify.models import Heartbeat
from portal.notify.notices import MAIL_JOB
from portal.notify.outbox import sweep

AT_ONCE_OR_LATER = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}

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


@hook("send_job")
def send_job(*, outbox_id: str) -> None:
    """Hand a row to the broker; raises kombu's OperationalError at once when it is down."""
    run_job.apply_async(args=(outbox_id,), retry=True, retry_policy=AT_ONCE_OR_LATER)
