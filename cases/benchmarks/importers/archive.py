"""A zip file that is not trusted: its directory checked as a whole, its members inflated within what they declare.

Python 3.11's zipfile gives the directory; members are inflated here, because it cannot read zstd (method 93).
"""

import re
import zipfile
import zlib
from pathlib import Path
from typing import IO, BinaryIO, cast

import zstandard

from cases.benchmarks.importers.base import Caps, Damaged, Unreadable

STORED, DEFLATED, ZSTD = 0, 8, 93
_DRIVE = re.compile(r"^[A-Za-z]:")
_PIECE = 256 * 1024
_FAULTS = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    ValueError,
    OSError,
    EOFError,
    IndexError,
)


def _escapes(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or "\0" in name or bool(_DRIVE.match(name))


def _raw_name(entry: zipfile.ZipInfo) -> bytes:
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437", "replace")


class Archive:
    """The members of a zip by name, in file order, after the checks that concern the file as a whole."""

    def __init__(self, path: Path, caps: Caps) -> None:
        self._caps = caps
        self._zstd = zstandard.ZstdDecompressor(max_window_size=caps.window_bytes)
        self._file: BinaryIO = path.open("rb")
        try:
            with zipfile.ZipFile(self._file) as directory:
                entries = sorted(directory.infolist(), key=lambda entry: entry.header_offset)
                self._directory_at = directory.start_dir
        except (*_FAULTS, UnicodeError) as fault:
            self._file.close()
            raise Unreadable("The zip file is truncated or its directory is damaged.") from fault
        self.members: dict[str, zipfile.ZipInfo] = {}
        try:
            self._check(entries)
        except Unreadable:
            self._file.close()
            raise

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _check(self, entries: list[zipfile.ZipInfo]) -> None:
        caps = self._caps
        if len(entries) > caps.members:
            raise Unreadable(
                f"The zip file lists {len(entries):,} members; at most {caps.members:,} are read."
            )
        ends = 0
        for entry in entries:
            name = entry.orig_filename
            if _escapes(name):
                raise Unreadable(f"A member's name points outside the file: {ascii(name)[:120]}.")
            if name in self.members:
                raise Unreadable(f"Two members bear the same name: {ascii(name)[:120]}.")
            if entry.flag_bits & 0x1:
                raise Unreadable(f"A member is encrypted: {ascii(name)[:120]}.")
            if entry.header_offset < ends:
                raise Unreadable(f"Two members lie over each other: {ascii(name)[:120]}.")
            ends = entry.header_offset + 30 + len(_raw_name(entry)) + entry.compress_size
            if entry.file_size > caps.member_bytes:
                raise Unreadable(
                    f"A member inflates to {entry.file_size:,} bytes; at most {caps.member_bytes:,} are read: "
                    f"{ascii(name)[:120]}."
                )
            self._check_inflation([entry])
            self.members[name] = entry
        if ends > self._directory_at:
            raise Unreadable("A member runs into the zip file's directory.")
        self._check_inflation(entries)

    def _check_inflation(self, entries: list[zipfile.ZipInfo]) -> None:
        caps = self._caps
        inflated = sum(entry.file_size for entry in entries)
        stored = sum(entry.compress_size for entry in entries)
        if inflated > caps.total_bytes:
            raise Unreadable(
                f"The file inflates to {inflated:,} bytes; at most {caps.total_bytes:,} are read."
            )
        if inflated > caps.ratio_from_bytes and inflated > caps.ratio * max(1, stored):
            raise Unreadable(
                f"Data inflate to {inflated // max(1, stored):,} times their size; at most {caps.ratio} times is read."
            )

    def _start(self, entry: zipfile.ZipInfo) -> int:
        """Where a member's data begins, after its local header was compared with the directory."""
        self._file.seek(entry.header_offset)
        head = self._file.read(30)
        name_size, extra_size = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
        name = self._file.read(name_size)
        self._file.seek(extra_size, 1)
        same = (
            len(head) == 30
            and head[:4] == b"PK\x03\x04"
            and int.from_bytes(head[8:10], "little") == entry.compress_type
            and name == _raw_name(entry)
        )
        streamed = int.from_bytes(head[6:8], "little") & 0x8
        if same and not streamed:
            same = int.from_bytes(head[14:18], "little") == entry.CRC
            size = int.from_bytes(head[22:26], "little")
            same = same and size in (0xFFFFFFFF, entry.file_size)
        if not same:
            raise Damaged("its own header disagrees with the directory")
        return self._file.tell()

    def open(self, name: str) -> "Member":
        """A reader of one member. Raises Damaged when its header is; reading raises it for data."""
        entry = self.members[name]
        return Member(self._file, self._start(entry), entry, self._zstd)

    def read(self, name: str) -> bytes:
        """All bytes of one member, checked against its size and CRC."""
        member = self.open(name)
        data = member.read(member.size + 1)
        member.finish()
        return data


class _Slice:
    """The stored bytes of one member."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._at, self._left = file, start, size

    def read(self, size: int = -1, /) -> bytes:
        size = self._left if size < 0 else min(size, self._left)
        self._file.seek(self._at)
        data = self._file.read(size)
        self._at += len(data)
        self._left -= len(data)
        return data


class _Deflated:
    """Inflates raw deflate, never more at once than was asked for."""

    def __init__(self, source: _Slice) -> None:
        self._source, self._inflate, self._waiting = source, zlib.decompressobj(-15), b""

    def read(self, size: int = -1, /) -> bytes:
        while not self._inflate.eof:
            self._waiting = self._waiting or self._source.read(_PIECE)
            data = self._inflate.decompress(self._waiting, size)
            ended = not self._waiting
            self._waiting = self._inflate.unconsumed_tail
            if data or ended:
                return data
        return b""


class Member:
    """The inflated bytes of one member; more or fewer than declared, or another CRC, raise Damaged."""

    def __init__(
        self, file: BinaryIO, start: int, entry: zipfile.ZipInfo, zstd: zstandard.ZstdDecompressor
    ) -> None:
        self.size = entry.file_size
        self._crc, self._sum, self._seen = entry.CRC, 0, 0
        stored = _Slice(file, start, entry.compress_size)
        if entry.compress_type == STORED:
            self._data: _Slice | _Deflated | zstandard.ZstdDecompressionReader = stored
        elif entry.compress_type == DEFLATED:
            self._data = _Deflated(stored)
        elif entry.compress_type == ZSTD:
            piece = min(_PIECE, max(1, entry.compress_size))
            source = cast(IO[bytes], stored)
            self._data = zstd.stream_reader(source, read_size=piece, read_across_frames=True)
        else:
            raise Damaged(f"its compression method {entry.compress_type} is not known")

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, but never more than one beyond the declared size."""
        left = self.size + 1 - self._seen
        wanted = left if size < 0 else min(size, left)
        pieces = []
        try:
            while wanted > 0 and (piece := self._data.read(wanted)):
                pieces.append(piece)
                wanted -= len(piece)
        except (zstandard.ZstdError, zlib.error) as fault:
            raise Damaged("its compressed data are damaged") from fault
        data = b"".join(pieces)
        self._seen += len(data)
        self._sum = zlib.crc32(data, self._sum)
        if self._seen > self.size:
            raise Damaged(f"it inflates to more than the {self.size:,} bytes it declares")
        return data

    def finish(self) -> None:
        """Read what is left and compare size and CRC with the directory."""
        while self.read(_PIECE):
            pass
        if self._seen != self.size:
            raise Damaged(f"it declares {self.size:,} bytes and has {self._seen:,}")
        if self._sum != self._crc:
            raise Damaged("its checksum does not agree with its data")
