"""Which measures, from which year, buy the most safety within the limits; how far from the best that can be; and what
the next rupee would buy.

A plan is exact about its limits and its gap, and no more certain than the benefits it is given: benefits of measures
are added up, so overlap between two measures (closing the same gap twice) belongs into an exclusion or into one
measure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from sipar.formats.problems import FormatProblem
from sipar.risk.plan_input import Candidates, Limits, checked
from sipar.risk.plan_rows import LINKS, Floats, Ints, Objective, Problem, build
from sipar.risk.plan_search import Found, search
from sipar.risk.plan_simple import in_order, simple_orders

EXPECTED_LOSS = Objective(1.0, 0.0)
SHORTFALL = Objective(0.0, 1.0)
OURS = "this plan"
SHARES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5)


@dataclass(frozen=True)
class Plan:
    """A plan that keeps its limits. Amounts are in the limits' currency.

    - `chosen`: measure, year (of its start), cost, benefit (over the counted years), province, sector, component.
    - `by_year`: year, budget, cost (paid in that year), measures and benefit (of those that start in it).
    - `value` is what the plan reduces, `bound` what no plan can exceed, `gap` their distance as a share of the bound.
    - `limits_used`: kind, name, year, allowed, used, price: by how much one unit more of the limit would raise the
      value, from the linear relaxation; for promises (province, sector, milestone), what one unit of them costs.
    - `next_measures`: up to ten that are nearest to being bought: measure, year, cost, benefit, short (how much more
      they would have to bring, at the prices, to pay for themselves; 0 or less: only whole numbers kept them out).
    - `simple`: strategy, value, cost, measures, keeps_limits, for the two plans made by hand and this one.
    """

    candidates: Candidates
    limits: Limits
    objective: Objective
    gap_asked: float
    seconds_asked: float
    chosen: pl.DataFrame
    by_year: pl.DataFrame
    value: float
    bound: float
    gap: float
    limits_used: pl.DataFrame
    next_measures: pl.DataFrame
    simple: pl.DataFrame
    solver_seconds: float


@dataclass(frozen=True)
class Begin:
    """Where a search begins: what an earlier plan chose (measure, year), and its limits with their prices."""

    chosen: pl.DataFrame
    limits_used: pl.DataFrame


@dataclass(frozen=True)
class Change:
    """What is different now: other limits, measures added or replaced by identifier (with their uses), or withdrawn."""

    limits: Limits | None = None
    measures: pl.DataFrame | None = None
    uses: pl.DataFrame | None = None
    withdrawn: Sequence[str] = field(default_factory=tuple)


def solve(
    candidates: Candidates,
    limits: Limits,
    *,
    objective: Objective = EXPECTED_LOSS,
    gap: float = 0.005,
    seconds: float = 60.0,
    begin: Begin | None = None,
) -> Plan:
    """The plan with the most value, to the gap given or the best that `seconds` of solving find.

    `begin` is what is kept of an earlier plan, whose choices and prices the search starts from. FormatProblem names
    what is unsound in the input, or the limits that no plan can keep.
    """
    return _solve(candidates, limits, objective, gap, seconds, begin)


def replan(plan: Plan, change: Change, *, seconds: float | None = None) -> Plan:
    """The plan after a change, starting from the old plan's choices and prices."""
    limits = change.limits or plan.limits
    return _solve(
        _changed(plan.candidates, change),
        limits,
        plan.objective,
        plan.gap_asked,
        plan.seconds_asked if seconds is None else seconds,
        Begin(plan.chosen, plan.limits_used),
    )


def frontier(
    candidates: Candidates,
    limits: Limits,
    *,
    objective: Objective = EXPECTED_LOSS,
    gap: float = 0.005,
    seconds: float = 60.0,
    shares: Sequence[float] = SHARES,
    say: Callable[[int, int], object] | None = None,
) -> pl.DataFrame:
    """What each share of the budgets buys: share, budget, cost, value, bound, gap, price (of the dearest budget year).

    Every point starts from the one below, so value never falls. What is promised to provinces and sectors, and the
    money of components, are parts of the budget and go with it; milestones and capacities stay: where a share of the
    budget cannot keep them, or no plan is found in the time, value is empty. `seconds` are for each point.
    `say` is told the points done and all of them; what it raises ends the work.
    """
    if not shares or any(not math.isfinite(share) or share < 0 for share in shares):
        raise FormatProblem("share", "a share of the budget is a number from 0", "shares")
    points: list[dict[str, float | None]] = []
    before: Plan | None = None
    for share in sorted(shares):
        if say is not None:
            say(len(points), len(shares))
        scaled = _scaled(limits, share)
        point: dict[str, float | None] = {"share": share, "budget": math.fsum(scaled.budgets)}
        try:
            begin = Begin(before.chosen, before.limits_used) if before is not None else None
            before = _solve(candidates, scaled, objective, gap, seconds, begin)
        except FormatProblem as problem:
            if problem.code not in ("impossible-limits", "impossible-fairness", "no-plan-in-time"):
                raise
        else:
            price = before.limits_used.filter(pl.col("kind") == "budget")["price"].max()
            point |= {"cost": float(before.chosen["cost"].sum()), "value": before.value, "bound": before.bound}
            point |= {"gap": before.gap, "price": float(str(price))}
        points.append(point)
    columns = ("share", "budget", "cost", "value", "bound", "gap", "price")
    return pl.DataFrame(points, schema=dict.fromkeys(columns, pl.Float64))


def _scaled(limits: Limits, share: float) -> Limits:
    """The limits at a share of the budget. No promise grows: more money may find nothing more to buy in a place."""
    return replace(
        limits,
        budgets=[amount * share for amount in limits.budgets],
        component_budgets={name: amount * share for name, amount in limits.component_budgets.items()},
        fairness=[replace(promise, least=promise.least * min(share, 1.0)) for promise in limits.fairness],
    )


def explain(plan: Plan) -> list[str]:
    """What the next rupee would buy, in sentences: one a year of the budget, then what comes next."""
    unit, sentences = plan.limits.currency, []
    for row in plan.limits_used.filter(pl.col("kind") == "budget").iter_rows(named=True):
        if row["price"] > 0:
            gains = f"would reduce the loss by about {row['price']:.4g} {unit}"
        else:
            gains = "would buy nothing: other limits bind first"
        sentences.append(f"One more {unit} in {row['year']} {gains}.")
    if plan.next_measures.height:
        first = plan.next_measures.row(0, named=True)
        sentences.append(
            "Measures are bought whole, so the gain comes in steps: nearest to being bought is"
            f" {first['measure']}, {first['cost']:,.0f} {unit} for {first['benefit']:,.0f} {unit}."
        )
    return sentences


def _solve(
    candidates: Candidates, limits: Limits, objective: Objective, gap: float, seconds: float, before: Begin | None
) -> Plan:
    weights = (objective.expected_loss, objective.shortfall)
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or not sum(weights):
        raise FormatProblem("objective", "weights are numbers from 0, and one of them is above it", "objective")
    if not 0 <= gap < 1 or not seconds > 0:
        raise FormatProblem("effort", "the gap is from 0 to below 1, the seconds are above 0", "gap")
    candidates = checked(candidates, limits)
    problem = build(candidates, limits, objective)
    orders = simple_orders(problem, candidates.measures)
    simple = {name: in_order(problem, order, serving_first=True) for name, order in orders.items()}
    offers, prices = list(simple.values()), None
    if before is not None:
        offers.append(_columns(problem, candidates.measures, before.chosen))
        prices = _prices(problem, before.limits_used)
        # What the old plan's choices leave room for in the new limits, and what of them still fits.
        kept = offers[-1]
        rest = np.argsort(-problem.reduced(prices), kind="stable")
        offers.append(in_order(problem, np.concatenate([kept, rest[~np.isin(rest, kept)]])))
    found = search(problem, gap=gap, seconds=seconds, prices=prices, offers=offers)
    return _plan(candidates, limits, objective, problem, found, simple, gap, seconds)


def _columns(problem: Problem, measures: pl.DataFrame, chosen: pl.DataFrame) -> Ints:
    columns = pl.DataFrame({"place": problem.places[problem.measure], "year": problem.year}).with_row_index("column")
    names = measures.select("measure").with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    mine = chosen.select("measure", "year").join(names, on="measure").join(columns, on=["place", "year"])
    return np.sort(mine["column"].to_numpy().astype(np.int64))


def _prices(problem: Problem, used: pl.DataFrame) -> Floats:
    key = ["kind", "name", "year"]
    joined = problem.rows.join(
        used.unique(key).select(*key, "price"), on=key, how="left", nulls_equal=True, maintain_order="left"
    )
    return joined["price"].fill_null(0.0).to_numpy() * problem.scale


def _changed(candidates: Candidates, change: Change) -> Candidates:
    measures, uses = candidates.measures, candidates.uses
    if change.measures is not None:
        new = change.measures
        measures = pl.concat(
            [measures.filter(~pl.col("measure").is_in(new["measure"].implode())), new.select(measures.columns)],
            how="vertical_relaxed",
        )
        uses = uses.filter(~pl.col("measure").is_in(new["measure"].implode()))
    if change.uses is not None:
        uses = pl.concat([uses, change.uses.select(uses.columns)], how="vertical_relaxed")
    gone = list(change.withdrawn)
    unknown = set(gone) - set(measures["measure"]) if gone else set()
    if unknown:
        raise FormatProblem("unknown-measure", f"there is no measure “{min(unknown)}”", "change/withdrawn")
    # What needs a withdrawn measure cannot be chosen any more; it stays in the table, and cannot start.
    needing = _needing(candidates.dependencies, gone)
    blocked = pl.col("measure").is_in([*gone, *needing])
    return Candidates(
        measures.filter(~blocked),
        uses.filter(~blocked),
        candidates.dependencies.filter(~blocked & ~pl.col("needs").is_in(gone)),
        candidates.exclusions.filter(~blocked),
    )


def _needing(dependencies: pl.DataFrame, gone: Sequence[str]) -> list[str]:
    """What needs one of these, or needs what needs it."""
    reached: set[str] = set()
    newest = set(gone)
    while newest:
        found = set(dependencies.filter(pl.col("needs").is_in(list(newest)))["measure"]) - reached
        reached |= found
        newest = found
    return sorted(reached)


def _plan(
    candidates: Candidates,
    limits: Limits,
    objective: Objective,
    problem: Problem,
    found: Found,
    simple: dict[str, Ints],
    gap: float,
    seconds: float,
) -> Plan:
    columns = found.columns if found.columns is not None else np.zeros(0, dtype=np.int64)
    chosen = _described(candidates.measures, problem, columns)
    strategies = [(OURS, columns), *simple.items()]
    return Plan(
        candidates=candidates,
        limits=limits,
        objective=objective,
        gap_asked=gap,
        seconds_asked=seconds,
        chosen=chosen.select("measure", "year", "cost", "benefit", "province", "sector", "component"),
        by_year=_by_year(chosen, limits),
        value=found.value,
        bound=found.bound,
        gap=found.gap(),
        limits_used=_limits_used(problem, found, columns),
        next_measures=_next(candidates.measures, problem, found, columns),
        simple=pl.DataFrame(
            [_strategy(name, candidates.measures, problem, taken) for name, taken in strategies], orient="row"
        ),
        solver_seconds=found.seconds,
    )


def _described(measures: pl.DataFrame, problem: Problem, columns: Ints) -> pl.DataFrame:
    rows = measures[problem.places[problem.measure[columns]]]
    return rows.with_columns(
        pl.Series("year", problem.year[columns], dtype=pl.Int64),
        pl.col("costs").list.sum().alias("cost"),
        pl.Series("benefit", problem.value[columns], dtype=pl.Float64),
    )


def _by_year(chosen: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    years = pl.DataFrame({"year": list(limits.years), "budget": [float(amount) for amount in limits.budgets]})
    years = years.with_columns(pl.col("year").cast(pl.Int64))
    paid = (
        chosen.select("year", "costs")
        .with_columns(pl.int_ranges(0, pl.col("costs").list.len()).alias("after"))
        .explode("costs", "after", empty_as_null=True)
        .group_by(pl.col("year") + pl.col("after"))
        .agg(pl.col("costs").sum().alias("cost"))
    )
    started = chosen.group_by("year").agg(pl.len().cast(pl.Int64).alias("measures"), pl.col("benefit").sum())
    table = years.join(paid, on="year", how="left").join(started, on="year", how="left").sort("year")
    return table.with_columns(pl.col("cost", "measures", "benefit").fill_null(0))


def _limits_used(problem: Problem, found: Found, columns: Ints) -> pl.DataFrame:
    """Every limit but the links, in its own units and with its own sign: promises are kept from below."""
    table = problem.rows.with_columns(
        pl.Series("used", problem.sums(columns) * problem.scale),
        pl.Series("price", found.prices / problem.scale),
    ).filter(~pl.col("kind").is_in(LINKS))
    promise = pl.when(pl.col("kind").is_in(["province", "sector", "milestone", "committed"])).then(-1.0).otherwise(1.0)
    return table.select(
        "kind",
        "name",
        "year",
        (pl.col("bound") * promise).alias("allowed"),
        (pl.col("used") * promise).alias("used"),
        "price",
    )


def _next(measures: pl.DataFrame, problem: Problem, found: Found, columns: Ints) -> pl.DataFrame:
    reduced = problem.reduced(found.prices)
    taken = np.zeros(len(problem.places), dtype=bool)
    taken[problem.measure[columns]] = True
    open_columns = np.flatnonzero(~taken[problem.measure] & (problem.value > 0))
    order = open_columns[np.argsort(-reduced[open_columns], kind="stable")][:200]
    table = _described(measures, problem, order).with_columns(pl.Series("short", -reduced[order], dtype=pl.Float64))
    return table.unique("measure", keep="first", maintain_order=True).select(
        "measure", "year", "cost", "benefit", "short"
    )[:10]


def _strategy(
    name: str, measures: pl.DataFrame, problem: Problem, columns: Ints
) -> dict[str, str | float | int | bool]:
    return {
        "strategy": name,
        "value": float(problem.value[columns].sum()),
        "cost": float(_described(measures, problem, columns)["cost"].sum()),
        "measures": len(columns),
        "keeps_limits": problem.keeps(columns),
    }
