"""Plans as their reader may see them, and what they can be made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from sipar.core.acting import Actor
from sipar.core.models import BackgroundRun
from sipar.core.problems import not_open
from sipar.risks.models import Run
from sipar.risks.plan_models import InvestmentPlan, PlanDetail, PlanPublication
from sipar.risks.policy import require_may_read_nation
from sipar.risks.selectors import latest_run

RUNS = 20


@dataclass(frozen=True)
class Choices:
    """What a run's assumptions let a plan speak of: components, capacities, and the currency of all amounts."""

    currency: str
    components: tuple[str, ...]
    capacities: tuple[str, ...]
    kinds: tuple[str, ...]
    titles: dict[str, dict[str, str]]


def plans_seen(actor: Actor) -> QuerySet[InvestmentPlan]:
    """The plans, the newest first."""
    require_may_read_nation(actor)
    return InvestmentPlan.objects.select_related("publication", "run").order_by("-asked_at", "-pk")


def access_plan(actor: Actor, plan: int) -> InvestmentPlan:
    """One plan; raises NotFound where the actor may not see it."""
    require_may_read_nation(actor)
    found = InvestmentPlan.objects.select_related("run__assumptions", "run__campaign", "based_on").filter(pk=plan)
    row = found.defer("run__campaign__cohort").first()
    if row is None:
        raise not_open("plan")
    return row


def result_of(actor: Actor, plan: InvestmentPlan) -> tuple[dict[str, Any] | None, bool]:
    """What a plan buys as exactly as the actor may read it, and whether that is every cell; None before that."""
    require_may_read_nation(actor)
    detail = PlanDetail.objects.filter(plan=plan).first()
    if detail is not None:
        return detail.result, True
    found = PlanPublication.objects.filter(plan=plan).first()
    return (found.result if found is not None else None), False


def detail_of(actor: Actor, plan: InvestmentPlan) -> PlanDetail:
    """The files behind a plan; raises NotFound for who may not see the organisations."""
    require_may_read_nation(actor)
    found = PlanDetail.objects.filter(plan=plan).first()
    if found is None:
        raise not_open("plan")
    return found


def plannable_runs(actor: Actor) -> list[Run]:
    """Runs whose prices a plan can rest on: the one that counts first, then the newest others."""
    require_may_read_nation(actor)
    runs = Run.objects.filter(state="done", repeats=None).select_related("assumptions")
    newest = list(runs.order_by("-asked_at", "-pk")[:RUNS])
    counts = latest_run(actor)
    return sorted(newest, key=lambda run: counts is None or run.pk != counts.pk)


def choices_of(run: Run) -> Choices:
    """What the assumptions behind a run let a plan speak of."""
    from sipar.risk.plan_costs import KINDS, measures_of

    document = run.assumptions.document
    measures = measures_of(document.get("measures") or {})
    kinds = tuple(kind for kind in KINDS if (document.get("measures") or {}).get(kind))
    titles = {f"{offer.kind}/{offer.key}": dict(offer.title) for offer in measures.offers}
    return Choices(document["currency"], measures.components, measures.capacities, kinds, titles)


def to_roadmaps(result: dict[str, Any]) -> tuple[int, int]:
    """How many gaps a plan closes, and at how many organisations."""
    rows = [row for row in result["by"]["kind"] if row["key"] == "close_gap"]
    return sum(row["measures"] for row in rows), sum(row["organisations"] for row in rows)


def progress_of(number: int | None) -> BackgroundRun | None:
    """How far background work is; None for whoever did not ask for it."""
    return BackgroundRun.objects.filter(pk=number or 0).first()
