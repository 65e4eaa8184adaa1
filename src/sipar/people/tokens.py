"""API tokens: shown once, kept as a hash, scoped, expiring, revocable."""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import connection
from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Invalid, not_open
from sipar.people.models import Account, ApiToken
from sipar.people.selectors import actor_of

SCOPES = ("read", "answer", "review", "register", "report", "cases", "feeds", "risk")
LONGEST = timedelta(days=365)
SHAPE = re.compile(r"sipar_(?P<prefix>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})")


@action("token.create")
def create_token(
    actor: Actor, *, name: str, scopes: tuple[str, ...], lifetime: timedelta, now: datetime
) -> tuple[ApiToken, str]:
    """A new token of the actor's own account, and its text, which is shown this once."""
    if not scopes or not set(scopes) <= set(SCOPES):
        raise Invalid(_("Choose scopes among %(scopes)s.") % {"scopes": ", ".join(SCOPES)}, code="token.scopes")
    if not timedelta(0) < lifetime <= LONGEST:
        raise Invalid("A token lasts between a moment and one year.", code="token.lifetime")
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        account_id=actor.account,
        name=name[:100],
        prefix=prefix,
        digest=_digest(secret),
        scopes=sorted(scopes),
        created_at=now,
        expires_at=now + lifetime,
    )
    return token, f"sipar_{prefix}_{secret}"


@action("token.revoke")
def revoke_token(actor: Actor, token: ApiToken, *, now: datetime) -> None:
    """End a token of the actor's own at once."""
    ApiToken.objects.filter(pk=token.pk, account_id=actor.account, revoked_at__isnull=True).update(revoked_at=now)


def tokens_of(actor: Actor, *, now: datetime) -> list[ApiToken]:
    """The actor's tokens that still work, newest first."""
    rows = ApiToken.objects.filter(account_id=actor.account, revoked_at=None, expires_at__gt=now)
    return list(rows.order_by("-created_at"))


def access_token(actor: Actor, token: int) -> ApiToken:
    """A token of the actor's own; the tokens of others do not exist here."""
    found = ApiToken.objects.filter(pk=token, account_id=actor.account).first()
    if found is None:
        raise not_open("token")
    return found


def token_actor(text: str, *, now: datetime) -> Actor | None:
    """The actor of a token that exists, is not revoked and has not expired; else None."""
    parts = SHAPE.fullmatch(text)
    if parts is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "select account_id, digest, scopes, expires_at, revoked_at from guard.token(%s)", [parts["prefix"]]
        )
        row = cursor.fetchone()
    if row is None or not hmac.compare_digest(row[1], _digest(parts["secret"])):
        return None
    account_id, _, scopes, expires_at, revoked_at = row
    if revoked_at is not None or expires_at <= now:
        return None
    account = Account.objects.filter(pk=account_id, is_active=True).first()
    if account is None:
        return None
    return actor_of(account, now=now, verified=True, scopes=frozenset(_listed(scopes)))


def _listed(scopes: object) -> list[str]:
    if isinstance(scopes, str):
        return [scope for scope in SCOPES if f'"{scope}"' in scopes]
    return [str(scope) for scope in scopes] if isinstance(scopes, list) else []


def _digest(secret: str) -> str:
    # A random 256-bit secret needs no slow hash.
    return sha256(secret.encode()).hexdigest()
