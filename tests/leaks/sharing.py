"""Giving a case of the world to somebody who has it not, for tests of what they then read."""

from __future__ import annotations

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.incidents.custody_actions import give_access, set_viewers
from sipar.incidents.models import Access, Incident
from tests.cast import NOW
from tests.world import World


def share(world: World, key: str, team: str, projection: str) -> str:
    """Share the case of this organisation with a CERT of the cast; returns its number."""
    sipar = system()
    with acting(sipar, reason="share"):
        incident = Incident.objects.get(number=world.case_of(key)["number"])
        give_access(
            sipar, incident, world.cast.teams[team], basis=Access.Basis.SHARED, projection=projection, now=NOW,
            reason="a similar attack",
        )  # fmt: skip
        set_viewers(incident)
    return incident.number


def end_shares(world: World, key: str) -> None:
    """Take back what was shared of this case."""
    with acting(system(), reason="take back"):
        incident = Incident.objects.get(number=world.case_of(key)["number"])
        Access.objects.filter(incident=incident, basis=Access.Basis.SHARED, ended_at=None).update(ended_at=NOW)
        set_viewers(incident)
