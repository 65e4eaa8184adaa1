"""Plans without a solver: taking measures in some order as far as the limits let them in."""

from __future__ import annotations

import numpy as np
import polars as pl

from sipar.risk.plan_rows import ROUNDING, Bools, Floats, Ints, Problem
from sipar.routing.compiling import kernel

WORST_FIRST = "worst first"
SPREAD_EVENLY = "spread evenly"
# A need may be met, or an exclusive place be given, only by what a walk takes later: a few walks find the rest.
WALKS = 20


def in_order(problem: Problem, order: Ints, *, head: int | None = None, serving_first: bool = False) -> Ints:
    """The columns taken when walked in this order, sorted. Promises (fairness, milestones) are met first, with
    `serving_first` by what serves most of them at once; whoever asks must still see whether the result keeps them.
    Of the rest, the first `head` are walked until no more of them fit before any other is looked at.
    """
    first = order
    if serving_first:
        owner = np.repeat(np.arange(problem.columns), np.diff(problem.start))
        serves = (problem.entry < 0) & (problem.bound[problem.row] < 0)
        served = np.bincount(owner, weights=serves, minlength=problem.columns)
        first = order[np.argsort(-served[order], kind="stable")]
    return np.flatnonzero(
        _walk(
            order,
            first,
            len(order) if head is None else head,
            problem.measure,
            len(problem.places),
            problem.start,
            problem.row,
            problem.entry,
            problem.bound,
            ROUNDING * (1 + np.abs(problem.bound)),
        )
    )


def simple_orders(problem: Problem, measures: pl.DataFrame) -> dict[str, Ints]:
    """The orders of the two plans that people make by hand; both start each measure as early as they can.

    Worst first: what reduces most, whatever it costs. Spread evenly: each province and sector in turn, its own worst
    first.
    """
    table = pl.DataFrame(
        {"place": problem.places[problem.measure], "year": problem.year, "value": problem.value}
    ).with_row_index("column")
    groups = measures.select("province", "sector").with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    table = table.join(groups, on="place", maintain_order="left").with_columns(
        pl.col("value").max().over("place").alias("most")
    )
    worst = table.sort(["most", "place", "year"], descending=[True, False, False])
    turn = pl.col("place").rle_id().over("province", "sector").alias("turn")
    evenly = worst.with_columns(turn).sort("turn", "province", "sector", "place", "year")
    return {
        SPREAD_EVENLY: evenly["column"].to_numpy().astype(np.int64),
        WORST_FIRST: worst["column"].to_numpy().astype(np.int64),
    }


@kernel
def _walk(
    order: Ints,
    serving: Ints,
    head: int,
    measure: Ints,
    measures: int,
    start: Ints,
    row: Ints,
    entry: Floats,
    bound: Floats,
    rounding: Floats,
) -> Bools:
    taken = np.zeros(measures, dtype=np.bool_)
    chosen = np.zeros(len(measure), dtype=np.bool_)
    sums = np.zeros(len(bound))
    for walk in range(WALKS):
        promises = walk == 0
        changed = False
        for column in serving if promises else order[:head]:
            if taken[measure[column]]:
                continue
            fits, wanted = True, not promises
            for place in range(start[column], start[column + 1]):
                which = row[place]
                over = bound[which] + rounding[which]
                if entry[place] > 0 and sums[which] + entry[place] > over:
                    fits = False
                    break
                if entry[place] < 0 and sums[which] > over:
                    wanted = True
            if not (fits and wanted):
                continue
            for place in range(start[column], start[column + 1]):
                sums[row[place]] += entry[place]
            taken[measure[column]] = True
            chosen[column] = True
            changed = True
        if not changed and not promises:
            if head == len(order):
                break
            head = len(order)
    return chosen
