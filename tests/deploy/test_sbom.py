"""The bill of materials: everything that the locks name stands in it, with its version and its hashes."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from deploy import sbom

LOCKED = re.compile(r"^([A-Za-z0-9_.-]+)==([^ \\;]+)[^\n]*((?:\n +--hash=[^\n]+)+)", re.MULTILINE)


def _python(lock: str) -> dict[tuple[str, str], set[str]]:
    text = (sbom.ROOT / lock).read_text(encoding="utf-8")
    found = {
        (n, v): set(re.findall(r"sha256:([0-9a-f]{64})", hashes)) for n, v, hashes in LOCKED.findall(text)
    }
    assert len(found) == len(re.findall(r"^[^ #\n]", text, re.MULTILINE)), (
        "a line of the lock was not understood"
    )
    return found


def _npm() -> dict[tuple[str, str], set[str]]:
    packages = json.loads((sbom.ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return {
        (place.rpartition("node_modules/")[2], one["version"]): {
            base64.b64decode(one["integrity"].partition("-")[2]).hex()
        }
        for place, one in packages.items()
        if place
    }


def _listed(bill: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    return {
        (one["name"], one["version"]): {
            each["content"]
            for holder in (one, *one.get("externalReferences", []))
            for each in holder.get("hashes", [])
        }
        for one in bill["components"]
    }


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every bill, by the name of its file."""
    written = sbom.write(tmp_path_factory.mktemp("sbom"), validate=False)
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in written}


@pytest.mark.parametrize("lock", [*sbom.LOCKS, "package-lock.json"])
def test_every_locked_package_stands_in_its_bill(bills: dict[str, Any], lock: str) -> None:
    """Name, version and hashes are those of the lock, no more and no fewer; the whole has a name and a version."""
    name = "npm" if lock == "package-lock.json" else Path(lock).stem
    bill = bills[f"{name}.cdx.json"]
    wanted = _npm() if name == "npm" else _python(lock)
    assert wanted
    assert all(wanted.values())
    assert _listed(bill) == wanted
    assert bill["bomFormat"] == "CycloneDX"
    whole = bill["metadata"]["component"]
    assert (whole["name"], whole["version"]) == ("foreview", "0.1.0")
