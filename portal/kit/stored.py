"""Whether kept files are what their rows say: each that changed, is gone, lies in another's place, or has no row.

Every model with the fields `storage_name`, `size` and `sha256` is asked; a new table of files needs them alone.
"""

import hashlib
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import models

from portal.kit.files import open_stored
from portal.kit.rowless import KEPT

CHUNK: Final = 1024 * 1024
READ_TWICE: Final = 8 * CHUNK
FACTS: Final = {"storage_name", "size", "sha256"}
FOLDERS: Final = tuple(f"{number:02x}" for number in range(256))


@dataclass(frozen=True)
class Checked:
    """One row or file and what is wrong with it, empty for nothing. `row` is None for a file that no row names."""

    name: str
    fault: str = ""
    row: models.Model | None = None

    def __str__(self) -> str:
        about = f"{self.row._meta.label} {self.row.pk}" if self.row is not None else "no row"
        return f"{self.name} ({about}): {self.fault or 'as received'}"


def check(folders: Collection[str] = FOLDERS) -> Iterator[Checked]:
    """Every row whose file lies in `folders` (two hexadecimal digits each), then every file there without a row."""
    tables = list(_tables())
    for model in tables:
        for row in _rows(model, folders):
            yield Checked(row.storage_name, _fault(row, tables), row)
    for folder in folders:
        names = {
            f"{folder}/{file.name}" for file in Path(default_storage.path(folder)).glob("*") if file.is_file()
        }
        named = {row.storage_name for model in tables for row in _rows(model, [folder])}
        for name in sorted(names - named):
            if KEPT.fullmatch(name):
                yield Checked(name, "no row names it")


def digest_of(name: str) -> tuple[str, int]:
    """SHA-256 and size of a kept file. Raises FileNotFoundError where there is none."""
    digest, size = hashlib.sha256(), 0
    with open_stored(name) as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def differs(file: BinaryIO, size: int, sha256: str) -> bool:
    """Whether an open file is not as received: its size, and its digest where it is small enough to be read twice."""
    found = file.seek(0, io.SEEK_END)
    file.seek(0)
    if found != size or size > READ_TWICE:
        return found != size
    differing = hashlib.sha256(file.read()).hexdigest() != sha256
    file.seek(0)
    return differing


def _tables() -> Iterator[Any]:
    for model in apps.get_models():
        names = {one.name for one in model._meta.concrete_fields}
        if names >= FACTS and "history_id" not in names:
            yield model


def _rows(model: Any, folders: Collection[str]) -> Iterator[Any]:
    wanted = models.Q()
    if len(folders) < len(FOLDERS):
        wanted = models.Q(pk__in=[])
        for folder in folders:
            wanted |= models.Q(storage_name__startswith=f"{folder}/")
    yield from model._default_manager.filter(wanted).order_by("pk").iterator(chunk_size=500)


def _fault(row: Any, tables: list[Any]) -> str:
    try:
        digest, size = digest_of(row.storage_name)
    except FileNotFoundError:
        return "the file is gone"
    if (digest, size) == (row.sha256, row.size):
        return ""
    if any(model._default_manager.filter(sha256=digest, size=size).exists() for model in tables):
        return "another file lies in its place"
    return f"the bytes changed: {size} of {row.size} bytes, digest {digest}"
