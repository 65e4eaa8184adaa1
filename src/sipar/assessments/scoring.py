"""The columns of an assessment that are computed from its answers, by `sipar.posture`."""

from __future__ import annotations

from math import isnan
from typing import TypedDict

import numpy as np

from sipar.assessments.models import Assessment
from sipar.frameworks.selectors import LoadedFramework
from sipar.posture.levels import UNANSWERED, Levels
from sipar.posture.scoring import score
from sipar.posture.targets import shortfall


class ScoreColumns(TypedDict):
    """`answered` counts levels and not-applicable alike; `mean` and `floor` are None where nothing counts."""

    answered: int
    mean: float | None
    floor: float | None
    gaps: int
    meets_target: bool


def rescored(assessment: Assessment, vector: Levels, loaded: LoadedFramework) -> ScoreColumns:
    """What the denormalised columns become when `vector` (uint8[R]) is the assessment's answers.

    The target is that of the assessment's profile. Raises PostureProblem for a wrong width or a level off the scale.
    """
    row = np.atleast_2d(vector)
    scores = score(row, loaded.rules)
    missing = int(np.count_nonzero(shortfall(row, loaded.target(assessment.profile))))
    return ScoreColumns(
        answered=int(np.count_nonzero(vector != UNANSWERED)),
        mean=_known(float(scores.mean[0])),
        floor=_known(float(scores.floor[0])),
        gaps=missing,
        meets_target=missing == 0,
    )


def _known(value: float) -> float | None:
    return None if isnan(value) else value
