"""One assessment as the record that the OSCAL writers take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import cast

from django.utils.translation import override

from sipar.assessments.gap_selectors import gaps_of
from sipar.assessments.models import AnswerNote, Assessment, Evidence, Review, RoadmapItem
from sipar.core.problems import Conflict
from sipar.formats import oscal_results_records as oscal
from sipar.formats.oscal_results import FILE_NAMES, write_plan, write_poam, write_results
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, empty

LANGUAGE = "en"
PLAN, RESULTS, POAM = FILE_NAMES
WRITERS: dict[str, Callable[[oscal.AssessmentRecord], bytes]] = {
    PLAN: write_plan,
    RESULTS: write_results,
    POAM: write_poam,
}


def oscal_document(assessment: Assessment, model: str, *, now: datetime) -> bytes:
    """The assessment as one OSCAL 1.1.2 document: `model` is a key of `WRITERS`.

    Raises Conflict `oscal.nothing_submitted` for results of what was never submitted, and `oscal.nothing_to_plan`
    for a POA&M where there is neither gap nor measure: OSCAL knows no empty plan.
    """
    if model != PLAN and assessment.standing is None:
        raise Conflict("Nothing has been submitted yet, so there are no results.", code="oscal.nothing_submitted")
    record = record_of(assessment, now=now)
    if model == POAM and not record.gaps and not record.roadmap:
        raise Conflict("There is no gap and no measure to plan.", code="oscal.nothing_to_plan")
    return WRITERS[model](record)


def record_of(assessment: Assessment, *, now: datetime) -> oscal.AssessmentRecord:
    """Everything that stands in an assessment: levels, notes, evidence, adjustments, gaps and the roadmap, in English.

    The number of queries does not depend on how much that is.
    """
    framework = loaded(assessment.campaign.framework_id)
    organisation, campaign = assessment.organisation, assessment.campaign
    levels = bytes(assessment.standing) if assessment.standing is not None else empty(len(framework.requirements))
    reviews = _reviews(assessment)
    with override(LANGUAGE):
        gaps = gaps_of(assessment, framework) if assessment.standing is not None else []
    return oscal.AssessmentRecord(
        title=_line(f"{campaign.name['en']}: {organisation.name}"),
        version=f"{assessment.submissions}.{assessment.version}",
        language=LANGUAGE,
        now=now,
        organisation=oscal.Party(identifier=organisation.identifier, name=_line(organisation.name)),
        team=oscal.Party(identifier=campaign.lead_team.code, name=_line(campaign.lead_team.name["en"])),
        campaign=oscal.Campaign(
            identifier=campaign.code,
            title=_line(campaign.name["en"]),
            opens=campaign.opens_at,
            closes=campaign.closes_at,
        ),
        catalogue=oscal.CatalogueIdentity(
            identifier=framework.catalogue.identifier,
            version=_line(framework.catalogue.version),
            title=_line(framework.catalogue.title["en"]),
        ),
        requirements=tuple(
            oscal.Requirement(identifier=item.id, title=_line(item.title["en"]), weight=item.weight)
            for item in framework.requirements
        ),
        levels=levels,
        targets=framework.target(assessment.profile).tobytes(),
        reviewers=tuple(
            {
                row.reviewer_id: oscal.Party(identifier=_person(row), name=_line(row.reviewer.name)) for row in reviews
            }.values()
        ),
        notes=_notes(assessment, framework, levels, reviews),
        gaps=tuple(oscal.Gap(requirement=gap.requirement.id, rank=gap.rank, reason=gap.reason) for gap in gaps),
        roadmap=_roadmap(assessment, framework),
    )


def _reviews(assessment: Assessment) -> list[Review]:
    """The words of reviewers on the standing submission that changed or verified an answer, the oldest first."""
    rows = Review.objects.filter(
        assessment=assessment, submission_number=assessment.submissions, position__isnull=False, recommendation=False
    )
    return [
        row
        for row in rows.select_related("reviewer").order_by("reviewed_at", "id")
        if row.on_site or row.decision == Review.Decision.ADJUST
    ]


def _notes(
    assessment: Assessment, framework: LoadedFramework, levels: bytes, reviews: list[Review]
) -> tuple[oscal.Note, ...]:
    written = {note.position: note for note in AnswerNote.objects.filter(assessment=assessment)}
    evidence: dict[int, list[oscal.Evidence]] = defaultdict(list)
    rows = Evidence.objects.filter(assessment=assessment, removed_at=None).select_related("file").order_by("id")
    for row in rows:
        evidence[row.position].append(_evidence(row))
    adjustments: dict[int, list[oscal.Adjustment]] = defaultdict(list)
    verified = set()
    for review in reviews:
        position = cast("int", review.position)
        if review.on_site:
            verified.add(position)
        if review.decision == Review.Decision.ADJUST:
            adjustments[position].append(
                oscal.Adjustment(
                    from_level=_known(review.from_level),
                    to_level=_known(review.to_level),
                    reason=review.reason.strip(),
                    reviewer=_person(review),
                    on_site=review.on_site,
                )
            )
    places = written.keys() | evidence.keys() | adjustments.keys() | verified
    return tuple(
        oscal.Note(
            requirement=framework.requirements[place].id,
            comment=written[place].comment.strip() if place in written else "",
            not_applicable_reason=(
                written[place].not_applicable_reason.strip()
                if place in written and levels[place] == NOT_APPLICABLE
                else ""
            ),
            verified=place in verified,
            evidence=tuple(evidence[place]),
            adjustments=tuple(adjustments[place]),
        )
        for place in sorted(places)
        if place < len(framework.requirements)
    )


def _evidence(row: Evidence) -> oscal.Evidence:
    if row.file is None:
        return oscal.Evidence(title=_line(row.title), href=row.link.strip().replace(" ", "%20"))
    return oscal.Evidence(
        title=_line(row.title),
        href=f"urn:sipar:evidence:{row.pk}",
        sha256=row.file.sha256,
        media_type=row.file.media_type,
    )


def _roadmap(assessment: Assessment, framework: LoadedFramework) -> tuple[oscal.RoadmapItem, ...]:
    rows = RoadmapItem.objects.filter(organisation=assessment.organisation_id, campaign=assessment.campaign_id)
    items = [row for row in rows.select_related("closing_evidence") if row.requirement in framework.positions]
    known = {item.pk for item in items}
    return tuple(
        oscal.RoadmapItem(
            identifier=str(item.pk),
            requirement=item.requirement,
            target_level=item.target_level,
            title=_line(item.title),
            due_on=item.due_on,
            owner=_line(item.owner_name),
            starts_on=item.starts_on,
            cost=item.cost,
            depends_on=str(item.depends_on_id) if item.depends_on_id in known else "",
            state=cast("oscal.RoadmapState", item.state),
            closing_note=item.closing_note.strip(),
            closing_evidence=(
                oscal.Evidence(
                    title=_line(item.closing_evidence.name),
                    href=f"urn:sipar:file:{item.closing_evidence.pk}",
                    sha256=item.closing_evidence.sha256,
                    media_type=item.closing_evidence.media_type,
                )
                if item.closing_evidence
                else None
            ),
        )
        for item in items
    )


def _person(review: Review) -> str:
    return f"account-{review.reviewer_id}"


def _known(level: int | None) -> int | None:
    return None if level == UNANSWERED else level


def _line(text: str) -> str:
    """One line of text, as OSCAL wants its titles."""
    return " ".join(text.split())
