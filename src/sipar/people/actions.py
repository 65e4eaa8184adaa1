"""Opening accounts and giving roles."""

from __future__ import annotations

from datetime import datetime

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Invalid
from sipar.people.models import Account, Grant
from sipar.people.policy import require_may_manage_accounts
from sipar.people.roles import ROLES


@action("account.open")
def open_account(
    actor: Actor, *, email: str, name: str, password: str | None = None, language: str = "en", now: datetime
) -> Account:
    """A new account without any role. Without a password, it is signed in by invitation only."""
    require_may_manage_accounts(actor)
    if Account.objects.filter(email=email.lower()).exists():
        raise Conflict("An account with this e-mail address exists already.", code="account.exists")
    return Account.objects.create_user(email, password, name=name, language=language, created_at=now)


@action("account.grant")
def grant_role(
    actor: Actor,
    account: Account,
    role: str,
    *,
    organisation: int | None = None,
    team: int | None = None,
    ministry: int | None = None,
    valid_until: datetime | None = None,
    approved_by: int | None = None,
    now: datetime,
) -> Grant:
    """Give a role in one place. Roles that see more than one organisation come through a request that a second
    administrator approves; only Sipar itself gives them directly (set-up, demonstration)."""
    require_may_manage_accounts(actor)
    if role not in ROLES or role == "system":
        raise Invalid(f"There is no role {role} to give.", code="account.role")
    return Grant.objects.create(
        account=account,
        role=role,
        organisation_id=organisation,
        team_id=team,
        ministry_id=ministry,
        valid_from=now,
        valid_until=valid_until,
        granted_by_id=actor.account,
        approved_by_id=approved_by,
    )


@action("account.revoke_grant")
def revoke_grant(actor: Actor, grant: Grant, *, now: datetime) -> None:
    """End a role now. The next request of that person no longer has it."""
    require_may_manage_accounts(actor)
    Grant.objects.filter(pk=grant.pk, valid_until__isnull=True).update(valid_until=now)
