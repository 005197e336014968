"""Files that arrive in parts: each grows below `incoming/parts`, written by one request at a time.

How far a file came is its size and nothing else, so that no row and no memory can say otherwise after a kill. A
request that brings a checksum first notes how long the file was (a second file, `.sure`): what follows counts only once
the note is gone. Bytes are synced before they are answered for.
"""

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol

from portal.kit.files import incoming
from portal.kit.tus import Checksum, Fault

PIECE: Final = 256 * 1024
READ: Final = 1024 * 1024
FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class Source(Protocol):
    """Where bytes come from: a request, say."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


def place(name: str) -> Path:
    """Where the file `name` (an id of ours) grows."""
    folder = incoming() / "parts"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / name


def arrived_names() -> list[str]:
    """The names of all files here, whole or not."""
    return sorted({path.name.removesuffix(".sure") for path in place("x").parent.iterdir()})


def size(name: str) -> int:
    """How many bytes are there and count; 0 where none came yet."""
    path = place(name)
    try:
        found = path.stat().st_size
    except FileNotFoundError:
        return 0
    sure = _sure(path)
    return found if sure is None else min(found, sure)


class Sole:
    """One file, while this process alone may write it."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path, self._handle = path, handle
        sure = _sure(path)
        if sure is not None:
            self._cut(sure)

    @property
    def size(self) -> int:
        """How many bytes are there."""
        return os.fstat(self._handle).st_size

    def append(
        self, source: Source, *, offset: int, count: int, length: int, checksum: Checksum | None = None
    ) -> str:
        """Append `count` bytes of a file of `length`; returns its SHA-256 if it arrived in one go, else "".

        A source that breaks off leaves what came of it, unless a checksum was given: then nothing of it. Raises Fault
        409 for another offset than the size, 413 beyond the length, 460 for another checksum, 507 for a full disk.
        """
        start = self.size
        if offset != start:
            raise Fault(
                409, f"{start} bytes of this file are here. Go on from there.", Upload_Offset=str(start)
            )
        if start + count > length:
            raise Fault(413, f"This is more than the {length} bytes that were announced.")
        if checksum is not None:
            self._note(start)
        digest, check = hashlib.sha256(), checksum.begin() if checksum else None
        try:
            came = self._pour(source, count, [digest] if check is None else [digest, check])
        except OSError as fault:
            self._after(fault, start, keep=checksum is None)
        if check is not None and checksum is not None and (came < count or check.digest() != checksum.digest):
            self._cut(start)
            raise Fault(
                460, "These bytes are not those that were sent: their checksum differs. Send them again."
            )
        self._cut(start + came)
        return digest.hexdigest() if start == 0 and came == length else ""

    def _pour(self, source: Source, count: int, hashes: list[Any]) -> int:
        """Write what the source brings, at most `count` bytes; returns how many, synced."""
        os.lseek(self._handle, 0, os.SEEK_END)
        came = 0
        while came < count and (piece := _read(source, min(PIECE, count - came))):
            for one in hashes:
                one.update(piece)
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(self._handle, rest) :]
            came += len(piece)
        os.fsync(self._handle)
        return came

    def _after(self, fault: OSError, start: int, *, keep: bool) -> NoReturn:
        """What the disk took before it refused stays if it can be synced."""
        try:
            if not keep:
                raise fault
            os.fsync(self._handle)
        except OSError:
            self._cut(start)
        if fault.errno not in FULL:
            raise fault
        raise Fault(
            507, "There is no room on the server's disk just now. Nothing is lost: go on later."
        ) from fault

    def sha256(self) -> str:
        """The digest of the whole file, read once from the beginning."""
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while piece := file.read(READ):
                digest.update(piece)
        return digest.hexdigest()

    def remove(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)
        _note_path(self.path).unlink(missing_ok=True)

    def _note(self, sure: int) -> None:
        with _note_path(self.path).open("w") as note:
            note.write(f"{sure}.")
            note.flush()
            os.fsync(note.fileno())

    def _cut(self, to: int) -> None:
        """The file ends at `to`, and everything in it counts."""
        if self.size != to:
            os.ftruncate(self._handle, to)
            os.fsync(self._handle)
        _note_path(self.path).unlink(missing_ok=True)


@contextmanager
def sole(name: str) -> Iterator[Sole]:
    """The file for one writer; raises Fault 423 while another has it."""
    path = place(name)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Fault(
                423,
                "Bytes of this file are arriving from elsewhere just now. Wait a few seconds, then go on.",
            ) from None
        if os.fstat(handle).st_nlink == 0:
            raise Fault(410, "This upload has ended. Begin anew.")
        yield Sole(path, handle)
    finally:
        os.close(handle)


def _read(source: Source, count: int) -> bytes:
    """What comes next; nothing more when the connection broke."""
    with suppress(OSError):
        return source.read(count)
    return b""


def _note_path(path: Path) -> Path:
    return path.with_name(path.name + ".sure")


def _sure(path: Path) -> int | None:
    """How many bytes were there before a request with a checksum began that has not ended well; None without one."""
    try:
        written = _note_path(path).read_text()
    except FileNotFoundError:
        return None
    # a note that was cut short itself was written before any byte followed
    return int(written[:-1]) if written.endswith(".") else path.stat().st_size


def remove(name: str) -> None:
    """Remove a file of which nothing more is wanted, unless somebody is writing it."""
    with suppress(Fault), sole(name) as file:
        file.remove()
