"""The portal app: what every other app stands on."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_save


class PortalConfig(AppConfig):
    """Registers the start-up checks and what the rooms below listen for."""

    name = "portal"

    def ready(self) -> None:
        """Import what registers itself on import, and hang the cellar's own answers on their hooks."""
        from simple_history.signals import pre_create_historical_record

        from portal import checks  # noqa: F401
        from portal.audit.as_of import stamp
        from portal.audit.refusals import record_refusal
        from portal.audit.roles import grant_web_role
        from portal.kit.models import refuse_raw
        from portal.kit.registry import hook
        from portal.notify import tasks  # noqa: F401

        hook("refused")(record_refusal)
        post_migrate.connect(grant_web_role, sender=self)
        pre_create_historical_record.connect(stamp)
        pre_save.connect(refuse_raw)
