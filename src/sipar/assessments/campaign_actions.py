"""Drafting, launching, extending, closing and reopening campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.text import slugify
from django.utils.translation import gettext as _

from sipar.assessments.campaign_cohort import late_joiners
from sipar.assessments.campaign_launch import place_assessments
from sipar.assessments.campaign_policy import require_may_lead
from sipar.assessments.models import Assessment, Campaign
from sipar.core import jobs
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.models import BackgroundRun
from sipar.core.problems import Conflict, Invalid, Place
from sipar.frameworks.models import Framework
from sipar.frameworks.selectors import loaded
from sipar.nations.constituency import ConstituencyRule
from sipar.teams.models import Team

LAUNCH = "campaign.launch"
TIERS = (1, 2, 3, 4)
# Addresses below /campaigns/ that are pages, not campaigns.
RESERVED_CODES = frozenset({"new", "cohort"})
MOST_JOINERS_AT_ONCE = 5_000


@dataclass(frozen=True, kw_only=True)
class CampaignDraft:
    """What a person decides about a campaign. `profiles`: criticality tier -> profile id; a tier that is left out gets
    the profile `tier-N` where the framework has it, else nothing is asked of it."""

    name: Mapping[str, str]
    purpose: Mapping[str, str]
    framework: Framework
    profiles: Mapping[int, str]
    cohort: ConstituencyRule
    opens_at: datetime
    closes_at: datetime
    lead_team: Team
    previous: Campaign | None = None


@action("campaign.draft")
def draft_campaign(actor: Actor, draft: CampaignDraft, *, now: datetime) -> Campaign:
    """A new campaign that nobody is asked in yet. Raises Forbidden for another team's head, Invalid with places."""
    require_may_lead(actor, draft.lead_team.pk)
    return Campaign.objects.create(
        code=_free_code(draft.name["en"]), created_by_id=actor.account, **_fields(draft, now=now)
    )


@action("campaign.change")
def change_campaign(actor: Actor, campaign: Campaign, draft: CampaignDraft, *, now: datetime) -> Campaign:
    """Change a draft. Once launched, what was asked of whom stays as it is."""
    require_may_lead(actor, campaign.lead_team_id)
    require_may_lead(actor, draft.lead_team.pk)
    changed = Campaign.objects.filter(pk=campaign.pk, state="draft").update(**_fields(draft, now=now, own=campaign.pk))
    if not changed:
        raise Conflict("Only a draft can be changed; this campaign has been launched.", code="campaign.state")
    return Campaign.objects.get(pk=campaign.pk)


@action(LAUNCH)
def launch_campaign(actor: Actor, campaign: Campaign, *, now: datetime) -> BackgroundRun:
    """Begin the launch and return at once; a job places the assessments and opens the campaign."""
    from sipar.assessments import tasks

    require_may_lead(actor, campaign.lead_team_id)
    if campaign.closes_at <= now:
        raise Invalid("The window of this campaign has passed. Change its dates first.", code="campaign.window")
    if not Campaign.objects.filter(pk=campaign.pk, state="draft").update(state="launching"):
        raise Conflict("This campaign has been launched already.", code="campaign.state")
    run = jobs.start_run(actor, kind=LAUNCH, subject=campaign.code, now=now)
    tasks.launch.defer(campaign=campaign.pk, run=run.pk)
    return run


@action("campaign.extend_cohort")
def extend_cohort(actor: Actor, campaign: Campaign, *, identifiers: Sequence[str] | None = None) -> int:
    """Ask organisations that joined the register after the launch: all of the cohort, or those named.

    Returns how many were added. Raises Conflict when the campaign is not open, Invalid for an identifier that does
    not belong to the cohort or has its assessment already.
    """
    require_may_lead(actor, campaign.lead_team_id)
    # The lock keeps closing and extending apart.
    current = (
        Campaign.objects.select_for_update(of=("self",)).select_related("lead_team", "previous").get(pk=campaign.pk)
    )
    if current.state != "open":
        raise Conflict("Organisations join while the campaign is open.", code="campaign.state")
    joining = late_joiners(current)
    if identifiers is not None:
        joining = joining.filter(identifier__in=identifiers)
    found = dict(joining.order_by("pk").values_list("pk", "identifier")[:MOST_JOINERS_AT_ONCE])
    strangers = sorted(set(identifiers or ()) - set(found.values()))
    if strangers:
        raise Invalid(
            "Some of these organisations do not wait to join this campaign.",
            code="campaign.cohort",
            places=[Place(identifier, _("not in the cohort, or asked already")) for identifier in strangers[:50]],
        )
    place_assessments(actor, current, list(found))
    asked = Assessment.objects.filter(campaign=current).count()
    Campaign.objects.filter(pk=current.pk).update(organisations=asked)
    return len(found)


@action("campaign.close")
def close_campaign(actor: Actor, campaign: Campaign) -> None:
    """End the answering. What was submitted stands; what was not submitted is not counted."""
    require_may_lead(actor, campaign.lead_team_id)
    if not Campaign.objects.filter(pk=campaign.pk, state="open").update(state="closed"):
        raise Conflict("Only an open campaign can be closed.", code="campaign.state")


@action("campaign.reopen")
def reopen_campaign(actor: Actor, campaign: Campaign, *, closes_at: datetime, now: datetime) -> None:
    """Let organisations answer again until a new end."""
    require_may_lead(actor, campaign.lead_team_id)
    if closes_at <= now:
        raise Invalid("The new end must lie ahead.", code="campaign.window", places=[Place("closes_on", _("is past"))])
    reopened = Campaign.objects.filter(pk=campaign.pk, state="closed").update(state="open", closes_at=closes_at)
    if not reopened:
        raise Conflict("Only a closed campaign can be reopened.", code="campaign.state")


def _fields(draft: CampaignDraft, *, now: datetime, own: int | None = None) -> dict[str, object]:
    places: list[Place] = []
    if not draft.name.get("en", "").strip():
        places.append(Place("name_en", _("A campaign needs an English name.")))
    if draft.closes_at <= draft.opens_at:
        places.append(Place("closes_on", _("The end must come after the beginning.")))
    elif draft.closes_at <= now:
        places.append(Place("closes_on", _("The end must lie ahead.")))
    if draft.framework.retired_at is not None:
        places.append(Place("framework", _("This framework version is retired.")))
    known = loaded(draft.framework.pk).profiles
    profiles: dict[str, str] = {}
    for tier in TIERS:
        chosen = draft.profiles.get(tier) or (f"tier-{tier}" if f"tier-{tier}" in known else "")
        if chosen and chosen not in known:
            places.append(Place(f"profile_{tier}", _("This framework has no such profile.")))
        if chosen:
            profiles[str(tier)] = chosen
    if draft.previous is not None and (draft.previous.pk == own or draft.previous.state not in ("open", "closed")):
        places.append(Place("previous", _("Answers are carried from a campaign that was launched before.")))
    if places:
        raise Invalid("The campaign cannot be kept like this.", code="campaign.draft", places=places)
    return {
        "name": dict(draft.name),
        "purpose": dict(draft.purpose),
        "framework": draft.framework,
        "cohort": draft.cohort.model_dump(mode="json", exclude_none=True),
        "profiles": profiles,
        "opens_at": draft.opens_at,
        "closes_at": draft.closes_at,
        "lead_team": draft.lead_team,
        "previous": draft.previous,
    }


def _free_code(name: str) -> str:
    """A short name for addresses, from the English name, that no other campaign has."""
    base = slugify(name)[:50].strip("-") or "campaign"
    taken = set(Campaign.objects.filter(code__startswith=base).values_list("code", flat=True)) | RESERVED_CODES
    if base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"
