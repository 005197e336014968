"""`manage.py read_log`: the fixed shape that other tools rely on, its exit codes, and no database."""

import hashlib
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "tests" / "samples" / "inspect"


def run(name: str, *flags: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("read_log", str(SAMPLES / name), *flags, stdout=out)
    except SystemExit as leaving:
        return int(leaving.code or 0), out.getvalue()
    return 0, out.getvalue()


def strict(text: str) -> Any:
    def refuse(word: str) -> Any:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_shape() -> None:
    code, text = run("01_success_eval.eval", "--json")
    found = strict(text)
    assert code == 0
    fixed = {key: found[key] for key in found if key in SHAPE}
    assert fixed == {
        **SHAPE,
        "sha256": hashlib.sha256((SAMPLES / "01_success_eval.eval").read_bytes()).hexdigest(),
    }


SHAPE: dict[str, Any] = {
    "format": "inspect_eval",
    "sha256": "",
    "status": "success",
    "task": "toy_ctf",
    "task_version": 0,
    "model": "openai-api/stub/solve-60",
    "served_models": ["solve-60-2026-11-01"],
    "samples": {
        "expected": 40,
        "total": 40,
        "completed": 40,
        "errored": 0,
        "in_file": 40,
        "completed_in_file": 40,
        "epochs": 1,
    },
    "scores": [
        {
            "name": "includes",
            "scorer": "includes",
            "reducer": None,
            "n": 40,
            "metrics": {"accuracy": 0.65, "stderr": pytest.approx(0.07637626158259733)},
            "recounted": {"accuracy": pytest.approx(0.65), "stderr": pytest.approx(0.07637626158259733)},
            "recounted_n": 40,
        }
    ],
    "complete": True,
    "reasons": [],
}


@pytest.mark.parametrize("path", sorted(SAMPLES.rglob("*.*")), ids=lambda path: path.name[:24])
def test_every_sample_gives_strict_json_and_one_of_two_exits(path: Path) -> None:
    if path.is_dir():
        return
    code, text = run(str(path.relative_to(SAMPLES)), "--json")
    found = strict(text)
    if path.name.startswith(("50_", "52_", "53_")):
        assert (code, list(found)) == (2, ["refused"])
    else:
        assert code == 0
        assert found["complete"] is (found["reasons"] == [])


def test_text_for_a_terminal() -> None:
    code, text = run("57_tampered_header.eval")
    assert code == 0
    assert "includes: accuracy 0.95, recounted 0.65" in text
    assert (
        "not complete:\n  - The file states accuracy 0.95 of includes; recounted from its samples it is 0.65."
        in text
    )
    assert run("53_empty.eval") == (2, "Refused: The file is empty.\n")


def test_the_command_runs_without_a_database() -> None:
    """A process of its own, with a database address where nothing listens."""
    environment = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = subprocess.run(
        [sys.executable, "manage.py", "read_log", str(SAMPLES / "53_empty.eval"), "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, strict(done.stdout)) == (2, {"refused": "The file is empty."})
