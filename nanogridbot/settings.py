"""Settings, all from the environment (`.env` is read first); the defaults let a clone run on one machine."""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from dotenv import load_dotenv

from nanogridbot import __version__, env
from nanogridbot.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(env.text("NGB_ENV_FILE") or BASE_DIR / ".env")

VERSION = __version__

# Where everything that must survive lives.
DATA_DIR = env.directory("NGB_DATA_DIR", BASE_DIR / "data")
HOST_DATA_DIR = Path(env.text("NGB_HOST_DATA_DIR", str(DATA_DIR)))  # the same, as the Docker engine sees it
GROUPS_DIR = DATA_DIR / "groups"
SESSIONS_DIR = DATA_DIR / "sessions"
RUN_DIR = DATA_DIR / "run"

DEBUG = env.flag("NGB_DEBUG")
SECRET_KEY = env.text("NGB_SECRET_KEY") or env.kept_secret(DATA_DIR / "secret_key")
# Names this installation on Docker's labels, so that containers of another one are never touched.
INSTALL_ID = hashlib.sha256(f"install:{SECRET_KEY}".encode()).hexdigest()[:12]

BIND = env.text("NGB_BIND", "127.0.0.1:8000")
BASE_URL = env.url("NGB_BASE_URL") or f"http://{BIND}"
HTTPS = BASE_URL.startswith("https://")
ALLOWED_HOSTS = [
    *env.words("NGB_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]"),
    urlsplit(BASE_URL).hostname or "localhost",
]

INSTALLED_APPS = [
    "nanogridbot",
    "nanogridbot.admin_site.DeskConfig",  # the admin, in our order
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "ninja",
    "django_celery_beat",
    "apps.events",
    "apps.chats",
    "apps.agents",
    "apps.schedules",
    "apps.platforms",
    "apps.api",
    "apps.dashboard",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "nanogridbot.middleware.StaticFiles",
    "nanogridbot.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "nanogridbot.urls"
ASGI_APPLICATION = "nanogridbot.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Database: SQLite in WAL mode for one machine, PostgreSQL for more.
try:
    DATABASES = {"default": dj_database_url.parse(env.text("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}"))}
except ValueError:  # its own words would repeat the password
    raise ImproperlyConfigured("DATABASE_URL is no address such as postgres://user:password@host/name.") from None
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["ENGINE"] = "nanogridbot.sqlite3"  # Django's, with a fair way to wait for the lock
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        # Taking the write lock at BEGIN makes a waiting writer wait; later, it fails at once: "database is locked".
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-4000;",
    }
else:
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 10)

# Redis: empty means the embedded one on a private socket, which `up` starts.
REDIS_URL = env.url("REDIS_URL", schemes=("redis", "rediss", "unix"))
REDIS_SOCKET = RUN_DIR / "redis.sock"
if len(str(REDIS_SOCKET)) > 100:  # a socket's path may have 108 bytes
    REDIS_SOCKET = Path(f"/tmp/nanogridbot-{INSTALL_ID}/redis.sock")  # noqa: S108 - `up` makes the folder with mode 0700
EMBEDDED_REDIS = not REDIS_URL
if EMBEDDED_REDIS:
    REDIS_URL = f"unix://{REDIS_SOCKET}"

# How long a Python thread computes before another one may: the interpreter's own 5 ms would delay each answer several
# times. Shorter turns cost little, since most of our threads wait for sockets.
THREAD_SWITCH_INTERVAL = 0.0005  # seconds

# Celery: rows are the queue; messages carry ids and wake people up.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_timeout": 30,
    "visibility_timeout": 3600,
    # Who publishes does not wait for a broker that is away: intake must not stand still for it.
    "max_retries": 0,
    "connect_retries_timeout": 1,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False  # a lost wake-up is found by the sweep
CELERY_TASK_IGNORE_RESULT = True
CELERY_DB_REUSE_MAX = 1000  # tasks; a new connection for each one costs more than the wake-up itself
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"apps.agents.tasks.execute_run": {"queue": "agents"}}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 2
CELERY_BEAT_SCHEDULE = {
    "sweep runs": {"task": "apps.agents.tasks.sweep", "schedule": 10.0, "options": {"expire_seconds": 10}},
    "reap containers": {"task": "apps.agents.tasks.reap", "schedule": 60.0, "options": {"expire_seconds": 60}},
    "sweep the timetable": {"task": "apps.schedules.tasks.sweep", "schedule": 5.0, "options": {"expire_seconds": 5}},
}

# Agents.
ANTHROPIC_API_KEY = env.text("ANTHROPIC_API_KEY")
CLAUDE_CODE_OAUTH_TOKEN = env.text("CLAUDE_CODE_OAUTH_TOKEN")
ANTHROPIC_BASE_URL = env.url("ANTHROPIC_BASE_URL", "https://api.anthropic.com")
MODEL = env.text("NGB_MODEL", "claude-sonnet-5-5")
ASSISTANT_NAME = env.text("NGB_ASSISTANT_NAME", "Andy")
AGENT_RUNTIME = env.choice("AGENT_RUNTIME", "auto", ("auto", "docker", "process"))
AGENT_IMAGE = env.text("AGENT_IMAGE", "nanogridbot-agent:latest")
AGENT_OCI_RUNTIME = env.text("AGENT_OCI_RUNTIME")
AGENT_CONCURRENCY = env.integer("AGENT_CONCURRENCY", 8, at_least=1)
AGENT_MAX_CONTAINERS = env.integer("AGENT_MAX_CONTAINERS", 5, at_least=1)
AGENT_TURN_TIMEOUT = env.number("AGENT_TURN_TIMEOUT", 1800, at_least=1)
AGENT_QUESTION_TIMEOUT = env.number("AGENT_QUESTION_TIMEOUT", 300, at_least=1)  # seconds in which people may answer
AGENT_IDLE_TIMEOUT = env.number("AGENT_IDLE_TIMEOUT", 1800)
AGENT_MODEL_TIMEOUT = env.number("AGENT_MODEL_TIMEOUT", 120, at_least=1)  # seconds without a byte from the model
# Seconds until an answer must begin where another provider can be asked instead.
AGENT_FIRST_BYTE_TIMEOUT = env.number("AGENT_FIRST_BYTE_TIMEOUT", 20, at_least=1)
AGENT_PROMPT_LIMIT = env.integer("AGENT_PROMPT_LIMIT", 100, at_least=1)  # messages in one prompt
AGENT_RETRY_DELAYS = env.numbers("AGENT_RETRY_DELAYS", "5,10,20,40,80")
AGENT_LEASE = env.number("AGENT_LEASE", 60, at_least=2)
AGENT_SHUTDOWN_GRACE = env.number("AGENT_SHUTDOWN_GRACE", 30)
MOUNT_ALLOWLIST = Path(env.text("NGB_MOUNT_ALLOWLIST", "~/.config/nanogridbot/mount-allowlist.json")).expanduser()
EGRESS_PORTS = env.ports("NGB_EGRESS_PORTS", "80,443")
EGRESS_ALLOW_PRIVATE = env.networks("NGB_EGRESS_ALLOW_PRIVATE")
EGRESS_LIMIT_MB = env.integer("NGB_EGRESS_LIMIT_MB", 1024, at_least=1)  # of one run, both ways together
MCP_PRIVATE_HOSTS = env.words("NGB_MCP_PRIVATE_HOSTS")  # host:port of MCP servers that may lie inside

# Channels.
CHANNEL_STALL_TIMEOUT = env.number("CHANNEL_STALL_TIMEOUT", 120, at_least=1)
CHANNEL_BACKOFF = (
    env.number("CHANNEL_BACKOFF_MIN", 1, at_least=0.01),
    env.number("CHANNEL_BACKOFF_MAX", 120, at_least=0.01),
)
CHANNEL_HEARTBEAT = env.number("CHANNEL_HEARTBEAT", 30, at_least=0.05)  # seconds between pings, where we send them
CHANNEL_LATENESS_REPORT = env.number("CHANNEL_LATENESS_REPORT", 600, at_least=1)  # seconds
PROGRESS_AFTER = env.number("PROGRESS_AFTER", 20, at_least=0.05)  # seconds without a word until it is said what is done
WEBHOOK_LIMIT = env.integer("WEBHOOK_LIMIT", 4194304, at_least=1024)  # bytes of one request
MEDIA_LIMIT = env.integer("MEDIA_LIMIT", 26214400)  # bytes of one file, in or out
MEDIA_WAIT = env.number("MEDIA_WAIT", 20)  # seconds for which a message waits for its files
TRANSCRIPTION_URL = env.url("TRANSCRIPTION_URL")  # of an audio API like OpenAI's; empty: none
TRANSCRIPTION_API_KEY = env.text("TRANSCRIPTION_API_KEY")
TRANSCRIPTION_MODEL = env.text("TRANSCRIPTION_MODEL", "whisper-1")
TRANSCRIPTION_TIMEOUT = env.number("TRANSCRIPTION_TIMEOUT", 30, at_least=1)  # seconds
OUTBOX_RETRY_DELAY = (
    env.number("OUTBOX_RETRY_MIN", 2, at_least=0.01),
    env.number("OUTBOX_RETRY_MAX", 600, at_least=0.01),
)

# Time and language.
TIME_ZONE = env.timezone("TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True
# Of what the service itself says in chats; the pages follow the browser.
LANGUAGE_CODE = env.choice("NGB_LANGUAGE", "en", ("en", "zh-hans"))
LANGUAGES = [("en", _("English")), ("zh-hans", _("Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["nanogridbot.formats"]

# Pages.
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# The browser's side of safety. Behind HTTPS (NGB_BASE_URL=https://…) everything that needs it is on.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
CSRF_TRUSTED_ORIGINS = [BASE_URL]
if env.flag("NGB_TRUST_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SILENCED_SYSTEM_CHECKS: list[str] = []

LOG_FORMAT = env.choice("LOG_FORMAT", "console", ("console", "json"))
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = logging_config(LOG_FORMAT, LOG_LEVEL)
