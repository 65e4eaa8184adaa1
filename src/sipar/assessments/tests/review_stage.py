"""Assessments in the states that reviewing, gaps, roadmaps and OSCAL start from."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from tests.cast import NOW, Cast

from sipar.assessments.models import AnswerNote, Assessment, Campaign, Evidence, Submission
from sipar.assessments.scoring import rescored
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.frameworks.selectors import loaded
from sipar.posture.levels import UNANSWERED, Levels


def some_levels(requirements: int, *, level: int = 2) -> Levels:
    """Every requirement at `level`, but the first two unanswered."""
    levels = np.full(requirements, level, dtype=np.uint8)
    levels[:2] = UNANSWERED
    return levels


def submitted(cast: Cast, campaign: Campaign, organisation: str, levels: Levels | None = None) -> Assessment:
    """The organisation's assessment as it stands after one more submission, signed by Sipar itself."""
    sipar = system()
    with acting(sipar, reason="submit for a test"):
        framework = loaded(campaign.framework_id)
        row = Assessment.objects.get(campaign=campaign, organisation=cast.organisations[organisation])
        vector = some_levels(len(framework.requirements)) if levels is None else levels
        row.levels = row.standing = vector.tobytes()
        row.submissions += 1
        row.state = "submitted"
        row.submitted_at = NOW + timedelta(hours=row.submissions)
        for name, value in rescored(row, vector, framework).items():
            setattr(row, name, value)
        row.save()
        Submission.objects.create(
            assessment=row,
            organisation=row.organisation,
            number=row.submissions,
            levels=row.standing,
            digest="0" * 64,
            signed_by_id=sipar.account,
            signed_at=NOW,
            signed_as="ciso",
        )
    return row


def with_evidence(assessment: Assessment, position: int, *, link: str = "https://alpha.example/policy") -> None:
    """A note and a link beside one answer."""
    sipar = system()
    with acting(sipar, reason="add evidence for a test"):
        AnswerNote.objects.create(
            assessment=assessment,
            organisation_id=assessment.organisation_id,
            position=position,
            comment="Signed in May.",
        )
        Evidence.objects.create(
            assessment=assessment,
            organisation_id=assessment.organisation_id,
            position=position,
            title="Policy",
            link=link,
            added_by_id=sipar.account,
            added_at=NOW,
        )
