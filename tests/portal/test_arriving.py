"""Files that grow: what is there after a break, a kill, a full disk, a wrong checksum; one writer at a time."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.kit import arriving
from portal.kit.tus import Checksum, Fault

BODY = os.urandom(3_000_000)
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, settings: Any) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"


class Wire:
    """Bytes of a connection that may break after so many, with or without a word."""

    def __init__(self, body: bytes, breaks_at: int | None = None, *, loudly: bool = False) -> None:
        self.rest, self.left, self.loudly = body, len(body) if breaks_at is None else breaks_at, loudly

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes."""
        if not self.left and self.loudly:
            raise ConnectionResetError("gone")
        taken = min(size, self.left)
        piece, self.rest, self.left = self.rest[:taken], self.rest[taken:], self.left - taken
        return piece


def bring(offset: int, body: bytes, *, wire: Wire | None = None, **more: Any) -> str:
    """Append to the one file of a test."""
    with arriving.sole("one") as file:
        return file.append(wire or Wire(body), offset=offset, count=len(body), length=len(BODY), **more)


@pytest.mark.parametrize("loudly", [False, True])
def test_a_break_at_any_byte_keeps_what_came(loudly: bool) -> None:
    """At every boundary of a piece, one before and one after; what follows makes the file whole, digest equal."""
    cuts = sorted({at + d for at in range(0, len(BODY), arriving.PIECE) for d in (-1, 0, 1) if at + d > 0})
    there = 0
    for cut in cuts:
        digest = bring(there, BODY[there:], wire=Wire(BODY[there:], cut - there, loudly=loudly))
        there = arriving.size("one")
        assert (there, digest) == (cut, "")
    assert bring(there, BODY[there:]) == ""
    with arriving.sole("one") as file:
        assert (file.size, file.sha256()) == (len(BODY), DIGEST)


def test_in_one_go_the_digest_is_known_at_once() -> None:
    """Nothing is read a second time."""
    assert bring(0, BODY) == DIGEST


def test_bytes_without_their_checksum_do_not_count() -> None:
    """Wrong, cut off, or killed in the middle: the file is as it was before, for who asks and for who goes on."""
    bring(0, BODY[:100])
    piece = BODY[100:500_000]
    good = Checksum("sha256", hashlib.sha256(piece).digest())
    for wire in (Wire(piece[:-1] + b"x"), Wire(piece, 300_000), Wire(piece, 300_000, loudly=True)):
        with pytest.raises(Fault) as fault:
            bring(100, piece, wire=wire, checksum=good)
        assert (fault.value.status, arriving.size("one")) == (460, 100)
    with arriving.sole("one") as file:  # what a killed server leaves
        file._note(100)
        os.write(file._handle, piece[:200_000])
    assert arriving.place("one").stat().st_size == 200_100 - 100
    arriving.place("one").write_bytes(BODY[:300])
    assert arriving.size("one") == 100
    bring(100, piece, checksum=good)
    assert arriving.size("one") == 500_000
    bring(500_000, BODY[500_000:])
    with arriving.sole("one") as file:
        assert file.sha256() == DIGEST


def test_one_writer_at_a_time() -> None:
    """The second is answered 423; a file that was removed meanwhile is no place to write."""
    with arriving.sole("one") as file:
        with pytest.raises(Fault) as fault:
            bring(0, BODY)
        assert fault.value.status == 423
        file.remove()
    assert arriving.arrived_names() == []


@pytest.fixture
def small_disk(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A disk of two megabytes below the incoming folder; not everybody may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True
    )
    if made.returncode:
        pytest.skip("this user may mount nothing")
    settings.FILE_UPLOAD_TEMP_DIR = folder
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("checked", [False, True])
def test_a_full_disk_says_so_and_loses_nothing(small_disk: Path, checked: bool) -> None:
    """F14: what fitted is kept, to be gone on with once there is room; of checked bytes nothing, so they come again."""
    (small_disk / "other").write_bytes(bytes(500_000))
    bring(0, BODY[:1_000])
    rest = BODY[1_000:]
    checksum = Checksum("sha256", hashlib.sha256(rest).digest()) if checked else None
    with pytest.raises(Fault) as fault:
        bring(1_000, rest, checksum=checksum)
    assert (fault.value.status, "no room on the server's disk" in fault.value.sentence) == (507, True)
    there = arriving.size("one")
    assert there == 1_000 if checked else 1_000 < there < 1_600_000
    assert arriving.place("one").read_bytes()[:there] == BODY[:there]
    (small_disk / "other").unlink()
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    bring(there, BODY[there:])
    with arriving.sole("one") as file:
        assert file.sha256() == DIGEST
