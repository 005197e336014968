"""The cases app: the life of a case."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """One app, one migration history; its rooms are folders."""

    name = "cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hang the rooms' answers on the hooks that lower floors call."""
        from cases import hooks  # noqa: F401
