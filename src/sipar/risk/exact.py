"""The exact engine: the distribution of a year's loss by Fourier transform on a grid, with its error stated.

Costs are put on a grid so that means stay (local moment matching: Gerber, Scandinavian Actuarial Journal 1982). The
transform of a compound sum is known in closed form, and tilting keeps what lies beyond the grid from coming back at
its bottom (Grübel and Hermesmeier, ASTIN Bulletin 29, 1999). The error is the difference to a grid twice as coarse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from sipar.formats.problems import FormatProblem
from sipar.risk.columns import Floats, Ints, Waves
from sipar.risk.exact_costs import Costs, brought, by_class
from sipar.risk.kernels import add_chances
from sipar.risk.portfolio import Portfolio
from sipar.risk.results import Estimate
from sipar.risk.scenario import Shock

TILT, ROUNDING, NOTHING = 16.0, 1e-15, 1e-20
# The grid reaches half as far again as the loss of this level.
REACH = 0.9999
COARSE = 1 << 12
# So many classes of scales, rates or chances for each doubling, where there are many different ones.
CLASSES, COARSE_CLASSES = 16, 8
# Up to here (spread times rate) the logarithm of a negative binomial transform is summed as a series, to this error.
LIGHT, REMAINDER = 0.1, 1e-9
AT_ONCE = 32


@dataclass(frozen=True)
class ExactLoss:
    """`density[k]` is the probability of a loss of k * step; what is missing to 1 lies beyond the grid.

    `coarse` is the same on a grid of half as many points, from which errors are told.
    """

    step: float
    density: Floats
    mean: float
    coarse: ExactLoss | None = None

    def quantile(self, level: float) -> Estimate:
        """The loss that a year stays within with probability `level`, and how far the grid may be off.

        Raises FormatProblem `beyond_grid` where the grid does not reach so far.
        """
        value = self._quantile(level)
        error = self.step if self.coarse is None else abs(value - self.coarse._quantile(level)) + self.coarse.step
        return Estimate(value, max(value - error, 0.0), value + error)

    def expected_shortfall(self, level: float) -> Estimate:
        """The mean of the worst `1 - level` of the years, and how far the grid may be off."""
        value = self._shortfall(level)
        error = self.step if self.coarse is None else abs(value - self.coarse._shortfall(level)) + self.coarse.step
        return Estimate(value, max(value - error, 0.0), value + error)

    def exceedance(self, losses: Floats) -> Floats:
        """The probability of losing more than each of `losses`, all of them on the grid."""
        if len(losses) and losses.max() >= self.step * len(self.density):
            raise FormatProblem("beyond_grid", "The grid does not reach this loss.", "losses")
        below = np.cumsum(self.density)
        made: Floats = np.clip(1 - below[np.floor(losses / self.step + 1e-9).astype(np.int64)], 0, 1)
        return made

    def _quantile(self, level: float) -> float:
        if not 0 < level < 1:
            raise FormatProblem("level_range", "A level lies between 0 and 1.", "level")
        below = np.cumsum(self.density)
        place = int(np.searchsorted(below, level - 1e-12))
        if place >= len(below):
            raise FormatProblem("beyond_grid", "The grid does not reach this level.", "level")
        return place * self.step

    def _shortfall(self, level: float) -> float:
        edge = self._quantile(level)
        place = round(edge / self.step)
        part = self.density[: place + 1]
        within = float(part @ np.arange(place + 1)) * self.step
        # Of the probability at the edge itself only what the level leaves over belongs to the worst years.
        return (self.mean - within + edge * (float(part.sum()) - level)) / (1 - level)


def exact(asked: Portfolio, *, points: int = 1 << 16, reach: float | None = None) -> ExactLoss:
    """The distribution of a year's loss. `reach` is the loss up to which it is asked; without it, it is found.

    Raises FormatProblem `no_mean` where a cost has no finite mean (it needs a limit), `grid_range` for a grid that is
    no power of two from 4,096 to 4,194,304 points.
    """
    if points & (points - 1) or not COARSE <= points <= 1 << 22:
        raise FormatProblem("grid_range", "The points are a power of two from 4,096 to 4,194,304.", "points")
    mean = float(asked.mean_by_row().sum())
    if not math.isfinite(mean):
        raise FormatProblem("no_mean", "A cost without a limit has no finite mean.", "losses")
    if mean == 0:
        return ExactLoss(1.0, np.concatenate([[1.0], np.zeros(points - 1)]), 0.0)
    farthest = _reach(asked, mean) if reach is None else reach
    if not 0 < farthest < math.inf:
        raise FormatProblem("not_positive", "The grid must reach a finite loss above zero.", "reach")
    coarse = ExactLoss(2 * farthest / points, _density(asked, points // 2, 2 * farthest / points), mean)
    return ExactLoss(farthest / points, _density(asked, points, farthest / points), mean, coarse)


class Grid:
    """One grid for several portfolios of the same losses, without a statement of the error: for what differs.

    What costs are on the grid is worked out once.
    """

    def __init__(self, asked: Portfolio, *, points: int, reach: float) -> None:
        tilt = np.exp(-TILT / points * np.arange(points))
        self.costs = Costs(asked, points, reach / points, tilt, keep=True)

    def of(self, asked: Portfolio) -> ExactLoss:
        """The distribution of a year's loss."""
        return ExactLoss(self.costs.step, _on(asked, self.costs), float(asked.mean_by_row().sum()))


def _reach(asked: Portfolio, mean: float) -> float:
    """Half as far again as the loss of level REACH, found on coarse grids."""
    farthest = 8 * mean
    for _ in range(60):
        below = np.cumsum(_density(asked, COARSE, farthest / COARSE))
        if below[-1] < REACH:
            farthest *= 8
            continue
        edge = max(int(np.searchsorted(below, REACH)), 1)
        if edge > COARSE // 16:
            return 1.5 * edge * farthest / COARSE
        # All of it in the lowest points, perhaps because most years lose nothing: look closer, but not for ever.
        if edge <= 1 and below[0] >= REACH:
            return farthest
        farthest *= max(1.5 * edge, 4.0) / COARSE
    return farthest


def _density(asked: Portfolio, points: int, step: float) -> Floats:
    """The probability of each point of the grid."""
    return _on(asked, Costs(asked, points, step, np.exp(-TILT / points * np.arange(points))))


def _on(asked: Portfolio, costs: Costs) -> Floats:
    points = costs.points
    # The exponent of each sector, then the mixtures over its shock and over the nation's.
    exponents = _light_exponents(asked, costs)
    for sector in range(len(asked.sector_shocks)):
        exponents[sector] += _sector_exponent(asked, costs, sector)
    whole = np.zeros(points // 2 + 1, np.complex128)
    for share, nation in _states(asked.nation_shock):
        product = np.full(points // 2 + 1, share, np.complex128)
        for shock, exponent in zip(asked.sector_shocks, exponents, strict=True):
            product *= sum(part * np.exp(nation * factor * exponent) for part, factor in _states(shock))
        whole += product
    # A failure can only make a frequency smaller: what is nothing by now need not be computed.
    until = int(np.flatnonzero(np.abs(whole) > NOTHING * np.abs(whole[0]))[-1]) + 1
    whole[until:] = 0
    for provider in range(len(asked.failures)):
        if asked.failures[provider] > 0:
            failure = _failure(asked, costs, provider, until)
            whole[:until] *= np.exp(asked.failures[provider] * (failure - 1))
    density = np.fft.irfft(whole, points)
    # Rounding is left out: taking the tilt away would make it large at the top of the grid.
    made: Floats = np.where(density > ROUNDING, density, 0.0) / costs.tilt
    return made


def _is_light(asked: Portfolio, costs: Costs) -> npt.NDArray[np.bool_]:
    """The rows whose logarithm is summed as a series: clumped a little, or plain with a secondary loss.

    On a grid for several portfolios all plain ones.
    """
    second = np.array([loss.secondary is not None and loss.secondary_probability > 0 for loss in asked.losses])
    clumped = asked.spread * asked.rate * asked.keep
    made: npt.NDArray[np.bool_] = (clumped <= LIGHT) & ((asked.spread > 0) | second[asked.loss] | costs.keep)
    return made


def _light_exponents(asked: Portfolio, costs: Costs) -> Waves:
    """For each sector the sum over its light scenarios of the logarithm of the transform of a year's loss.

    With q = spread * rate it is -log(1 - q x) / spread = rate * (x + q x^2 / 2 + q^2 x^3 / 3 + ...), where x is the
    transform of a cost less 1 and no larger than 2: rows of one cost add up before it is raised to powers.
    """
    made = np.zeros((len(asked.sector_shocks), costs.points // 2 + 1), np.complex128)
    rate = asked.rate * asked.keep
    rows = np.flatnonzero(_is_light(asked, costs) & (rate > 0) & (asked.scale > 0))
    for entry in np.unique(asked.loss[rows]).tolist():
        mine = rows[asked.loss[rows] == entry]
        columns = (asked.sector[mine], rate[mine], asked.spread[mine], asked.scale[mine])
        if not costs.keep:
            made += _light_exponent(costs, entry, len(made), *columns)
            continue
        made += costs.kept(entry, columns, partial(_light_exponent, costs, entry, len(made), *columns))
    return made


def _light_exponent(
    costs: Costs, entry: int, sectors: int, sector: Ints, rate: Floats, spread: Floats, scale: Floats
) -> Waves:
    """The part of one loss in it."""
    made = np.zeros((sectors, costs.points // 2 + 1), np.complex128)
    classes, low, upper = brought(scale, COARSE_CLASSES)
    clumped = spread * rate
    terms = 1
    while (2 * float(clumped.max())) ** terms / (terms + 1) > REMAINDER:
        terms += 1
    cell = sector * len(classes) + low
    cells = np.concatenate([cell, cell + (upper > 0)])
    share = np.concatenate([1 - upper, upper])
    weights = [
        np.bincount(
            cells, weights=share * np.tile(rate * clumped ** (term - 1) / term, 2), minlength=sectors * len(classes)
        ).reshape(sectors, len(classes))
        for term in range(1, terms + 1)
    ]
    for first in range(0, len(classes), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        less = np.array([costs.each(entry, scale) for scale in classes[part].tolist()]) - 1
        power = less.copy()
        for weight in weights:
            made.view(np.float64)[...] += weight[:, part] @ power.view(np.float64)
            power *= less
    return made


def _sector_exponent(asked: Portfolio, costs: Costs, sector: int) -> Waves:
    """The same for the other scenarios of one sector."""
    rate = asked.rate * asked.keep
    rows = np.flatnonzero((asked.sector == sector) & (rate > 0) & (asked.scale > 0) & ~_is_light(asked, costs))
    plain, clumped = rows[asked.spread[rows] == 0], rows[asked.spread[rows] > 0]
    exponent = np.zeros(costs.points // 2 + 1, np.complex128)
    # Poisson scenarios add up before the transform.
    mixed = np.zeros(len(costs.knots) - 1)
    for entry, weight, (scale,) in by_class(asked.loss[plain], rate[plain], asked.scale[plain], each=CLASSES):
        mixed += weight * costs.mass(asked.losses[entry].primary, scale)
        exponent -= weight
    exponent += costs.transform(mixed)
    columns = (asked.scale[clumped], rate[clumped], asked.spread[clumped])
    for entry, count, (scale, mean, spread) in by_class(
        asked.loss[clumped], np.ones(len(clumped)), *columns, each=COARSE_CLASSES
    ):
        exponent -= count / spread * np.log(1 - spread * mean * (costs.of(entry, scale) - 1))
    return exponent


def _failure(asked: Portfolio, costs: Costs, provider: int, until: int) -> Waves:
    """The transform of what one failure costs all that rest on the provider, at the frequencies below `until`."""
    links = slice(int(asked.link_starts[provider]), int(asked.link_starts[provider + 1]))
    rows, chance = asked.link_rows[links], asked.link_chance[links]
    chance = chance * asked.keep[rows]
    used = (chance > 0) & (asked.scale[rows] > 0)
    rows, chance = rows[used], chance[used]
    if not costs.keep:
        return _failed(costs, until, asked.loss[rows], asked.scale[rows], chance)
    columns = (asked.loss[rows], asked.scale[rows], chance)
    return costs.kept(-1, columns, lambda: _failed(costs, costs.points // 2 + 1, *columns))[:until]


def _failed(costs: Costs, until: int, losses: Ints, scales: Floats, chance: Floats) -> Waves:
    logarithm = np.zeros(until, np.complex128)
    for entry, scale, shares in _by_scale(losses, scales, chance):
        cost = costs.of(entry, scale)
        for share, count in shares:
            add_chances(logarithm, cost, share, count)
    made: Waves = np.exp(logarithm)
    return made


def _by_scale(
    losses: npt.NDArray[np.int64], scales: Floats, chance: Floats
) -> list[tuple[int, float, list[tuple[float, float]]]]:
    """For each loss and scale class the chances that stand for all of its links, and how many links each stands for.

    Two chances have the same count, sum, squares and cubes as all (Gauss quadrature); where all are equal, it is one.
    """
    powers = [by_class(losses, chance**power, scales, each=COARSE_CLASSES) for power in range(4)]
    made = []
    for (entry, count, (scale,)), (_, one, _), (_, two, _), (_, three, _) in zip(*powers, strict=True):
        if count <= 0:
            continue
        mean = one / count
        variance = max(two / count - mean**2, 0.0)
        if variance < 1e-12:
            made.append((entry, scale, [(mean, count)]))
            continue
        skew = (three / count - 3 * mean * variance - mean**3) / variance
        wide = math.sqrt(skew**2 + 4 * variance)
        low, high = mean + (skew - wide) / 2, mean + (skew + wide) / 2
        lower = count * (high - mean) / wide
        made.append((entry, scale, [(max(low, 0.0), lower), (min(high, 1.0), count - lower)]))
    return made


def _states(shock: Shock) -> list[tuple[float, float]]:
    """The probability and the factor of each state of a shock."""
    if not shock.probability:
        return [(1.0, shock.otherwise)]
    return [(shock.probability, shock.factor), (1 - shock.probability, shock.otherwise)]
