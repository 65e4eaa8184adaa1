"""A cast with more organisations, all invented, whose answers are drawn from a seed."""

from __future__ import annotations

import numpy as np
from tests.cast import NOW

from sipar.assessments.models import Assessment, Campaign
from sipar.assessments.scoring import rescored
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.orgs.models import Organisation, Province, Sector
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED
from sipar.teams.actions import resolve_constituencies


def framework_of(campaign: Campaign) -> LoadedFramework:
    with acting(system(), reason="load the framework of a test"):
        return loaded(campaign.framework_id)


def answer(campaign: Campaign, organisations: list[Organisation], *, seed: int = 1, share: float = 1.0) -> None:
    """Let a share of these organisations have standing answers, accepted or waiting, with their columns."""
    random = np.random.default_rng(seed)
    framework = framework_of(campaign)
    top = framework.rules.top_level
    with acting(system(), reason="answer for the organisations of a test"):
        for organisation in organisations:
            assessment, _ = Assessment.objects.get_or_create(
                campaign=campaign, organisation=organisation, defaults={"profile": f"tier-{organisation.tier}"}
            )
            if random.random() > share:
                continue
            levels = random.integers(0, top + 1, framework.rules.requirements).astype(np.uint8)
            if random.random() < 0.3:
                levels[:] = top
            levels[random.random(len(levels)) < 0.05] = UNANSWERED
            levels[random.random(len(levels)) < 0.05] = NOT_APPLICABLE
            for name, value in rescored(assessment, levels, framework).items():
                setattr(assessment, name, value)
            assessment.levels = assessment.standing = levels.tobytes()
            assessment.state = "submitted"
            assessment.submissions = 1
            assessment.save()
            if random.random() < 0.5:
                assessment.state = "accepted"
                assessment.save()


def more_organisations(count: int, *, seed: int = 1) -> list[Organisation]:
    """Add organisations with random sector, province and tier, and resolve who is responsible for them."""
    random = np.random.default_rng(seed)
    sipar = system()
    with acting(sipar, reason="more organisations for a test"):
        sectors = list(Sector.objects.filter(parent=None).order_by("id")[:5])
        provinces = list(Province.objects.order_by("id")[:4])
        made = Organisation.objects.bulk_create(
            Organisation(
                identifier=f"PK-R-{seed}-{number:04d}",
                name=f"Random organisation {seed}-{number:04d} (fictional)",
                ownership="private" if number % 2 else "public",
                sector=sectors[int(random.choice(5, p=[0.5, 0.25, 0.15, 0.08, 0.02]))],
                province=provinces[int(random.choice(4, p=[0.6, 0.25, 0.1, 0.05]))],
                tier=int(random.integers(1, 5)),
                size="small",
                is_fictional=True,
            )
            for number in range(count)
        )
        resolve_constituencies(sipar, now=NOW)
    return made
