"""Reading accounts and the roles they hold."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from sipar.core.acting import Actor, Grant
from sipar.people.models import Account
from sipar.people.models import Grant as GrantRow


def actor_of(account: Account, *, now: datetime, verified: bool = False, scopes: frozenset[str] | None = None) -> Actor:
    """The actor that an account is now: with every grant that has begun and not ended."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "select current_setting('sipar.actor', true), set_config('sipar.actor', %s, true)", [str(account.pk)]
        )
        (before, _) = cursor.fetchone()
        rows = list(grants_in_force(now).filter(account=account).select_related("team"))
        cursor.execute("select set_config('sipar.actor', %s, true)", [before or ""])
    return Actor(
        account=account.pk,
        name=account.name,
        grants=tuple(
            Grant(
                role=row.role,
                organisation=row.organisation_id,
                team=row.team_id,
                tier=row.team.tier if row.team else "",
                ministry=row.ministry_id,
            )
            for row in rows
        ),
        scopes=scopes,
        verified=verified,
        language=account.language,
    )


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
