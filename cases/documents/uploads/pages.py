"""What the pages with a file field show of uploads: where they begin, which are on their way, which have arrived."""

from contextlib import suppress
from functools import cached_property
from typing import Final

from django.conf import settings
from django.urls import reverse

from accounts.requests import Request
from cases.documents.uploads import carrying, queries
from cases.documents.uploads.models import FINDINGS, NEW, VERSION, UploadQuerySet
from cases.documents.uploads.using import Meant
from portal.kit.refusal import Refused
from portal.kit.tus import Fault

BEGIN: Final = {
    NEW: "cases:document_upload",
    VERSION: "cases:version_upload",
    FINDINGS: "cases:findings_upload",
}


class Bringing:
    """The uploads of one page. `several`: more than one file may be brought at once."""

    def __init__(self, request: Request, meant: Meant, *, several: bool = False) -> None:
        self._meant, self._user, self._now = meant, request.user, request.now
        self.several = several
        self.largest = settings.DOCUMENT_MAX_BYTES
        self.url = reverse(BEGIN[meant.purpose], args=[(meant.document or meant.grant or meant.case).pk])
        if request.method == "POST":
            self._complete()

    def _complete(self) -> None:
        """A server killed after the last byte left some unfinished that are whole."""
        for one in queries.on_their_way(self._meant, self._user, self._now):
            with suppress(Fault, Refused):  # then it is not among those that have arrived
                carrying.complete(one.row, by=self._user, now=self._now)

    @property
    def arrived(self) -> UploadQuerySet:
        """Files that are whole."""
        return queries.arrived(self._meant, self._user, self._now)

    @cached_property
    def on_their_way(self) -> list[queries.OnItsWay]:
        """Files that are not whole yet."""
        return queries.on_their_way(self._meant, self._user, self._now)
