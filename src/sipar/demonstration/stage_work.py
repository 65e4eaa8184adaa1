"""What organisations do about their gaps, and who is engaged to help: roadmap, delegation, engagement."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
from django.db.models import F

from sipar.assessments.models import Assessment, Campaign, Engagement, EngagementScope, RoadmapItem, SectionDelegation
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.demonstration.bulk import insert_rows
from sipar.demonstration.ground import Ground
from sipar.demonstration.words import CLOSING
from sipar.frameworks.selectors import loaded
from sipar.posture.targets import NOTHING_ASKED, shortfall

ITEMS = 3
PLANNING = 0.6
FIRST_DUE = (-9, 12, 26)
STATES = ("planned", "doing", "done", "dropped")
STATE_SHARES = (0.42, 0.33, 0.2, 0.05)


@action("demonstration.roadmap")
def load_roadmaps(actor: Actor, ground: Ground, codes: tuple[str, ...]) -> None:
    """Put the heaviest gaps on roadmaps; some items are overdue, some are closed.

    `codes` are campaigns of one framework, the newest first: an organisation plans from the answers that stand last.
    """
    campaigns = [Campaign.objects.get(code=code) for code in codes]
    framework = loaded(campaigns[0].framework_id)
    rows = pl.concat(_standing(campaign) for campaign in campaigns)
    rows = rows.unique("organisation", keep="first", maintain_order=True).filter(pl.col("gaps") > 0)
    random = ground.random(20)
    featured = set(ground.organisations.head(len(ground.recipe.featured)))
    rows = rows.filter(pl.Series(random.random(rows.height) < PLANNING) | pl.col("organisation").is_in(featured))
    if rows.is_empty():
        return
    standing = np.frombuffer(b"".join(rows["standing"]), dtype=np.uint8).reshape(rows.height, -1)
    targets = np.array([framework.target(profile) for profile in rows["profile"]])
    missing = shortfall(standing, targets)
    worst = np.argsort(-missing * framework.rules.weights, axis=1, kind="stable")[:, :ITEMS]
    row, turn = np.nonzero(np.take_along_axis(missing, worst, axis=1) > 0)
    position = worst[row, turn]
    asked = targets[row, position].astype(np.int64)
    asked[asked == NOTHING_ASKED] = 0
    names = np.array([requirement.id for requirement in framework.requirements])
    titles = [requirement.title["en"] for requirement in framework.requirements]
    n = len(row)
    state = np.array(STATES)[random.choice(len(STATES), n, p=STATE_SHARES)]
    due = random.integers(-70, 300, n)
    # A closed item was due before today; one in five of the others is late.
    due = np.where(state == "done", -np.abs(due) // 2, np.where(random.random(n) < 0.8, np.abs(due) + 3, due))
    # The organisation that most visitors sign in to has one late, one due soon, and one later.
    first = np.flatnonzero((rows["organisation"].gather(row) == ground.organisations[0]).to_numpy())
    state[first], due[first] = "planned", np.array(FIRST_DUE)[: len(first)]
    firsts, lasts = ground.recipe.first_names, ground.recipe.last_names
    today = pl.lit(ground.now.date())
    items = pl.DataFrame(
        {
            "organisation_id": rows["organisation"].gather(row),
            "campaign_id": rows["campaign"].gather(row),
            "requirement": names[position],
            "target_level": asked,
            "title": [
                f"Reach level {level}: {titles[place]}"[:250] for level, place in zip(asked, position, strict=True)
            ],
            "owner_name": [
                f"{firsts[one][0]} {lasts[two]}"
                for one, two in zip(
                    random.integers(len(firsts), size=n), random.integers(len(lasts), size=n), strict=True
                )
            ],
            "due": due,
            "cost": np.rint(np.exp(random.normal(13.6, 1.0, n)) / 1000) * 1000,
            "state": state,
            "age": random.integers(60, 90, n),
        }
    ).select(
        pl.exclude("due", "age", "cost"),
        pl.when(pl.int_range(pl.len()) % 6 == 0).then(None).otherwise(pl.col("cost")).alias("cost"),
        (today + pl.duration(days=pl.col("due"))).alias("due_on"),
        (today - pl.duration(days=pl.col("age"))).alias("starts_on"),
        (pl.lit(ground.now) - pl.duration(days=pl.col("age"))).alias("created_at"),
        pl.when(pl.col("state") == "done").then(pl.lit(CLOSING)).otherwise(pl.lit("")).alias("closing_note"),
        pl.when(pl.col("state") == "done").then(pl.lit(ground.now) - pl.duration(days=4)).alias("closed_at"),
    )
    ids = insert_rows(RoadmapItem, items.with_columns(pl.col("starts_on").dt.date(), pl.col("due_on").dt.date()))
    waiting = ids.to_list()[1::7]
    RoadmapItem.objects.filter(pk__in=waiting, state="planned").exclude(pk=ids[0]).update(depends_on=F("id") - 1)
    # The one before may belong to another organisation: such a pair is taken apart again.
    RoadmapItem.objects.filter(pk__in=waiting).exclude(depends_on__organisation=F("organisation")).update(
        depends_on=None
    )


def _standing(campaign: Campaign) -> pl.DataFrame:
    found = Assessment.objects.filter(campaign=campaign, standing__isnull=False).order_by("organisation_id")
    return pl.DataFrame(
        [
            (organisation, campaign.pk, profile, gaps, bytes(standing or b""))
            for organisation, profile, gaps, standing in found.values_list(
                "organisation_id", "profile", "gaps", "standing"
            )
        ],
        schema={
            "organisation": pl.Int64, "campaign": pl.Int64, "profile": pl.String, "gaps": pl.Int64,
            "standing": pl.Binary,
        },
        orient="row",
    )  # fmt: skip


@action("demonstration.engagement")
def load_engagement(actor: Actor, ground: Ground, code: str) -> None:
    """Engage the consultant for two featured organisations, and let the CISO of the first delegate a section."""
    campaign = Campaign.objects.get(code=code)
    first, second = (int(ground.organisations[place]) for place in (0, 2))
    for key, firm, days, places in (
        ("consultant", "Clearview Advisers (fictional)", 21, (first, second)),
        ("auditor", "Plumbline Audit (fictional)", 6, (second,)),
    ):
        engagement = Engagement.objects.create(
            campaign=campaign,
            account_id=ground.person(key),
            firm=firm,
            valid_from=ground.now - timedelta(days=30),
            valid_until=ground.now + timedelta(days=days),
        )
        EngagementScope.objects.bulk_create(
            EngagementScope(engagement=engagement, organisation_id=place) for place in places
        )
    section = next(iter(loaded(campaign.framework_id).sections))
    SectionDelegation.objects.create(
        assessment=Assessment.objects.get(campaign=campaign, organisation=first),
        organisation_id=first,
        group=section,
        account_id=ground.person("reporter"),
        asked_by_id=ground.person("ciso"),
        asked_at=ground.now - timedelta(days=2),
        note="You know this best. Please answer it this week.",
    )
