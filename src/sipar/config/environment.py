"""What the environment tells Sipar. Every variable stands here, with its meaning; the manual prints this list."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from sipar.core.secrets import keep_once

PROJECT = Path(__file__).resolve().parents[3]
# The lines that a web process speaks on at once. Each may hold a connection to the database, as one does that sends a
# long file slowly.
WEB_THREADS = 16


@dataclass(frozen=True)
class Variable:
    """One environment variable that Sipar reads: its name, its meaning, and what holds where it is not set."""

    name: str
    meaning: str
    default: str = ""

    def read(self) -> str:
        return os.environ.get(self.name, self.default)


MODE = Variable(
    "SIPAR_MODE", "`demonstration` (invented organisations, known passwords, loopback) or `production`", "demonstration"
)
VAR = Variable(
    "SIPAR_VAR", "Folder of everything that Sipar keeps on disk: database cluster, secrets, evidence, logs", ""
)
NATION = Variable(
    "SIPAR_NATION", "Nation profile: the name of a shipped one, or a folder that holds `nation.yaml`", "pk"
)
HOSTS = Variable(
    "SIPAR_HOSTS", "Host names that the server answers to, separated by commas", "localhost,127.0.0.1,[::1]"
)
PORT = Variable("SIPAR_PORT", "Port of the web server on the loopback address", "8080")
HTTPS = Variable(
    "SIPAR_HTTPS", "`1` where a proxy serves Sipar over HTTPS: secure cookies and strict transport security", ""
)
DATABASE_URL = Variable("DATABASE_URL", "Address of an own PostgreSQL 15+; without it Sipar runs a private cluster", "")
DATABASE_OWNER_URL = Variable(
    "DATABASE_OWNER_URL", "Login that owns the tables and migrates; defaults to DATABASE_URL", ""
)
MAIL_URL = Variable(
    "SIPAR_MAIL", "`smtp://user:password@host:port` of the mail relay; without it mail goes to var/mail", ""
)
MAIL_FROM = Variable(
    "SIPAR_MAIL_FROM",
    "`sipar@cert.example`: whom mails are from; without it the address of answers to notices, or `sipar@` and the host"
    " of `SIPAR_ADDRESS`",
    "",
)
INTAKE_MAIL = Variable(
    "SIPAR_INTAKE_MAIL",
    "`imaps://user:password@host:port/folder` of the mailbox that takes reports; without it none is read",
    "",
)
FEEDS_MAIL = Variable(
    "SIPAR_FEEDS_MAIL",
    "`imaps://user:password@host:port/folder` of the mailbox that takes reports of feeds; without it none is read",
    "",
)
FEEDS_FOLDER = Variable(
    "SIPAR_FEEDS_FOLDER", "Folder with one watched folder for each feed, by its code; `var/incoming` without it", ""
)
FEEDS_ALLOW = Variable(
    "SIPAR_FEEDS_ALLOW",
    "Networks inside that feeds may be fetched from, divided by commas (`10.1.2.0/24`); without it public ones only",
    "",
)
PUBLIC_ADDRESS = Variable(
    "SIPAR_ADDRESS",
    "`https://sipar.example`: the address that people reach this server under, for links in mails; without it the first"
    " host name and the port",
    "",
)
NOTICE_ADDRESS = Variable(
    "SIPAR_NOTICE_ADDRESS",
    "`exposure@cert.example`: where answers to notices go, tagged after a plus sign; without it they go to the CERT",
    "",
)
NOTICE_MAIL = Variable(
    "SIPAR_NOTICE_MAIL",
    "`imaps://user:password@host:port/folder` of the mailbox behind that address; without it none is read",
    "",
)
DIRECTIVE = Variable(
    "SIPAR_DIRECTIVE",
    "a published remediation timeline that gives findings a last day, such as `cisa_bod_26_04`; without it none has",
    "",
)
SECRET_KEY = Variable("SIPAR_SECRET_KEY", "Signing key of sessions; without it a random one is kept in var/secrets", "")
SIGN_IN_PROVIDERS = Variable("SIPAR_SIGN_IN", "JSON list of OIDC and SAML providers in django-allauth's APP form", "[]")

VARIABLES = (
    MODE, VAR, NATION, HOSTS, PORT, HTTPS, DATABASE_URL, DATABASE_OWNER_URL, MAIL_URL, MAIL_FROM, INTAKE_MAIL,
    FEEDS_MAIL, FEEDS_FOLDER, FEEDS_ALLOW, PUBLIC_ADDRESS, NOTICE_ADDRESS, NOTICE_MAIL, DIRECTIVE, SECRET_KEY,
    SIGN_IN_PROVIDERS,
)  # fmt: skip


def var_folder() -> Path:
    """The folder for everything kept on disk; created on first use, readable by this account only where new."""
    return Path(VAR.read()) if VAR.read() else PROJECT / "var"


SIGN_IN_KINDS = ("openid_connect", "saml")


def sign_in_apps(text: str) -> list[dict[str, Any]]:
    """The OIDC and SAML providers of `SIPAR_SIGN_IN`; raises `ImproperlyConfigured` with what is wrong."""
    try:
        apps = json.loads(text)
    except json.JSONDecodeError as error:
        raise ImproperlyConfigured(f"SIPAR_SIGN_IN is not JSON: {error}") from error
    if not isinstance(apps, list) or not all(isinstance(app, dict) for app in apps):
        raise ImproperlyConfigured("SIPAR_SIGN_IN must be a JSON list of providers")
    for number, app in enumerate(apps, start=1):
        missing = [key for key in ("provider", "name", "client_id") if not isinstance(app.get(key), str)]
        if missing:
            raise ImproperlyConfigured(f"SIPAR_SIGN_IN: provider {number} lacks {', '.join(missing)}")
        if app["provider"] not in SIGN_IN_KINDS:
            raise ImproperlyConfigured(f"SIPAR_SIGN_IN: provider {number} must be one of {', '.join(SIGN_IN_KINDS)}")
    return apps


def public_address() -> str:
    """The address under which people reach this server, without a slash at its end."""
    if PUBLIC_ADDRESS.read():
        return PUBLIC_ADDRESS.read().rstrip("/")
    host = HOSTS.read().split(",")[0]
    return f"https://{host}" if HTTPS.read() else f"http://{host}:{PORT.read()}"


def sender() -> str:
    """The address that mails are from; raises `ImproperlyConfigured` where what was set is none."""
    said = MAIL_FROM if MAIL_FROM.read() else NOTICE_ADDRESS
    if not said.read():
        return f"sipar@{urlsplit(public_address()).hostname or 'localhost'}"
    name, address = parseaddr(said.read())
    local, _at, domain = address.rpartition("@")
    if not local or not domain or not address.isascii() or any(letter.isspace() for letter in address):
        raise ImproperlyConfigured(f"{said.name} must be a mail address such as sipar@cert.example")
    return formataddr((name, address))


def origins_in(value: object) -> list[str]:
    """The origin (`https://host:port`) of every https address anywhere in the configuration, sorted."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return sorted({origin for item in value for origin in origins_in(item)})
    if isinstance(value, str) and value.startswith("https://"):
        return [f"https://{urlsplit(value).netloc}"]
    return []


def mailer(url: str, folder: Path) -> dict[str, Any]:
    """Django's mailer for a `smtp://` or `smtps://` address; without one, mail becomes files in `folder`."""
    if not url:
        return {"BACKEND": "django.core.mail.backends.filebased.EmailBackend", "OPTIONS": {"file_path": folder}}
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("SIPAR_MAIL must look like smtp://user:password@host:port")
    return {
        "BACKEND": "sipar.core.relay.Backend",
        "OPTIONS": {
            "host": parts.hostname,
            "port": parts.port or 587,
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_ssl": parts.scheme == "smtps",
            "use_tls": parts.scheme == "smtp" and parts.port != 25,
            # A server that says nothing must not hold a worker for ever.
            "timeout": 60,
        },
    }


def kept_secret(name: str, *, length: int = 48) -> str:
    """A random secret of this installation, made once and kept in `var/secrets/<name>` with mode 0600."""
    path = var_folder() / "secrets" / name
    return keep_once(path, lambda: secrets.token_urlsafe(length).encode()).decode().strip()
