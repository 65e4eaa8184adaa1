"""Who may take in reports for a CERT, and who may read what they say."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.problems import Forbidden
from sipar.people.roles import TEAM_ROLES


def may_work(actor: Actor, team: int) -> bool:
    """Staff of the CERT whose feed it is."""
    return actor.holds("system") or actor.holds_in_team(team, *TEAM_ROLES)


def require_may_work(actor: Actor, team: int) -> None:
    if not may_work(actor, team):
        raise Forbidden("Only the CERT whose feed it is works on it.", code="feed.work")


def may_read_rows(actor: Actor) -> bool:
    """Staff of CERTs; administrators see how a feed does, never what it says. The database says which feeds."""
    return actor.holds("system", *TEAM_ROLES)
