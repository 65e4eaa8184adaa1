"""What a consultant or auditor reaches: the assessments of one engagement, within its window, and nothing beside it.

The database opens an organisation to whoever is engaged for it; these functions narrow that to the campaign.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from sipar.assessments.models import Assessment, EngagementScope
from sipar.core.acting import Actor
from sipar.people.roles import ENGAGED_ROLES, ORGANISATION_ROLES, TEAM_ROLES


def engagements_in_force(actor: Actor, *, now: datetime) -> QuerySet[EngagementScope]:
    """The organisations, each with its engagement, that the actor is engaged for now."""
    return EngagementScope.objects.filter(
        Q(engagement__valid_until__gt=now),
        engagement__account=actor.account,
        engagement__valid_from__lte=now,
        engagement__ended_at=None,
    )


def comes_by_engagement_only(actor: Actor) -> bool:
    """Whether everything that the actor sees, it sees as somebody engaged."""
    return actor.holds(*ENGAGED_ROLES) and not actor.holds(*ORGANISATION_ROLES, *TEAM_ROLES, "system")


def is_engaged_for(actor: Actor, assessment: Assessment, *, now: datetime) -> bool:
    """Whether the actor is engaged for this organisation in this campaign now."""
    if not actor.holds(*ENGAGED_ROLES):
        return False
    scope = engagements_in_force(actor, now=now)
    return scope.filter(organisation=assessment.organisation_id, engagement__campaign=assessment.campaign_id).exists()
