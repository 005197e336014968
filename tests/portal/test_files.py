"""Private files: whole or not there, hashed as they arrive, shown under harmless names."""

import gc
import hashlib
import io
import os
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadhandler import StopUpload
from django.test import RequestFactory

from portal.kit.files import HashingUploadHandler, discard, open_stored, receive, receiving, shown_name
from portal.kit.refusal import Refused


def stored_files() -> set[Path]:
    """Every file in private storage, the incoming folder included."""
    root = Path(default_storage.path(""))
    return {path for path in root.rglob("*") if path.is_file()}


def test_a_stream_is_kept_whole_under_a_random_name() -> None:
    """The digest is that of the bytes, the name says nothing of them, only the owner may read."""
    body = os.urandom(3_000_000)
    kept = receive(io.BytesIO(body))
    again = receive(io.BytesIO(body))
    assert kept.sha256 == hashlib.sha256(body).hexdigest()
    assert kept.size == len(body)
    assert kept.storage_name != again.storage_name
    assert kept.sha256[:8] not in kept.storage_name
    with open_stored(kept.storage_name) as file:
        assert file.read() == body
    assert Path(default_storage.path(kept.storage_name)).stat().st_mode & 0o077 == 0


def test_an_empty_file_is_refused() -> None:
    """Nothing of it stays."""
    before = stored_files()
    with pytest.raises(Refused, match="empty"):
        receive(io.BytesIO(b""))
    assert stored_files() == before


def test_a_file_over_the_limit_is_refused(settings: Any) -> None:
    """At the limit it is kept, one byte more is not, and nothing of that stays."""
    settings.DOCUMENT_MAX_BYTES = 100
    receive(io.BytesIO(b"x" * 100))
    before = stored_files()
    with pytest.raises(Refused, match="larger than 100 bytes"):
        receive(io.BytesIO(b"x" * 101))
    assert stored_files() == before


class Breaking(io.BytesIO):
    """A stream that breaks off."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise ConnectionResetError("gone")
        return super().read(10)


def test_a_stream_that_breaks_off_leaves_nothing() -> None:
    """Neither a part nor a name."""
    before = stored_files()
    with pytest.raises(ConnectionResetError):
        receive(Breaking(b"y" * 100))
    assert stored_files() == before


def test_a_full_disk_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk cannot hold the bytes for certain, the file goes."""
    before = stored_files()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("portal.kit.files.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        receive(io.BytesIO(b"z" * 100))
    assert stored_files() == before


def test_the_file_goes_when_its_row_is_refused() -> None:
    """`receiving` keeps the file only when its block ends well."""
    before = stored_files()
    with pytest.raises(Refused), receiving(io.BytesIO(b"abc")):
        raise Refused("No.")
    assert stored_files() == before
    with receiving(io.BytesIO(b"abc")) as kept:
        pass
    assert len(stored_files()) == len(before) + 1
    discard(kept.storage_name)
    assert stored_files() == before


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "ab/../../../x"])
def test_names_that_leave_the_storage_are_refused(name: str) -> None:
    """A storage name from anywhere never opens a file outside."""
    from django.core.exceptions import SuspiciousFileOperation

    with pytest.raises(SuspiciousFileOperation):
        open_stored(name)


# -- the upload handler ---------------------------------------------------------------------------------------------

BOUNDARY = "frontier"


def _form(body: bytes, *, whole: bool = True) -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    ).encode()
    return head + body + (f"\r\n--{BOUNDARY}--\r\n".encode() if whole else b"")


def _request(payload: Any, length: int, user: Any = None) -> Any:
    request: Any = RequestFactory().generic(
        "POST",
        "/",
        b"-",
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
        CONTENT_LENGTH=str(length),
    )
    request._stream = payload
    request.user = user or SimpleNamespace(is_authenticated=True)
    return request


def test_an_upload_is_hashed_on_arrival_and_moved_not_copied() -> None:
    """The form's file has its digest already; keeping it is a rename of the very same file."""
    body = os.urandom(300_000)
    payload = _form(body)
    upload = _request(io.BytesIO(payload), len(payload)).FILES["file"]
    assert upload.sha256 == hashlib.sha256(body).hexdigest()
    inode = Path(upload.temporary_file_path()).stat().st_ino
    kept = receive(upload)
    upload.close()
    path = Path(default_storage.path(kept.storage_name))
    assert path.stat().st_ino == inode
    assert path.read_bytes() == body


def test_an_upload_over_the_limit_is_counted_and_not_kept(settings: Any) -> None:
    """The bytes beyond the limit never reach the disk, and the sentence names the limit."""
    settings.DOCUMENT_MAX_BYTES = 100_000
    before = stored_files()
    payload = _form(b"x" * 300_000)
    upload = _request(io.BytesIO(payload), len(payload)).FILES["file"]
    assert upload.size == 300_000
    assert Path(upload.temporary_file_path()).stat().st_size <= 100_000
    with pytest.raises(Refused, match=r"larger than 100\.0 kB"):
        receive(upload)
    upload.close()
    assert stored_files() == before


def test_an_upload_that_breaks_off_leaves_nothing() -> None:
    """The connection ends in the middle of the file."""
    from django.http import UnreadablePostError

    class Cut:
        def __init__(self) -> None:
            self.parts = [_form(b"x" * 200_000, whole=False)]

        def read(self, size: int = -1) -> bytes:
            if self.parts:
                return self.parts.pop()
            raise OSError("connection reset by peer")

    before = stored_files()
    with suppress(UnreadablePostError):
        _ = _request(Cut(), 10_000_000).FILES
        pytest.fail("the break was not noticed")
    gc.collect()  # the file goes with the request that held it
    assert stored_files() == before


def test_nobody_uploads_without_signing_in() -> None:
    """For a stranger the upload stops before a byte is written."""
    before = stored_files()
    payload = _form(b"x" * 100)
    stranger = SimpleNamespace(is_authenticated=False)
    assert "file" not in _request(io.BytesIO(payload), len(payload), stranger).FILES
    assert stored_files() == before
    handler = HashingUploadHandler(SimpleNamespace(user=stranger))
    with pytest.raises(StopUpload):
        handler.new_file("file", "a.pdf", "application/pdf", 100)


def test_the_handler_is_the_only_one() -> None:
    """No other handler keeps files in memory or elsewhere."""
    assert settings.FILE_UPLOAD_HANDLERS == ["portal.kit.files.HashingUploadHandler"]
    assert Path(settings.FILE_UPLOAD_TEMP_DIR).is_relative_to(default_storage.path(""))


# -- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("card.pdf", "card.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\card.pdf", "card.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie: x=1.pdf"),
        ("invoice\u202efdp.exe", "invoice fdp.exe"),
        ("a\x00b.pdf", "a b.pdf"),
        ("a\"b'; c.pdf", "a\"b'; c.pdf"),
        ("", "file"),
        ("...", "file"),
        ("/", "file"),
        (".pdf", "pdf"),
        ("\u200b\u2066.txt", "txt"),
        ("modèle 模型.pdf", "modèle 模型.pdf"),
    ],
)
def test_shown_names(raw: str, shown: str) -> None:
    """No paths, no control or direction marks; quotes and letters of all scripts stay."""
    assert shown_name(raw) == shown


@pytest.mark.parametrize("raw", ["x" * 400 + ".pdf", "模" * 200 + ".pdf", "x." + "y" * 400])
def test_long_names_are_cut_and_keep_their_ending(raw: str) -> None:
    """At most 255 bytes, never in the middle of a letter."""
    name = shown_name(raw)
    assert len(name.encode()) <= 255
    assert raw.endswith("y") or name.endswith(".pdf")
