"""What the tests of answering share."""

from __future__ import annotations

from datetime import timedelta

from tests.cast import NOW

from sipar.assessments.actions import Saved, save_answers
from sipar.assessments.answer_changes import Change
from sipar.assessments.models import Assessment, Campaign
from sipar.assessments.submit_actions import SecondFactor
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.posture.levels import UNANSWERED

FRESH = SecondFactor("totp", NOW - timedelta(minutes=1))


def assessment_of(campaign: Campaign, identifier: str) -> Assessment:
    with acting(system(), reason="look"):
        return Assessment.objects.select_related("campaign").get(campaign=campaign, organisation__identifier=identifier)


def alpha(campaign: Campaign) -> Assessment:
    return assessment_of(campaign, "PK-T-0001")


def save(actor: Actor, assessment: Assessment, *changes: Change, version: int = 0) -> Saved:
    with acting(actor, reason="answer"):
        return save_answers(actor, assessment.pk, changes, version=version, now=NOW)


def carry(assessment: Assessment, levels: dict[int, int]) -> None:
    """Put answers of last year into an assessment, as launching a campaign does."""
    vector = bytearray([UNANSWERED]) * 106
    for position, level in levels.items():
        vector[position] = level
    with acting(system(), reason="carry forward"):
        Assessment.objects.filter(pk=assessment.pk).update(carried=bytes(vector))


def fill(actor: Actor, assessment: Assessment, *, level: int = 2) -> Saved:
    """Answer every requirement with one level."""
    return save(actor, assessment, *(Change(position, level=level) for position in range(106)))
