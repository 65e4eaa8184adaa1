"""Who am I to the API."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from ninja import Router, Schema

from sipar.core.api import PROBLEMS, Entry
from sipar.core.http import ActorRequest
from sipar.people.gates import EVERYONE
from sipar.people.roles import ROLES
from sipar.people.selectors import account_of, roles_of_account

router = Router(tags=["people"])


class RoleHeld(Schema):
    """`until` is null for a role that was given without an end; at most one of the three places is set."""

    role: str
    title: str
    organisation: str | None
    team: str | None
    ministry: str | None
    until: datetime | None


class Me(Schema):
    """`scopes` is null in a browser session: there the roles alone decide."""

    name: str
    email: str
    language: str
    second_factor: bool
    scopes: list[str] | None
    roles: list[RoleHeld]


@router.get("/me", auth=Entry(EVERYONE), response={200: Me, **PROBLEMS}, summary="My account and my roles")
def me(request: ActorRequest) -> Me:
    actor = request.actor
    account = account_of(actor)
    return Me(
        name=account.name,
        email=account.email,
        language=account.language,
        second_factor=actor.verified and actor.scopes is None,
        scopes=None if actor.scopes is None else sorted(actor.scopes),
        roles=[
            RoleHeld(
                role=row.role,
                title=str(ROLES[row.role].title),
                organisation=row.organisation.identifier if row.organisation else None,
                team=row.team.code if row.team else None,
                ministry=row.ministry.code if row.ministry else None,
                until=row.valid_until,
            )
            for row in roles_of_account(account.pk, now=timezone.now())
        ],
    )
