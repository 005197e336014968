"""What the surroundings tell Foreview: every environment variable it reads, its default, and what to do if it is wrong.

Add a variable as a field of `Environment`. A value may also come from a file: `FOREVIEW_SECRETS_DIR` names a folder
with one file a variable (as container secrets are mounted), and `var/local.env`, written by `make run`, serves
`manage.py` in a checkout. The local file is read only when `DATABASE_URL` is not set, so that a server configured
by its surroundings never picks up a demonstration's values.
"""

import os
import secrets
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from pydantic import SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

BASE_DIR = Path(__file__).resolve().parent.parent
SHORTEST_KEY = 50


def is_loopback(host: str) -> bool:
    """True for `localhost` and loopback addresses: names that only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Environment(BaseSettings):
    """The variables, typed. Read once, by `portal.settings`."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    # signs sessions and links: 50 characters or more, kept secret
    secret_key: SecretStr = SecretStr("")
    # Fernet keys, the newest first and a comma between, sealing what developers store; made on loopback alone
    credential_keys: SecretStr = SecretStr("")
    # postgresql:// addresses of the web role and of the owner, who migrates
    database_url: str = ""
    database_owner_url: str = ""
    # which of the two this process uses; manage.py sets owner for the commands that change tables
    foreview_db: Literal["web", "owner"] = "web"
    # 0 means no limit, which manage.py chooses for commands; the lock limit always stands
    statement_timeout_ms: int = 20_000
    lock_timeout_ms: int = 5_000
    # redis:// or unix:// address of the Redis-protocol server
    redis_url: str = ""
    # scheme and host of every link in pages and mails
    public_origin: str = "http://127.0.0.1:8000"
    # the address that the web server binds; the supervisor sets it
    bind_host: str = "127.0.0.1"
    # demonstration people and the sign-in-as page; only ever on a loopback address
    demo: bool = False
    # a marking id: the highest that this installation may hold
    ceiling: str = "CUI"
    # smtp:// or smtps:// address of the mail server; without it mails are files in var/mail
    email_url: SecretStr = SecretStr("")
    mail_from: str = "foreview@localhost"
    # true when a proxy in front ends TLS and sets X-Forwarded-Proto
    behind_proxy: bool = False
    # documents, logs, mail, collected static files
    var_dir: Path = BASE_DIR / "var"
    # the largest file that may be uploaded
    document_max_bytes: int = 4_000_000_000
    # what one organisation may keep in one case, all versions of its documents together; evaluation logs likewise
    case_max_bytes: int = 40_000_000_000
    # hours for which a file that arrives in parts is kept while it is not finished and used
    upload_hours: int = 24
    # threads of a web process; two of them always stay free of large uploads
    web_threads: int = 8
    # the virus scanner: the path of clamd's socket, or its host:port; without it the portal's own checks decide alone
    clamd_address: str = ""
    # true in tests: static files under their own names, without a manifest
    plain_static: bool = False
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    # set by manage.py for commands that need neither database nor secrets (read_log)
    foreview_standalone: bool = False

    @field_validator("public_origin")
    @classmethod
    def _origin_is_bare(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            raise ValueError("give scheme and host only, such as https://foreview.example.gov")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("plain http is for loopback addresses; give an https:// origin")
        return value.rstrip("/")

    @field_validator("clamd_address")
    @classmethod
    def _scanner_is_named(cls, value: str) -> str:
        value = value.removeprefix("unix:")
        host, _, port = value.rpartition(":")
        if value and not value.startswith("/") and not (host and port.isdigit()):
            raise ValueError("give the path of clamd's socket, such as /run/clamav/clamd.ctl, or host:port")
        return value

    @model_validator(mode="after")
    def _complete(self) -> "Environment":
        if self.foreview_standalone:
            self.secret_key = SecretStr(secrets.token_urlsafe(SHORTEST_KEY))
            self.database_url = self.database_owner_url = self.database_url or "postgresql:///none"
            self.redis_url = self.redis_url or "redis://127.0.0.1:0"
        self._refuse_weak_key()
        for name in ("database_url", "redis_url"):
            if not getattr(self, name):
                raise ValueError(
                    f"{name.upper()} is not set. Start with `make run`, or name a server of yours there."
                )
        if self.foreview_db == "owner" and not self.database_owner_url:
            raise ValueError("DATABASE_OWNER_URL is not set, and this command changes tables as their owner.")
        self._require_credential_keys()
        self._keep_demonstration_local()
        return self

    @property
    def sealing_keys(self) -> list[str]:
        """The keys of `credential_keys`, the newest first."""
        listed = self.credential_keys.get_secret_value().split(",")
        return [key.strip() for key in listed if key.strip()]

    def _require_credential_keys(self) -> None:
        make = 'python3 -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
        if not self.sealing_keys and not is_loopback(urlsplit(self.public_origin).hostname or ""):
            raise ValueError(
                f"CREDENTIAL_KEYS is not set. It seals the secrets developers store, outside the database: {make}"
            )
        try:
            for key in self.sealing_keys:
                Fernet(key)
        except ValueError:
            raise ValueError(
                f"CREDENTIAL_KEYS names something that is not a Fernet key. Make one: {make}"
            ) from None

    def _refuse_weak_key(self) -> None:
        key = self.secret_key.get_secret_value()
        if len(key) < SHORTEST_KEY or len(set(key)) < 8 or key.startswith("django-insecure"):
            raise ValueError(
                f"SECRET_KEY is blank, short or a default. Set it to {SHORTEST_KEY} or more random characters: "
                'python3 -c "import secrets; print(secrets.token_urlsafe(50))"'
            )

    def _keep_demonstration_local(self) -> None:
        host = urlsplit(self.public_origin).hostname or ""
        if self.demo and not (is_loopback(self.bind_host) and is_loopback(host)):
            raise ValueError(
                "DEMO is on, and its people sign in without a password, so it serves loopback addresses only. "
                "Set BIND_HOST and PUBLIC_ORIGIN to 127.0.0.1, or switch DEMO off."
            )


def read() -> Environment:
    """Read the environment, or stop with one sentence a fault, each naming its variable and the fix."""
    sources: dict[str, Any] = {"_secrets_dir": os.environ.get("FOREVIEW_SECRETS_DIR")}
    if not os.environ.get("DATABASE_URL"):
        sources["_env_file"] = Path(os.environ.get("VAR_DIR", BASE_DIR / "var")) / "local.env"
    try:
        return Environment(**sources)
    except ValidationError as error:
        raise ImproperlyConfigured(
            "Foreview cannot start. " + " ".join(map(_sentence, error.errors()))
        ) from None


def _sentence(fault: ErrorDetails) -> str:
    """One fault of a variable, without the value that was given: it may be a secret."""
    name = ".".join(map(str, fault["loc"])).upper()
    return f"{name} {fault['msg'].removeprefix('Value error, ')}".strip()
