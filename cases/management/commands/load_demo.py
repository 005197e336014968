"""`manage.py load_demo`: the demonstration, through the actions; with `--cases N` many plain cases for measuring."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from accounts.models import User
from demo.bulk import NotPossible, load, tidy
from demo.people import load_people
from demo.story import beginning, tell
from portal.audit.journal import record
from portal.kit.clock import database_now

MANY = 20_000  # from here on two connections write side by side


class Command(BaseCommand):
    """Loads example data. Run again, `--cases` adds more; the demonstration loads once."""

    help = "Load the demonstration, or with --cases many cases by a fast path that leaves a valid audit log."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cases", type=int, default=0, help="add this many cases, in bulk")
        parser.add_argument(
            "--permissions", type=int, help="about this many object permissions on grants among them"
        )

    def handle(self, *args: Any, cases: int, permissions: int | None, **options: Any) -> None:
        """Load, telling how far it is."""
        if cases < 0 or (permissions is not None and permissions < 0):
            raise CommandError("Give numbers of one or more.")
        if cases:
            self._bulk(cases, permissions)
        else:
            self._demonstration()

    def _demonstration(self) -> None:
        if User.objects.exists():
            raise CommandError(
                "There are people in this database already; the demonstration loads into an empty one."
            )
        now = database_now()
        cast = load_people(beginning(now))
        self.stdout.write("people: done; cases …")
        self.stdout.flush()
        tell(cast, now)
        with (
            transaction.atomic()
        ):  # with the real clock: what was recorded as earlier happened with the clock set back
            record("demonstration.loaded", by=None, now=database_now())

    def _bulk(self, cases: int, permissions: int | None) -> None:
        began = told = time.monotonic()

        def tell(line: str) -> None:
            nonlocal told
            if time.monotonic() - told >= 1:
                told = time.monotonic()
                self.stdout.write(f"{line} ({told - began:.0f} s)")
                self.stdout.flush()

        try:
            load(
                cases=cases,
                permissions=permissions,
                now=database_now(),
                tell=tell,
                side_by_side=2 if cases >= MANY else 1,
            )
        except NotPossible as said:
            raise CommandError(str(said)) from None
        if not connection.in_atomic_block:
            tidy()
        self.stdout.write(f"{cases:,} cases added in {time.monotonic() - began:.0f} s")
