"""Who may change what a team is, whom it serves, and who is on duty."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.problems import Forbidden
from sipar.teams.models import Team


def leads_nation(actor: Actor) -> bool:
    """Whether the actor heads the National CERT (rule 3 of the CERT Rules 2023), or is Sipar itself."""
    return actor.holds("system") or actor.holds_in_tier(Team.Tier.NATIONAL, "team_head")


def may_describe(actor: Actor, team: Team) -> bool:
    """Profile, services, maturity and draft rules of a team are its head's."""
    return actor.holds_in_team(team.pk, "team_head")


def may_roster(actor: Actor, team: Team) -> bool:
    """The head and the duty officers of a team plan its duty."""
    return actor.holds_in_team(team.pk, "team_head", "duty_officer")


def may_see_inside(actor: Actor, team: Team) -> bool:
    """Members, roster and drafts of a team: its own people and the National CERT."""
    return team.pk in actor.teams or actor.holds_in_tier(Team.Tier.NATIONAL, "analyst", "duty_officer", "team_head")


def may_draft(actor: Actor, team: Team) -> bool:
    return may_describe(actor, team) or leads_nation(actor)


def may_recommend(actor: Actor) -> bool:
    return actor.holds("council_secretary")


def require_may_see_inside(actor: Actor, team: Team) -> None:
    if not may_see_inside(actor, team):
        raise Forbidden("Only the people of this CERT and the National CERT see this.", code="team.inside")


def require_may_describe(actor: Actor, team: Team) -> None:
    if not may_describe(actor, team):
        raise Forbidden("The head of this CERT keeps what stands here.", code="team.describe")


def require_may_roster(actor: Actor, team: Team) -> None:
    if not may_roster(actor, team):
        raise Forbidden("The head and the duty officers of this CERT plan its duty.", code="team.roster")


def require_may_draft(actor: Actor, team: Team) -> None:
    if not may_draft(actor, team):
        raise Forbidden("A constituency is drafted by the head of the CERT.", code="team.draft")


def require_leads_nation(actor: Actor) -> None:
    if not leads_nation(actor):
        raise Forbidden("The head of the National CERT applies constituencies.", code="team.apply")


def require_may_recommend(actor: Actor) -> None:
    if not may_recommend(actor):
        raise Forbidden("The Council's secretary records what the Council recommends.", code="team.recommend")
