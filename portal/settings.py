"""Foreview's settings: one file, the environment in (`portal.env`), no switch that only tests know.

Security settings are strict for every environment; what differs between a loopback demonstration and a server is
derived from `PUBLIC_ORIGIN` alone.
"""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from psycopg.conninfo import conninfo_to_dict

from portal import env, logs
from portal.notify.schedule import BEAT

ENV = env.read()
BASE_DIR = env.BASE_DIR
VAR_DIR = ENV.var_dir

SECRET_KEY = ENV.secret_key.get_secret_value()
CREDENTIAL_KEYS = ENV.sealing_keys
DEBUG = False
DEMO = ENV.demo
BIND_HOST = ENV.bind_host
CEILING = ENV.ceiling
PUBLIC_ORIGIN = ENV.public_origin
VERSION = "0.1.0"

_origin = urlsplit(PUBLIC_ORIGIN)
_origin_host = _origin.hostname or ""
_tls = _origin.scheme == "https"
ALLOWED_HOSTS = [
    _origin_host,
    *(["127.0.0.1", "localhost", "[::1]"] if env.is_loopback(_origin_host) else []),
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_ORIGIN]
CSRF_FAILURE_VIEW = "portal.views.form_not_ours"

INSTALLED_APPS = [
    "portal",
    "accounts",
    "cases",
    "allauth",
    "allauth.account",
    "guardian",
    "simple_history",
    "django_htmx",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.kit.headers.HeadersMiddleware",
    "portal.kit.context.RequestIdMiddleware",
    "csp.middleware.CSPMiddleware",
    *(["portal.kit.loopback.LoopbackOnlyMiddleware"] if DEMO else []),
    "portal.kit.clock.NowMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "portal.kit.refusal.RefusalMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cases.context.frame",
            ],
        },
    },
]


# Database. The web role serves; the owner migrates. Limits keep a stuck lock or query from hanging a page.
def _database(url: str) -> dict[str, Any]:
    parts = conninfo_to_dict(url)
    limits = {
        "statement_timeout": ENV.statement_timeout_ms,
        "lock_timeout": ENV.lock_timeout_ms,
        "idle_in_transaction_session_timeout": 60_000 if ENV.statement_timeout_ms else 0,
        "client_connection_check_interval": 1_000,  # the work of a killed process ends with it, and so do its locks
    }
    given = str(parts.pop("options", ""))
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{setting: str(parts.pop(part, "")) for setting, part in names.items()},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {
            "connect_timeout": 5,
            **parts,
            "options": " ".join([given, *(f"-c {name}={value}" for name, value in limits.items())]).strip(),
        },
    }


DATABASES = {"default": _database(ENV.database_owner_url if ENV.foreview_db == "owner" else ENV.database_url)}

# The role that serves: after each migrate the owner gives it its rights (`portal.audit.roles`)
WEB_ROLE = str(conninfo_to_dict(ENV.database_url).get("user", ""))

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None  # guardian: no stand-in account for people who are not signed in
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_MONKEY_PATCH_GROUP = False
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # people come by invitation, whose link proves the address
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False

# Sessions and headers
_cookie_prefix = "__Host-" if _tls else ""
SESSION_COOKIE_NAME = f"{_cookie_prefix}foreview_session"
CSRF_COOKIE_NAME = f"{_cookie_prefix}foreview_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _tls
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SECURE_SSL_REDIRECT = _tls
SECURE_REDIRECT_EXEMPT = [r"^health/$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.behind_proxy else None
SECURE_HSTS_SECONDS = 2 * 365 * 24 * 60 * 60 if _tls else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _tls
# Nothing to other hosts. "no-referrer" would make browsers send `Origin: null` with our own forms, which CSRF refuses.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}

# Files
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VAR_DIR / "files", "base_url": None},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if ENV.plain_static
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
FILE_UPLOAD_PERMISSIONS = 0o600
# on the file system of the files, so that keeping one is a rename; Django wants to find the folder
FILE_UPLOAD_TEMP_DIR = None
if not ENV.foreview_standalone:
    FILE_UPLOAD_TEMP_DIR = VAR_DIR / "files" / "incoming"
    FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
FILE_UPLOAD_HANDLERS = ["portal.kit.files.HashingUploadHandler"]
DOCUMENT_MAX_BYTES = ENV.document_max_bytes
DOWNLOAD_ASKS_AFTER_S = 0.25  # how long a running download goes on before its right is asked anew
CASE_MAX_BYTES = ENV.case_max_bytes
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [
    folder for folder in (BASE_DIR / "static", BASE_DIR / "var" / "assets") if folder.is_dir()
]
WHITENOISE_USE_FINDERS = ENV.plain_static
WHITENOISE_AUTOREFRESH = False

# Time and language
TIME_ZONE = "America/New_York"  # how hours are entered and shown; stored instants are UTC
USE_TZ = True
LANGUAGE_CODE = "en-us"
USE_I18N = False

# Mail: files in var/mail until a server is named
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV.mail_from
_mail = urlsplit(ENV.email_url.get_secret_value())
if _mail.hostname:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname
    EMAIL_PORT = _mail.port or (465 if _mail.scheme == "smtps" else 587)
    EMAIL_HOST_USER = unquote(_mail.username or "")
    EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
    EMAIL_USE_SSL = _mail.scheme == "smtps"
    EMAIL_USE_TLS = not EMAIL_USE_SSL and parse_qs(_mail.query).get("tls") != ["off"]
    EMAIL_TIMEOUT = 20
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR_DIR / "mail"

# Broker, cache and jobs. Results are ignored, messages are JSON, and nothing ever runs eagerly.
REDIS_URL = ENV.redis_url
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "foreview",
    },
}
# kombu has names of its own for a socket's scheme and database
CELERY_BROKER_URL = (
    REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
    if REDIS_URL.startswith("unix://")
    else REDIS_URL
)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_throttle": 1,  # look for a killed worker's messages every few seconds, not every 100
    "global_keyprefix": "celery:",
    "socket_connect_timeout": 5,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_DB_REUSE_MAX = (
    10_000  # else Celery closes the connection after every task; `portal.celery` looks after it
)
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = BEAT

LOGGING_CONFIG = "portal.logs.configure"
LOGGING = logs.logging_table(ENV.log_level)
