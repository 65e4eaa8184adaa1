"""How the standing moved from campaign to campaign of one framework."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sipar.assessments.models import Campaign
from sipar.board.policy import sees_exact_numbers
from sipar.board.reading import Floats, Numbers, Scope, binary_cursor, conditions
from sipar.board.rollup import Line
from sipar.board.selectors import board_of
from sipar.core.acting import Actor
from sipar.posture.scoring import Scores
from sipar.posture.trend import Trend, compare

MOST_CAMPAIGNS = 6


@dataclass(frozen=True, eq=False)
class Movement:
    """One line per campaign, oldest first; `paired` compares the last two over those that answered both."""

    campaigns: list[Campaign]
    lines: list[Line]
    paired: Trend | None


def movement(actor: Actor, campaign: Campaign, scope: Scope) -> Movement:
    """The campaigns of the same framework up to this one. Paired only for those who see exact numbers."""
    campaigns = list(
        Campaign.objects.filter(
            framework__identifier=campaign.framework.identifier,
            state__in=("open", "closed"),
            opens_at__lte=campaign.opens_at,
        )
        .select_related("framework")
        .defer("framework__document")
        .order_by("-opens_at", "-id")[:MOST_CAMPAIGNS]
    )[::-1]
    found = [board_of(actor, each, scope, levels=False).total for each in campaigns]
    paired = None
    if sees_exact_numbers(actor) and len(campaigns) > 1:
        before, after = (_means(each, scope) for each in campaigns[-2:])
        paired = compare(before[0], _scores(before[1]), after[0], _scores(after[1]))
    return Movement(campaigns, found, paired)


def _means(campaign: Campaign, scope: Scope) -> tuple[Numbers, Floats]:
    where, parameters = conditions(scope)
    query = f"""
        select a.organisation_id, a.mean from assessments_assessment a
        join orgs_organisation o on o.id = a.organisation_id
        where a.campaign_id = %s and a.standing is not null and a.mean is not null {where}
    """  # noqa: S608 - every part is a constant of ours; values are parameters
    with binary_cursor() as cursor:
        cursor.execute(query, [campaign.pk, *parameters])
        rows = cursor.fetchall()
    return np.array([row[0] for row in rows], dtype=np.int64), np.array([row[1] for row in rows], dtype=np.float64)


def _scores(mean: Floats) -> Scores:
    """Scores with the mean alone: the assessment's own column, which is what its organisation was told."""
    nothing = np.zeros((len(mean), 0))
    answered = np.ones(len(mean), dtype=np.int64)
    return Scores(mean=mean, floor=mean, group_mean=nothing, group_level=nothing, coverage=mean, answered=answered)
