"""What the fault tests run in a process of its own, on a database of its own: `python -m tests.deploy.drills …`.

`people` loads the cast; `draft LEDGER STOP` drafts cases until the file STOP appears (or for STOP seconds, when that
is a number) and writes each attempt down, synced, before it is made and after it was answered; `verify` reads the
whole audit log; `settled` asks whether migrations and models agree.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

import django


def people() -> None:
    """The fixed cast, appointed an hour ago."""
    from datetime import timedelta

    from demo.people import load_people
    from portal.kit.clock import database_now

    load_people(database_now() - timedelta(hours=1))


def draft(ledger: str, stop: str) -> None:
    """Draft cases until the file `stop` is there, or for `stop` seconds.

    A ledger line is `try N`, `done N` or `away N ErrorName`.
    """
    from django.db import connection

    from accounts.models import User
    from portal.kit.outage import is_outage

    liaison = User.objects.get(email="liaison@meridian.example")
    end = time.monotonic() + (float(stop) if stop.isdigit() else float("inf"))
    number = Path(ledger).read_text().count("try") if Path(ledger).exists() else 0
    with Path(ledger).open("a") as file:

        def note(line: str) -> None:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

        while time.monotonic() < end and not Path(stop).exists():
            number += 1
            note(f"try {number}")
            try:
                _draft_one(number, liaison)
            except Exception as error:
                if not is_outage(error):
                    raise
                note(f"away {number} {type(error.__cause__ or error).__name__}")
                connection.close()
                time.sleep(0.05)
            else:
                note(f"done {number}")


def _draft_one(number: int, by: Any) -> None:
    from datetime import timedelta

    from cases.register.actions import draft_case
    from portal.kit.clock import database_now

    now = database_now()
    draft_case(
        by=by,
        now=now,
        origin="developer_offer",
        tracking_number=f"DRILL-{number}",
        question="Is this version covered?",
        model="Meridian",
        version=f"drill {number}",
        release_at=now + timedelta(days=40),
    )


def verify() -> None:
    """Exit 1 with the fault if the audit log is not whole."""
    from portal.audit.verify import verify as read

    report = read()
    if report.fault:
        sys.exit(str(report.fault))


def settled() -> None:
    """Exit 1 if a migration waits, or if the models call for one that is not there."""
    from django.core.management import call_command

    call_command("migrate", check_unapplied=True)
    call_command("makemigrations", check_changes=True, dry_run=True)
    verify()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    {"people": people, "draft": draft, "verify": verify, "settled": settled}[sys.argv[1]](*sys.argv[2:])
