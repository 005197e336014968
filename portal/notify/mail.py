"""The mail channel: one short mail a notice, which says that something changed and where to look, and nothing else.

No title, case number, name or file name ever stands in a mail: subject and text are fixed. Right to see is asked again
when it is sent, so that who lost access between event and mail hears nothing.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from portal.kit import registry
from portal.notify.models import Notice

NOTICES_PATH = "/notices/"
SUBJECTS = {True: "Foreview: a case has changed", False: "Foreview: you have a new notice"}


def send_notice(notice_id: str, *, now: datetime) -> None:
    """Send the mail of one notice, unless it was sent or its recipient may no longer hear of it.

    A worker killed between the sending and its mark leaves a mail that goes out a second time when its lease is
    over; mail cannot be taken back, so twice is chosen over never.
    """
    notice = Notice.objects.select_related("recipient").get(pk=notice_id)
    if notice.mailed_at is not None or not _may_hear(notice, now):
        return
    message = EmailMessage(
        subject=SUBJECTS[notice.case_id is not None],
        body=render_to_string("mail/notice.txt", {"link": settings.PUBLIC_ORIGIN + NOTICES_PATH}),
        to=[notice.recipient.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.send()
    Notice.objects.filter(pk=notice.pk).update(mailed_at=now)


def _may_hear(notice: Notice, now: datetime) -> bool:
    """Active, and for a notice of a case: everybody who knows (`may_still_see`) says yes, and somebody does know."""
    if not notice.recipient.is_active:
        return False
    if notice.case_id is None:
        return True
    answers: list[Any] = registry.call(
        "may_still_see", recipient=notice.recipient, case_id=notice.case_id, now=now
    )
    return bool(answers) and all(answers)
