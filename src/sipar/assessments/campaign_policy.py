"""Who may draft, launch and close a campaign: the head of the CERT that leads it, over its own constituency."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.gates import Gate
from sipar.core.problems import Forbidden
from sipar.people.roles import AGGREGATE_ROLES, TEAM_ROLES

CAMPAIGN_READERS = Gate("campaign_readers", frozenset({*TEAM_ROLES, *AGGREGATE_ROLES}))
# A token that only reads must not launch anything.
CAMPAIGN_HEAD = Gate("campaign_head", frozenset({"team_head"}), scope="review")


def may_lead(actor: Actor, team: int) -> bool:
    """The head of this very team; Sipar itself at set-up."""
    return actor.holds("system") or actor.holds_in_team(team, "team_head")


def may_see_drafts(actor: Actor) -> bool:
    """Those who work in a CERT; everyone else sees a campaign once it is open."""
    return actor.holds("system", *TEAM_ROLES)


def may_see_organisations_of_campaigns(actor: Actor) -> bool:
    """Those who see who answered by name; the others see sums."""
    return actor.holds("system", *TEAM_ROLES)


def require_may_lead(actor: Actor, team: int) -> None:
    if not may_lead(actor, team):
        raise Forbidden("A campaign is run by the head of the CERT that leads it.", code="campaign.forbidden")
