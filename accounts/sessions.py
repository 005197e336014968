"""Sign-ins, sign-outs and sign-ins that did not come about, each recorded in `stream:accounts`."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from portal.audit.journal import record
from portal.kit.clock import database_now

STREAM = "accounts"


def _record(kind: str, person: User | None) -> None:
    with transaction.atomic():
        record(kind, by=person, now=database_now(), stream=STREAM, subject=person)


@receiver(user_logged_in)
def signed_in(
    sender: Any, request: HttpRequest | None = None, user: User | None = None, **kwargs: Any
) -> None:
    """Record a sign-in."""
    _record("person.signed_in", user)


@receiver(user_logged_out)
def signed_out(
    sender: Any, request: HttpRequest | None = None, user: User | None = None, **kwargs: Any
) -> None:
    """Record a sign-out."""
    if user is not None:
        _record("person.signed_out", user)


@receiver(user_login_failed)
def not_signed_in(sender: Any, credentials: dict[str, Any] | None = None, **kwargs: Any) -> None:
    """Record that somebody could not sign in; what was typed is not kept, only whom it would have been."""
    email = str((credentials or {}).get("email") or (credentials or {}).get("username") or "")
    _record("person.sign_in_refused", User.objects.filter(email__iexact=email).first())
