"""Private files: received in constant memory, hashed as they arrive, kept under random names below `var/files`.

Bytes go to a temporary name in the same file system, are synced, then renamed; only after that does an action write
the row. So a row never names a file that is not whole. `HashingUploadHandler` is the site's only upload handler.
"""

import fcntl
import hashlib
import os
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from portal.kit import registry
from portal.kit.refusal import Refused
from portal.kit.words import size_text

CHUNK = 1024 * 1024
NAME_BYTES = 255
FORSAKEN_AFTER_S = 24 * 60 * 60


@dataclass(frozen=True)
class Received:
    """A file as it is kept: `storage_name` opens it again, `size` in bytes, `sha256` in hex."""

    storage_name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Arrived:
    """A file that arrived in parts (`portal.kit.arriving`) and is whole. Keeping it leaves it where it is."""

    path: Path
    size: int
    sha256: str


class HashedUpload(TemporaryUploadedFile):
    """An uploaded file in the incoming folder, hashed while it arrived. Bytes beyond the cap were counted, not kept.

    `room`: how many bytes its address had left when it began, None where there is no limit but that of one file.
    """

    sha256: str = ""
    room: int | None = None


Source = UploadedFile | BinaryIO | Arrived


class HashingUploadHandler(FileUploadHandler):
    """Writes each file of a form once, aside in private storage, hashing and counting; nothing stays in memory."""

    chunk_size = CHUNK  # smaller pieces make the web server copy its own buffer again and again
    file: HashedUpload

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file; for who is not signed in the upload stops before a byte is written."""
        super().new_file(*args, **kwargs)
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            raise StopUpload(connection_reset=True)
        incoming()
        self.file = HashedUpload(
            self.file_name or "file", self.content_type, 0, self.charset, self.content_type_extra
        )
        self._hash, self._count = hashlib.sha256(), 0
        self.file.room = _room(self.request)

        _being_written(self.file)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Hash and write one chunk."""
        self._count += len(raw_data)
        room = self.file.room
        if self._count <= settings.DOCUMENT_MAX_BYTES and (room is None or self._count <= room):
            self._hash.update(raw_data)
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> HashedUpload:
        """The file, with its digest and the size that arrived."""
        self.file.seek(0)
        self.file.size = self._count
        self.file.sha256 = self._hash.hexdigest()
        return self.file

    def upload_interrupted(self) -> None:
        """Leave nothing of an upload that broke off."""
        if hasattr(self, "file"):
            self.file.close()


def receive(upload: Source, *, may_be_empty: bool = False) -> Received:
    """Keep an upload, or any stream, whole and synced under a random name; its bytes are hashed on the way.

    Raises Refused for a file over `settings.DOCUMENT_MAX_BYTES`, or an empty one, unless that is evidence too
    (`may_be_empty`). Whatever goes wrong, no file stays.
    """
    name = _new_name()
    target = _path(name)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if isinstance(upload, Arrived):
        return _linked(upload, name, target)
    room: int | None = None
    if isinstance(upload, HashedUpload):
        room = upload.room
        aside, size, sha256 = Path(upload.temporary_file_path()), int(upload.size or 0), upload.sha256
    else:
        aside, size, sha256 = _copied_aside(upload)
    try:
        _refuse_size(size, may_be_empty)
        if room is not None:
            refuse_without_room(size, room)
        _sync(aside, os.O_RDWR)
        aside.chmod(0o600)
        aside.rename(target)
        _sync(target.parent, os.O_RDONLY)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return Received(name, size, sha256)


def _linked(arrived: Arrived, name: str, target: Path) -> Received:
    """A second name for a file that arrived, so that nothing is lost of it when its row is refused."""
    _refuse_size(arrived.size, may_be_empty=False)
    try:
        os.link(arrived.path, target)
    except FileNotFoundError:
        raise Refused(
            "This upload is not here any more: it was used, or removed. Look at the case first.",
            conflict=True,
        ) from None
    _sync(target.parent, os.O_RDONLY)
    return Received(name, arrived.size, arrived.sha256)


@contextmanager
def receiving(upload: Source, *, may_be_empty: bool = False) -> Iterator[Received]:
    """`receive` for a block that writes the row: when the block raises, the file goes too."""
    kept = receive(upload, may_be_empty=may_be_empty)
    try:
        yield kept
    except BaseException:
        discard(kept.storage_name)
        raise


def open_stored(name: str) -> BinaryIO:
    """The bytes of a kept file, for reading. Raises FileNotFoundError where there is none."""
    return _path(name).open("rb")


def discard(name: str) -> None:
    """Remove a file whose row was never written. Files that have a row are never removed."""
    _path(name).unlink(missing_ok=True)


def remove_forsaken(now: datetime) -> int:
    """Remove what uploads left behind whose server was killed, a day after their last byte; returns how many.

    A file that is being written is locked by its writer, whose death unlocks it, and stays however old it is.
    """
    removed = 0
    for path in incoming().iterdir():
        try:
            with path.open("rb") as file:
                if now.timestamp() - os.fstat(file.fileno()).st_mtime < FORSAKEN_AFTER_S:
                    continue
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                removed += 1
        except (FileNotFoundError, IsADirectoryError, BlockingIOError):
            continue  # moved to its place meanwhile, or still being written
    return removed


def refuse_without_room(size: int, room: int) -> None:
    """Raise Refused for a file of `size` bytes where its organisation has `room` bytes left in the case."""
    if size > room:
        raise Refused(
            f"This file of {size_text(size)} does not fit: of the {size_text(settings.CASE_MAX_BYTES)} set aside for "
            f"your organization in one case, {size_text(max(room, 0))} are left. Ask who runs the portal for more."
        )


def _room(request: Any) -> int | None:
    """How many bytes an upload to this address may bring, asked of the rooms; None where none sets a limit."""
    match = getattr(request, "resolver_match", None)
    if match is None:
        return None
    found = registry.call("room_for_upload", by=request.user, match=match, now=request.now)
    return min((room for room in found if room is not None), default=None)


def _being_written(file: Any) -> None:
    fcntl.flock(file.fileno(), fcntl.LOCK_SH)


def shown_name(raw: str) -> str:
    """A file name fit to be shown: no path, no control or direction marks, at most 255 bytes with its ending kept."""
    last = raw.replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(
        " " if unicodedata.category(ch)[0] in "CZ" else ch for ch in unicodedata.normalize("NFC", last)
    )
    clean = " ".join(clean.split()).strip(". ") or "file"
    stem, dot, ending = clean.rpartition(".")
    if not stem or len(ending.encode()) > 20:
        stem, dot, ending = clean, "", ""
    room = NAME_BYTES - len((dot + ending).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + ending


def _path(name: str) -> Path:
    """Where a name lies. The storage refuses names that leave its folder."""
    return Path(default_storage.path(name))


def _new_name() -> str:
    """A random name that tells nothing of the content; its folder keeps directories small."""
    name = secrets.token_hex(20)
    return f"{name[:2]}/{name}"


def incoming() -> Path:
    """The folder in which files arrive, on the file system of the files that are kept."""
    folder = Path(str(settings.FILE_UPLOAD_TEMP_DIR))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _copied_aside(stream: UploadedFile | BinaryIO) -> tuple[Path, int, str]:
    """Copy a stream to a temporary name: (path, size, digest)."""
    aside, digest, size = incoming() / f"{secrets.token_hex(20)}.part", hashlib.sha256(), 0
    try:
        with aside.open("xb") as file:
            _being_written(file)
            for chunk in _chunks(stream):
                size += len(chunk)
                if size > settings.DOCUMENT_MAX_BYTES:
                    break
                digest.update(chunk)
                file.write(chunk)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return aside, size, digest.hexdigest()


def _chunks(stream: UploadedFile | BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk


def _refuse_size(size: int, may_be_empty: bool) -> None:
    if size == 0 and not may_be_empty:
        raise Refused("This file is empty. Choose the file that has the content.")
    if size > settings.DOCUMENT_MAX_BYTES:
        limit = size_text(settings.DOCUMENT_MAX_BYTES)
        raise Refused(
            f"This file is larger than {limit}, the most one file may have here. Split it into parts."
        )


def _sync(path: Path, mode: int) -> None:
    """Have the disk really hold what was written."""
    handle = os.open(path, mode)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
