"""Prices of limits, lowered towards the least bound that they prove.

The bound of the search is a convex function of the prices, piecewise linear, in as many dimensions as there are limits
that do not merely link two measures: few. A sample of the measures gives prices to begin with, but where a handful of
measures hold most of the value a sample misses them; then these prices are far off, and so is everything fixed by them.
Here all measures are asked at each step. The method is Kelley's cutting planes (1960) within a box around the best
prices so far, as in the boxstep method of Marsten, Hogan and Blankenship (1975).
"""

from __future__ import annotations

from collections.abc import Callable

import highspy
import numpy as np

from sipar.risk.plan_rows import Floats

STEPS = 60
# A step is worth its time where it promises this share of what is missing.
WORTH = 0.02
# How far prices may move at once, as a share of themselves; how much of what was promised a good step brings.
BOX, WIDER, NARROWER, GOOD = 0.5, 2.0, 0.5, 0.25

type Evaluate = Callable[[Floats], tuple[float, Floats]]


def lowered(evaluate: Evaluate, prices: Floats, *, enough: float, steps: int = STEPS) -> Floats:
    """Better prices than these, or the same. `evaluate` gives the bound at some prices and its slope there.

    Ends where the bound is at most what is `enough`, where no step is worth its time, or after so many steps.
    """
    best, (bound, slope) = prices, evaluate(prices)
    points, bounds, slopes = [best], [bound], [slope]
    typical = float(np.median(prices[prices > 0])) if (prices > 0).any() else 1.0
    box = BOX
    for _ in range(steps):
        if bound <= enough:
            break
        reach = box * np.maximum(best, typical)
        point, promised = _least(points, bounds, slopes, np.maximum(0.0, best - reach), best + reach)
        if bound - promised <= WORTH * (bound - enough):
            break
        value, slope = evaluate(point)
        points.append(point)
        bounds.append(value)
        slopes.append(slope)
        if bound - value >= GOOD * (bound - promised):
            box *= WIDER
        elif value >= bound:
            box *= NARROWER
        if value < bound:
            best, bound = point, value
    return best


def _least(
    points: list[Floats], bounds: list[float], slopes: list[Floats], low: Floats, high: Floats
) -> tuple[Floats, float]:
    """Where in the box the greatest of the planes is lowest, and how low."""
    size, unit = len(low), max(abs(bounds[-1]), 1.0)
    rows = np.hstack([np.array(slopes) / unit, -np.ones((len(points), 1))])
    limits = np.array(
        [float(slope @ point) - bound for slope, point, bound in zip(slopes, points, bounds, strict=True)]
    )
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = size + 1, len(points)
    program.col_cost_ = np.append(np.zeros(size), 1.0)
    program.col_lower_ = np.append(low, -highspy.kHighsInf)
    program.col_upper_ = np.append(high, highspy.kHighsInf)
    program.row_lower_ = np.full(len(points), -highspy.kHighsInf)
    program.row_upper_ = limits / unit
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = np.arange(len(points) + 1, dtype=np.int32) * (size + 1)
    program.a_matrix_.index_ = np.tile(np.arange(size + 1, dtype=np.int32), len(points))
    program.a_matrix_.value_ = rows.ravel()
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.passModel(program)
    solver.run()
    values = np.array(solver.getSolution().col_value)
    return np.clip(values[:size], low, high), float(values[size]) * unit
