"""`make sbom`: what Foreview is made of, as CycloneDX JSON in `var/sbom/`, one file a lock, with versions and hashes.

Python's locks are read by cyclonedx-bom, the npm lock by npm itself; neither looks at a network. Add a lock to LOCKS.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from deploy.bootstrap import PYTHON, ROOT, say
from deploy.frontend import FrontendError, npm

PLACE = ROOT / "var" / "sbom"
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-node.txt")


def write(place: Path = PLACE, *, validate: bool = True) -> list[Path]:
    """Write a bill for each lock and return their files; SystemExit with the tool's words where one cannot.

    `validate` holds Python's against the schema of CycloneDX, which costs most of the time.
    """
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for lock in LOCKS:
        file = place / f"{Path(lock).stem}.cdx.json"
        tool = [str(PYTHON), "-m", "cyclonedx_py", "requirements", "--output-reproducible"]
        checked = "--validate" if validate else "--no-validate"
        _run([*tool, checked, "--pyproject", "pyproject.toml", "-o", str(file), lock], ROOT)
        written.append(file)
    file = place / "npm.cdx.json"
    file.write_text(_npm_bill(), encoding="utf-8")
    return [*written, file]


def _npm_bill() -> str:
    """npm wants a version of the whole, which package.json leaves to pyproject.toml: it reads a copy that has one."""
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        aside = Path(folder) / whole["name"]
        aside.mkdir()
        (aside / "package.json").write_text(json.dumps({**package, "version": whole["version"]}))
        shutil.copyfile(ROOT / "package-lock.json", aside / "package-lock.json")
        options = ["--package-lock-only", "--sbom-format=cyclonedx", "--sbom-type=application"]
        return _run([*npm(ROOT), "sbom", *options, "--loglevel=error"], aside)


def _run(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(
            f"The bill of materials could not be written:\n{(done.stderr or done.stdout).strip()[-600:]}"
        )
    return done.stdout


def main() -> None:
    """Write them and say where."""
    try:
        for file in write():
            say(f"bill of materials: {file.relative_to(ROOT)}")
    except FrontendError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
