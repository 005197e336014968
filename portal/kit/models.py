"""Base models: records with random ids that only actions may write and that nobody deletes."""

import uuid
from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import models

from portal.kit import gate

M = TypeVar("M", bound=models.Model)


class WriteOutsideAction(RuntimeError):
    """Code tried to write a guarded row outside an action. This is a programming fault, never a person's."""


def _require_gate(model: type[models.Model], verb: str) -> None:
    if not gate.is_open():
        raise WriteOutsideAction(f"{model.__name__}: {verb} outside an action")


class GuardedQuerySet(models.QuerySet[M]):
    """A queryset whose bulk writes work only where they leave a trace: they need the gate, and deletes never work."""

    def update(self, **kwargs: Any) -> int:
        """Refused: `update()` leaves no history row. Load the row, change it, and save it in an action."""
        raise WriteOutsideAction(
            f"{self.model.__name__}: update() leaves no history; save the row in an action"
        )

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refused: nothing is destroyed."""
        raise WriteOutsideAction(f"{self.model.__name__}: records are never deleted")

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        """Allowed only inside the gate, for the bulk loader, which writes the history rows itself."""
        _require_gate(self.model, "bulk_create")
        return super().bulk_create(objs, *args, **kwargs)

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        """Refused: `bulk_update()` leaves no history row."""
        raise WriteOutsideAction(f"{self.model.__name__}: bulk_update() leaves no history")


class Record(models.Model):
    """Anything with an unguessable id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class Guarded(Record):
    """A record that only actions write (`portal.kit.actions`) and that is never deleted."""

    objects = GuardedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save inside an action; raises WriteOutsideAction elsewhere."""
        _require_gate(type(self), "save")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Always refused: nothing is destroyed."""
        raise WriteOutsideAction(f"{type(self).__name__}: records are never deleted")


def refuse_raw(sender: type[models.Model], raw: bool = False, **_: Any) -> None:
    """Receiver of `pre_save`: a row brought in as it is (`loaddata`) would have neither history nor entry."""
    if raw and issubclass(sender, Record):
        raise WriteOutsideAction(f"{sender.__name__}: rows are not loaded past actions")
