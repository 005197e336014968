"""The bytes that digests are taken over: canonical JSON after RFC 8785, of values without floats.

How an entry is encoded (version 1; a verifier that is not ours needs only this):

* an object with exactly the members named in `ENTRY_MEMBERS`, every value a string but `v` and `number` (integers),
  `rows` (a list) and `data` (an object); what is absent is the empty string;
* `at` is UTC with six decimals and a `Z`; ids are lower-case hyphenated UUIDs or decimal integers, as strings;
* `salt` is 16 random bytes in hexadecimal, so that a digest tells nothing to those who may not see the entry;
* `previous` is the digest of the entry before it in the same sequence, 64 zeros for the first;
* the digest is SHA-256 over the canonical bytes, in lower-case hexadecimal. The same bytes are an entry's leaf data.

Numbers inside `data` are integers within ±(2^53 - 1); a fraction is written as a string, so that no two languages
can disagree about its digits.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import rfc8785

ENCODING = 1
FIRST_PREVIOUS = "0" * 64
SAFE_INTEGER = 2**53 - 1

# Members that are encoded as they are stored, and those written in a form of their own.
AS_STORED = (
    "number", "kind", "actor_name", "organisation_name", "role", "capacity", "appointment_id", "policy_version",
    "request_id", "reason", "subject_model", "subject_id", "rows", "data", "salt", "previous",
)  # fmt: skip
ENTRY_MEMBERS = ("v", "sequence", "at", "actor", "case_id", *AS_STORED)


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of a value made of objects, lists, strings, safe integers, booleans and null.

    For plain ASCII the standard library's encoder gives the very bytes the standard asks for, ten times as fast;
    everything else (where keys sort by UTF-16 units) goes through the `rfc8785` package.
    """
    text = _ENCODER.encode(value)
    return text.encode("ascii") if text.isascii() else rfc8785.dumps(value)


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def instant(at: datetime) -> str:
    """How an instant is written: UTC, microseconds, `Z`. Raises ValueError for a naive datetime."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def check_plain(value: Any, where: str = "data") -> None:
    """Raise TypeError unless `value` can be encoded: string keys, no floats, integers within the safe range."""
    if isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{where}: the key {key!r} is not a string")
            check_plain(member, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for position, member in enumerate(value):
            check_plain(member, f"{where}[{position}]")
    elif isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > SAFE_INTEGER:
            raise TypeError(f"{where}: the integer is beyond 2^53; write it as a string")
    elif value is not None and not isinstance(value, str | bool):
        raise TypeError(f"{where}: {type(value).__name__} cannot be recorded; write it as a string")


def plain_json(text: str) -> Any:
    """Read JSON that the database wrote, with fractions and very large integers kept as the strings they were."""
    value, _ = _DECODER.raw_decode(text)  # nothing stands around the value that `decode` would look for
    return value


def _integer(text: str) -> int | str:
    number = int(text)
    return number if abs(number) <= SAFE_INTEGER else text


# Made once: the module-level functions of `json` would make them anew for each value.
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_DECODER = json.JSONDecoder(parse_float=str, parse_int=_integer)
