"""Importers of evaluation logs. A new format is one module with FORMAT, recognises and read, listed in FORMATS."""

import hashlib
import stat
from dataclasses import replace
from pathlib import Path

from cases.benchmarks.importers import inspect_eval, inspect_json
from cases.benchmarks.importers.base import DEFAULT, Caps, Reading, Unreadable

__all__ = ["DEFAULT", "FORMATS", "Caps", "Reading", "Unreadable", "read"]

FORMATS = (inspect_eval, inspect_json)
_HEAD = 4096
_PIECE = 1024 * 1024


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def read(path: Path, caps: Caps = DEFAULT) -> Reading:
    """What is in the log at `path`, its format found by content. Raises Unreadable with a sentence."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise Unreadable("This is not a file.")
        if facts.st_size == 0:
            raise Unreadable("The file is empty.")
        if facts.st_size > caps.file_bytes:
            raise Unreadable(f"The file is {facts.st_size:,} bytes; at most {caps.file_bytes:,} are read.")
        with path.open("rb") as file:
            start = file.read(_HEAD)
        for importer in FORMATS:
            if importer.recognises(start):
                reading: Reading = importer.read(path, caps)
                return replace(reading, sha256=_digest(path), size=facts.st_size)
    except FileNotFoundError:
        raise Unreadable("There is no such file.") from None
    except OSError as fault:
        raise Unreadable(f"The file cannot be read: {fault.strerror or 'input or output error'}.") from fault
    except RecursionError:
        raise Unreadable("The file is nested too deeply.") from None
    except MemoryError:
        raise Unreadable("The file needs more memory than an import may use.") from None
    raise Unreadable("The file is neither a zip nor a JSON evaluation log.")
