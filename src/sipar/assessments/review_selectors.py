"""Reading what waits for review, what reviewers said, and what an answer looks like to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db.models import Exists, OuterRef, Q, QuerySet

from sipar.assessments.answer_changes import Answer
from sipar.assessments.engagement_selectors import engagements_in_force
from sipar.assessments.models import AnswerNote, Assessment, Campaign, Evidence, Review, SiteSample
from sipar.assessments.selectors import VECTORS, evidence_of, last_years_answers, notes_of
from sipar.core.acting import Actor
from sipar.formats.catalogue import Requirement
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.people.roles import TEAM_ROLES
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels
from sipar.posture.targets import NOTHING_ASKED
from sipar.teams.models import Membership

# A jump of two levels in one year is rare enough to be looked at by a person.
BIG_JUMP = 2
# From this level on a claim needs something that shows it.
NEEDS_EVIDENCE = 2


def review_queue(
    actor: Actor,
    *,
    now: datetime,
    state: str = "submitted",
    team: int | None = None,
    sector: str = "",
    tier: int | None = None,
    campaign: str = "",
) -> QuerySet[Assessment]:
    """Assessments that the actor decides on or recommends for, the oldest submission first, without their vectors.

    `team` keeps those whose responsible CERT it is.
    """
    teams = [grant.team for grant in actor.grants if grant.role in TEAM_ROLES]
    lead = Membership.objects.filter(organisation=OuterRef("organisation"), lead=True)
    engaged = engagements_in_force(actor, now=now).filter(
        organisation=OuterRef("organisation"), engagement__campaign=OuterRef("campaign")
    )
    mine = Q(campaign__lead_team__in=teams) | Exists(lead.filter(team__in=teams)) if teams else Q(Exists(engaged))
    rows = Assessment.objects.filter(mine, state=state).exclude(organisation__in=actor.organisations)
    if team is not None:
        rows = rows.filter(Exists(lead.filter(team=team)))
    if sector:
        rows = rows.filter(organisation__sector__code=sector)
    if tier is not None:
        rows = rows.filter(organisation__tier=tier)
    if campaign:
        rows = rows.filter(campaign__code=campaign)
    return rows.select_related("organisation__sector", "campaign").defer(*VECTORS).order_by("submitted_at", "id")


def responsible_teams(organisations: Sequence[int]) -> dict[int, dict[str, str]]:
    """The name of the responsible CERT of each organisation."""
    rows = Membership.objects.filter(organisation__in=organisations, lead=True).select_related("team")
    return {row.organisation_id: row.team.name for row in rows}


def words_on(assessment: Assessment, *, positions: Sequence[int] | None = None) -> list[Review]:
    """Everything that was said about the last submission, the oldest first."""
    rows = Review.objects.filter(assessment=assessment, submission_number=assessment.submissions)
    if positions is not None:
        rows = rows.filter(position__in=positions)
    return list(rows.select_related("reviewer").order_by("reviewed_at", "id"))


def decisions(words: Sequence[Review]) -> dict[int, Review]:
    """The decision that stands for each position: the last one that is not a recommendation."""
    return {word.position: word for word in words if word.position is not None and not word.recommendation}


@dataclass(frozen=True)
class Remark:
    """What a reviewer wants the organisation to read; `position` is None for a word on the whole."""

    position: int | None
    requirement: str
    decision: str
    reason: str
    from_level: int | None
    to_level: int | None
    reviewer: str
    reviewed_at: datetime
    on_site: bool


def open_remarks(assessment: Assessment) -> list[Remark]:
    """Why answers of the last submission were returned or adjusted, in the order of the framework, the whole first.

    Empty again with the next submission. A consultant's recommendations are not among them: they are for the reviewer.
    """
    if assessment.state == "submitted":
        return []
    framework = loaded(assessment.campaign.framework_id)
    words = words_on(assessment)
    standing = [word for word in decisions(words).values() if word.decision != Review.Decision.ACCEPT]
    whole = [word for word in words if word.position is None and word.reason and not word.recommendation]
    standing.sort(key=lambda word: word.position or 0)
    return [
        Remark(
            position=word.position,
            requirement="" if word.position is None else framework.requirements[word.position].id,
            decision=word.decision,
            reason=word.reason,
            from_level=word.from_level,
            to_level=word.to_level,
            reviewer=word.reviewer.name,
            reviewed_at=word.reviewed_at,
            on_site=word.on_site,
        )
        for word in (*whole[-1:], *standing)
    ]


@dataclass(frozen=True)
class SectionProgress:
    """A section in the reviewer's list: how many answers it has, how many are decided, how many need a look."""

    group: str
    title: Mapping[str, str]
    first: str
    answers: int
    decided: int
    returned: int


@dataclass(frozen=True)
class AnswerView:
    """One answer as the reviewer sees it. Levels are bytes of an answer vector."""

    position: int
    requirement: Requirement
    level: int
    submitted_level: int
    target: int | None
    note: AnswerNote | None
    evidence: Sequence[Evidence]
    last_year: Answer | None
    flags: Sequence[str]
    words: Sequence[Review]
    decision: Review | None


def standing_of(assessment: Assessment, framework: LoadedFramework) -> Levels:
    """The answers that stand, as uint8[R]; unanswered where nothing was submitted."""
    if assessment.standing is None:
        return np.full(len(framework.requirements), UNANSWERED, dtype=np.uint8)
    return np.frombuffer(bytes(assessment.standing), dtype=np.uint8)


def sections_of(
    assessment: Assessment, framework: LoadedFramework, decided: Mapping[int, Review]
) -> list[SectionProgress]:
    """The sections in order, with how far the review of each is."""
    return [
        SectionProgress(
            group=group,
            title=framework.groups[group].title,
            first=framework.requirements[positions[0]].id,
            answers=len(positions),
            decided=sum(position in decided for position in positions),
            returned=sum(
                position in decided and decided[position].decision == Review.Decision.RETURN for position in positions
            ),
        )
        for group, positions in framework.sections.items()
    ]


def answer_for_review(
    assessment: Assessment, framework: LoadedFramework, position: int, words: Sequence[Review]
) -> AnswerView:
    """One answer with everything that a reviewer needs beside it; `words` are all words on the submission."""
    notes, evidence = notes_of(assessment, [position]), evidence_of(assessment, [position])
    said = [word for word in words if word.position == position]
    level = int(standing_of(assessment, framework)[position])
    adjusted = next(
        (word for word in said if word.decision == Review.Decision.ADJUST and not word.recommendation), None
    )
    target = int(framework.target(assessment.profile)[position])
    return AnswerView(
        position=position,
        requirement=framework.requirements[position],
        level=level,
        submitted_level=level if adjusted is None or adjusted.from_level is None else adjusted.from_level,
        target=None if target == NOTHING_ASKED else target,
        note=notes.get(position),
        evidence=evidence.get(position, ()),
        last_year=last_years_answers(assessment, framework, [position]).get(position),
        flags=flags_of(assessment, framework, [position], notes=notes, evidence=evidence, words=said)[position],
        words=said,
        decision=decisions(said).get(position),
    )


def flags_of(
    assessment: Assessment,
    framework: LoadedFramework,
    positions: Sequence[int],
    *,
    notes: Mapping[int, AnswerNote],
    evidence: Mapping[int, Sequence[Evidence]],
    words: Sequence[Review],
) -> dict[int, list[str]]:
    """Why each answer needs a person's look; an answer without a flag is unproblematic.

    Flags: unanswered, not_applicable, no_evidence, jump (well above last year), recommended (a consultant would not
    accept it).
    """
    standing = standing_of(assessment, framework)
    before = None if assessment.carried is None else np.frombuffer(bytes(assessment.carried), dtype=np.uint8)
    doubted = {word.position for word in words if word.recommendation and word.decision != Review.Decision.ACCEPT}
    found: dict[int, list[str]] = {}
    for position in positions:
        level = int(standing[position])
        earlier = UNANSWERED if before is None else int(before[position])
        shown = bool(evidence.get(position)) or (position in notes and bool(notes[position].comment))
        checks = {
            "unanswered": level == UNANSWERED,
            "not_applicable": level == NOT_APPLICABLE,
            "no_evidence": NEEDS_EVIDENCE <= level < NOT_APPLICABLE and not shown,
            "jump": level < NOT_APPLICABLE and earlier < NOT_APPLICABLE and level - earlier >= BIG_JUMP,
            "recommended": position in doubted,
        }
        found[position] = [name for name, holds in checks.items() if holds]
    return found


def samples_of(assessment: Assessment) -> list[SiteSample]:
    """What was drawn to be verified on site, the newest draw first."""
    return list(SiteSample.objects.filter(assessment=assessment).order_by("-drawn_at", "-id"))


def sampled_in(campaign: Campaign) -> QuerySet[SiteSample]:
    """Every draw in a campaign that the actor sees, with its organisation, the newest first."""
    return (
        SiteSample.objects.filter(assessment__campaign=campaign)
        .select_related("organisation", "assessment")
        .defer(*(f"assessment__{name}" for name in VECTORS))
        .order_by("-drawn_at", "-id")
    )


def verified_positions(assessments: Sequence[int]) -> dict[int, dict[int, Review]]:
    """What was found on site: by assessment and position, the last on-site word."""
    found: dict[int, dict[int, Review]] = {}
    rows = Review.objects.filter(assessment__in=assessments, on_site=True, recommendation=False)
    for row in rows.select_related("reviewer").order_by("reviewed_at", "id"):
        if row.position is not None:
            found.setdefault(row.assessment_id, {})[row.position] = row
    return found
