"""What refuses to start, and why: weak keys, missing servers, a demonstration that others reach (attacks 89, 92)."""

import json
import secrets
import subprocess
import sys
from types import SimpleNamespace

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, override_settings

from deploy.bootstrap import ROOT
from portal import checks, env

GOOD = {
    "SECRET_KEY": secrets.token_urlsafe(50),
    "DATABASE_URL": "postgresql://portal_web@/portal",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "PUBLIC_ORIGIN": "https://foreview.example",
    "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
}


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A good server environment, and no trace of the tests' own."""
    for field in env.Environment.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_good_environment_starts(surroundings: pytest.MonkeyPatch) -> None:
    read = env.read()
    assert not read.demo
    assert read.ceiling == "CUI"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "", "SECRET_KEY is blank"),
        ("SECRET_KEY", "changeme", "SECRET_KEY is blank, short or a default"),
        ("SECRET_KEY", "x" * 60, "SECRET_KEY is blank, short or a default"),
        (
            "SECRET_KEY",
            "django-insecure-" + "abcdefghijklmnopqrstuvwxyz" * 2,
            "SECRET_KEY is blank, short or a default",
        ),
        ("CREDENTIAL_KEYS", "", "CREDENTIAL_KEYS is not set"),
        ("CREDENTIAL_KEYS", "secret", "not a Fernet key"),
        ("REDIS_URL", "", "REDIS_URL is not set"),
        ("PUBLIC_ORIGIN", "http://foreview.example", "give an https:// origin"),
        ("PUBLIC_ORIGIN", "foreview.example", "give scheme and host"),
        ("PUBLIC_ORIGIN", "https://foreview.example/path", "give scheme and host"),
        ("FOREVIEW_DB", "owner", "DATABASE_OWNER_URL is not set"),
        ("DEMO", "1", "loopback addresses only"),
    ],
)
def test_refuses_with_the_fix(surroundings: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    surroundings.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=said) as refused:
        env.read()
    assert "changeme" not in str(refused.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "foreview.example"])
def test_demonstration_refuses_a_bind_that_others_reach(surroundings: pytest.MonkeyPatch, host: str) -> None:
    surroundings.setenv("DEMO", "1")
    surroundings.setenv("PUBLIC_ORIGIN", "http://127.0.0.1:8000")
    env.read()
    surroundings.setenv("BIND_HOST", host)
    with pytest.raises(ImproperlyConfigured, match="loopback addresses only"):
        env.read()


def test_no_values_of_secrets_in_the_sentence(surroundings: pytest.MonkeyPatch) -> None:
    surroundings.setenv("SECRET_KEY", "short-but-secret")
    surroundings.setenv("STATEMENT_TIMEOUT_MS", "soon")
    with pytest.raises(ImproperlyConfigured) as refused:
        env.read()
    assert "short-but-secret" not in str(refused.value)
    assert "STATEMENT_TIMEOUT_MS" in str(refused.value)


def test_system_check_names_a_reachable_demonstration() -> None:
    with override_settings(DEMO=True, BIND_HOST="127.0.0.1", ALLOWED_HOSTS=["localhost"]):
        assert checks.demonstration_stays_local() == []
    with override_settings(DEMO=True, BIND_HOST="0.0.0.0", ALLOWED_HOSTS=["localhost"]):
        assert [found.id for found in checks.demonstration_stays_local()] == ["portal.E001"]


@pytest.mark.parametrize(
    ("address", "starts"), [("127.0.0.1:0", True), ("0.0.0.0:0", False), ("unix:/tmp/x", False)]
)
def test_gunicorn_refuses_it_whatever_bind_said(
    monkeypatch: pytest.MonkeyPatch, address: str, starts: bool
) -> None:
    monkeypatch.setenv("DEMO", "1")
    scope: dict[str, object] = {}
    source = ROOT / "deploy" / "gunicorn.conf.py"
    exec(compile(source.read_text(), source, "exec"), scope)
    host, _, port = address.partition(":")
    bound = address.removeprefix("unix:") if host == "unix" else (host, int(port))
    server = SimpleNamespace(cfg=SimpleNamespace(address=[bound]))
    if starts:
        scope["on_starting"](server)  # type: ignore[operator]
    else:
        with pytest.raises(SystemExit, match="loopback addresses only"):
            scope["on_starting"](server)  # type: ignore[operator]


def test_demonstration_answers_this_machine_only(client: Client) -> None:
    from django.http import HttpRequest, HttpResponse

    from portal.kit.loopback import LoopbackOnlyMiddleware

    guard = LoopbackOnlyMiddleware(lambda _request: HttpResponse("inside"))

    def ask(**meta: str) -> int:
        request = HttpRequest()
        request.META.update(meta)
        return guard(request).status_code

    assert ask(REMOTE_ADDR="127.0.0.1") == 200
    assert ask(REMOTE_ADDR="::1") == 200
    assert ask(REMOTE_ADDR="192.0.2.7") == 403
    assert ask(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="127.0.0.1") == 403
    assert ask(REMOTE_ADDR="127.0.0.1", HTTP_FORWARDED="for=192.0.2.7") == 403
    assert ask() == 403


def test_commands_without_a_database_need_no_settings(surroundings: pytest.MonkeyPatch) -> None:
    for name in GOOD:
        surroundings.delenv(name)
    surroundings.setenv("VAR_DIR", str(ROOT / "var" / "nowhere"))
    command = [sys.executable, "manage.py", "read_log", "no-such-file.eval", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "refused" in json.loads(done.stdout)


def test_eager_jobs_appear_in_no_setting() -> None:
    tracked = subprocess.run(
        ["git", "grep", "-il", "task_always_eager"], cwd=ROOT, capture_output=True, text=True
    )
    assert set(tracked.stdout.split()) <= {"portal/checks.py", "tests/deploy/test_settings.py"}
    with override_settings(CELERY_TASK_ALWAYS_EAGER=True):
        assert [found.id for found in checks.jobs_are_real()] == ["portal.E002"]
