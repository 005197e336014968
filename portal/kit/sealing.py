"""Secrets at rest: sealed under keys that never stand in the database, each bound to the one row it belongs to.

`settings.CREDENTIAL_KEYS` lists Fernet keys, the newest first: it seals, all of them open. On this machine alone
(a loopback origin) a key is made at first use in `var/credential_key`; a server refuses to start without its own.
"""

import json
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

LOCAL = "credential_key"


class NotOurs(Exception):
    """A sealed text that no key opens, or that was sealed for another row."""


def seal(values: dict[str, str], bound_to: str) -> str:
    """Seal `values` for the row named by `bound_to`."""
    inner = json.dumps({"bound_to": bound_to, "values": values})
    return _keys().encrypt(inner.encode()).decode()


def unseal(sealed: str, bound_to: str) -> dict[str, str]:
    """What was sealed for that row. Raises NotOurs for another row's, a changed text, or one whose key is gone."""
    try:
        inner = json.loads(_keys().decrypt(sealed.encode()))
    except InvalidToken:
        raise NotOurs from None
    if inner["bound_to"] != bound_to:
        raise NotOurs
    values: dict[str, str] = inner["values"]
    return values


def reseal(sealed: str) -> str:
    """The same under the newest key: after this an older key may be taken off the list."""
    return _keys().rotate(sealed.encode()).decode()


def _keys() -> MultiFernet:
    listed = settings.CREDENTIAL_KEYS or [local_key(Path(settings.VAR_DIR) / LOCAL)]
    return MultiFernet([Fernet(key) for key in listed])


def local_key(file: Path) -> str:
    """The key in `file`, made when there is none; of several processes at once the first makes it for all."""
    if not file.exists():
        aside = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(Fernet.generate_key())
        try:
            os.link(aside, file)
        except FileExistsError:
            pass  # another process was first; its key counts
        finally:
            aside.unlink()
    return file.read_text().strip()
