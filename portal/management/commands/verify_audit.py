"""`manage.py verify_audit`: is the audit log whole? Exit 0 when it is, 1 with the first broken entry named."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.audit.verify import verify


class Command(BaseCommand):
    """Verifies every chain, and the history rows that entries commit to."""

    help = "Verify the audit log: exit 0 when it is whole, 1 with the first broken entry named."

    def add_arguments(self, parser: CommandParser) -> None:
        """One switch, for a quick look at the chains alone."""
        parser.add_argument("--chains-only", action="store_true", help="leave out the history rows")

    def handle(self, *args: Any, **options: Any) -> None:
        """Report, and leave with 1 at a fault."""
        report = verify(deep=not options["chains_only"])
        if report.fault is not None:
            self.stderr.write(str(report.fault))
            raise SystemExit(1)
        self.stdout.write(f"Whole: {report.entries} entries in {report.sequences} sequences.")
