"""Each organisation's own year: the distribution of its loss by Fourier transform on a small grid of its own.

As the exact engine does it for the nation, but for all organisations at once: the transforms of costs are made for
classes of scale and shared, a cost between two classes being divided between them so that its mean stays.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from sipar.risk.columns import Floats, Ints, Waves
from sipar.risk.contributions import cost_points
from sipar.risk.magnitudes import Magnitude
from sipar.risk.portfolio import Portfolio
from sipar.risk.scenario import Loss, Shock

POINTS = 1024
TILT = 16.0
# So many classes of scale for each doubling.
CLASSES = 8
# The grid reaches beyond the loss that one event passes with this chance a year.
BEYOND = 0.0005
AT_ONCE = 400
BAD_YEAR = 0.95
# The curve tells losses at these points of the grid, up to what is passed in one of two hundred years.
PLACES = np.unique(np.geomspace(1, POINTS, 32).astype(np.int64)) - 1
RAREST = 0.005

YEARS: dict[str, pl.DataType] = {
    "place": pl.Int64(),
    "mean": pl.Float64(),
    "shortfall": pl.Float64(),
    "bad_year": pl.Float64(),
    "curve": pl.List(pl.List(pl.Float64())),
}


def years_of_organisations(
    asked: Portfolio, places: Ints, *, many: int, level: float, say: Callable[[int, int], object]
) -> pl.DataFrame:
    """Each organisation, as YEARS says: its mean year, the mean of the worst `1 - level` of its years, the loss that 95
    of 100 years stay within, and its curve as a list of [loss, probability of losing more].

    `places` says whose each row is, rising; all numbers up to `many`. The grid has 1,024 points, so that a loss is
    right to about a five-hundredth of the largest that is shown. `say` hears (organisations done, all).
    """
    mean = np.bincount(places, weights=asked.mean_by_row(), minlength=many)
    step = _reach(asked, places, mean, many) / POINTS
    costs = _Costs(asked, step[places])
    starts = np.searchsorted(places, np.arange(many + 1))
    made = []
    for first in range(0, many, AT_ONCE):
        until = min(first + AT_ONCE, many)
        density, nothing = _densities(asked, costs, starts[first : until + 1])
        made.append(_summary(density, nothing, mean[first:until], step[first:until], first, level))
        say(until, many)
    return pl.concat(made)


def _reach(asked: Portfolio, places: Ints, mean: Floats, many: int) -> Floats:
    """How far the grid of each organisation goes."""
    through = np.bincount(
        asked.link_rows, weights=asked.failures[asked.link_provider] * asked.link_chance, minlength=len(places)
    )
    often = (asked.rate + through) * asked.keep
    points = [cost_points(loss) for loss in asked.losses]
    above = [(costs, 1 - np.cumsum(chances)) for costs, chances in points]
    average = np.array([loss.mean for loss in asked.losses])[asked.loss] * asked.scale
    reach = np.zeros(many)
    np.maximum.at(reach, places, average / 4)
    waiting = reach > 0
    for _ in range(60):
        more = np.zeros(len(places))
        for loss, (costs, chances) in enumerate(above):
            mine = (asked.loss == loss) & (asked.scale > 0)
            found = np.searchsorted(costs, reach[places[mine]] / asked.scale[mine], side="right") - 1
            more[mine] = often[mine] * np.where(found < 0, 1.0, chances[found])
        waiting = waiting & (np.bincount(places, weights=more, minlength=many) > BEYOND)
        if not waiting.any():
            break
        reach[waiting] *= 1.5
    return np.where(reach > 0, 1.25 * reach + 3 * mean, 1.0)


class _Costs:
    """Transforms of each loss at each class of scale that is used, and which of them each row takes.

    The last column of a transform is the chance that the cost is nothing at all, to tell years without loss apart from
    years with a loss below the first point of the grid.
    """

    def __init__(self, asked: Portfolio, step: Floats) -> None:
        self.tilt = np.exp(-TILT / POINTS * np.arange(POINTS))
        ratio = np.maximum(asked.scale / step, 1e-12)
        low = np.floor(np.log2(ratio) * CLASSES).astype(np.int64)
        below, above = 2.0 ** (low / CLASSES), 2.0 ** ((low + 1) / CLASSES)
        self.upper = np.clip((ratio - below) / (above - below), 0.0, 1.0)
        self.upper[asked.scale <= 0] = 0.0
        many = len(asked.losses)
        keys, which = np.unique(np.concatenate([low, low + 1]) * many + np.tile(asked.loss, 2), return_inverse=True)
        self.low, self.high = np.split(which.ravel(), 2)
        self.made: Waves = np.array(
            [self._transform(asked.losses[key % many], 2.0 ** ((key // many) / CLASSES)) for key in keys.tolist()]
        ).reshape(-1, POINTS // 2 + 2)
        self.free = asked.scale <= 0

    def of(self, rows: slice | Ints) -> Waves:
        """The transform of each row's cost."""
        upper = self.upper[rows][:, None]
        found = self.made[self.low[rows]] * (1 - upper) + self.made[self.high[rows]] * upper
        found[self.free[rows]] = 1.0
        return found

    def _transform(self, loss: Loss, ratio: float) -> Waves:
        first = self._of(loss.primary, ratio)
        if loss.secondary is None or not loss.secondary_probability:
            return first
        return first * (1 + loss.secondary_probability * (self._of(loss.secondary, ratio) - 1))

    def _of(self, magnitude: Magnitude, ratio: float) -> Waves:
        knots = np.arange(POINTS + 1, dtype=np.float64)
        slopes = np.diff(magnitude.mean_up_to(knots / ratio) * ratio)
        mass = np.maximum(-np.diff(slopes, prepend=1.0), 0.0)
        return np.concatenate([np.fft.rfft(mass * self.tilt), magnitude.share_below(np.zeros(1))])


def _densities(asked: Portfolio, costs: _Costs, starts: Ints) -> tuple[Floats, Floats]:
    """The probability of each point of each organisation's grid, and of a year without loss."""
    rows = slice(int(starts[0]), int(starts[-1]))
    many = len(starts) - 1
    local = starts - starts[0]
    wave = costs.of(rows)
    rate, spread = (asked.rate * asked.keep)[rows, None], asked.spread[rows, None]
    clumped = spread[:, 0] > 0
    exponent = rate * (wave - 1)
    exponent[clumped] = -np.log1p(-spread[clumped] * exponent[clumped]) / spread[clumped]
    summed = _by_organisation(np.add, exponent, local, 0.0)
    sector = np.zeros(many, np.int64)
    there = np.diff(local) > 0
    sector[there] = asked.sector[rows][local[:-1][there]]
    chance, factor, otherwise = np.array([_row(shock) for shock in asked.sector_shocks]).reshape(-1, 3)[sector].T
    whole = np.zeros(summed.shape, np.complex128)
    for share, nation in _states(asked.nation_shock):
        for part, times in ((chance, factor), (1 - chance, otherwise)):
            if part.any():
                whole += share * part[:, None] * np.exp((nation * times)[:, None] * summed)
    for provider, failures in enumerate(asked.failures):
        links = slice(int(asked.link_starts[provider]), int(asked.link_starts[provider + 1]))
        linked = asked.link_rows[links]
        begin, end = np.searchsorted(linked, [rows.start, rows.stop])
        if begin == end or failures <= 0:
            continue
        linked = linked[begin:end]
        hit = (asked.link_chance[links][begin:end] * asked.keep[linked])[:, None]
        bounds = np.searchsorted(linked, starts)
        failure = _by_organisation(np.multiply, 1 + hit * (wave[linked - rows.start] - 1), bounds, 1.0)
        whole *= np.exp(failures * (failure - 1))
    density = np.maximum(np.fft.irfft(whole[:, :-1], POINTS, axis=1) / costs.tilt, 0.0)
    return density, whole[:, -1].real


def _by_organisation(combine: np.ufunc, values: Waves, starts: Ints, empty: float) -> Waves:
    """The values of each organisation's rows added or multiplied; `empty` for one without rows."""
    made = np.full((len(starts) - 1, values.shape[1]), empty, np.complex128)
    there = np.diff(starts) > 0
    if there.any():
        made[there] = combine.reduceat(values, starts[:-1][there], axis=0)
    return made


def _summary(density: Floats, nothing: Floats, mean: Floats, step: Floats, first: int, level: float) -> pl.DataFrame:
    below, rows, numbers = np.cumsum(density, axis=1), np.arange(len(mean)), np.arange(POINTS)
    place = np.minimum((below < level - 1e-9).sum(axis=1), POINTS - 1)
    within = (np.where(numbers <= place[:, None], density, 0.0) * numbers).sum(axis=1) * step
    # Of the probability at the edge only what the level leaves over belongs to the worst years.
    worst = (mean - within + place * step * (below[rows, place] - level)) / (1 - level)
    # What stands at a point of the grid lies up to half a step around it.
    losses = np.concatenate([np.zeros((len(mean), 1)), (PLACES + 0.5) * step[:, None]], axis=1)
    points = np.stack([losses, np.column_stack([1 - nothing, 1 - below[:, PLACES]])], axis=2)
    shown = (points[:, :, 1] >= RAREST) & (points[:, :, 1] < points[:, :1, 1])
    shown[:, 0] = True
    flat = pl.DataFrame(
        {"place": np.nonzero(shown)[0] + first, "loss": points[shown][:, 0], "chance": points[shown][:, 1]}
    )
    curves = flat.group_by("place", maintain_order=True).agg(pl.concat_list("loss", "chance").alias("curve"))
    return (
        pl.DataFrame(
            {
                "place": rows + first,
                "mean": mean,
                "shortfall": np.maximum(worst, mean),
                "bad_year": _bad_year(below, nothing) * step,
            }
        )
        .with_columns(curves["curve"])
        .cast(pl.Schema(YEARS))
    )


def _bad_year(below: Floats, nothing: Floats) -> Floats:
    """The loss of level BAD_YEAR in points of the grid, between two of them by a straight line."""
    shares = np.column_stack([nothing, below])
    ends = np.concatenate([[0.0], np.arange(POINTS) + 0.5])
    place = np.clip((shares < BAD_YEAR).sum(axis=1), 1, POINTS)
    rows = np.arange(len(shares))
    low, high = shares[rows, place - 1], shares[rows, place]
    part = np.divide(BAD_YEAR - low, high - low, out=np.zeros(len(rows)), where=high > low)
    made: Floats = np.where(nothing >= BAD_YEAR, 0.0, ends[place - 1] + np.clip(part, 0, 1) * np.diff(ends)[place - 1])
    return made


def _states(shock: Shock) -> list[tuple[float, float]]:
    return [(shock.probability, shock.factor), (1 - shock.probability, shock.otherwise)]


def _row(shock: Shock) -> list[float]:
    return [shock.probability, shock.factor, shock.otherwise]
