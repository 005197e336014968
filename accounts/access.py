"""The only module that imports django-guardian. Hands on its base classes and the few calls the rooms need.

Guardian's checks accept model-wide permissions unless told otherwise; ours never do.
"""

from typing import TYPE_CHECKING

from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase
from guardian.shortcuts import assign_perm, remove_perm

if TYPE_CHECKING:
    from django.db.models import Model

    from accounts.models import User

__all__ = ["GroupObjectPermissionBase", "UserObjectPermissionBase", "give", "holds", "take"]


def give(permission: str, person: "User", target: "Model") -> None:
    """Give one person one permission on one object (row by row, so that history has it)."""
    assign_perm(permission, person, target)


def take(permission: str, person: "User", target: "Model") -> None:
    """Take one person's permission on one object away."""
    remove_perm(permission, person, target)


def holds(permission: str, person: "User", target: "Model") -> bool:
    """Whether the person holds the permission on this very object. Model-wide permissions do not count."""
    from guardian.core import ObjectPermissionChecker

    return ObjectPermissionChecker(person).has_perm(permission, target)
