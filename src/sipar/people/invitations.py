"""The mail with which the owner of an account sets a password."""

from __future__ import annotations

from allauth.account.forms import ResetPasswordForm
from allauth.core import context
from django.http import HttpRequest


def invite(request: HttpRequest, email: str) -> None:
    """Send the link that sets a password, valid once; nothing happens for an address without an open account."""
    with context.request_context(request):
        form = ResetPasswordForm({"email": email})
        if form.is_valid():
            form.save(request)
