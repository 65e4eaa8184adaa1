"""Which CERT a request for help goes to: up the chain of responsibility, the first that offers what is needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sipar.teams.models import Team


@dataclass(frozen=True)
class Route:
    """The team to ask, and why: `capable` (offers every service), `partly` (offers the most), `first_contact`."""

    team: Team
    why: str


def route(chain: Sequence[Team], needed: Iterable[str], *, tried: Iterable[int] = ()) -> Route | None:
    """The next team of the chain (first contact first) for these FIRST services; None when all were tried.

    A team that offers everything wins over one nearer by that does not; where none does, the one that offers most,
    and among equals the nearest.
    """
    left = [team for team in chain if team.pk not in set(tried)]
    if not left:
        return None
    wanted = frozenset(needed)
    if not wanted:
        return Route(left[0], "first_contact")
    offered = [(len(wanted & set(team.services)), -position, team) for position, team in enumerate(left)]
    most, _, team = max(offered, key=lambda one: (one[0], one[1]))
    if most == len(wanted):
        return Route(team, "capable")
    return Route(team, "partly" if most else "first_contact")
