"""What must never run in production: demonstration accounts, a weak secret, debug pages.

Source: class V26 of our vulnerability list (systems delivered with default credentials).
"""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from sipar.people.models import Account

SHORTEST_SECRET = 50
FEWEST_CHARACTERS = 10
LOCAL_DOMAINS = ("localhost", "127.0.0.1", "::1")
KNOWN_SECRETS = ("django-insecure", "changeme", "change-me", "secret", "password", "default", "example", "sipar")


def weak_settings() -> list[str]:
    """What is wrong with the settings for production, in plain sentences; empty in demonstration mode."""
    if settings.DEMONSTRATION:
        return []
    found = []
    if is_weak_secret(settings.SECRET_KEY):
        found.append(
            "The secret key is a default, or too short: remove SIPAR_SECRET_KEY so that Sipar makes its own,"
            f" or set at least {SHORTEST_SECRET} random characters."
        )
    if settings.DEBUG:
        found.append("DEBUG is on: it shows the inside of Sipar to everyone.")
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    if settings.MAILERS["default"]["BACKEND"].endswith("smtp.EmailBackend") and domain in LOCAL_DOMAINS:
        found.append(f"Mails would be from an address at {domain}, which servers refuse: set SIPAR_MAIL_FROM.")
    return found


def open_demonstration_accounts() -> list[str]:
    """A sentence where demonstration accounts can sign in to a production server; else empty."""
    if settings.DEMONSTRATION:
        return []
    count = Account.objects.filter(is_demonstration=True, is_active=True).count()
    if not count:
        return []
    sentence = (
        f"{count} demonstration accounts with known passwords are in this database:"
        " use a new database for production, or set SIPAR_MODE=demonstration."
    )
    return [sentence]


def is_weak_secret(key: str) -> bool:
    """Whether a signing key is short, monotonous, or begins like a known default."""
    return len(key) < SHORTEST_SECRET or len(set(key)) < FEWEST_CHARACTERS or key.lower().startswith(KNOWN_SECRETS)


def refuse_in_production() -> None:
    """Called as the server and the command line start; raises `ImproperlyConfigured` with every reason."""
    found = [*weak_settings(), *open_demonstration_accounts()]
    if found:
        raise ImproperlyConfigured("Sipar does not start in production: " + " ".join(found))


def check_settings(**_: Any) -> list[CheckMessage]:
    """The settings, as a system check of Django."""
    return [Error(sentence, id="sipar.E001") for sentence in weak_settings()]


def check_accounts(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """The accounts, as a system check of Django; runs where a database is checked, once its tables are there."""
    if not databases or Account._meta.db_table not in connections["default"].introspection.table_names():
        return []
    return [Error(sentence, id="sipar.E002") for sentence in open_demonstration_accounts()]
