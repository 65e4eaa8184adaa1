"""Reviewing: accept, return with a reason, adjust with both values and the reason kept; sampling and site visits.

A review is written once and never changed. The standing answers follow the adjustments; what was signed stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from sipar.assessments.gap_selectors import CRITICALITY_WEIGHT
from sipar.assessments.models import Assessment, Campaign, Review, SiteSample
from sipar.assessments.review_policy import require_may_decide, require_may_draw_for, require_part
from sipar.assessments.review_selectors import decisions, flags_of, standing_of, words_on
from sipar.assessments.scoring import rescored
from sipar.assessments.selectors import access_assessment, evidence_of, notes_of
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Invalid, Place, not_open
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.posture.levels import NOT_APPLICABLE
from sipar.posture.sampling import claim_risk, draw

MOST_SAMPLED = 200


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a reviewer says of one answer. `seen_level` is the byte that stood there when they looked."""

    position: int
    decision: str
    seen_level: int
    reason: str = ""
    to_level: int | None = None
    on_site: bool = False


@action("review.decide")
def review_answer(actor: Actor, assessment_id: int, verdict: Verdict, *, submission: int, now: datetime) -> Review:
    """Say something of one answer of submission number `submission`; returns the review.

    Who is responsible decides, and an adjustment changes the standing answer at once. A consultant recommends, and
    changes nothing. Raises Conflict `review.stale` where there is a newer submission, where another reviewer changed
    the level meanwhile, or where the assessment is not under review.
    """
    assessment = access_assessment(actor, assessment_id, for_update=True)
    part = require_part(actor, assessment, now=now)
    framework = loaded(assessment.campaign.framework_id)
    _refuse_bad_verdict(verdict, framework)
    _refuse_stale(assessment, submission, also_accepted=verdict.on_site)
    standing = standing_of(assessment, framework)
    level = int(standing[verdict.position])
    if level != verdict.seen_level:
        raise Conflict(_("Another reviewer changed this level meanwhile. Look at it again."), code="review.stale")
    adjusts = verdict.decision == Review.Decision.ADJUST
    review = Review.objects.create(
        assessment=assessment,
        organisation_id=assessment.organisation_id,
        submission_number=submission,
        position=verdict.position,
        decision=verdict.decision,
        from_level=level if adjusts else None,
        to_level=verdict.to_level if adjusts else None,
        reason=verdict.reason.strip(),
        on_site=verdict.on_site,
        recommendation=part == "recommend",
        reviewer_id=actor.account,
        reviewed_at=now,
    )
    if adjusts and part == "decide" and verdict.to_level is not None:
        changed = standing.copy()
        changed[verdict.position] = verdict.to_level
        assessment.standing = changed.tobytes()
        scores = rescored(assessment, changed, framework)
        for name, value in scores.items():
            setattr(assessment, name, value)
        # `answered` says what the organisation answered; a reviewer does not change that.
        assessment.save(update_fields=["standing", *(name for name in scores if name != "answered")])
    return review


@action("review.accept_section")
def accept_section(actor: Actor, assessment_id: int, group: str, *, submission: int, now: datetime) -> int:
    """Accept every answer of a section that is undecided and has nothing that needs a look; returns how many."""
    assessment = access_assessment(actor, assessment_id, for_update=True)
    require_may_decide(actor, assessment, now=now)
    framework = loaded(assessment.campaign.framework_id)
    positions = framework.sections.get(group)
    if positions is None:
        raise not_open("section")
    _refuse_stale(assessment, submission)
    words = words_on(assessment, positions=positions)
    flags = flags_of(
        assessment,
        framework,
        positions,
        notes=notes_of(assessment, positions),
        evidence=evidence_of(assessment, positions),
        words=words,
    )
    decided = decisions(words)
    plain = [position for position in positions if position not in decided and not flags[position]]
    Review.objects.bulk_create(
        Review(
            assessment=assessment,
            organisation_id=assessment.organisation_id,
            submission_number=submission,
            position=position,
            decision=Review.Decision.ACCEPT,
            reviewer_id=actor.account,
            reviewed_at=now,
        )
        for position in plain
    )
    return len(plain)


@action("review.accept")
def accept_assessment(actor: Actor, assessment_id: int, *, submission: int, reason: str, now: datetime) -> None:
    """Accept the whole submission with the adjustments made. Raises Conflict while a returned answer is open."""
    assessment = access_assessment(actor, assessment_id, for_update=True)
    require_may_decide(actor, assessment, now=now)
    _refuse_stale(assessment, submission)
    if _returned(assessment):
        raise Conflict(
            _("Answers are marked to be returned. Return the assessment, or decide them again."),
            code="review.returned_answers",
        )
    _say_of_whole(actor, assessment, Review.Decision.ACCEPT, reason, now=now)
    assessment.state, assessment.accepted_at = "accepted", now
    assessment.save(update_fields=["state", "accepted_at"])


@action("review.return")
def return_assessment(actor: Actor, assessment_id: int, *, submission: int, reason: str, now: datetime) -> None:
    """Give the whole back to the organisation, which then reads every reason. An accepted one can be reopened so.

    Raises Invalid where there is no reason at all: neither for the whole nor at any answer.
    """
    assessment = access_assessment(actor, assessment_id, for_update=True)
    require_may_decide(actor, assessment, now=now)
    _refuse_stale(assessment, submission, also_accepted=True)
    if not reason.strip() and not _returned(assessment):
        sentence = _("Say what the organisation should do, or return single answers with a reason.")
        raise Invalid(sentence, code="review.reason", places=[Place("reason", sentence)])
    _say_of_whole(
        actor, assessment, Review.Decision.RETURN, reason.strip() or _("See the reasons at the answers."), now=now
    )
    assessment.state, assessment.accepted_at = "returned", None
    assessment.save(update_fields=["state", "accepted_at"])


@action("review.sample")
def sample_answers(actor: Actor, assessment_id: int, *, size: int, seed: int, now: datetime) -> SiteSample:
    """Draw the answers of one assessment that are verified on site, by risk and seed."""
    assessment = access_assessment(actor, assessment_id, for_update=True)
    require_may_decide(actor, assessment, now=now)
    _refuse_bad_draw(size, seed)
    if assessment.standing is None:
        raise Conflict(_("Nothing has been submitted yet."), code="review.nothing_submitted")
    row = _sample(actor, assessment, loaded(assessment.campaign.framework_id), size=size, seed=seed, now=now)
    row.save()
    return row


@action("review.sample_campaign")
def sample_campaign(
    actor: Actor, campaign: Campaign, *, organisations: int, answers: int, seed: int, now: datetime
) -> int:
    """Draw organisations of a campaign to visit, and the answers to verify at each; returns how many organisations.

    Only those under review or accepted are drawn, each by the risk of all that it claims.
    """
    require_may_draw_for(actor, campaign)
    _refuse_bad_draw(organisations, seed)
    _refuse_bad_draw(answers, seed)
    framework = loaded(campaign.framework_id)
    rows = _claiming(campaign)
    keys = list(rows.values_list("pk", "organisation__tier", "standing"))
    if not keys:
        raise Conflict(_("Nothing has been submitted yet."), code="review.nothing_submitted")
    levels = np.frombuffer(b"".join(bytes(key[2] or b"") for key in keys), dtype=np.uint8).reshape(len(keys), -1)
    tiers = np.array([CRITICALITY_WEIGHT[key[1]] for key in keys])
    risk = claim_risk(levels, framework.rules.weights, tiers, top_level=framework.catalogue.top_level).sum(axis=1)
    chosen = [keys[int(place)][0] for place in draw(risk, organisations, [seed, campaign.pk]).chosen]
    drawn = rows.filter(pk__in=chosen).select_related("organisation")
    SiteSample.objects.bulk_create(
        _sample(actor, assessment, framework, size=answers, seed=seed, now=now) for assessment in drawn
    )
    return len(chosen)


def _claiming(campaign: Campaign) -> QuerySet[Assessment]:
    rows = Assessment.objects.filter(campaign=campaign, standing__isnull=False, state__in=("submitted", "accepted"))
    return rows.order_by("pk")


def _sample(
    actor: Actor, assessment: Assessment, framework: LoadedFramework, *, size: int, seed: int, now: datetime
) -> SiteSample:
    levels = standing_of(assessment, framework)[None, :]
    criticality = np.array([CRITICALITY_WEIGHT[assessment.organisation.tier]])
    risk = claim_risk(levels, framework.rules.weights, criticality, top_level=framework.catalogue.top_level)[0]
    return SiteSample(
        assessment=assessment,
        organisation_id=assessment.organisation_id,
        positions=[int(place) for place in draw(risk, size, [seed, assessment.pk]).chosen],
        seed=seed,
        drawn_by_id=actor.account,
        drawn_at=now,
    )


def _returned(assessment: Assessment) -> bool:
    standing = decisions(words_on(assessment)).values()
    return any(word.decision == Review.Decision.RETURN for word in standing)


def _say_of_whole(actor: Actor, assessment: Assessment, decision: str, reason: str, *, now: datetime) -> None:
    Review.objects.create(
        assessment=assessment,
        organisation_id=assessment.organisation_id,
        submission_number=assessment.submissions,
        decision=decision,
        reason=reason.strip(),
        reviewer_id=actor.account,
        reviewed_at=now,
    )


def _refuse_stale(assessment: Assessment, submission: int, *, also_accepted: bool = False) -> None:
    if assessment.submissions != submission:
        raise Conflict(_("There is a newer submission by now. Look at that one."), code="review.stale")
    if assessment.state not in (("submitted", "accepted") if also_accepted else ("submitted",)):
        raise Conflict(_("The assessment is not under review any more."), code="review.stale")


def _refuse_bad_verdict(verdict: Verdict, framework: LoadedFramework) -> None:
    if not 0 <= verdict.position < len(framework.requirements):
        raise not_open("answer")
    if verdict.decision not in Review.Decision.values:
        raise _refused("decision", _("Choose to accept, return or adjust."))
    if verdict.decision == Review.Decision.RETURN and verdict.on_site:
        raise _refused("decision", _("On site an answer is confirmed or adjusted."))
    if verdict.decision != Review.Decision.ACCEPT and not verdict.reason.strip():
        raise _refused("reason", _("Give the reason: the organisation reads it."))
    if verdict.decision == Review.Decision.ADJUST:
        allowed = (*range(framework.catalogue.top_level + 1), NOT_APPLICABLE)
        if verdict.to_level not in allowed:
            raise _refused("to_level", _("Choose the level that the answer should have."))
        if verdict.to_level == verdict.seen_level:
            raise _refused("to_level", _("This is the level that the answer has already."))


def _refuse_bad_draw(size: int, seed: int) -> None:
    if not 1 <= size <= MOST_SAMPLED:
        raise _refused("size", _("Draw between 1 and %(most)s.") % {"most": MOST_SAMPLED})
    if not 0 <= seed < 2**63:
        raise _refused("seed", _("The seed is a whole number of at least 0."))


def _refused(where: str, sentence: str) -> Invalid:
    return Invalid(sentence, code="review.input", places=[Place(where, sentence)])
