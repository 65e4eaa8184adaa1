"""People and texts for the tests of the law pages."""

from __future__ import annotations

from datetime import timedelta

from tests.cast import NOW, PASSWORD, Cast

from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.obligations.law_actions import BLANK
from sipar.orgs.models import Ministry
from sipar.people.actions import grant_role, open_account
from sipar.people.selectors import actor_of

DRAFT = BLANK
SHORTER = BLANK.replace("hours: 72", "hours: 24")


def hire(cast: Cast, name: str, role: str, *, ministry: str = "") -> Actor:
    """One more person of the cast, who may sign in."""
    sipar = system()
    with acting(sipar, reason="hire"):
        account = open_account(sipar, email=f"{name}@test.example", name=name.title(), password=PASSWORD, now=NOW)
        place = Ministry.objects.get(code=ministry).pk if ministry else None
        grant_role(sipar, account, role, now=NOW - timedelta(days=30), ministry=place)
        cast.accounts[name] = account
        cast.actors[name] = actor_of(account, now=NOW, verified=True)
    return cast.actors[name]
