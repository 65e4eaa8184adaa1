"""What each row brings to the nation's mean year and to its worst years (Euler), without the noise of single rows.

The share that a row has in the expected shortfall is its mean loss in the worst years (Tasche, "Capital allocation to
business units and sub-portfolios: the Euler principle", 2008). Simulated worst years say this well for the whole, and
badly for a row that loses once in fifty years. So what a row brings is worked out from all simulated years: an event
of cost c belongs to a worst year exactly if the rest of its year loses at least the edge less c (Mecke's formula for
Poisson events; for clumped ones it leaves the rest of the clump aside). The sums of what comes from scenarios
themselves and from each provider are brought to those of the simulated worst years, so that all parts sum to the
shortfall.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from sipar.risk.columns import Floats, Ints
from sipar.risk.kernels import failure_counts, shock_factors
from sipar.risk.magnitudes import Magnitude
from sipar.risk.portfolio import Portfolio
from sipar.risk.results import worst_years
from sipar.risk.scenario import Loss, Shock
from sipar.risk.simulate import losses_in

# A cost stands for itself by so many points, spread evenly by their size.
POINTS, WIDE = 384, 1e5
SCALES = 48
TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Parts:
    """The mean loss of a year and the part of the shortfall: by row without providers, and by a provider's link.

    `rarer` is by row how much the shortfall falls, for each share of the row's events that no longer happens. It is
    less than the row's part of the shortfall, for where an event is kept away another year becomes one of the worst.
    """

    own_mean: Floats
    own_shortfall: Floats
    link_mean: Floats
    link_shortfall: Floats
    link_rows: Ints
    rarer: Floats

    def by_row(self) -> tuple[Floats, Floats]:
        """Mean and shortfall of each row, with what comes through providers."""
        many = len(self.own_mean)
        return (
            self.own_mean + np.bincount(self.link_rows, weights=self.link_mean, minlength=many),
            self.own_shortfall + np.bincount(self.link_rows, weights=self.link_shortfall, minlength=many),
        )


def parts_of(asked: Portfolio, totals: Floats, *, level: float, seed: int) -> Parts:
    """The parts of the portfolio's mean and of its shortfall; `totals` are what `simulate` gave from year 0 on.

    The means are exact. The shortfalls sum to the mean of the worst `1 - level` of the totals.
    """
    worst = worst_years(totals, level=level)
    rows, links = losses_in(asked, years=worst, seed=seed)
    through = np.bincount(asked.link_rows, weights=links, minlength=len(rows))
    own_sum = float((rows - through).sum()) / len(worst)
    provider_sums = np.bincount(asked.link_provider, weights=links, minlength=len(asked.failures)) / len(worst)
    found = _Worst(asked, totals, float(totals[worst].min()), seed)
    own, own_rarer = found.own()
    factor = _factor(own, own_sum)
    own, own_rarer = own * factor, own_rarer * factor
    through_link, link_rarer = found.links()
    for provider, total in enumerate(provider_sums):
        part = slice(asked.link_starts[provider], asked.link_starts[provider + 1])
        factor = _factor(through_link[part], float(total))
        through_link[part] *= factor
        link_rarer[part] *= factor
    return Parts(
        asked.rate * asked.cost_by_row(),
        own,
        asked.mean_by_link(),
        through_link,
        asked.link_rows,
        own_rarer + np.bincount(asked.link_rows, weights=link_rarer, minlength=len(own)),
    )


def cost_points(loss: Loss) -> tuple[Floats, Floats]:
    """Costs of one event and their probabilities, with the same mean as the loss."""
    costs, chances = _points(loss.primary)
    if loss.secondary is None or not loss.secondary_probability:
        return costs, chances
    more, likely = _points(loss.secondary)
    both = (costs[:, None] + more[None, :]).ravel()
    weights = (chances[:, None] * likely[None, :]).ravel() * loss.secondary_probability
    every = np.concatenate([costs, both])
    weights = np.concatenate([chances * (1 - loss.secondary_probability), weights])
    least = max(float(every[every > 0].min(initial=np.inf)), float(every.max()) / WIDE**2)
    edges = np.geomspace(least, max(float(every.max()), least * 2), 2 * POINTS)
    bins = np.searchsorted(edges, every)
    mass = np.bincount(bins, weights=weights, minlength=len(edges) + 1)
    sums = np.bincount(bins, weights=weights * every, minlength=len(edges) + 1)
    there = mass > 0
    return sums[there] / mass[there], mass[there]


def _points(magnitude: Magnitude) -> tuple[Floats, Floats]:
    """Costs and probabilities of the same limited means (local moment matching, as the exact engine does it)."""
    mean = magnitude.mean
    if mean <= 0:
        return np.zeros(1), np.ones(1)
    knots = np.concatenate([[0.0], np.geomspace(mean / WIDE, mean * WIDE, POINTS)])
    slopes = np.diff(magnitude.mean_up_to(knots)) / np.diff(knots)
    mass = np.maximum(-np.diff(slopes, prepend=1.0), 0.0)
    there = mass > 0
    return knots[:-1][there], mass[there]


class _Worst:
    """How likely an event falls into a worst year, by its cost and by what drives it."""

    def __init__(self, asked: Portfolio, totals: Floats, edge: float, seed: int) -> None:
        self.asked, self.edge, self.seed = asked, edge, seed
        self.order = np.argsort(totals, kind="stable")
        self.totals = totals[self.order]
        self.years = np.arange(len(totals), dtype=np.int64)
        self.points = [cost_points(loss) for loss in asked.losses]

    def own(self) -> Floats:
        """The part of each row's own events in the worst years, and what they add to the shortfall, up to a factor."""
        asked = self.asked
        nation = _row(asked.nation_shock)
        weighers = [
            partial(shock_factors, self.years, self.seed, group, _row(shock), nation)
            for group, shock in enumerate(asked.sector_shocks)
        ]
        costs = self._costs(asked.sector, weighers, asked.loss, asked.scale)
        made: Floats = asked.rate * asked.keep * costs
        return made

    def links(self) -> Floats:
        """The same of each link's events, up to a factor for each provider."""
        asked, rows = self.asked, self.asked.link_rows
        weighers = [
            partial(failure_counts, self.years, self.seed, provider, float(failures))
            for provider, failures in enumerate(asked.failures)
        ]
        costs = self._costs(asked.link_provider, weighers, asked.loss[rows], asked.scale[rows])
        made: Floats = asked.link_chance * asked.keep[rows] * costs
        return made

    def _costs(self, drivers: Ints, weighers: Sequence[Callable[[], Floats]], losses: Ints, scales: Floats) -> Floats:
        """For each row the mean over years of what drives it times what one event does, in two lines.

        First its cost where that makes a worst year, then by how much it raises what the year loses above the edge.
        """
        made = np.zeros((2, len(losses)))
        for driver, weigher in enumerate(weighers):
            mine = np.flatnonzero(drivers == driver)
            if not len(mine):
                continue
            weights = weigher()[self.order] / len(self.order)
            above = np.zeros((2, len(weights) + 1))
            above[:, :-1] = np.cumsum([weights[::-1], (weights * self.totals)[::-1]], axis=1)[:, ::-1]
            for loss in np.unique(losses[mine]).tolist():
                rows = mine[losses[mine] == loss]
                made[:, rows] = self._cost(above, loss, scales[rows])
        return made

    def _cost(self, above: Floats, loss: int, scales: Floats) -> Floats:
        nodes, which = np.unique(np.maximum(scales, TINY), return_inverse=True)
        several = len(nodes) > SCALES
        if several:
            nodes = np.geomspace(max(nodes[0], nodes[-1] / WIDE), nodes[-1], SCALES)
        points, chances = self.points[loss]
        costs = nodes[:, None] * points[None, :]
        often, lost = above[:, np.searchsorted(self.totals, self.edge - costs)]
        edge = np.searchsorted(self.totals, self.edge)
        over = lost - (self.edge - costs) * often - (above[1, edge] - self.edge * above[0, edge])
        each = np.array([(costs * often) @ chances, over @ chances]) / nodes
        taken = [np.interp(scales, nodes, line) for line in each] if several else each[:, which.ravel()]
        return scales * np.asarray(taken)


def _factor(parts: Floats, total: float) -> float:
    """What brings the parts to this sum."""
    whole = float(parts.sum())
    return total / whole if whole > 0 else 0.0


def _row(shock: Shock) -> Floats:
    return np.array([shock.probability, shock.factor, shock.otherwise])
