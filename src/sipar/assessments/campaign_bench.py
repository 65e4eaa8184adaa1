"""How long a campaign launch takes: for the person who asks, and until everyone has an assessment."""

from __future__ import annotations

from datetime import timedelta
from time import perf_counter
from uuid import uuid4

from django.utils import timezone

from sipar.assessments import tasks
from sipar.assessments.campaign_actions import CampaignDraft, draft_campaign, launch_campaign
from sipar.assessments.models import Assessment, Campaign
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.frameworks.selectors import newest_version_of
from sipar.nations.constituency import Clause, ConstituencyRule
from sipar.orgs.models import Organisation, Province, Sector
from sipar.teams.models import Team

FRAMEWORK = "nist-csf-2.0"
ROWS_AT_ONCE = 10_000


def run(organisations: int) -> dict[str, float]:
    """Launch a campaign over `organisations` and measure it, in seconds.

    `launch_request_s` is the action with its transaction, `launch_done_s` the time from the request until the job has
    opened the campaign; `organisations` is how many were asked. For a scratch database only, with the nation and the
    frameworks loaded: invented organisations are added until there are enough.
    """
    sipar = system()
    with acting(sipar, reason="fill the register for a measurement"):
        fill_register(organisations)
        wanted = Organisation.objects.filter(is_active=True).order_by("pk").values_list("identifier", flat=True)
        everyone = Organisation.objects.filter(is_active=True).count() == organisations
        clause = Clause() if everyone else Clause(organisations=tuple(wanted[:organisations]))
        campaign = _drafted(sipar, clause)
    begun = perf_counter()
    with acting(sipar, reason="launch for a measurement"):
        background = launch_campaign(sipar, campaign, now=timezone.now())
    answered = perf_counter()
    tasks.launch(campaign=campaign.pk, run=background.pk)
    done = perf_counter()
    with acting(sipar, reason="count what was launched"):
        asked = Assessment.objects.filter(campaign=campaign).count()
    return {"launch_request_s": answered - begun, "launch_done_s": done - begun, "organisations": asked}


def fill_register(organisations: int) -> None:
    """Add invented organisations until the register has this many active ones."""
    missing = organisations - Organisation.objects.filter(is_active=True).count()
    sectors = list(Sector.objects.filter(parent=None))
    provinces = list(Province.objects.all())
    mark = uuid4().hex[:8]
    for start in range(0, missing, ROWS_AT_ONCE):
        Organisation.objects.bulk_create(
            Organisation(
                identifier=f"BENCH-{mark}-{number:06}",
                name=f"Measured organisation {number} (fictional)",
                sector=sectors[number % len(sectors)],
                province=provinces[number // len(sectors) % len(provinces)],
                tier=1 + number % 4,
                ownership="private",
                size="small",
                is_fictional=True,
            )
            for number in range(start, min(start + ROWS_AT_ONCE, missing))
        )


def _drafted(actor: Actor, clause: Clause) -> Campaign:
    framework = newest_version_of(FRAMEWORK)
    if framework is None:
        raise LookupError(f"the framework {FRAMEWORK} is not loaded")
    now = timezone.now()
    draft = CampaignDraft(
        name={"en": "Launch measurement"},
        purpose={},
        framework=framework,
        profiles={},
        cohort=ConstituencyRule(lead=False, include=(clause,)),
        opens_at=now,
        closes_at=now + timedelta(days=1),
        lead_team=Team.objects.filter(covers_all=True).order_by("pk")[0],
    )
    return draft_campaign(actor, draft, now=now)
