"""The accounts app: people, organisations, and what they may do."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, organisations, appointments."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to Django's sign-in signals."""
        from accounts import sessions  # noqa: F401
