"""Who may manage accounts and roles."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.problems import Forbidden


def may_manage_accounts(actor: Actor) -> bool:
    """System administrators, and Sipar itself at set-up."""
    return actor.holds("administrator", "system")


def require_may_manage_accounts(actor: Actor) -> None:
    if not may_manage_accounts(actor):
        raise Forbidden("Accounts and roles are managed by the system administrators.", code="account.forbidden")
