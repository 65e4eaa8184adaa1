"""An organisation against its sector, with small cells suppressed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.db import connection

from sipar.assessments.models import Assessment
from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.posture.levels import matrix
from sipar.posture.scoring import Scores, score
from sipar.posture.suppression import Benchmark, benchmark


@dataclass(frozen=True, eq=False)
class OwnStanding:
    """The newest standing answers of an organisation; `sector` None: too few others, or no own score."""

    assessment: Assessment
    framework: LoadedFramework
    scores: Scores
    sector: Benchmark | None


def own_standing(actor: Actor, organisation: int, *, campaign: str = "") -> OwnStanding | None:
    """Where one of the actor's own organisations stands in its sector, or None before its first submission.

    Raises NotFound for an organisation that is not the actor's own.
    """
    if organisation not in actor.organisations:
        raise not_open("organisation")
    rows = Assessment.objects.filter(organisation=organisation, standing__isnull=False)
    if campaign:
        rows = rows.filter(campaign__code=campaign)
    found = (
        rows.select_related("campaign__framework", "organisation__sector")
        .defer("campaign__framework__document", "levels", "carried")
        .order_by("-campaign__opens_at", "-id")
        .first()
    )
    if found is None:
        return None
    framework = loaded(found.campaign.framework_id)
    scores = score(matrix(bytes(found.standing or b""), framework.rules.requirements), framework.rules)
    with connection.cursor() as cursor:
        cursor.execute(
            "select score from guard.sector_scores(%s, %s) score", [found.campaign_id, found.organisation.sector_id]
        )
        values = np.array([row[0] for row in cursor.fetchall()], dtype=np.float64)
    # The sector's scores come without names; the own one is whichever is equal to it, and equal ones stand alike.
    places = np.flatnonzero(values == found.mean)
    sector = benchmark(values, int(places[0])) if places.size else None
    return OwnStanding(found, framework, scores, sector)
