"""All settings, read from environment variables. A setting that is not given has a safe value."""

import hashlib
import sys
from pathlib import Path

import csp.constants as csp
import django_stubs_ext

from project import config, embedded, logs

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = embedded.state_dir()

# ---------------------------------------------------------------- where this runs

EMBEDDED = not config.text("DATABASE_URL")  # our own PostgreSQL on this machine: a trial or a test
DEBUG = config.flag("EG_DEBUG", default=False)
HTTPS = config.flag("EG_HTTPS", default=not EMBEDDED)
ADMIN_ENABLED = config.flag("EG_ADMIN", default=False)
# An edit of the register that may loosen a standing waits for a second person.
LOOSENING_NEEDS_TWO = config.flag("EG_LOOSENING_NEEDS_TWO", default=True)
SECRET_KEY = config.text("EG_SECRET_KEY") or config.secret(STATE_DIR / "secret_key")
SECRET_KEY_FALLBACKS = config.words("EG_SECRET_KEY_FALLBACKS")
TOKEN_PEPPER = config.text("EG_TOKEN_PEPPER") or config.secret(STATE_DIR / "token_pepper")
ALLOWED_HOSTS = config.words("EG_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = config.words("EG_TRUSTED_ORIGINS")
BASE_URL = config.text("EG_BASE_URL") or f"http://127.0.0.1:{config.number('PORT', 8000)}"
ENVIRONMENT = config.text("EG_ENVIRONMENT", "Trial" if EMBEDDED else "Production")  # shown on top
SECURITY_CONTACT = config.text("EG_SECURITY_CONTACT")
# The number of our own proxies in front: so many entries of X-Forwarded-For are believed.
TRUSTED_PROXIES = config.number("EG_TRUSTED_PROXIES", 0)

# ---------------------------------------------------------------- the app

INSTALLED_APPS = [
    "accesscontrol",
    *(["django.contrib.admin"] if ADMIN_ENABLED else []),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "csp",
]
MIDDLEWARE = [
    "project.middleware.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accesscontrol.dashboard.shell.middleware.Refusals",
]
ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
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
                "accesscontrol.dashboard.shell.context.shell",
            ]
        },
    }
]
TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en-us"
USE_I18N = False  # one language: numbers and dates are written the same for every user

# ---------------------------------------------------------------- the database

_database = {
    **config.database(config.text("DATABASE_URL") or embedded.database_url(STATE_DIR)),
    "CONN_MAX_AGE": None,  # a connection per request costs three quarters of the throughput
    "DISABLE_SERVER_SIDE_CURSORS": config.flag("EG_PGBOUNCER", default=False),
}
DATABASES = {
    "default": _database,
    # The same database by a connection of its own, outside the request's transaction. It writes
    # what must stay when the request is rolled back: a refusal, a failed sign-in.
    "audit": {**_database, "OPTIONS": dict(_database["OPTIONS"]), "TEST": {"MIRROR": "default"}},
}

# ---------------------------------------------------------------- people

AUTH_USER_MODEL = "accesscontrol.User"
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in [
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    ]
]
SESSION_COOKIE_AGE = config.number("EG_SESSION_SECONDS", 12 * 3600)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "accesscontrol.dashboard.shell.pages.stale_form"

# ---------------------------------------------------------------- headers

SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]  # probes come from inside
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 365 * 86400 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.NONE],
        **{
            f"{kind}-src": [csp.SELF]
            for kind in ("script", "style", "img", "font", "connect", "manifest")
        },
        "form-action": [csp.SELF],
        "base-uri": [csp.NONE],
        "frame-ancestors": [csp.NONE],
        "object-src": [csp.NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

# ---------------------------------------------------------------- files of our own

STATIC_URL = "/static/"
_collected_into = BASE_DIR / "staticfiles"
STATIC_ROOT = _collected_into if _collected_into.exists() or "collectstatic" in sys.argv else None
STATICFILES_DIRS = [BASE_DIR / "static"]
# After `collectstatic`, file names have a hash and are cached for ever. Without it (a trial, a
# test), the files are served from their source folders.
_collected = (_collected_into / "staticfiles.json").exists() and not EMBEDDED
WHITENOISE_USE_FINDERS = not _collected
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _collected
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# ---------------------------------------------------------------- the API

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],  # each view names its own; a view without any refuses all
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Export Gate",
    "DESCRIPTION": "May this licensee use this model now, and why.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.0",
    "POSTPROCESSING_HOOKS": ["accesscontrol.api.schema.add_plain_views"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# ---------------------------------------------------------------- Celery (only the clock)

CELERY_BROKER_URL = config.text("CELERY_BROKER_URL") or embedded.broker_url(STATE_DIR)
# Two installations on one broker must not take each other's messages.
QUEUE_PREFIX = config.text("EG_QUEUE_PREFIX") or (
    "eg-"
    + hashlib.sha256(
        "|".join(str(_database[key]) for key in ("HOST", "PORT", "NAME")).encode()
    ).hexdigest()[:10]
)
CELERY_TASK_DEFAULT_QUEUE = f"{QUEUE_PREFIX}.work"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 540  # below visibility_timeout, or a task would run twice at once
CELERY_TASK_SOFT_TIME_LIMIT = 480
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_RESULT_BACKEND = None
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": 600,
        "global_keyprefix": f"{QUEUE_PREFIX}.",
        # Without these two the sweep for lost messages runs about every hundred seconds.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_keepalive": True,
        # A message only wakes a worker, so a request does not wait for a broker that is down.
        "socket_connect_timeout": 2,
        "socket_timeout": 30,
    }
    if "redis" in CELERY_BROKER_URL.split(":")[0]
    else {}
)
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULE_FILENAME = str(STATE_DIR / "beat-schedule")
CELERY_TIMEZONE = "UTC"

# ---------------------------------------------------------------- logs

LOGGING_CONFIG = None
logs.configure(
    level=config.text("EG_LOG_LEVEL", "INFO"), plain=config.flag("EG_LOG_PLAIN", default=False)
)

UNKNOWN_VARIABLES = config.unknown()
