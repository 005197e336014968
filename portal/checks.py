"""Start-up checks: what must hold before a server answers, each with the fix. Add a function and register it here."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from portal.env import is_loopback


@register(Tags.security)
def demonstration_stays_local(**_kwargs: Any) -> list[CheckMessage]:
    """Demonstration people sign in by one click, so a demonstration serves loopback addresses only."""
    if settings.DEMO and not all(is_loopback(host) for host in (settings.BIND_HOST, *settings.ALLOWED_HOSTS)):
        return [
            Error(
                "DEMO is on but the server can be reached from outside.",
                hint="Set BIND_HOST and PUBLIC_ORIGIN to 127.0.0.1, or switch DEMO off.",
                id="portal.E001",
            )
        ]
    return []


@register(Tags.security)
def jobs_are_real(**_kwargs: Any) -> list[CheckMessage]:
    """A job that runs inside the request proves nothing about a worker, so eager mode is never on."""
    if getattr(settings, "CELERY_TASK_ALWAYS_EAGER", False):
        return [Error("Celery runs eagerly.", hint="Remove CELERY_TASK_ALWAYS_EAGER.", id="portal.E002")]
    return []
