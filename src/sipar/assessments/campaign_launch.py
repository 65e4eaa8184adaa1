"""Launching a campaign: one assessment for each organisation of the cohort, in steps that each commit.

A step writes what is missing and nothing else, so a launch that was killed in the middle is finished by doing it
again. No row is written for questions that nobody answered (design decision 7): an assessment begins with the standing
answers of the previous campaign as `carried`, or with nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import connection

from sipar.assessments.campaign_cohort import cohort_of
from sipar.assessments.models import Assessment, Campaign
from sipar.core.acting import Actor, acting
from sipar.core.actions import action
from sipar.core.jobs import system
from sipar.core.problems import Conflict
from sipar.frameworks.mapping import Prefill, carry, prefill
from sipar.frameworks.selectors import loaded, relations_between
from sipar.orgs.models import Organisation
from sipar.posture.levels import UNANSWERED, matrix

ROWS_A_STEP = 2_000


@dataclass(frozen=True)
class Progress:
    """How many organisations of the cohort have their assessment."""

    done: int
    total: int


def launch_steps(campaign: int, *, now: datetime, rows_a_step: int = ROWS_A_STEP) -> Generator[Progress]:
    """Do the launch step by step, outside any `acting`; yields after each committed step.

    Nothing happens to a campaign that is not being launched. Raises Conflict for an empty cohort.
    """
    sipar = system()
    with acting(sipar, reason="resolve the cohort of a campaign"):
        row = Campaign.objects.filter(pk=campaign, state="launching").first()
        if row is None:
            return
        waiting = list(cohort_of(row).order_by("pk").values_list("pk", flat=True).distinct())
        already = set(Assessment.objects.filter(campaign=row).values_list("organisation_id", flat=True))
    if not waiting:
        raise Conflict("No organisation of the register belongs to this cohort. Widen it.", code="campaign.empty")
    total = len(waiting)
    waiting = [organisation for organisation in waiting if organisation not in already]
    done = total - len(waiting)
    yield Progress(done, total)
    for start in range(0, len(waiting), rows_a_step):
        chunk = waiting[start : start + rows_a_step]
        with acting(sipar, reason="launch a campaign"):
            place_assessments(sipar, row, chunk)
        yield Progress(done + start + len(chunk), total)
    with acting(sipar, reason="open a campaign"):
        open_launched(sipar, row, now=now)


@action("campaign.place")
def place_assessments(actor: Actor, campaign: Campaign, organisations: Sequence[int]) -> int:
    """Give each of these organisations its assessment where it has none yet; returns how many it looked at."""
    tiers = dict(Organisation.objects.filter(pk__in=organisations).values_list("pk", "tier"))
    carried = carried_answers(campaign, organisations)
    Assessment.objects.bulk_create(
        [
            Assessment(
                organisation_id=organisation,
                campaign=campaign,
                profile=campaign.profiles.get(str(tier), ""),
                carried=carried.get(organisation),
            )
            for organisation, tier in tiers.items()
        ],
        ignore_conflicts=True,
    )
    return len(tiers)


@action("campaign.open")
def open_launched(actor: Actor, campaign: Campaign, *, now: datetime) -> None:
    """Open a campaign whose assessments are all there; answering begins with its window."""
    asked = Assessment.objects.filter(campaign=campaign).count()
    Campaign.objects.filter(pk=campaign.pk, state="launching").update(
        state="open", organisations=asked, launched_at=now
    )


@action("campaign.give_up_launch")
def give_up_launch(actor: Actor, campaign: int) -> None:
    """Make a campaign that could not be launched a draft again, without the assessments that were placed so far."""
    if Campaign.objects.select_for_update().filter(pk=campaign, state="launching").exists():
        with connection.cursor() as cursor:
            # Plain SQL: the ORM would also visit the append-only tables, where nothing can be yet and nothing may go.
            cursor.execute("delete from assessments_assessment where campaign_id = %s", [campaign])
        Campaign.objects.filter(pk=campaign).update(state="draft")


def carried_answers(campaign: Campaign, organisations: Sequence[int]) -> dict[int, bytes]:
    """The standing answers of the previous campaign by organisation, in the order of this campaign's framework."""
    if campaign.previous is None:
        return {}
    rows = Assessment.objects.filter(
        campaign=campaign.previous, organisation__in=organisations, standing__isnull=False
    ).values_list("organisation_id", "standing")
    standing = {organisation: bytes(levels) for organisation, levels in rows if levels is not None}
    if campaign.previous.framework_id == campaign.framework_id or not standing:
        return standing
    rule = prefill_between(campaign.previous.framework_id, campaign.framework_id)
    before = matrix(b"".join(standing.values()), rule.sources)
    after = carry(before, rule)
    known = np.any(after != UNANSWERED, axis=1)
    return {
        organisation: levels.tobytes()
        for organisation, levels, some in zip(standing, after, known, strict=True)
        if some
    }


def prefill_between(source: int, target: int) -> Prefill:
    """How answers in one framework version fill in another: by the mapping sets that are loaded between them."""
    before, after = loaded(source), loaded(target)
    pairs = relations_between(before.catalogue.identifier, after.catalogue.identifier)
    return prefill(before.catalogue, after.catalogue, pairs)
