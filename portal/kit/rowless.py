"""Kept files whose row was never written: a server was killed between keeping the bytes and committing the row.

They are put aside, never removed: after an older backup was restored they may be all that is left of a document. Every
model with a field `storage_name` is asked, history tables included; a new table of files needs it, and nothing here.
"""

import logging
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import models

from portal.kit.files import FORSAKEN_AFTER_S

KEPT: Final = re.compile(r"[0-9a-f]{2}/[0-9a-f]{40}")
ASIDE: Final = "rowless"  # the folder beside those of the files

log = logging.getLogger(__name__)


def put_rowless_aside(now: datetime) -> int:
    """Put aside kept files that no row names, a day after they were put in their place; returns how many.

    An upload is kept and its row committed within one request, which lasts no day; until then a file is left alone.
    Raises LookupError, and touches nothing, where no table names files at all.
    """
    tables = [
        model
        for model in apps.get_models(include_auto_created=True)
        if any(one.name == "storage_name" for one in model._meta.concrete_fields)
    ]
    if not tables:
        raise LookupError("no table has a field storage_name, so no file can be known to have no row")
    root, moved = Path(default_storage.path("")), 0
    for names in _old_names(root, now):
        for name in names - _named(names, tables):
            (root / ASIDE).mkdir(mode=0o700, exist_ok=True)
            (root / name).rename(root / ASIDE / Path(name).name)
            moved += 1
    if moved:
        log.warning("files: %s without a row were put aside in the folder %s", moved, ASIDE)
    return moved


def _old_names(root: Path, now: datetime) -> Iterator[set[str]]:
    """Names kept for more than a day, a folder at a time. A file's change time is that of its being put in place."""
    for folder in sorted(root.glob("??")):
        names = {f"{folder.name}/{file.name}": file.stat() for file in folder.iterdir() if file.is_file()}
        yield {
            name
            for name, facts in names.items()
            if KEPT.fullmatch(name)
            and now.timestamp() - max(facts.st_ctime, facts.st_mtime) > FORSAKEN_AFTER_S
        }


def _named(names: set[str], tables: list[type[models.Model]]) -> set[str]:
    """Those that a row names."""
    found: set[str] = set()
    for model in tables if names else []:
        rows = model._default_manager.filter(storage_name__in=names)
        found |= set(rows.values_list("storage_name", flat=True))
    return found
