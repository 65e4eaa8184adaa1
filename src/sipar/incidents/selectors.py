"""Reading cases: who sees which, and as what audience."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.incidents.models import Access, BreakGlass, Incident
from sipar.incidents.projections import PROJECTIONS, Projection
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES

# The widest view first: a team that has several reasons to see a case sees it by the best of them.
WIDEST = ("full", "coordination", "indicators", "summary")


def visible_incidents(actor: Actor) -> QuerySet[Incident]:
    """The cases that the actor reaches; the database has left out all others. Newest first."""
    return Incident.objects.select_related("organisation", "lead_team").order_by("-opened_at", "-id")


def access_incident(actor: Actor, number: str) -> Incident:
    """A case by its number; raises NotFound for one that the actor may not know of."""
    found = (
        Incident.objects.select_related("organisation", "lead_team", "offered_team", "sector", "province", "campaign")
        .filter(number=number.replace("\x00", ""))
        .first()
    )
    if found is None:
        raise not_open("case")
    return found


def audience_of(actor: Actor, incident: Incident, *, now: datetime) -> Projection:
    """What this actor sees of a case that it reaches. A broken glass shows everything, and leaves its trace."""
    if actor.holds("system"):
        return PROJECTIONS["full"]
    if incident.organisation_id is not None and actor.holds_at(incident.organisation_id, *ORGANISATION_ROLES):
        return PROJECTIONS["organisation"]
    teams = [grant.team for grant in actor.grants if grant.role in TEAM_ROLES and grant.team is not None]
    if incident.lead_team_id in teams or incident.offered_team_id in teams:
        return PROJECTIONS["full"]
    names = set(
        Access.objects.filter(incident=incident, team__in=teams, ended_at=None).values_list("projection", flat=True)
    )
    if BreakGlass.objects.filter(incident=incident, account_id=actor.account, until__gt=now).exists():
        names.add("full")
    return next((PROJECTIONS[name] for name in WIDEST if name in names), PROJECTIONS["summary"])


def works_for_organisation(actor: Actor, incident: Incident) -> bool:
    """Whether the actor is one of the organisation's own people."""
    return incident.organisation_id is not None and actor.holds_at(incident.organisation_id, *ORGANISATION_ROLES)


def has_custody(actor: Actor, incident: Incident) -> bool:
    """Whether the actor is staff of the team that has the case."""
    return incident.lead_team_id is not None and actor.holds_in_team(incident.lead_team_id, *TEAM_ROLES)
