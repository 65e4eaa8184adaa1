"""Reading accounts and the roles they hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.db import connection
from django.db.models import Q, QuerySet

from sipar.core.acting import Actor, Grant, acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun
from sipar.core.problems import not_open
from sipar.people.models import Account, GrantRequest
from sipar.people.models import Grant as GrantRow


def actor_of(account: Account, *, now: datetime, verified: bool = False, scopes: frozenset[str] | None = None) -> Actor:
    """The actor that an account is now: with every grant that has begun and not ended."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select role, organisation_id, team_id, tier, ministry_id from guard.roles_of(%s, %s)", [account.pk, now]
        )
        rows = cursor.fetchall()
    return Actor(
        account=account.pk,
        name=account.name,
        grants=tuple(
            Grant(role=role, organisation=organisation, team=team, tier=tier or "", ministry=ministry)
            for role, organisation, team, tier, ministry in rows
        ),
        scopes=scopes,
        verified=verified,
        language=account.language,
    )


def asker_of(run: int, *, now: datetime) -> tuple[BackgroundRun, Actor]:
    """A background run and who asked for it, as that person may act now: as Sipar itself they would see more.

    Call outside `acting`.
    """
    with acting(system(), reason="read what was asked for"):
        found = BackgroundRun.objects.get(pk=run)
    return found, actor_of(Account.objects.get(pk=found.account_id), now=now, verified=True)


def grants_in_force(now: datetime) -> QuerySet[GrantRow]:
    """Grants that have begun and not ended at `now`."""
    return GrantRow.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=now), valid_from__lte=now)


def system_account() -> Account:
    """The account that Sipar itself acts as, in jobs and on the command line."""
    return Account.objects.get(is_system=True)


def system_actor(*, now: datetime) -> Actor:
    """Sipar itself: what jobs and the command line act as."""
    return actor_of(system_account(), now=now, verified=True)


def people_of_organisation(organisation: int, *, now: datetime) -> QuerySet[GrantRow]:
    """Who holds a role at an organisation now, with their accounts."""
    return grants_in_force(now).filter(organisation=organisation).select_related("account").order_by("account__name")


def people_of_team(team: int, *, now: datetime) -> QuerySet[GrantRow]:
    """Who holds a role in a team now, with their accounts."""
    return grants_in_force(now).filter(team=team).select_related("account").order_by("account__name")


def account_of(actor: Actor) -> Account:
    """The actor's own account."""
    return Account.objects.get(pk=actor.account)


def access_account(actor: Actor, account: int) -> Account:
    """An account that the actor manages; to everyone else it does not exist."""
    if not actor.holds("administrator", "system"):
        raise not_open("account")
    found = Account.objects.filter(pk=account, is_system=False).first()
    if found is None:
        raise not_open("account")
    return found


def access_request(actor: Actor, request: int) -> GrantRequest:
    """A request for a role that the actor may see."""
    found = requests_for_roles().filter(pk=request).first()
    if found is None:
        raise not_open("request")
    return found


def access_grant(actor: Actor, account: Account, grant: int) -> GrantRow:
    """A role of this account; one of another account does not exist here."""
    found = GrantRow.objects.filter(pk=grant, account=account).first()
    if found is None:
        raise not_open("role")
    return found


def managed_accounts(actor: Actor, *, search: str = "") -> QuerySet[Account]:
    """Every account for those who manage them, by name; for anyone else none."""
    if not actor.holds("administrator", "system"):
        return Account.objects.none()
    accounts = Account.objects.filter(is_system=False)
    if search:
        accounts = accounts.filter(Q(name__icontains=search) | Q(email__icontains=search))
    return accounts.order_by("name", "pk")


def requests_for_roles() -> QuerySet[GrantRequest]:
    """The requests that the actor sees, oldest first, with everything that a page names."""
    return GrantRequest.objects.select_related("account", "asked_by", "team", "ministry").order_by("asked_at", "pk")


def roles_of_account(account: int, *, now: datetime) -> list[GrantRow]:
    """The roles that an account holds or will hold, as far as the actor sees them."""
    not_ended = Q(valid_until__isnull=True) | Q(valid_until__gt=now)
    rows = GrantRow.objects.filter(not_ended, account=account)
    return list(rows.select_related("organisation", "team", "ministry").order_by("role", "pk"))


def sessions_of(account: Account) -> list[UserSession]:
    """Where the account is signed in now, newest first."""
    return sorted(UserSession.objects.purge_and_list(account), key=lambda session: session.created_at, reverse=True)


@dataclass(frozen=True)
class OrganisationTitle:
    """What an administrator may know of an organisation: enough to name it."""

    key: int
    identifier: str
    name: str


def organisation_titles(keys: Iterable[int]) -> dict[int, OrganisationTitle]:
    """The organisations with these keys, for administrators and the ombudsman; nothing for anyone else."""
    wanted = sorted(set(keys))
    return {title.key: title for title in _titles(wanted, "")} if wanted else {}


def organisation_named(identifier: str) -> OrganisationTitle | None:
    """The organisation with this identifier, for administrators; None where there is none."""
    return next(iter(_titles([], identifier)), None)


def _titles(keys: list[int], identifier: str) -> list[OrganisationTitle]:
    with connection.cursor() as cursor:
        cursor.execute("select id, identifier, name from guard.organisation_titles(%s, %s)", [keys, identifier])
        return [OrganisationTitle(*row) for row in cursor.fetchall()]
