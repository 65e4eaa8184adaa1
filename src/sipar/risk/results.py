"""What simulated years say: mean, quantiles and shortfall, each with its band, and the exceedance curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from sipar.formats.problems import FormatProblem
from sipar.risk.columns import Floats, Ints

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A number and the band in which it lies with the stated confidence, as far as chance in the simulation goes."""

    value: float
    low: float
    high: float


def mean(totals: Floats, *, confidence: float = CONFIDENCE) -> Estimate:
    """The mean loss of a year, with the band of the normal approximation."""
    value = float(totals.mean())
    if len(totals) < 2:
        return Estimate(value, 0.0, math.inf)
    wide = _normal(confidence) * float(totals.std(ddof=1)) / math.sqrt(len(totals))
    return Estimate(value, value - wide, value + wide)


def quantile(totals: Floats, level: float, *, confidence: float = CONFIDENCE) -> Estimate:
    """The loss that a year stays within with probability `level`; the band is of order statistics, free of any form.

    Where there are too few years for the upper end of the band, it is infinite.
    """
    _check_level(level)
    ordered, many = np.sort(totals), len(totals)
    wide = _normal(confidence) * math.sqrt(many * level * (1 - level))
    low, high = math.floor(many * level - wide) - 1, math.ceil(many * level + wide)
    value = ordered[min(math.ceil(many * level), many) - 1]
    return Estimate(
        float(value),
        float(ordered[low]) if low >= 0 else 0.0,
        float(ordered[high]) if high < many else math.inf,
    )


def expected_shortfall(totals: Floats, level: float, *, confidence: float = CONFIDENCE) -> Estimate:
    """The mean of the worst `1 - level` of the years; the band counts the spread of those years and of their number."""
    worst = totals[worst_years(totals, level=level)]
    value, edge, many = float(worst.mean()), float(worst.min()), len(worst)
    if many < 2:
        return Estimate(value, edge, math.inf)
    variance = float(worst.var(ddof=1)) + level * (value - edge) ** 2
    wide = _normal(confidence) * math.sqrt(variance / many)
    return Estimate(value, value - wide, value + wide)


def worst_years(totals: Floats, *, level: float) -> Ints:
    """The places of the worst `1 - level` of the years, at least one; among equal ones the earlier."""
    _check_level(level)
    # A hair is taken off, for 1 - 0.99 is a little more than 0.01.
    many = max(1, math.ceil(len(totals) * (1 - level) - 1e-9))
    return np.sort(np.argsort(-totals, kind="stable")[:many]).astype(np.int64)


def exceedance(totals: Floats, losses: Sequence[float]) -> Floats:
    """The share of the years that lose more than each of `losses`."""
    ordered = np.sort(totals)
    made: Floats = 1 - np.searchsorted(ordered, np.array(losses), side="right") / len(totals)
    return made


def by_group(parts: Floats, groups: Ints, *, many: int) -> Floats:
    """The parts of rows added up by group (sector, province, class, scenario): they sum to what the rows sum to."""
    return np.bincount(groups, weights=parts, minlength=many)


def _normal(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise FormatProblem("confidence_range", "A confidence lies between 0 and 1.", "confidence")
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise FormatProblem("level_range", "A level lies between 0 and 1.", "level")
