"""Who may manage accounts and roles. Two people stand behind every role, and nobody acts for themself."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.problems import Forbidden
from sipar.people.models import GrantRequest


def may_manage_accounts(actor: Actor) -> bool:
    """System administrators, and Sipar itself at set-up."""
    return actor.holds("administrator", "system")


def require_may_manage_accounts(actor: Actor) -> None:
    if not may_manage_accounts(actor):
        raise Forbidden("Accounts and roles are managed by the system administrators.", code="account.forbidden")


def require_may_manage_account(actor: Actor, account: int) -> None:
    """An administrator manages the accounts of others, never their own."""
    require_may_manage_accounts(actor)
    if account == actor.account:
        raise Forbidden("Another administrator must do this: it is about your own account.", code="account.own")


def may_decide_request(actor: Actor, request: GrantRequest) -> bool:
    """A second administrator, who neither asked for the role nor would receive it."""
    return may_manage_accounts(actor) and actor.account not in (request.asked_by_id, request.account_id)


def require_may_decide_request(actor: Actor, request: GrantRequest) -> None:
    require_may_manage_accounts(actor)
    if not may_decide_request(actor, request):
        raise Forbidden(
            "A second administrator decides: not the one who asked, and not the one who would get the role.",
            code="account.second_person",
        )


def may_ask_for_colleague(actor: Actor, organisation: int) -> bool:
    """The CISO of the organisation, for that organisation only."""
    return actor.holds_at(organisation, "ciso")


def require_may_ask_for_colleague(actor: Actor, organisation: int) -> None:
    if not may_ask_for_colleague(actor, organisation):
        raise Forbidden("The CISO asks for accounts of their own organisation.", code="account.colleague")
