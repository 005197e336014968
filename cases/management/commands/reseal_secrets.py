"""`manage.py reseal_secrets`: after a new key was put in front of CREDENTIAL_KEYS, seal what is stored under it."""

from typing import Any

from django.core.management.base import BaseCommand

from cases.access.actions import reseal_secrets
from portal.kit.clock import database_now


class Command(BaseCommand):
    """Seals every stored endpoint and secret anew."""

    help = __doc__

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Seal them anew and say how many."""
        self.stdout.write(f"{reseal_secrets(by=None, now=database_now())} sealed under the newest key")
