"""REST operations of campaigns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from sipar.assessments import campaign_selectors as selectors
from sipar.assessments.campaign_actions import launch_campaign
from sipar.assessments.campaign_policy import CAMPAIGN_HEAD, CAMPAIGN_READERS
from sipar.core.api import PROBLEMS, Entry

router = Router(tags=["campaigns"])


class CampaignOut(Schema):
    """One campaign. `framework_id` is the framework version, `profiles` maps a tier to its target profile."""

    code: str
    name: dict[str, str]
    purpose: dict[str, str]
    state: str
    framework_id: int
    profiles: dict[str, str]
    opens_at: datetime
    closes_at: datetime
    lead_team_id: int
    organisations: int
    launched_at: datetime | None


class ProgressOut(Schema):
    """Counts over the organisations that the caller may count; see `delivered` for those that submitted."""

    asked: int
    not_started: int
    started: int
    submitted: int
    returned: int
    accepted: int
    delivered: int
    delivered_share: float
    answered_share: float | None


class LaunchOut(Schema):
    """The background work that was begun."""

    run: int
    state: str


@router.get("/", auth=Entry(CAMPAIGN_READERS), response={200: list[CampaignOut], **PROBLEMS})
def list_campaigns(request: HttpRequest) -> Any:
    """Every campaign open to the caller, newest first."""
    return list(selectors.campaigns_for(request.actor)[:1_000])  # type: ignore[attr-defined]


@router.get("/{code}/progress", auth=Entry(CAMPAIGN_READERS), response={200: ProgressOut, **PROBLEMS})
def get_campaign_progress(request: HttpRequest, code: str) -> Any:
    """How far the answering of a campaign is."""
    actor = request.actor  # type: ignore[attr-defined]
    return selectors.progress_of(actor, selectors.access_campaign(actor, code))


@router.post("/{code}/launch", auth=Entry(CAMPAIGN_HEAD), response={202: LaunchOut, **PROBLEMS})
def post_campaign_launch(request: HttpRequest, code: str) -> Any:
    """Begin the launch of a draft; a token needs the scope `review`."""
    actor = request.actor  # type: ignore[attr-defined]
    run = launch_campaign(actor, selectors.access_campaign(actor, code), now=timezone.now())
    return Status(202, {"run": run.pk, "state": run.state})
