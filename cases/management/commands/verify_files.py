"""`manage.py verify_files`: is every stored file what its row says? Exit 0 when it is, 1 with each fault named."""

from typing import Any

from django.core.management.base import BaseCommand

from cases.documents.scrub import scrub
from portal.kit.clock import database_now


class Command(BaseCommand):
    """Reads every stored file: documents and evaluation logs."""

    help = "Compare every stored file with its row: exit 0 when all are as received, 1 with each fault named."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Name each fault; versions found changed do not open until they are restored and this is run again."""
        checked = faults = 0
        for one in scrub(database_now()):
            checked += 1
            if one.fault:
                faults += 1
                self.stderr.write(str(one))
        if faults:
            self.stderr.write(
                f"{faults} of {checked} files are not as received. Restore them from a backup, run this again."
            )
            raise SystemExit(1)
        self.stdout.write(f"Whole: {checked} files are as received.")
