"""Where a case goes: its CERT by constituency, who else sees it from the start, and who stands above a CERT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sipar.core.problems import Conflict
from sipar.incidents.models import Access
from sipar.orgs.models import Designation, Organisation
from sipar.teams.models import Membership, Team

type Why = Literal["lead", "nobody", "several", "unknown"]

ROUTE_CODES: dict[Why, str] = {
    "lead": "routed",
    "nobody": "routed_without_lead",
    "several": "routed_conflict",
    "unknown": "routed",
}


@dataclass(frozen=True)
class Route:
    """The team that gets the case, why that one, and who sees the case: (team, basis, projection)."""

    lead: Team
    why: Why
    views: tuple[tuple[Team, str, str], ...]


def national_team() -> Team:
    """The team that covers the nation; raises Conflict in a nation without one."""
    found = Team.objects.filter(tier=Team.Tier.NATIONAL).order_by("code").first()
    if found is None:
        raise Conflict("This nation has no National CERT yet, so no case can be routed.", code="case.no_national")
    return found


def route_for(organisation: Organisation | None, *, national: Team) -> Route:
    """The one CERT that leads for the organisation; the National CERT where none or several do, or nobody is known.

    The other CERTs of the constituency see the case for coordination; the National CERT sees it whole where the
    organisation is critical (tier 1, or designated as critical infrastructure).
    """
    if organisation is None:
        return Route(national, "unknown", ((national, Access.Basis.LEAD, "full"),))
    members = list(Membership.objects.filter(organisation=organisation).select_related("team").order_by("team__code"))
    leads = [member.team for member in members if member.lead]
    lead = leads[0] if len(leads) == 1 else national
    why: Why = "lead" if len(leads) == 1 else ("several" if leads else "nobody")
    views: list[tuple[Team, str, str]] = [(lead, Access.Basis.LEAD, "full")]
    views += [
        (member.team, Access.Basis.CONSTITUENCY, "coordination")
        for member in members
        if member.team_id not in (lead.pk, national.pk)
    ]
    if lead.pk != national.pk and is_critical(organisation):
        views.append((national, Access.Basis.CRITICAL, "full"))
    return Route(lead, why, tuple(views))


def is_critical(organisation: Organisation) -> bool:
    """Whether the National CERT sees its cases from the start."""
    return organisation.tier == 1 or Designation.objects.filter(organisation=organisation, state="designated").exists()


def team_above(team: Team) -> Team | None:
    """The parent of a team; None at the top."""
    return Team.objects.filter(pk=team.parent_id).first() if team.parent_id else None


def chain_above(team: Team) -> list[Team]:
    """The teams above this one, the nearest first."""
    teams = {found.pk: found for found in Team.objects.all()}
    chain: list[Team] = []
    step = teams.get(team.parent_id) if team.parent_id else None
    while step is not None and step not in chain:
        chain.append(step)
        step = teams.get(step.parent_id) if step.parent_id else None
    return chain
