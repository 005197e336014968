"""The tus 1.0.0 protocol, as far as headers go: what a request says, what an answer bears (https://tus.io).

Core, creation, creation-with-upload, checksum, termination and expiration are spoken. Whatever is not as the protocol
wants it raises `Fault` with its status and a sentence; `speaking` turns that into an answer in plain text.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date

from portal.kit.refusal import Refused, note_refusal

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,checksum,termination,expiration"
BYTES: Final = "application/offset+octet-stream"
ALGORITHMS: Final[dict[str, Callable[[], Any]]] = {
    "sha256": hashlib.sha256,
    "sha1": lambda: hashlib.sha1(
        usedforsecurity=False
    ),  # the protocol asks for it; SHA-256 is what counts here
}
LARGEST_METADATA: Final = 4096
NUMBER: Final = re.compile(r"[0-9]{1,15}")


class Fault(Exception):
    """A request that cannot be served as it is: the protocol's status, and a sentence that says what to do."""

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True)
class Checksum:
    """What the client says of the bytes of one request."""

    algorithm: str
    digest: bytes

    def begin(self) -> Any:
        """A hash of that algorithm that has seen nothing yet."""
        return ALGORITHMS[self.algorithm]()


def method(request: HttpRequest) -> str:
    """The method that is meant: a POST may name PATCH, DELETE or HEAD, for networks that let nothing else by."""
    named = request.headers.get("X-HTTP-Method-Override", "").upper()
    return (
        named if request.method == "POST" and named in {"PATCH", "DELETE", "HEAD"} else request.method or ""
    )


def require_version(request: HttpRequest) -> None:
    """Raise 412 for a client of another version."""
    if request.headers.get("Tus-Resumable") != VERSION:
        raise Fault(
            412, f"Say Tus-Resumable: {VERSION}. No other version is spoken here.", Tus_Version=VERSION
        )


def length(request: HttpRequest, largest: int) -> int:
    """The declared length of a file in bytes: at least one, at most `largest`."""
    if "Upload-Defer-Length" in request.headers or "Upload-Concat" in request.headers:
        raise Fault(
            400, "Say the whole length at the beginning, in Upload-Length, and send one file an upload."
        )
    found = _number(request, "Upload-Length")
    if found == 0:
        raise Fault(400, "This file is empty. Choose the file that has the content.")
    if found > largest:
        raise Fault(413, f"At most {largest} bytes are taken in one file. Split it into parts.")
    return found


def offset(request: HttpRequest) -> int:
    """The offset at which the bytes of this request begin."""
    return _number(request, "Upload-Offset")


def _number(request: HttpRequest, name: str) -> int:
    value = request.headers.get(name, "")
    if not NUMBER.fullmatch(value):
        raise Fault(400, f"{name} is missing, or not a whole number of bytes.")
    return int(value)


def body_length(request: HttpRequest) -> int:
    """How many bytes the request brings; their type must be the protocol's."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != BYTES:
        raise Fault(415, f"Send the bytes as Content-Type: {BYTES}.")
    value = request.META.get("CONTENT_LENGTH", "")
    if not NUMBER.fullmatch(value or ""):
        raise Fault(411, "Say in Content-Length how many bytes this request brings.")
    return int(value)


def checksum(request: HttpRequest) -> Checksum | None:
    """The checksum of the request's bytes, where one is given."""
    value = request.headers.get("Upload-Checksum")
    if value is None:
        return None
    algorithm, _, encoded = value.partition(" ")
    if algorithm not in ALGORITHMS:
        raise Fault(400, f"Upload-Checksum takes {' or '.join(ALGORITHMS)}.")
    digest = _decoded(encoded, "Upload-Checksum")
    if len(digest) != ALGORITHMS[algorithm]().digest_size:
        raise Fault(400, f"Upload-Checksum: this is not the length of a {algorithm} digest.")
    return Checksum(algorithm, digest)


def metadata(request: HttpRequest) -> dict[str, str]:
    """Upload-Metadata: names, and values as text."""
    value = request.headers.get("Upload-Metadata", "")
    if len(value) > LARGEST_METADATA:
        raise Fault(400, "Upload-Metadata is too long.")
    found: dict[str, str] = {}
    for pair in filter(None, (one.strip() for one in value.split(","))):
        name, _, encoded = pair.partition(" ")
        if name in found:
            raise Fault(400, f"Upload-Metadata names {name[:40]} twice.")
        try:
            found[name] = _decoded(encoded, "Upload-Metadata").decode()
        except UnicodeDecodeError:
            raise Fault(400, "Upload-Metadata: a value is not UTF-8.") from None
    return found


def _decoded(encoded: str, header: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise Fault(400, f"{header}: a value is not Base64.") from None


def answer(status: int, **headers: str | int) -> HttpResponse:
    """An answer without a body; underscores in the names of headers stand for hyphens."""
    response = HttpResponse(
        status=status, headers={name.replace("_", "-"): str(v) for name, v in headers.items()}
    )
    del response["Content-Type"]
    return response


def abilities(largest: int) -> HttpResponse:
    """What is spoken here, for OPTIONS."""
    return answer(
        204, Tus_Version=VERSION, Tus_Extension=EXTENSIONS, Tus_Max_Size=largest,
        Tus_Checksum_Algorithm=",".join(ALGORITHMS),
    )  # fmt: skip


def expires(at: datetime) -> str:
    """An instant as Upload-Expires says it."""
    return http_date(at.timestamp())


def speaking(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view whose answers bear the version, and say faults and refusals in plain text."""

    @wraps(view)
    def answering(request: HttpRequest, **ids: Any) -> HttpResponse:
        try:
            response = view(request, **ids)
        except Fault as fault:
            response = _said(fault.status, fault.sentence)
            for name, value in fault.headers.items():
                response[name] = value
        except Refused as refused:
            note_refusal(request, refused)
            response = _said(refused.status, refused.sentence)
        response["Tus-Resumable"] = VERSION
        return response

    return answering


def _said(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(sentence + "\n", status=status, content_type="text/plain; charset=utf-8")
