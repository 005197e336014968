"""A tus client of few words, for tests: it says what the protocol wants, and each test changes what it is about."""

import base64
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from cases.documents.uploads.models import Upload
from portal.kit import arriving

HEAD = {"Tus-Resumable": "1.0.0"}
BYTES = "application/offset+octet-stream"


def b64(value: str | bytes) -> str:
    """Base64, as headers carry values."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def told(**metadata: str) -> str:
    """Upload-Metadata."""
    return ",".join(f"{name} {b64(value)}" for name, value in metadata.items())


def no_leftovers() -> None:
    """Remove what other tests left, whose rows were rolled back."""
    for name in arriving.arrived_names():
        arriving.remove(name)


def creation(case: Any) -> str:
    """Where new documents of a case begin."""
    return reverse("cases:document_upload", args=[case.pk])


def create(client: Client, path: str, length: object, body: bytes = b"", **more: Any) -> HttpResponse:
    """Begin an upload."""
    named = more.pop("metadata", told(filename="card.pdf"))
    headers = {**HEAD, "Upload-Length": str(length), "Upload-Metadata": named, **more.pop("headers", {})}
    return client.generic("POST", path, body, content_type=BYTES, headers=_given(headers))


def patch(client: Client, path: str, offset: object, body: bytes, **headers: str | None) -> HttpResponse:
    """Bring bytes."""
    said = {**HEAD, "Upload-Offset": str(offset), **{k.replace("_", "-"): v for k, v in headers.items()}}
    type_ = said.pop("Content-Type", BYTES) or ""
    empty = {"CONTENT_TYPE": type_, "CONTENT_LENGTH": "0"} if not body else {}
    return client.generic("PATCH", path, body, content_type=type_, headers=_given(said), **empty)


def head(client: Client, path: str) -> HttpResponse:
    """Ask how far it came."""
    return client.head(path, headers=HEAD)


def delete(client: Client, path: str) -> HttpResponse:
    """Remove it."""
    return client.delete(path, headers=HEAD)


def begun(client: Client, path: str, length: int, **more: Any) -> str:
    """The address of an upload that began well."""
    answer = create(client, path, length, **more)
    assert answer.status_code == 201, answer.content
    return answer["Location"]


def sent(client: Client, path: str, body: bytes, **more: Any) -> Upload:
    """A whole upload."""
    place = begun(client, path, len(body), **more)
    assert patch(client, place, 0, body).status_code == 204
    return Upload.objects.get(pk=place.split("/")[2])


def _given(headers: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if value is not None}
