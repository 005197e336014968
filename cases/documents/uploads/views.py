"""The tus server: an upload begins at the address of what it is meant for, and then has an address of its own."""

import base64
import re
from typing import Final
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from accounts.requests import Request
from cases.documents.models import Document
from cases.documents.uploads import carrying
from cases.documents.uploads.actions import appointed, begin
from cases.documents.uploads.models import FINDINGS, NEW, VERSION, Upload
from cases.documents.uploads.using import Meant
from cases.register.models import Case
from cases.register.pages import on_case, one_case
from portal.kit import arriving, tus
from portal.kit.refusal import Refused
from portal.kit.tus import Fault

BEGIN: Final = ["OPTIONS", "POST"]
GO_ON: Final = ["OPTIONS", "HEAD", "PATCH", "DELETE", "POST"]
PAGES: Final = {
    NEW: "cases:document_new",
    VERSION: "cases:document_version_new",
    FINDINGS: "cases:findings_new",
}
DIGEST: Final = re.compile(r"[0-9a-f]{64}")
MILLISECONDS: Final = re.compile(r"[0-9]{1,15}")


@tus.speaking
@require_http_methods(BEGIN)
def document_upload(request: Request, case_id: UUID) -> HttpResponse:
    """Begin a file that is to be a document of the case."""
    visible = Case.objects.visible_to(request.user, request.now)
    return _begun(request, Meant(one_case(visible, case_id)))


@tus.speaking
@require_http_methods(BEGIN)
def version_upload(request: Request, document_id: UUID) -> HttpResponse:
    """Begin a file that is to be the next version of a document."""
    visible = Document.objects.visible_to(request.user, request.now).select_related("case", "owner")
    found = on_case(visible, document_id)
    get_object_or_404(Case.objects.visible_to(request.user, request.now), pk=found.case_id)
    return _begun(request, Meant(found.case, document=found))


@tus.speaking
@require_http_methods(BEGIN)
def findings_upload(request: Request, grant_id: UUID) -> HttpResponse:
    """Begin a file that is to be a partner's findings."""
    visible = apps.get_model("cases", "Grant").objects.visible_to(request.user, request.now)
    grant = get_object_or_404(visible.select_related("case"), pk=grant_id)
    return _begun(request, Meant(grant.case, grant=grant))


@tus.speaking
@require_http_methods(GO_ON)
def upload(request: Request, upload_id: UUID) -> HttpResponse:
    """Ask how far a file came, bring more of it, or remove it."""
    mine = Upload.objects.visible_to(request.user, request.now)
    found = get_object_or_404(mine.select_related("case", "document__owner", "grant__case"), pk=upload_id)
    method = tus.method(request)
    if method == "OPTIONS":
        return tus.abilities(settings.DOCUMENT_MAX_BYTES)
    if method == "POST":
        raise Fault(405, "Bytes come with PATCH.", Allow=", ".join(GO_ON))
    tus.require_version(request)
    carrying.require_live(found, request.now)
    if method == "HEAD":
        return _how_far(request, found)
    if method == "DELETE":
        carrying.remove(found, by=request.user, now=request.now)
        return tus.answer(204)
    appointed(Meant(found.case, found.document, found.grant), request.user, request.now)
    there = _brought(request, found, tus.offset(request), tus.body_length(request))
    return tus.answer(204, Upload_Offset=there, Upload_Expires=tus.expires(found.expires_at))


@require_POST
def upload_remove(request: Request, upload_id: UUID) -> HttpResponse:
    """Remove a file on its way, by a button; the page that it was meant for comes next."""
    mine = Upload.objects.visible_to(request.user, request.now)
    found = get_object_or_404(mine, pk=upload_id)
    try:
        carrying.remove(found, by=request.user, now=request.now)
    except Fault as fault:
        raise Refused(fault.sentence, conflict=True) from None
    messages.success(request, f"“{found.file_name}” is removed; nothing was made of it.")
    return redirect(PAGES[found.purpose], found.document_id or found.grant_id or found.case_id)


def _begun(request: Request, meant: Meant) -> HttpResponse:
    appointed(meant, request.user, request.now)
    if request.method == "OPTIONS":
        return tus.abilities(settings.DOCUMENT_MAX_BYTES)
    tus.require_version(request)
    length = tus.length(request, settings.DOCUMENT_MAX_BYTES)
    brings = request.META.get("CONTENT_LENGTH") not in ("", "0", None)
    count = tus.body_length(request) if brings else 0
    told = tus.metadata(request)
    if not told.get("filename"):
        raise Fault(400, "Name the file in Upload-Metadata: filename, and its name in Base64.")
    digest = told.get("sha256", "").lower()
    if digest and not DIGEST.fullmatch(digest):
        raise Fault(400, "Upload-Metadata: sha256 is the digest of the file in 64 hexadecimal digits.")
    modified = told.get("modified", "")
    new = begin(
        meant=meant, file_name=told["filename"], length=length, announced_sha256=digest,
        modified_ms=int(modified) if MILLISECONDS.fullmatch(modified) else None, by=request.user, now=request.now,
    )  # fmt: skip
    response = tus.answer(201, Location=new.get_absolute_url(), Upload_Expires=tus.expires(new.expires_at))
    if count:
        try:
            response["Upload-Offset"] = str(_brought(request, new, 0, count))
        except Fault:  # its address is known to nobody, so it does not stay
            carrying.remove(new, by=request.user, now=request.now)
            raise
    return response


def _brought(request: Request, found: Upload, offset: int, count: int) -> int:
    return carrying.bring(
        found,
        request,
        offset=offset,
        count=count,
        checksum=tus.checksum(request),
        by=request.user,
        now=request.now,
    )


def _how_far(request: Request, found: Upload) -> HttpResponse:
    carrying.complete(found, by=request.user, now=request.now)
    told = {
        "filename": found.file_name,
        "sha256": found.announced_sha256,
        "modified": found.modified_ms or "",
    }
    pairs = [
        f"{name} {base64.b64encode(str(value).encode()).decode()}" for name, value in told.items() if value
    ]
    return tus.answer(
        200, Upload_Offset=arriving.size(found.name_on_disk), Upload_Length=found.length,
        Upload_Expires=tus.expires(found.expires_at), Upload_Metadata=",".join(pairs), Cache_Control="no-store",
    )  # fmt: skip
