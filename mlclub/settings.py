"""One settings file for every mode; what differs comes from the environment (`.env.example` explains each name)."""

from __future__ import annotations

import sys
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
if (BASE_DIR / ".env").exists():
    environ.Env.read_env(BASE_DIR / ".env")

DEFAULT_SECRET_KEY = "insecure-only-for-development-and-tests"  # noqa: S105  production refuses it

DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)
# Development, the demo and tests say so; whoever says nothing is in production and must be configured.
PRODUCTION = env.bool("PRODUCTION", default=not (DEBUG or DEMO or "pytest" in sys.modules))
SECRET_KEY = env.str("SECRET_KEY", default=DEFAULT_SECRET_KEY)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
SITE_URL = env.str("SITE_URL", default="http://localhost:8000").rstrip("/")

if PRODUCTION:
    missing = [
        sentence
        for wrong, sentence in [
            (
                SECRET_KEY == DEFAULT_SECRET_KEY or len(SECRET_KEY) < 40,
                "SECRET_KEY needs 40 random characters",
            ),
            (DEBUG, "DEBUG must be off"),
            (DEMO, "DEMO must be off"),
            (not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS, "ALLOWED_HOSTS must name the portal's host"),
            (not SITE_URL.startswith("https://"), "SITE_URL must begin with https://"),
            (not env.str("DATABASE_URL", default=""), "DATABASE_URL is missing"),
            (not env.str("REDIS_URL", default=""), "REDIS_URL is missing"),
        ]
        if wrong
    ]
    if missing:
        raise ImproperlyConfigured("The portal does not start in production: " + "; ".join(missing) + ".")
else:
    ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]", "testserver"]

# ── What it is made of ────────────────────────────────────────────────────────────────────────────

INSTALLED_APPS = [
    "members.apps.MembersConfig",
    "wiki.apps.WikiConfig",
    "events.apps.EventsConfig",
    "projects.apps.ProjectsConfig",
    "nmep.apps.NmepConfig",
    "mlclub.portal.apps.PortalConfig",
    "mlclub.apps.KernelConfig",
    "mlclub.apps.ClubAdminConfig",
    "django.contrib.auth",
    "django.contrib.humanize",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.github",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
    "anymail",
    "csp",
    "django_filters",
    "django_htmx",
    "heroicons",
    "import_export",
    "markdownx",
    "simple_history",
    "template_partials",
]

# Each app may offer a module of this name; `mlclub.gather` asks them in this order.
GATHER = ["members.gathered", "wiki.gathered", "events.gathered", "projects.gathered", "nmep.gathered"]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # above whitenoise: without collectstatic its files go out as they lie
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "members.middleware.SignInLimitsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "members.middleware.ClubZoneMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "members.middleware.SecondFactorMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "mlclub.middleware.PrivatePagesMiddleware",
    "mlclub.middleware.ZeroBytesMiddleware",
]

ROOT_URLCONF = "mlclub.urls"
WSGI_APPLICATION = "mlclub.wsgi.application"

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
                "members.context.club",
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]
FORM_RENDERER = "mlclub.forms.SiteRenderer"

# ── Engines ───────────────────────────────────────────────────────────────────────────────────────

DATABASES = {
    "default": env.db_url("DATABASE_URL", default="postgres://mlclub@127.0.0.1:5432/mlclub"),
}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {})["connect_timeout"] = 5
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "mlclub.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "mlclub",
        "TIMEOUT": 3600,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 280
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "max_retries": 0,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Students' code is run by a worker of its own, if at all.
CELERY_TASK_ROUTES = {"nmep.tasks.grade": {"queue": "grader"}}
# Plain intervals only: what is due is decided by our code, in the club's zone.
CELERY_BEAT_SCHEDULE = {
    "ledger": {"task": "members.tasks.sweep_ledger", "schedule": 30.0, "options": {"expires": 25}},
    "channels": {"task": "members.tasks.sweep_channels", "schedule": 30.0, "options": {"expires": 25}},
    "housekeeping": {"task": "mlclub.portal.tasks.tick", "schedule": 60.0, "options": {"expires": 50}},
    "links": {"task": "nmep.tasks.check_links", "schedule": 3600.0, "options": {"expires": 1800}},
}

# ── Papers ────────────────────────────────────────────────────────────────────────────────────────

# Whether a paper that somebody names by a number is looked up; off, people type what it is called.
PAPER_LOOKUP = env.bool("PAPER_LOOKUP", default=PRODUCTION or DEBUG or DEMO)
ARXIV_URL = env.str("ARXIV_URL", default="https://export.arxiv.org").rstrip("/")
DOI_URL = env.str("DOI_URL", default="https://doi.org").rstrip("/")

# ── Search ────────────────────────────────────────────────────────────────────────────────────────

# Search by meaning, where its extra is installed and PostgreSQL has `vector` (docs/deploy.md).
MEANING = env.bool("MEANING", default=False)

# ── People and rights ─────────────────────────────────────────────────────────────────────────────

AUTH_USER_MODEL = "members.User"
AUTHENTICATION_BACKENDS = [
    "members.backends.OfficeBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/home/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"

# open, invitation, or a list of mail domains such as "students.example,uni.example"
SIGNUP = env.str("SIGNUP", default="open")
ACCOUNT_ADAPTER = "members.adapter.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "members.adapter.SocialAccountAdapter"
MFA_ADAPTER = "members.adapter.MFAAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "members.forms.SignupForm"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 3600
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SITE_URL.startswith("https") else "http"
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "10/m/ip,5/300s/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
    "confirm_email": "1/10s/key",
    "request_login_code": "20/m/ip,3/m/key",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
    "reauthenticate": "10/m/user",
    "change_phone": "1/m/user",
    "verify_phone": "1/m/key",
}
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)
USERSESSIONS_TRACK_ACTIVITY = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = SITE_URL.startswith("http://localhost")
MFA_TOTP_ISSUER = env.str("TOTP_ISSUER", default="Club portal")

SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, object]] = {}
if env.str("GOOGLE_CLIENT_ID", default=""):
    SOCIALACCOUNT_PROVIDERS["google"] = {
        "APPS": [{"client_id": env.str("GOOGLE_CLIENT_ID"), "secret": env.str("GOOGLE_CLIENT_SECRET")}],
        "SCOPE": ["profile", "email"],
        "OAUTH_PKCE_ENABLED": True,
    }
if env.str("GITHUB_CLIENT_ID", default=""):
    SOCIALACCOUNT_PROVIDERS["github"] = {
        "APPS": [{"client_id": env.str("GITHUB_CLIENT_ID"), "secret": env.str("GITHUB_CLIENT_SECRET")}],
        "SCOPE": ["user:email"],
    }
if env.str("OIDC_SERVER_URL", default=""):
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "university",
                "name": env.str("OIDC_NAME", default="Your university"),
                "client_id": env.str("OIDC_CLIENT_ID"),
                "secret": env.str("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": env.str("OIDC_SERVER_URL")},
            }
        ],
    }

# ── Language, time, files ─────────────────────────────────────────────────────────────────────────

LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en-us")
# English is what the texts are written in: looking up translations of them took a tenth of every page.
USE_I18N = not LANGUAGE_CODE.startswith("en")
USE_TZ = True
TIME_ZONE = "UTC"  # stored so; shown in the club's zone by members.middleware.ClubZoneMiddleware
FORMAT_MODULE_PATH = ["mlclub.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "mlclub.bundle.BundleFinder",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
MEDIA_ROOT = env.path("MEDIA_ROOT", default=str(BASE_DIR / "media"))
MEDIA_URL = "/media/"  # never routed: every file goes through a view that asks who may see it
USE_X_ACCEL = env.bool("USE_X_ACCEL", default=False)
STORAGES: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if env.str("S3_BUCKET", default=""):
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": env.str("S3_BUCKET"),
            "endpoint_url": env.str("S3_ENDPOINT_URL", default=None),
            "region_name": env.str("S3_REGION", default=None),
            "access_key": env.str("S3_ACCESS_KEY", default=None),
            "secret_key": env.str("S3_SECRET_KEY", default=None),
            "default_acl": None,
            "querystring_auth": True,
            "file_overwrite": False,
        },
    }
if not PRODUCTION:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    WHITENOISE_USE_FINDERS = True
    WHITENOISE_AUTOREFRESH = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
MARKDOWNX_IMAGE_MAX_SIZE = {"size": (0, 0), "quality": 90}

# ── Running students' code: off unless somebody turned it on (docs/grader.md) ──────────────────────

GRADER = env.bool("GRADER", default=False)
GRADER_IMAGE = env.str("GRADER_IMAGE", default="")  # a Python environment with what the course needs

# ── Mail ──────────────────────────────────────────────────────────────────────────────────────────

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_TIMEOUT = 30
# What the first-run page was told about the mail server counts unless the environment says otherwise.
MAIL_SERVER_FROM_CLUB = not (DEMO or env.str("EMAIL_URL", default=""))
if env.str("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))
elif DEMO:
    EMAIL_BACKEND = "mlclub.portal.demo_mail.EmailBackend"
elif not PRODUCTION:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="The club <portal@club.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
ADMINS = [("Webmaster", address) for address in env.list("ADMINS", default=[])]
#: How the addresses of channels begin; anything else is refused (a test points them at itself).
CHANNEL_ADDRESSES = {
    "discord": env.str("DISCORD_WEBHOOKS", default="https://discord.com/api/webhooks/"),
    "slack": env.str("SLACK_WEBHOOKS", default="https://hooks.slack.com/services/"),
}
ANYMAIL = {"WEBHOOK_SECRET": env.str("ANYMAIL_WEBHOOK_SECRET", default="")}

# ── Safety ────────────────────────────────────────────────────────────────────────────────────────

ADMIN_PATH = env.str("ADMIN_PATH", default="admin").strip("/") + "/"
HTTPS = SITE_URL.startswith("https://")
SECURE_SSL_REDIRECT = HTTPS and env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.int("TRUSTED_PROXIES", default=0) else None
)
SECURE_HSTS_SECONDS = 63072000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [SITE_URL] if HTTPS else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, *env.list("FORM_ACTION_HOSTS", default=[])],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}


# ── Logs: one JSON line an event in production, plain lines elsewhere ─────────────────────────────

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "mlclub.middleware.RedactTokens"}},
    "formatters": {
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "mlclub.middleware.JsonLines"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if PRODUCTION else "plain",
            "filters": ["redact"],
        }
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django.server": {"level": "WARNING"},
        "celery": {"level": "INFO"},
        # gunicorn writes addresses past the root logger: the filter has to stand here too.
        "gunicorn.access": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}

if "pytest" in sys.modules:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    LOGGING["root"]["level"] = "ERROR"  # type: ignore[index]
