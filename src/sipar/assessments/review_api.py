"""Gaps, roadmaps and OSCAL documents for programs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from sipar.assessments.campaign_selectors import access_campaign
from sipar.assessments.gap_selectors import constituency_gaps, gaps_of, live_items, require_gaps
from sipar.assessments.models import RoadmapItem
from sipar.assessments.oscal_selectors import PLAN, POAM, RESULTS, oscal_document
from sipar.assessments.roadmap_selectors import is_overdue, items_open_to
from sipar.assessments.roadmap_views import today_of
from sipar.assessments.selectors import access_assessment
from sipar.core.api import PROBLEMS, Entry, Window
from sipar.core.http import ActorRequest
from sipar.frameworks.selectors import loaded
from sipar.people.gates import ASSESSMENT_READERS, TEAM

router = Router(tags=["gaps"])
MOST_ITEMS = 1_000


class GapSchema(Schema):
    rank: int
    requirement: str
    level: int | None
    target: int
    distance: int
    weight: float
    priority: float
    reason: str
    roadmap_item: int | None


class GapsSchema(Schema):
    assessment: int
    organisation: str
    campaign: str
    submitted: bool
    gaps: list[GapSchema]


class RequirementGapSchema(Schema):
    rank: int
    requirement: str
    short: int
    asked: int
    unanswered: int
    mean_distance: float
    priority: float


class ConstituencyGapsSchema(Schema):
    campaign: str
    organisations: int
    waiting: int
    requirements: list[RequirementGapSchema]


class RoadmapItemSchema(Schema):
    id: int
    organisation: str
    campaign: str
    requirement: str
    title: str
    target_level: int
    owner: str
    starts_on: date | None
    due_on: date
    cost: Decimal | None
    state: str
    overdue: bool
    depends_on: int | None


class RoadmapSchema(Schema):
    items: list[RoadmapItemSchema]
    total: int


@router.get(
    "/assessments/{int:assessment_id}/gaps",
    auth=Entry(ASSESSMENT_READERS),
    response={200: GapsSchema, **PROBLEMS},
    summary="Ranked gaps of an assessment",
)
def assessment_gaps(request: ActorRequest, assessment_id: int) -> dict[str, Any]:
    actor = request.actor
    assessment = access_assessment(actor, assessment_id)
    require_gaps(actor, assessment)
    items = live_items(assessment.organisation_id, assessment.campaign_id)
    found = gaps_of(assessment, loaded(assessment.campaign.framework_id), items=items)
    return {
        "assessment": assessment.pk,
        "organisation": assessment.organisation.identifier,
        "campaign": assessment.campaign.code,
        "submitted": assessment.standing is not None,
        "gaps": [
            {
                "rank": gap.rank,
                "requirement": gap.requirement.id,
                "level": gap.level,
                "target": gap.target,
                "distance": gap.distance,
                "weight": gap.weight,
                "priority": gap.priority,
                "reason": gap.reason,
                "roadmap_item": gap.item.pk if gap.item else None,
            }
            for gap in found
        ],
    }


@router.get(
    "/campaigns/{code}/gaps",
    auth=Entry(TEAM),
    response={200: ConstituencyGapsSchema, **PROBLEMS},
    summary="Heaviest gaps of the constituency in a campaign",
)
def campaign_gaps(request: ActorRequest, code: str) -> dict[str, Any]:
    campaign = access_campaign(request.actor, code.replace("\x00", ""))
    found = constituency_gaps(campaign, loaded(campaign.framework_id))
    return {
        "campaign": campaign.code,
        "organisations": found.organisations,
        "waiting": found.waiting,
        "requirements": [
            {
                "rank": line.rank,
                "requirement": line.requirement.id,
                "short": line.short,
                "asked": line.asked,
                "unanswered": line.unanswered,
                "mean_distance": line.distance,
                "priority": line.priority,
            }
            for line in found.lines
        ],
    }


class RoadmapWindow(Window):
    state: Literal["", "planned", "doing", "done", "dropped", "overdue"] = ""
    limit: Annotated[int, Field(ge=1, le=MOST_ITEMS)] = 100


@router.get(
    "/roadmap",
    auth=Entry(ASSESSMENT_READERS),
    response={200: RoadmapSchema, **PROBLEMS},
    summary="Roadmap items, the earliest due first",
)
def roadmap_items(request: ActorRequest, window: Query[RoadmapWindow]) -> dict[str, Any]:
    now = timezone.now()
    today = today_of(now)
    rows = items_open_to(request.actor, now=now)
    if window.state == "overdue":
        rows = rows.filter(state__in=("planned", "doing"), due_on__lt=today)
    elif window.state:
        rows = rows.filter(state=window.state)
    return {"total": rows.count(), "items": [_item(item, today) for item in window.of(rows)]}


def _item(item: RoadmapItem, today: date) -> dict[str, Any]:
    return {
        "id": item.pk,
        "organisation": item.organisation.identifier,
        "campaign": item.campaign.code,
        "requirement": item.requirement,
        "title": item.title,
        "target_level": item.target_level,
        "owner": item.owner_name,
        "starts_on": item.starts_on,
        "due_on": item.due_on,
        "cost": item.cost,
        "state": item.state,
        "overdue": is_overdue(item, today=today),
        "depends_on": item.depends_on_id,
    }


@router.get(
    "/assessments/{int:assessment_id}/oscal/plan",
    auth=Entry(ASSESSMENT_READERS),
    response={200: dict[str, Any], **PROBLEMS},
    summary="OSCAL assessment plan",
)
def oscal_plan(request: ActorRequest, assessment_id: int) -> HttpResponse:
    return _document(request, assessment_id, PLAN)


@router.get(
    "/assessments/{int:assessment_id}/oscal/results",
    auth=Entry(ASSESSMENT_READERS),
    response={200: dict[str, Any], **PROBLEMS},
    summary="OSCAL assessment results",
)
def oscal_results(request: ActorRequest, assessment_id: int) -> HttpResponse:
    return _document(request, assessment_id, RESULTS)


@router.get(
    "/assessments/{int:assessment_id}/oscal/poam",
    auth=Entry(ASSESSMENT_READERS),
    response={200: dict[str, Any], **PROBLEMS},
    summary="OSCAL plan of action and milestones",
)
def oscal_poam(request: ActorRequest, assessment_id: int) -> HttpResponse:
    return _document(request, assessment_id, POAM)


def _document(request: ActorRequest, assessment_id: int, model: str) -> HttpResponse:
    assessment = access_assessment(request.actor, assessment_id)
    return HttpResponse(oscal_document(assessment, model, now=timezone.now()), content_type="application/json")
