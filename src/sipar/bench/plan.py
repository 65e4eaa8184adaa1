"""`sipar bench plan`: which of 300,000 fictional measures a programme of four years buys, and the plan after a cut."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sipar.bench.figures import Figure

if TYPE_CHECKING:
    from sipar.risk.plan_input import Candidates, Limits

STEPS = 4
MEASURES = 300_000
LINKED = 3_000
WARM = 5_000

type Say = Callable[[str], object]


def run(say: Say, *, measures: int = MEASURES) -> list[Figure]:
    """Every figure of the bench, with a sentence to `say` before each of `STEPS` steps."""
    from sipar.risk.plan import Change, replan, solve

    say("Compiling")
    solve(*fictional(WARM))
    say(f"Making {measures:,} measures")
    candidates, limits = fictional(measures)
    say("Planning")
    begun = time.perf_counter()
    plan = solve(candidates, limits)
    planned = time.perf_counter() - begun
    say("Planning again after a budget was cut")
    cut = [amount * (0.9 if place == 1 else 1.0) for place, amount in enumerate(limits.budgets)]
    begun = time.perf_counter()
    again = replan(plan, Change(limits=replace(limits, budgets=cut)))
    replanned = time.perf_counter() - begun
    simple = dict(plan.simple.filter(pl.col("keeps_limits")).select("strategy", "value").iter_rows())
    better = [
        f"{plan.value / value - 1:+.0%} against “{name}”" for name, value in simple.items() if name != "this plan"
    ]
    note = (
        f"{measures:,} measures that may start in any of four years, {plan.limits_used.height} constraints,"
        f" {candidates.dependencies.height:,} needs; {plan.chosen.height:,} chosen; {', '.join(better)}"
    )
    return [
        Figure("plan_s", planned, "s", 60.0, note=note),
        Figure("plan_gap", plan.gap, "", 0.005, note="proven, as a share of the bound"),
        Figure("replan_s", replanned, "s", 10.0, note=f"one year's budget cut by a tenth; gap {again.gap:.4f}"),
        Figure("replan_gap", again.gap, "", 0.005),
    ]


def fictional(measures: int) -> tuple[Candidates, Limits]:
    """Measures drawn from a fixed seed, and twenty constraints that bind: budgets, components, capacity, promises."""
    from sipar.risk.plan_input import DEPENDENCIES, Candidates, Fairness, Limits, Milestone

    draw = np.random.default_rng(2026)
    cost = draw.lognormal(13, 1, measures)
    reduced = cost * draw.lognormal(-0.7, 0.7, measures)
    names = pl.Series("measure", np.arange(measures)).cast(pl.String)
    table = pl.DataFrame(
        {
            "measure": names,
            "costs": pl.Series(cost).reshape((measures, 1)).arr.to_list(),
            "loss_reduced": reduced,
            "shortfall_reduced": reduced * draw.uniform(1, 5, measures),
            "lead_years": draw.integers(0, 2, measures),
            "province": pl.Series(draw.integers(0, 5, measures)).cast(pl.String),
            "sector": pl.Series(draw.integers(0, 5, measures)).cast(pl.String),
            "component": pl.Series(draw.integers(0, 3, measures)).cast(pl.String),
        }
    ).with_columns(
        pl.lit("PKR").alias("currency"),
        pl.lit(None, dtype=pl.Int64).alias("earliest"),
        pl.lit(None, dtype=pl.Int64).alias("latest"),
    )
    pairs = np.sort(draw.permutation(measures)[: 2 * (min(LINKED, measures // 10) // 2)].reshape(-1, 2), axis=1)
    needs = pl.DataFrame({"measure": names[pairs[:, 1]], "needs": names[pairs[:, 0]]}, schema=DEPENDENCIES)
    uses = pl.DataFrame({"measure": names, "amount": draw.uniform(1, 20, measures)}).with_columns(kind=pl.lit("hours"))
    total = float(cost.sum())
    limits = Limits(
        "PKR",
        2026,
        [total * 0.06] * 4,
        benefit_years=8,
        capacities={"hours": [measures * 0.6] * 4},
        component_budgets={str(name): total * 0.09 for name in range(3)},
        fairness=[
            *(Fairness("province", str(name), total * 0.04) for name in range(4)),
            *(Fairness("sector", str(name), total * 0.035) for name in range(4)),
        ],
        milestones=[Milestone("0", 2027, measures // 40)],
    )
    return Candidates(table, uses, needs), limits
