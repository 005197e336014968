"""The portal app: what every other app stands on."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Registers the start-up checks and what the rooms below listen for."""

    name = "portal"

    def ready(self) -> None:
        """Import what registers itself on import."""
        from portal import checks  # noqa: F401
