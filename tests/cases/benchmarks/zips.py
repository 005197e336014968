"""Build and rebuild `.eval` files, honest and hostile, for the tests of importers."""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zstandard

from cases.benchmarks.importers.archive import Archive
from cases.benchmarks.importers.base import DEFAULT

Members = list[tuple[str, bytes]]


def members_of(path: Path) -> Members:
    """Every member of a real log, inflated, in file order."""
    with Archive(path, DEFAULT) as archive:
        return [(name, archive.read(name)) for name in archive.members]


def _packed(data: bytes, method: int) -> bytes:
    if method == 93:
        return zstandard.ZstdCompressor().compress(data)
    if method == 8:
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
        return squeeze.compress(data) + squeeze.flush()
    return data


def write_zip(
    path: Path,
    members: Members,
    *,
    method: int = 93,
    declared: dict[str, int] | None = None,
    local_names: dict[str, str] | None = None,
    flags: int = 0,
    offsets: dict[str, int] | None = None,
    zip64: bool = False,
) -> Path:
    """A zip of these members; `declared` sizes, `local_names`, `flags` and `offsets` let it lie."""
    body, directory = b"", b""
    for name, data in members:
        stored = _packed(data, method)
        size = (declared or {}).get(name, len(data))
        local = (local_names or {}).get(name, name).encode()
        utf8 = flags | 0x800
        head = struct.pack("<HHHHHLLL", 45, utf8, method, 0, 33, zlib.crc32(data), len(stored), size)
        offset = (offsets or {}).get(name, len(body))
        body += b"PK\x03\x04" + head + struct.pack("<HH", len(local), 0) + local + stored
        directory += b"PK\x01\x02" + struct.pack("<H", 45) + head
        directory += struct.pack("<HHHHHLL", len(name.encode()), 0, 0, 0, 0, 0, offset) + name.encode()
    count = len(members)
    end = b""
    if zip64:
        where = len(body) + len(directory)
        end += b"PK\x06\x06" + struct.pack(
            "<QHHLLQQQQ", 44, 45, 45, 0, 0, count, count, len(directory), len(body)
        )
        end += b"PK\x06\x07" + struct.pack("<LQL", 0, where, 1)
    end += b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, count, count, len(directory), len(body), 0)
    path.write_bytes(body + directory + end)
    return path


def rewritten(
    source: Path,
    target: Path,
    change: Callable[[str, Any], Any],
    *,
    only: Callable[[str], bool] = lambda name: True,
    **how: Any,
) -> Path:
    """A copy of a log with `change(name, content)` applied to the JSON of members; None drops the member."""
    kept: Members = []
    for name, data in members_of(source):
        if not only(name):
            kept.append((name, data))
            continue
        content = change(name, json.loads(data))
        if content is not None:
            kept.append((name, json.dumps(content).encode()))
    return write_zip(target, kept, **how)
