"""What a session has shown of its person, and how sessions end."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.contrib.auth import login
from django.http import HttpRequest

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import not_open
from sipar.people.models import Account

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def passed_second_factor(request: HttpRequest) -> bool:
    """Whether this session showed a second factor of the person who is signed in (a passkey is two in one)."""
    records = get_authentication_records(request, request.user)
    if not any(record.get("method") == "mfa" for record in records):
        return False
    return bool(is_mfa_enabled(request.user))


def has_second_factor(account: Account) -> bool:
    """Whether a passkey or an authenticator app is set up; recovery codes alone are none."""
    return bool(is_mfa_enabled(account, SECOND_FACTORS))


def remember_new_second_factor(request: HttpRequest, user: Account, authenticator: Authenticator, **_: Any) -> None:
    """Setting one up proves that it is there: the session need not show it again."""
    if authenticator.type in SECOND_FACTORS:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)


def open_session(request: HttpRequest, account: Account, *, method: str) -> None:
    """Sign the account in, with a record of how it was done."""
    login(request, account, backend=BACKEND)
    record_authentication(request, account, "mfa", type=method)
    # The sign-in pages record it themselves; this door passes them by.
    UserSession.objects.create_from_request(request)


@action("session.end")
def end_session(actor: Actor, session: int) -> None:
    """Sign one browser of the actor's own out at once."""
    found = UserSession.objects.filter(pk=session, user_id=actor.account).first()
    if found is None:
        raise not_open("session")
    found.end()


def end_every_session(account: Account) -> None:
    """Sign an account out everywhere, as when it is closed."""
    for session in UserSession.objects.filter(user=account):
        session.end()
