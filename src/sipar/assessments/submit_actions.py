"""Signing: the organisation's answers become a version that nobody changes any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sipar.assessments.actions import open_for_answers
from sipar.assessments.models import AnswerNote, Submission
from sipar.assessments.policy import SIGNING_ROLES, require_may_submit
from sipar.assessments.progress import progress_of
from sipar.assessments.scoring import rescored
from sipar.assessments.selectors import access_assessment, evidence_of, notes_of, working_levels
from sipar.assessments.submissions import digest_of, document_of
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Forbidden, Invalid, Place
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.posture.levels import NOT_APPLICABLE, Levels

SECOND_FACTOR_LASTS = timedelta(minutes=5)


@dataclass(frozen=True)
class SecondFactor:
    """How and when the person who signs last showed a second factor."""

    method: str
    shown_at: datetime


@action("assessment.submit")
def submit_assessment(
    actor: Actor,
    assessment_id: int,
    *,
    version: int,
    second_factor: SecondFactor | None,
    accept_missing: bool = False,
    now: datetime,
) -> Submission:
    """Sign the answers as they stand at `version` and hand them in; returns the signed version.

    Needs a second factor of the last five minutes. Every carried answer must be confirmed or changed, and answers
    that are missing must be accepted as such. Raises Forbidden, Conflict or Invalid; nothing is kept then.
    """
    assessment = access_assessment(actor, assessment_id)
    require_may_submit(actor, assessment)
    if second_factor is None or not timedelta(0) <= now - second_factor.shown_at <= SECOND_FACTOR_LASTS:
        raise Forbidden(_("Show your second factor again to sign."), code="second_factor")
    assessment = open_for_answers(actor, assessment_id, now=now)
    if version != assessment.version:
        raise Conflict(
            _("The answers changed since you checked them. Check them again, then sign."), code="assessment.version"
        )
    framework = loaded(assessment.campaign.framework_id)
    levels, notes = working_levels(assessment, framework), notes_of(assessment)
    progress = progress_of(assessment, framework)
    places = [
        *_only_carried(progress.unconfirmed),
        *_without_reason(framework, levels, notes),
        *([] if accept_missing else _missing(progress.missing)),
    ]
    if places:
        raise Invalid(_("The assessment is not ready to be signed."), code="assessment.unready", places=places)
    number = assessment.submissions + 1
    document = document_of(
        assessment, framework, number=number, levels=levels, notes=notes, evidence=evidence_of(assessment)
    )
    submission = Submission.objects.create(
        assessment=assessment,
        organisation_id=assessment.organisation_id,
        number=number,
        levels=levels.tobytes(),
        snapshot=document,
        digest=digest_of(document),
        signed_by_id=actor.account,
        signed_at=now,
        signed_as=next(role for role in reversed(SIGNING_ROLES) if actor.holds_at(assessment.organisation_id, role)),
        second_factor=second_factor.method[:20],
    )
    assessment.levels = assessment.standing = levels.tobytes()
    assessment.state, assessment.submissions = "submitted", number
    assessment.submitted_at, assessment.submitted_by_id, assessment.accepted_at = now, actor.account, None
    scores = rescored(assessment, levels, framework)
    for name, value in scores.items():
        setattr(assessment, name, value)
    assessment.save(
        update_fields=[
            "levels", "standing", "state", "submissions", "submitted_at", "submitted_by_id", "accepted_at", *scores,
        ]
    )  # fmt: skip
    return submission


def _only_carried(carried: int) -> list[Place]:
    sentence = ngettext(
        "%(number)s answer is only carried forward from last year. Confirm or change it.",
        "%(number)s answers are only carried forward from last year. Confirm or change them.",
        carried,
    )
    return [Place("carried", sentence % {"number": carried})] if carried else []


def _missing(missing: int) -> list[Place]:
    sentence = ngettext(
        "%(number)s requirement has no answer. Answer it, or say that it is to be handed in so.",
        "%(number)s requirements have no answer. Answer them, or say that they are to be handed in so.",
        missing,
    )
    return [Place("accept_missing", sentence % {"number": missing})] if missing else []


def _without_reason(framework: LoadedFramework, levels: Levels, notes: dict[int, AnswerNote]) -> list[Place]:
    return [
        Place(framework.requirements[place].id, _("This is marked not applicable without a reason."))
        for place in np.flatnonzero(levels == NOT_APPLICABLE).tolist()
        if place not in notes or not notes[place].not_applicable_reason
    ]
