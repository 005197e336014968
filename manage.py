#!/usr/bin/env python3
"""Django's command line. Runs in the project's own environment, and as the database role that a command needs."""

import os
import sys
from pathlib import Path

# commands that change tables, or fill them in bulk, run as their owner; all others as the web role
OWNER_COMMANDS = {"migrate", "sqlmigrate", "showmigrations"}
# commands that work without a database, a broker or a secret
STANDALONE_COMMANDS = {"read_log", "makemigrations", "write_docs"}


def main() -> None:
    """Run the command named on the command line."""
    environment = Path(__file__).resolve().parent / ".venv" / "bin" / "python"
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ.setdefault("STATEMENT_TIMEOUT_MS", "0")
    in_bulk = command == "load_demo" and any(word.startswith("--cases") for word in sys.argv)
    if command in OWNER_COMMANDS or in_bulk:
        os.environ.setdefault("FOREVIEW_DB", "owner")
    if command in STANDALONE_COMMANDS:
        os.environ["FOREVIEW_STANDALONE"] = "1"
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        if not environment.exists() or sys.prefix == str(environment.parent.parent):
            sys.exit("Foreview's environment is not there yet. Make it with: make run")
        os.execv(environment, [str(environment), *sys.argv])
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
