"""Django settings. What an operator may change comes from the environment: see `environment.py`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from sipar.config import environment
from sipar.config.environment import mailer
from sipar.core.localdb import connection_settings, still_open

SOURCE = Path(__file__).resolve().parents[1]
VAR = environment.var_folder()
DEMONSTRATION = environment.MODE.read() == "demonstration"
if environment.MODE.read() not in ("demonstration", "production"):
    raise ImproperlyConfigured("SIPAR_MODE must be demonstration or production")
NATION = environment.NATION.read()

DEBUG = False
SECRET_KEY = environment.SECRET_KEY.read() or environment.kept_secret("secret-key")
ALLOWED_HOSTS = environment.HOSTS.read().split(",")
ROOT_URLCONF = "sipar.config.urls"
WSGI_APPLICATION = "sipar.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "people.Account"
APPEND_SLASH = True

INSTALLED_APPS = [
    # First, so that their templates stand before those of the libraries.
    "sipar.ui",
    "sipar.people",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    "allauth.usersessions",
    "django_cotton",
    "django_htmx",
    "ninja",
    "procrastinate.contrib.django",
    "sipar.core",
    "sipar.orgs",
    "sipar.teams",
    "sipar.frameworks",
    "sipar.assessments",
    "sipar.board",
    "sipar.ledger",
    "sipar.desk",
    "sipar.incidents",
    "sipar.obligations",
    "sipar.support",
    "sipar.claims",
    "sipar.eventstore",
    "sipar.feeds",
    "sipar.notices",
    "sipar.vulnerabilities",
    "sipar.risks",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "sipar.config.middleware.ActingMiddleware",
    "sipar.config.middleware.GateMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "sipar.ui.context.frame",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton", "django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]

# The application connects as a role that owns nothing and bypasses nothing; only migrations use the owner.
DATABASES = {
    "default": connection_settings(os.environ, role="app") | {"CONN_HEALTH_CHECKS": True},
    "owner": connection_settings(os.environ, role="owner"),
}
# Planning a statement under row-level security costs more than running it: what comes back is planned once.
DATABASES["default"].setdefault("OPTIONS", {}).update(
    server_side_binding=True,
    prepare_threshold=3,
    pool={"min_size": 1, "max_size": environment.WEB_THREADS, "timeout": 20, "check": still_open},
)

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ur", "اردو")]
LOCALE_PATHS = [SOURCE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": VAR / "files"}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MANIFEST_STRICT = False
# Evidence stands outside the web root: nothing under MEDIA is ever served by address, only through a view.
MEDIA_ROOT = VAR / "files"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "sipar.ui.views.csrf_failure"
if environment.HTTPS.read():
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "sipar.people.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "sipar.people.adapters.SocialAccountAdapter"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/ip,5/5m/key", "reset_password": "5/h/ip"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ADAPTER = "sipar.people.adapters.MfaAdapter"
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Addresses are given by administrators, not claimed by visitors.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Sipar"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMONSTRATION
USERSESSIONS_TRACK_ACTIVITY = False
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SIGN_IN_APPS = environment.sign_in_apps(environment.SIGN_IN_PROVIDERS.read())
SOCIALACCOUNT_PROVIDERS = {
    provider: {"APPS": [app for app in SIGN_IN_APPS if app["provider"] == provider]}
    for provider in environment.SIGN_IN_KINDS
}
# Browsers hold the redirect that follows a form to the same rule as the form.
SECURE_CSP["form-action"] = [CSP.SELF, *environment.origins_in(SIGN_IN_APPS)]

CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": VAR / "cache"}}
MAILERS = {"default": mailer(environment.MAIL_URL.read(), VAR / "mail")}
DEFAULT_FROM_EMAIL = environment.sender()
INTAKE_MAIL = environment.INTAKE_MAIL.read()
PUBLIC_ADDRESS = environment.public_address()
NOTICE_ADDRESS = environment.NOTICE_ADDRESS.read()
NOTICE_MAIL = environment.NOTICE_MAIL.read()
DIRECTIVE = environment.DIRECTIVE.read()
FEEDS_MAIL = environment.FEEDS_MAIL.read()
FEEDS_FOLDER = Path(environment.FEEDS_FOLDER.read() or VAR / "incoming")
FEEDS_ALLOW = environment.FEEDS_ALLOW.read()

COTTON_DIR = "cotton"
COTTON_SNAKE_CASED_NAMES = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
