"""The environment: made once, made again when its locks change or a run was cut off; the browser is never skipped."""

from pathlib import Path

import pytest

from deploy import bootstrap


class Bench:
    """A root folder with locks, and pip and venv that only take notes."""

    def __init__(self, root: Path) -> None:
        self.environment = root / ".venv"
        self.done: list[str] = []
        self.pip_works = True
        for name in ("requirements.txt", "requirements-dev.txt"):
            (root / name).write_text("django==5.2.19\n")

    def create(self) -> None:
        """Stands in for `python -m venv`."""
        self.done.append("create")
        self.environment.mkdir(exist_ok=True)
        for stamp in self.environment.glob("*"):
            stamp.unlink()

    def pip(self, locks: list[str]) -> bool:
        """Stands in for `pip install`."""
        self.done.append(" ".join(locks))
        return self.pip_works

    def install(self, purpose: str) -> list[str]:
        """What an `ensure(purpose)` does."""
        self.done = []
        bootstrap.install(bootstrap.LOCKS[purpose])
        return self.done


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Everything `install` touches, out of harm's way."""
    made = Bench(tmp_path)
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "ENVIRONMENT", made.environment)
    monkeypatch.setattr(bootstrap, "_create", made.create)
    monkeypatch.setattr(bootstrap, "_pip", made.pip)
    monkeypatch.setattr(bootstrap, "_works", made.environment.exists)
    return made


def test_made_once(bench: Bench) -> None:
    assert bench.install("run") == ["create", "requirements.txt"]
    assert bench.install("run") == []


def test_testing_adds_to_it_and_running_finds_it_whole(bench: Bench) -> None:
    bench.install("run")
    assert bench.install("test") == ["requirements.txt requirements-dev.txt"]
    assert bench.install("run") == []


def test_changed_lock_installs_again(bench: Bench, tmp_path: Path) -> None:
    bench.install("test")
    (tmp_path / "requirements.txt").write_text("django==5.2.20\n")
    assert bench.install("run") == ["requirements.txt"]
    assert bench.install("test") == ["requirements.txt requirements-dev.txt"]


def test_cut_off_run_is_made_anew(bench: Bench) -> None:
    bench.environment.mkdir()  # no stamp: an earlier run was killed in the middle
    assert bench.install("run") == ["create", "requirements.txt"]


def test_failing_pip_tries_anew_once_and_then_says_what_to_do(bench: Bench) -> None:
    bench.install("run")
    bench.pip_works = False
    with pytest.raises(SystemExit, match="Check the network"):
        bench.install("test")
    assert bench.done.count("create") == 1
    bench.pip_works = True
    assert bench.install("run") == ["create", "requirements.txt"]


def test_without_browser_or_rights_it_stops_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "chromium", lambda: None)
    monkeypatch.setattr(bootstrap.sys, "platform", "linux")
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match="sudo apt-get install -y chromium"):
        bootstrap.require_browser()


def test_locks_have_hashes_and_name_no_index() -> None:
    root = Path(__file__).resolve().parents[2]
    for lock in root.glob("requirements*.txt"):
        text = lock.read_text()
        assert "http" not in text, lock
        assert "--index-url" not in text, lock
        assert text.count("==") <= text.count("--hash=sha256:"), lock
