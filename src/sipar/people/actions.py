"""Opening accounts, asking for roles, giving them by two people, and ending them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Forbidden, Invalid, Place
from sipar.people.models import Account, ApiToken, Grant, GrantRequest
from sipar.people.policy import (
    require_may_ask_for_colleague,
    require_may_decide_request,
    require_may_manage_account,
    require_may_manage_accounts,
)
from sipar.people.roles import ROLES, SEPARATED
from sipar.people.selectors import grants_in_force


@dataclass(frozen=True)
class RolePlace:
    """Where a role holds: at most one of the three; none of them for a role of the whole nation."""

    organisation: int | None = None
    team: int | None = None
    ministry: int | None = None

    @property
    def count(self) -> int:
        return sum(part is not None for part in (self.organisation, self.team, self.ministry))

    @property
    def kind(self) -> str:
        """organisation, team, ministry or nation."""
        if self.organisation is not None:
            return "organisation"
        if self.team is not None:
            return "team"
        return "nation" if self.ministry is None else "ministry"


@action("account.open")
def open_account(
    actor: Actor, *, email: str, name: str, password: str | None = None, language: str = "en", now: datetime
) -> Account:
    """A new account without any role. Without a password, its owner sets one through an invitation by mail."""
    require_may_manage_accounts(actor)
    if Account.objects.filter(email=email.lower()).exists():
        raise Conflict("An account with this e-mail address exists already.", code="account.exists")
    return Account.objects.create_user(email, password, name=name, language=language, created_at=now)


@action("account.close")
def close_account(actor: Actor, account: Account, *, now: datetime) -> None:
    """Nobody signs in with it any more; its roles and tokens end now, its history stays."""
    require_may_manage_account(actor, account.pk)
    if account.is_system:
        raise Forbidden("The account of Sipar itself stays.", code="account.system")
    grants_in_force(now).filter(account=account).update(valid_until=now)
    ApiToken.objects.filter(account=account, revoked_at=None).update(revoked_at=now)
    Account.objects.filter(pk=account.pk).update(is_active=False)


@action("account.reopen")
def reopen_account(actor: Actor, account: Account) -> None:
    """The account can sign in again, without any of its former roles."""
    require_may_manage_account(actor, account.pk)
    Account.objects.filter(pk=account.pk, is_system=False).update(is_active=True)


@action("account.update_own")
def update_own_account(actor: Actor, *, name: str, language: str) -> None:
    """Change how Sipar addresses the person who acts."""
    Account.objects.filter(pk=actor.account).update(name=name[:200], language=language)


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
    now: datetime,
) -> Grant:
    """Give a role directly: only Sipar itself may, at set-up and for the demonstration. People ask and approve."""
    if not actor.holds("system"):
        raise Forbidden("A role is asked for by one administrator and approved by another.", code="account.grant")
    place = RolePlace(organisation, team, ministry)
    _check_role(account, role, place, valid_until=valid_until, now=now)
    return _give(account, role, place, valid_until=valid_until, asked_by=actor.account, approved_by=None, now=now)


@action("account.ask_role")
def ask_for_role(
    actor: Actor,
    account: Account,
    role: str,
    place: RolePlace,
    *,
    reason: str,
    valid_until: datetime | None = None,
    now: datetime,
) -> GrantRequest:
    """Put a role for somebody else before a second administrator."""
    require_may_manage_account(actor, account.pk)
    _check_role(account, role, place, valid_until=valid_until, now=now)
    return _ask(actor, account, role, place, reason=reason, valid_until=valid_until, now=now)


@action("account.ask_colleague")
def ask_for_colleague(
    actor: Actor, organisation: int, *, email: str, name: str, reason: str, now: datetime
) -> GrantRequest:
    """Ask that a colleague may report for the CISO's own organisation; an administrator approves.

    An address without an account gets one that nobody can sign in with before the approval. Whether the address
    had one already is not said: the answer is the same.
    """
    require_may_ask_for_colleague(actor, organisation)
    account = Account.objects.filter(email=email.lower()).first()
    if account is None:
        account = Account.objects.create_user(email, None, name=name, created_at=now, is_active=False)
    return _ask(actor, account, "reporter", RolePlace(organisation=organisation), reason=reason, now=now)


@action("account.approve_request")
def approve_request(actor: Actor, request: GrantRequest, *, now: datetime) -> Grant:
    """Give the role that somebody else asked for; a colleague's waiting account opens with it."""
    require_may_decide_request(actor, request)
    place = RolePlace(request.organisation_id, request.team_id, request.ministry_id)
    _check_role(request.account, request.role, place, valid_until=request.valid_until, now=now)
    _decide(actor, request, "approved", now=now)
    if request.account.last_login is None:
        Account.objects.filter(pk=request.account_id, is_active=False, is_system=False).update(is_active=True)
    return _give(
        request.account, request.role, place,
        valid_until=request.valid_until, asked_by=request.asked_by_id, approved_by=actor.account, now=now,
    )  # fmt: skip


@action("account.refuse_request")
def refuse_request(actor: Actor, request: GrantRequest, *, now: datetime) -> None:
    """Decline a role that somebody else asked for."""
    require_may_decide_request(actor, request)
    _decide(actor, request, "refused", now=now)


@action("account.revoke_grant")
def revoke_grant(actor: Actor, grant: Grant, *, now: datetime) -> None:
    """End a role now. The next request of that person no longer has it."""
    require_may_manage_account(actor, grant.account_id)
    still_running = Q(valid_until__isnull=True) | Q(valid_until__gt=now)
    Grant.objects.filter(still_running, pk=grant.pk).update(valid_until=now)


def _check_role(account: Account, role: str, place: RolePlace, *, valid_until: datetime | None, now: datetime) -> None:
    if role not in ROLES or role == "system" or account.is_system:
        raise Invalid(
            _("There is no role %(role)s to give.") % {"role": role},
            code="account.role",
            places=[Place("role", "Choose a role.")],
        )
    if ROLES[role].place != place.kind or place.count > 1:
        wanted = {
            "organisation": "This role needs an organisation.",
            "team": "This role needs a CERT.",
            "ministry": "This role needs a ministry.",
            "nation": "This role holds for the whole nation: leave the place empty.",
        }[ROLES[role].place]
        raise Invalid("The role and its place do not fit.", code="account.place", places=[Place("role", wanted)])
    if valid_until is not None and valid_until <= now:
        raise Invalid(
            "The role would have ended already.",
            code="account.until",
            places=[Place("valid_until", "Choose a later day.")],
        )
    held = set(grants_in_force(now).filter(account=account).values_list("role", flat=True))
    if role in SEPARATED and held & (SEPARATED - {role}):
        raise Conflict(
            "Standards, inspection and decision are three different people: this account holds one of them already.",
            code="account.separated",
        )


def _ask(
    actor: Actor,
    account: Account,
    role: str,
    place: RolePlace,
    *,
    reason: str,
    valid_until: datetime | None = None,
    now: datetime,
) -> GrantRequest:
    if not reason.strip():
        raise Invalid("Say why the role is needed.", code="account.reason", places=[Place("reason", "Say why.")])
    waiting = GrantRequest.objects.filter(
        account=account, role=role, state="asked",
        organisation=place.organisation, team=place.team, ministry=place.ministry,
    )  # fmt: skip
    if waiting.exists():
        raise Conflict("The same role was asked for already and waits for a decision.", code="account.asked")
    return GrantRequest.objects.create(
        account=account,
        role=role,
        organisation_id=place.organisation,
        team_id=place.team,
        ministry_id=place.ministry,
        valid_until=valid_until,
        asked_by_id=actor.account,
        asked_at=now,
        reason=reason[:2_000],
    )


def _decide(actor: Actor, request: GrantRequest, state: str, *, now: datetime) -> None:
    decided = GrantRequest.objects.filter(pk=request.pk, state="asked").update(
        state=state, decided_by=actor.account, decided_at=now
    )
    if not decided:
        raise Conflict("Somebody else has decided this request in the meantime.", code="account.decided")


def _give(
    account: Account,
    role: str,
    place: RolePlace,
    *,
    valid_until: datetime | None,
    asked_by: int,
    approved_by: int | None,
    now: datetime,
) -> Grant:
    return Grant.objects.create(
        account=account,
        role=role,
        organisation_id=place.organisation,
        team_id=place.team,
        ministry_id=place.ministry,
        valid_from=now,
        valid_until=valid_until,
        granted_by_id=asked_by,
        approved_by_id=approved_by,
    )
