"""Gaps: of one assessment in words, and of a whole constituency in one calculation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext, ngettext
from numpy.typing import NDArray

from sipar.assessments.models import Assessment, Campaign, RoadmapItem
from sipar.assessments.selectors import assessments_open_to, working_levels
from sipar.core.acting import Actor
from sipar.core.problems import Conflict
from sipar.formats.catalogue import Group, Requirement
from sipar.frameworks.selectors import LoadedFramework
from sipar.posture.gaps import NextStage, next_stage, rank_gaps, rank_requirements
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels, matrix
from sipar.posture.scoring import Floats

# Sipar's own scale, like the criticality tiers themselves: what tier 4 misses once counts four times in tier 1.
CRITICALITY_WEIGHT = {1: 4.0, 2: 3.0, 3: 2.0, 4: 1.0}


@dataclass(frozen=True)
class GapLine:
    """One gap of one assessment. `level` is None where the requirement is not answered; `rank` counts from 1."""

    rank: int
    position: int
    requirement: Requirement
    level: int | None
    target: int
    distance: int
    weight: float
    priority: float
    reason: str
    item: RoadmapItem | None = None


@dataclass(frozen=True)
class RequirementLine:
    """One requirement over a constituency: how many fall short of it and how heavily."""

    rank: int
    requirement: Requirement
    group: Group
    short: int
    unanswered: int
    asked: int
    distance: float
    priority: float

    @property
    def share(self) -> float:
        return self.short / self.asked if self.asked else 0.0


@dataclass(frozen=True)
class ConstituencyGaps:
    """`organisations` have a standing answer, `waiting` of the cohort have none yet."""

    organisations: int
    waiting: int
    lines: tuple[RequirementLine, ...]


@dataclass(frozen=True)
class StageAsk:
    requirement: Requirement
    level: int
    needed: int
    unanswered: bool


@dataclass(frozen=True)
class StageLine:
    """What one group, such as a Zero Trust pillar, must do to hold its next level."""

    group: Group
    level: int
    next_level: int
    asks: tuple[StageAsk, ...]


def levels_that_count(assessment: Assessment, loaded: LoadedFramework) -> tuple[Levels, bool]:
    """The answers that gaps are measured on, as uint8[R], and whether they stand (else they are the draft)."""
    if assessment.standing is not None:
        return np.frombuffer(bytes(assessment.standing), dtype=np.uint8), True
    return working_levels(assessment, loaded), False


def gaps_of(
    assessment: Assessment, loaded: LoadedFramework, *, items: dict[str, RoadmapItem] | None = None
) -> list[GapLine]:
    """Every gap of an assessment, the most pressing first; `items` are its live roadmap items by requirement."""
    levels, _ = levels_that_count(assessment, loaded)
    tier = assessment.organisation.tier
    gaps = rank_gaps(
        levels[None, :], loaded.target(assessment.profile), loaded.rules.weights, np.array([CRITICALITY_WEIGHT[tier]])
    )
    found = []
    for place in range(len(gaps)):
        position = int(gaps.requirement[place])
        requirement = loaded.requirements[position]
        unanswered = bool(gaps.unanswered[place])
        distance, weight = int(gaps.distance[place]), float(gaps.weight[place])
        found.append(
            GapLine(
                rank=place + 1,
                position=position,
                requirement=requirement,
                level=None if unanswered else int(gaps.level[place]),
                target=int(gaps.target[place]),
                distance=distance,
                weight=weight,
                priority=float(gaps.priority[place]),
                reason=reason_in_words(tier=tier, weight=weight, distance=distance, unanswered=unanswered),
                item=(items or {}).get(requirement.id),
            )
        )
    return found


def reason_in_words(*, tier: int, weight: float, distance: int, unanswered: bool) -> str:
    """Why a gap stands where it stands: "Tier 1 organisation; weighs 3.0; 2 levels below the target"."""
    parts = [
        gettext("Tier %(tier)s organisation") % {"tier": tier},
        gettext("weighs %(weight)s") % {"weight": f"{weight:.1f}"},
        ngettext("%(levels)s level below the target", "%(levels)s levels below the target", distance)
        % {"levels": distance},
    ]
    if unanswered:
        parts.append(gettext("not answered"))
    return "; ".join(parts)


def next_stages(assessment: Assessment, loaded: LoadedFramework) -> list[StageLine]:
    """What the next level asks of each top group; empty for frameworks whose levels are not gated."""
    if loaded.rules.method != "gated":
        return []
    levels, _ = levels_that_count(assessment, loaded)
    return [_stage(stage, loaded) for stage in next_stage(levels, loaded.rules)]


def _stage(stage: NextStage, loaded: LoadedFramework) -> StageLine:
    return StageLine(
        group=loaded.groups[loaded.rules.top_groups[stage.group]],
        level=stage.level,
        next_level=stage.next_level,
        asks=tuple(
            StageAsk(loaded.requirements[ask.requirement], ask.level, ask.needed, ask.unanswered) for ask in stage.asks
        ),
    )


def live_items(organisation: int, campaign: int) -> dict[str, RoadmapItem]:
    """The roadmap items of an organisation in a campaign that are not dropped, the earliest of each requirement."""
    rows = RoadmapItem.objects.filter(organisation=organisation, campaign=campaign).exclude(state="dropped")
    return {item.requirement: item for item in rows.order_by("-due_on", "-id")}


def may_see_gaps(actor: Actor, assessment: Assessment) -> bool:
    """Whether there are gaps to show: what is not submitted yet is the organisation's own."""
    return assessment.standing is not None or assessment.organisation_id in actor.organisations


def require_gaps(actor: Actor, assessment: Assessment) -> None:
    if not may_see_gaps(actor, assessment):
        raise Conflict(gettext("Nothing has been submitted yet, so there are no gaps to show."))


def assessments_of(actor: Actor, organisations: Sequence[int]) -> QuerySet[Assessment]:
    """The assessments of these organisations that the actor may read, in campaigns that run or ran, newest first."""
    return (
        assessments_open_to(actor)
        .filter(organisation__in=organisations, campaign__state__in=("open", "closed"))
        .order_by("-campaign__opens_at", "-campaign_id", "organisation__name")
    )


def campaigns_with_answers() -> QuerySet[Campaign]:
    """Campaigns that run or ran, the newest first."""
    return Campaign.objects.filter(state__in=("open", "closed"))


_ROWS = """
    select string_agg(a.standing, ''::bytea order by a.id), array_agg(o.tier order by a.id),
        array_agg(a.profile order by a.id), count(*)
    from assessments_assessment a join orgs_organisation o on o.id = a.organisation_id
    where a.campaign_id = %(campaign)s and a.standing is not null
        and (%(sector)s::text is null or o.sector_id = (select id from orgs_sector where code = %(sector)s::text))
        and (%(province)s::text is null
            or o.province_id = (select id from orgs_province where code = %(province)s::text))
        and (%(tier)s::int is null or o.tier = %(tier)s::int)
"""


def constituency_gaps(
    campaign: Campaign,
    loaded: LoadedFramework,
    *,
    sector: str | None = None,
    province: str | None = None,
    tier: int | None = None,
    top: int | None = None,
) -> ConstituencyGaps:
    """The requirements that the organisations the actor sees miss most heavily, exact and from the answers as they are.

    Heavily: the sum over organisations of criticality x weight x levels missing.
    """
    wanted: dict[str, Any] = {"campaign": campaign.pk, "sector": sector, "province": province, "tier": tier}
    cohort = Assessment.objects.filter(campaign=campaign)
    if sector:
        cohort = cohort.filter(organisation__sector__code=sector)
    if province:
        cohort = cohort.filter(organisation__province__code=province)
    if tier:
        cohort = cohort.filter(organisation__tier=tier)
    waiting = cohort.filter(standing=None).count()
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, wanted)
        (blob, tiers, profiles, organisations) = cursor.fetchone()
    if not organisations:
        return ConstituencyGaps(organisations=0, waiting=waiting, lines=())
    levels = matrix(bytes(blob), len(loaded.requirements))
    target = _targets(profiles, loaded)
    weight_of_tier = np.array([0.0, *(CRITICALITY_WEIGHT[tier] for tier in (1, 2, 3, 4))])
    criticality: Floats = weight_of_tier[np.array(tiers)]
    ranked = rank_requirements(levels, target, loaded.rules.weights, criticality, top=top)
    asked = np.count_nonzero((target <= loaded.rules.top_level) & (levels != NOT_APPLICABLE), axis=0)
    lines = tuple(
        RequirementLine(
            rank=rank,
            requirement=loaded.requirements[position],
            group=loaded.groups[loaded.requirements[position].group],
            short=int(ranked.short[position]),
            unanswered=int(ranked.unanswered[position]),
            asked=int(asked[position]),
            distance=float(ranked.distance[position]),
            priority=float(ranked.priority[position]),
        )
        for rank, position in enumerate((int(place) for place in ranked.order), start=1)
    )
    return ConstituencyGaps(organisations=organisations, waiting=waiting, lines=lines)


def _targets(profiles: list[str], loaded: LoadedFramework) -> NDArray[np.uint8]:
    names, place = np.unique(np.array(profiles, dtype=str), return_inverse=True)
    rows = np.stack([loaded.target(str(name)) for name in names])
    return rows[place]


def shown_level(level: int) -> int | None:
    """A byte of an answer vector as a level; None where it is not answered or not applicable."""
    return None if level in (UNANSWERED, NOT_APPLICABLE) else level
