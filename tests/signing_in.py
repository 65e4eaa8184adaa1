"""A browser that is signed in, with the same records in its session that django-allauth leaves."""

from __future__ import annotations

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.test import Client

from sipar.people.models import Account


def signed_in_client(account: Account, *, second_factor: bool = True) -> Client:
    """A test client whose session belongs to the account; with a TOTP authenticator and its record if asked."""
    client = Client()
    session = client.session
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    methods = [{"method": "password", "at": time.time(), "email": account.email}]
    if second_factor:
        if not Authenticator.objects.filter(user=account).exists():
            TOTP.activate(account, generate_totp_secret())
            RecoveryCodes.activate(account)
        methods.append({"method": "mfa", "at": time.time(), "type": "totp"})
    session["account_authentication_methods"] = methods
    session["account_authentication_methods_user"] = str(account.pk)
    session.save()
    client.cookies["sessionid"] = str(session.session_key)
    return client
