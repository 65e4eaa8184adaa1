"""People of the teams' tests beside those of the cast."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.cast import NOW, PASSWORD, Cast

from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.people.actions import grant_role, open_account
from sipar.people.selectors import actor_of
from sipar.teams.models import Team


def joined(cast: Cast, name: str, role: str, team: Team | None = None) -> Actor:
    """One more person of the cast, in a role of a team or of the nation."""
    sipar = system()
    with acting(sipar, reason="one more person"):
        account = open_account(sipar, email=f"{name}@test.example", name=name.title(), password=PASSWORD, now=NOW)
        grant_role(sipar, account, role, team=team.pk if team else None, now=NOW - timedelta(days=9))
    cast.accounts[name] = account
    cast.actors[name] = actor_of(account, now=NOW, verified=True)
    return cast.actors[name]


@pytest.fixture
def power_head(cast: Cast) -> Actor:
    return joined(cast, "pervez", "team_head", cast.teams["power"])


@pytest.fixture
def secretary(cast: Cast) -> Actor:
    return joined(cast, "saima", "council_secretary")
