"""From a plan to roadmaps: each gap that it closes becomes an item of its organisation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import batched
from typing import TYPE_CHECKING

from sipar.assessments.models import Campaign
from sipar.assessments.roadmap_actions import Placed, place_items
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Forbidden, not_open
from sipar.frameworks.selectors import loaded
from sipar.obligations.register_facts import served_nation
from sipar.risks.plan_files import kept_table
from sipar.risks.plan_models import InvestmentPlan, PlanDetail
from sipar.risks.policy import is_national_staff

if TYPE_CHECKING:
    import polars as pl

ROWS_AT_ONCE = 20_000
CENT = Decimal("0.01")


def may_push(actor: Actor) -> bool:
    """Those who see the organisations behind a plan: staff of the National CERT."""
    return is_national_staff(actor) or actor.holds("system")


def require_may_push(actor: Actor) -> None:
    if not may_push(actor):
        raise Forbidden("Only the National CERT puts a plan on the roadmaps.", code="risk.push")


@action("risk_plan.place")
def place_on_roadmaps(actor: Actor, plan: InvestmentPlan, *, now: datetime) -> InvestmentPlan:
    """Put every gap that a plan closes on the roadmap of its organisation, once. Raises Conflict where it is done.

    An item starts with its year and is due when the measure works; its cost stands there where the plan has the
    nation's own currency. What an organisation has on its roadmap already is left as it is.
    """
    require_may_push(actor)
    found = InvestmentPlan.objects.select_for_update(of=("self",)).select_related("run").get(pk=plan.pk)
    if found.state != "done" or found.pushed_at is not None:
        raise Conflict("This plan is on the roadmaps already, or is not solved.", code="risk.pushed")
    detail = PlanDetail.objects.filter(plan=found).first()
    campaign = Campaign.objects.select_related("framework").filter(pk=found.run.campaign_id or 0).first()
    if detail is None or campaign is None:
        raise not_open("plan")
    top = loaded(campaign.framework_id).rules.top_level
    own = str(found.question.get("currency")) == served_nation().currency
    made, organisations = 0, set()
    for part in batched(_placed(kept_table(detail.chosen), top=top, costs=own), ROWS_AT_ONCE):
        items = place_items(actor, campaign, part, now=now)
        made += len(items)
        organisations |= {item.organisation_id for item in items}
    found.pushed_at, found.pushed_items, found.pushed_organisations = now, made, len(organisations)
    found.save(update_fields=["pushed_at", "pushed_items", "pushed_organisations"])
    return found


def _placed(chosen: pl.DataFrame, *, top: int, costs: bool) -> Iterator[Placed]:
    import polars as pl

    gaps = chosen.filter(pl.col("kind") == "close_gap").sort("organisation", "requirement")
    columns = ("organisation", "requirement", "target", "year", "lead_years", "cost")
    for organisation, requirement, target, year, lead, cost in gaps.select(columns).iter_rows():
        yield Placed(
            organisation=organisation,
            requirement=requirement,
            target_level=max(1, round(target * top)),
            starts_on=date(year, 1, 1),
            due_on=date(year + max(lead - 1, 0), 12, 31),
            cost=Decimal(cost).quantize(CENT) if costs else None,
        )
