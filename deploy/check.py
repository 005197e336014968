"""`make check`: every reading of the code, one line each, details only of what is not in order. Add a row to CHECKS."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from deploy.bootstrap import PYTHON, ROOT, say

# a server's surroundings, so that `check --deploy` reads the settings that a server would have
SERVER = {
    "SECRET_KEY": secrets.token_urlsafe(50),
    "DATABASE_URL": "postgresql://portal_web@/portal",
    "DATABASE_OWNER_URL": "postgresql://portal_owner@/portal",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "PUBLIC_ORIGIN": "https://foreview.example",
    "CREDENTIAL_KEYS": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "DEMO": "0",
}
STANDALONE = {"FOREVIEW_STANDALONE": "1"}
MANAGE = ("manage.py",)
# what, arguments of the environment's Python, additions to the environment
CHECKS: tuple[tuple[str, Sequence[str], dict[str, str]], ...] = (
    ("lint", ("-m", "ruff", "check", "."), {}),
    ("format", ("-m", "ruff", "format", "--check", "."), {}),
    ("imports", ("-c", "from importlinter.cli import lint_imports_command as run; run()"), {}),
    ("types", ("-m", "mypy"), STANDALONE),
    ("templates", ("-m", "djlint", "templates", "--lint", "--quiet"), {}),
    (
        "security",
        ("-m", "bandit", "-q", "-ll", "-c", "pyproject.toml", "-r", "portal", "accounts", "cases", "deploy"),
        {},
    ),
    ("migrations", ("-W", "ignore", *MANAGE, "makemigrations", "--check", "--dry-run"), STANDALONE),
    ("deployment", (*MANAGE, "check", "--deploy", "--fail-level", "WARNING"), SERVER),
    ("generated docs", (*MANAGE, "write_docs", "--check"), STANDALONE),
)


def main() -> int:
    """Run all, even after one that is not in order; 1 if any was not."""
    faults = 0
    for what, arguments, surroundings in CHECKS:
        began = time.monotonic()
        env = {**os.environ, **surroundings}
        done = subprocess.run([str(PYTHON), *arguments], cwd=ROOT, env=env, capture_output=True, text=True)
        say(
            f"{what:<16} {'ok' if done.returncode == 0 else 'NOT IN ORDER'}  ({time.monotonic() - began:.1f} s)"
        )
        if done.returncode:
            faults += 1
            say((done.stdout + done.stderr).strip() + "\n")
    say("everything is in order" if not faults else f"{faults} of {len(CHECKS)} are not in order")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
