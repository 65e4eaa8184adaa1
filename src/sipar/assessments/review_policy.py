"""Who decides on an answer, who only recommends, and who draws what is verified on site."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sipar.assessments.campaign_selectors import reviewing_teams
from sipar.assessments.engagement_selectors import is_engaged_for
from sipar.assessments.models import Assessment, Campaign
from sipar.core.acting import Actor
from sipar.core.problems import Forbidden
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES

type Part = Literal["decide", "recommend", "none"]


def part_in_review(actor: Actor, assessment: Assessment, *, now: datetime) -> Part:
    """What the actor may do with an answer of this assessment.

    Staff of the CERT that leads the campaign or is responsible for the organisation decide; a consultant engaged for
    it recommends. Nobody reviews an organisation that they work for.
    """
    if actor.scopes is not None and "review" not in actor.scopes:
        return "none"
    if actor.holds_at(assessment.organisation_id, *ORGANISATION_ROLES):
        return "none"
    teams = [grant.team for grant in actor.grants if grant.role in TEAM_ROLES and grant.team is not None]
    if teams and reviewing_teams(assessment.campaign, assessment.organisation_id).filter(pk__in=teams).exists():
        return "decide"
    return "recommend" if is_engaged_for(actor, assessment, now=now) else "none"


def require_part(actor: Actor, assessment: Assessment, *, now: datetime) -> Part:
    """The actor's part in the review; raises Forbidden for none."""
    part = part_in_review(actor, assessment, now=now)
    if part == "none":
        raise Forbidden("Reviewing is done by the CERT that is responsible.", code="assessment.review")
    return part


def require_may_decide(actor: Actor, assessment: Assessment, *, now: datetime) -> None:
    if part_in_review(actor, assessment, now=now) != "decide":
        raise Forbidden("Only the CERT that is responsible decides.", code="assessment.review")


def may_draw_for(actor: Actor, campaign: Campaign) -> bool:
    """Staff of the CERT that leads the campaign draw the organisations that are visited."""
    return actor.scopes is None and actor.holds_in_team(campaign.lead_team_id, *TEAM_ROLES)


def require_may_draw_for(actor: Actor, campaign: Campaign) -> None:
    if not may_draw_for(actor, campaign):
        raise Forbidden("Only the CERT that leads the campaign draws whom to visit.", code="campaign.sample")
