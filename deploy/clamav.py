"""Debian's clamd for the tests, unpacked below `var/clamav`: no service is started and no signatures are fetched.

A clamd that the machine has is taken instead. Where there is neither, the tests that want one say so and are left out.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "var" / "clamav"
PLACES = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"


def program() -> tuple[str, dict[str, str]] | None:
    """The program and what its environment needs besides; None where there is none."""
    installed = shutil.which("clamd") or shutil.which("clamd", path=PLACES)
    if installed:
        return installed, {}
    unpacked = HOME / "usr" / "sbin" / "clamd"
    if not unpacked.exists():
        return None
    libraries = sorted({str(file.parent) for file in HOME.glob("usr/lib/**/*.so*")})
    return str(unpacked), {"LD_LIBRARY_PATH": ":".join(libraries)}


def unpack() -> str | None:
    """Fetch and unpack Debian's packages unless there is a clamd; the reason where that is not possible."""
    if program() is not None:
        return None
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return "this machine has no apt-get"
    missing = _run("apt-get", "install", "--simulate", "--no-install-recommends", "clamav-daemon")
    names = [line.split()[1] for line in missing.stdout.splitlines() if line.startswith("Inst ")]
    wanted = [name for name in names if name.startswith("lib") or name == "clamav-daemon"]
    half = HOME.with_suffix(".half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    fetched = _run("apt-get", "download", *wanted, folder=half) if wanted else missing
    if fetched.returncode or not wanted:
        return fetched.stderr.strip()[-300:] or "apt-get knows no clamav-daemon; run apt-get update"
    for file in half.glob("*.deb"):
        _run("dpkg-deb", "--extract", str(file), str(half))
        file.unlink()
    half.rename(HOME)
    return None


def _run(*command: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)
