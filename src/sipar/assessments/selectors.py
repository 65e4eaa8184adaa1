"""Reading assessments and the answers in them."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from sipar.assessments.models import Assessment
from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.frameworks.selectors import LoadedFramework
from sipar.posture.levels import UNANSWERED, Levels

OPEN_STATES = ("open", "returned")
TOUCHED = np.dtype("<u4")


def access_assessment(actor: Actor, assessment_id: int, *, for_update: bool = False) -> Assessment:
    """The assessment with its campaign and organisation; raises `NotFound` where it is not open to the actor.

    `for_update` locks the row until the transaction ends.
    """
    rows = Assessment.objects.select_related("campaign", "organisation")
    if for_update:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(pk=assessment_id).first()
    if found is None:
        raise not_open("assessment")
    return found


def working_levels(assessment: Assessment, loaded: LoadedFramework) -> Levels:
    """A copy of what the organisation is writing, as uint8[R]: its levels, else the carried ones, else unanswered."""
    blob = assessment.levels or assessment.carried
    if blob is None:
        return np.full(len(loaded.requirements), UNANSWERED, dtype=np.uint8)
    return np.frombuffer(bytes(blob), dtype=np.uint8).copy()


def touched_by(assessment: Assessment, loaded: LoadedFramework) -> NDArray[np.uint32]:
    """A copy of the number of the save that last wrote each answer, as uint32[R]; 0 where none did."""
    if assessment.touched is None:
        return np.zeros(len(loaded.requirements), dtype=TOUCHED)
    return np.frombuffer(bytes(assessment.touched), dtype=TOUCHED).copy()


def unconfirmed(assessment: Assessment, loaded: LoadedFramework) -> NDArray[np.bool_]:
    """Which answers stand only because they were carried forward, as bool[R]."""
    if assessment.carried is None:
        return np.zeros(len(loaded.requirements), dtype=np.bool_)
    carried = np.frombuffer(bytes(assessment.carried), dtype=np.uint8)
    untouched = touched_by(assessment, loaded) == 0
    return (carried != UNANSWERED) & untouched & (working_levels(assessment, loaded) == carried)


def is_open_for_answers(assessment: Assessment, *, now: datetime) -> bool:
    """Whether the campaign runs now and the assessment is with the organisation."""
    campaign = assessment.campaign
    runs = campaign.state == "open" and campaign.opens_at <= now <= campaign.closes_at
    return runs and assessment.state in OPEN_STATES
