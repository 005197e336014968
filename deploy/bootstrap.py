"""Makes the environment in `.venv/` from the hashed locks, or repairs it. Standard library only: it runs first of all.

`python3 -m deploy.bootstrap [run|test]`: `run` installs what Foreview needs, `test` also what testing and checking
need, browser included. A digest of the locks is written when an environment is whole; a half-made one has none and is
made anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy import clamav

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
NEEDED = (3, 11)
LOCKS = {"run": ["requirements.txt"], "test": ["requirements.txt", "requirements-dev.txt"]}
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def say(line: str) -> None:
    """One line of progress."""
    print(line, flush=True)


def ensure(purpose: str) -> None:
    """Leave behind an environment that fits the locks, and for tests a browser."""
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two commands at once: the second waits and finds it done
        if purpose == "test":
            require_browser()
        install([*LOCKS[purpose], *([] if shutil.which("npm") else ["requirements-node.txt"])])
        if purpose == "test":
            install_browser()
            install_scanner()


def install(locks: list[str]) -> None:
    """Install the locks unless their stamp says that it is done; start over once if pip cannot complete them."""
    whole = [file.read_text().split() for file in ENVIRONMENT.glob("foreview-*.stamp") if _is_true(file)]
    if any(set(locks) <= set(listed) for listed in whole) and _works():
        return
    if not list(ENVIRONMENT.glob("foreview-*.stamp")) or not _works():
        _create()  # also where an earlier run was cut off: pip takes half a package for a whole one
    for stamp in ENVIRONMENT.glob("foreview-*.stamp"):
        stamp.unlink()
    if not _pip(locks):
        say("environment: could not be completed; making it anew")
        _create()
        if not _pip(locks):
            sys.exit(
                "The packages could not be installed. Check the network (or the package index that pip is set up "
                "for) and run the command again; what was fetched is kept."
            )
    (ENVIRONMENT / f"foreview-{_digest(locks)}.stamp").write_text("\n".join(locks) + "\n")


def _is_true(stamp: Path) -> bool:
    """Whether the lock files that a stamp lists are still those that were installed."""
    return stamp.name == f"foreview-{_digest(stamp.read_text().split())}.stamp"


def _digest(locks: list[str]) -> str:
    """Digest of everything that the content of the environment depends on."""
    seen = hashlib.sha256(repr((sys.version_info[:2], sys.platform)).encode())
    for name in locks:
        file = ROOT / name
        seen.update(file.read_bytes() if file.is_file() else b"")
    return seen.hexdigest()[:16]


def _works() -> bool:
    """Whether the environment's Python starts, has pip, and is of the version that runs this."""
    if not PYTHON.exists():
        return False
    probe = "import sys, pip; print(*sys.version_info[:2])"
    answer = subprocess.run([str(PYTHON), "-c", probe], capture_output=True, text=True)
    return answer.stdout.split() == [str(part) for part in sys.version_info[:2]]


def _create() -> None:
    say("environment: creating .venv/ …")
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        detail = (made.stdout + made.stderr).strip()
        if "ensurepip" in detail:
            version = ".".join(map(str, sys.version_info[:2]))
            sys.exit(
                f"This Python cannot make environments yet. Run once: sudo apt-get install python{version}-venv"
            )
        sys.exit(f"Python could not create {ENVIRONMENT}:\n{detail}")


def _pip(locks: list[str]) -> bool:
    """Install with hashes, telling how far it is. False if pip gave up."""
    total = sum(
        1
        for name in locks
        for line in (ROOT / name).read_text().splitlines()
        if "==" in line and line[0] not in " #"
    )
    say(
        f"environment: installing about {total} packages from {', '.join(locks)} (half a minute when fetched fresh)"
    )
    arguments = [part for name in locks for part in ("-r", name)]
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-input", "--progress-bar=off"]
    process = subprocess.Popen(
        [*command, "--disable-pip-version-check", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seen = 0
    last: list[str] = []
    for line in process.stdout or ():
        last = [*last[-15:], line.rstrip()]
        if line.startswith("Collecting "):
            seen += 1
            if seen % 20 == 0:
                say(f"environment: {seen} of {total} fetched")
        elif line.startswith("Installing collected"):
            say("environment: unpacking …")
    if process.wait() == 0:
        return True
    say("\n".join(last))
    return False


def chromium() -> str | None:
    """The machine's own Chromium or Chrome, if it has one."""
    places = [shutil.which(name) for name in CHROMIUM_NAMES]
    places.append("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    return next((place for place in places if place and os.path.exists(place)), None)


def require_browser() -> None:
    """Stop before anything else where a browser is missing and only an administrator can install it."""
    if chromium() or sys.platform == "darwin" or (os.geteuid() == 0 and shutil.which("apt-get")):
        return
    sys.exit(
        "The tests drive a real browser, and this machine has none. Run once: "
        "sudo apt-get install -y chromium fonts-dejavu-core\nThen run the command again."
    )


def install_browser() -> None:
    """Debian's Chromium through apt for root; on macOS Playwright's own."""
    if chromium():
        return
    if sys.platform == "darwin":
        say("browser: installing Playwright's Chromium …")
        if subprocess.run([str(PYTHON), "-m", "playwright", "install", "chromium"]).returncode:
            sys.exit("The browser could not be installed. Install Google Chrome, or check the network.")
        return
    say("browser: installing Debian's chromium (a minute or two) …")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install_it = [
        "apt-get",
        "install",
        "-y",
        "-qq",
        "--no-install-recommends",
        "chromium",
        "fonts-dejavu-core",
    ]
    for command in (["apt-get", "update", "-qq"], install_it):
        done = subprocess.run(command, env=quiet, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"Debian's chromium could not be installed:\n{done.stderr.strip()[-800:]}")


def install_scanner() -> None:
    """Debian's clamd, unpacked for the tests alone; without it the tests of a real virus scanner are left out."""
    reason = clamav.unpack()
    if reason is not None:
        say(f"scanner: no clamd for the tests ({reason}); those that want one are left out")


def newer_python() -> str | None:
    """Another Python on this machine that is new enough."""
    names = (f"python3.{minor}" for minor in range(14, 10, -1))
    return next((found for name in names if (found := shutil.which(name))), None)


def main() -> None:
    """Check the version of Python, then make the environment."""
    purpose = sys.argv[1] if len(sys.argv) > 1 else "run"
    if sys.version_info[:2] < NEEDED:
        better = newer_python()
        if better is None:
            sys.exit(f"Foreview needs Python 3.11 or later; this is {sys.version.split()[0]}.")
        os.execv(better, [better, "-m", "deploy.bootstrap", *sys.argv[1:]])
    ensure(purpose)


if __name__ == "__main__":
    main()
