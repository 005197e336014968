"""What a page asks about files on their way: which are here for what it is about, and how far each came."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from cases.documents.uploads.models import Upload, UploadQuerySet
from cases.documents.uploads.using import Meant
from portal.kit import arriving


@dataclass(frozen=True)
class OnItsWay:
    """A file that is not whole yet."""

    row: Upload
    there: int


def meant_for(meant: Meant, user: User, now: datetime) -> UploadQuerySet:
    """The person's own live uploads for this very thing, the oldest first."""
    live = Upload.objects.visible_to(user, now).live(now)
    return live.filter(
        purpose=meant.purpose, case=meant.case, document=meant.document, grant=meant.grant
    ).order_by("begun_at", "pk")


def on_their_way(meant: Meant, user: User, now: datetime) -> list[OnItsWay]:
    """Those that are not whole yet, with the bytes that are there."""
    return [
        OnItsWay(row, arriving.size(row.name_on_disk))
        for row in meant_for(meant, user, now).filter(finished_at__isnull=True)
    ]


def arrived(meant: Meant, user: User, now: datetime) -> UploadQuerySet:
    """Those that are whole, and of which nothing has been made yet."""
    return meant_for(meant, user, now).filter(finished_at__isnull=False)
