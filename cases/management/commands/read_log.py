"""`manage.py read_log FILE [--json]`: what an importer finds in an evaluation log, without a database."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from cases.benchmarks.importers import Unreadable
from cases.benchmarks.reading import read_in_child

REFUSED = 2


class Command(BaseCommand):
    """Exit 0 when the log was read, complete or not; 2 when its structure is broken."""

    help = (
        "Show what an importer finds in an evaluation log. Exit 0 when read, 2 when the file cannot be read."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            reading = read_in_child(options["file"]).as_dict()
        except Unreadable as refusal:
            shown = {"refused": refusal.sentence}
            self.stdout.write(json.dumps(shown) if options["json"] else f"Refused: {refusal.sentence}")
            sys.exit(REFUSED)
        self.stdout.write(
            json.dumps(reading, allow_nan=False, indent=2) if options["json"] else as_text(reading)
        )


def as_text(reading: dict[str, Any]) -> str:
    """The reading in a few lines for a terminal."""
    samples = reading["samples"]
    lines = [
        f"{reading['format']}  sha256 {reading['sha256']}",
        f"task {reading['task']} version {reading['task_version']}  status {reading['status']}",
        f"model {reading['model']}  answered by {', '.join(reading['served_models']) or 'nobody'}",
        f"samples {samples['in_file']} in file, {samples['expected']} expected, {samples['errored']} ended in an error",
    ]
    for score in reading["scores"]:
        name = f"{score['name']} ({score['reducer']})" if score["reducer"] else score["name"]
        for key, value in score["metrics"].items():
            lines.append(f"  {name}: {key} {value}, recounted {score['recounted'].get(key, 'not at all')}")
    lines.append("complete" if reading["complete"] else "not complete:")
    lines.extend(f"  - {reason}" for reason in reading["reasons"])
    lines.extend(f"  note: {note}" for note in reading["notes"])
    return "\n".join(lines)
