"""What a nation's own reports make of a prior: rates and costs, in closed form where there is one, else on a grid.

Rates: gamma prior and Poisson counts. Costs: normal prior and variance on the logarithm (normal-inverse-gamma). Both as
in Gelman and others, "Bayesian Data Analysis" (3rd edition, 2013), sections 2.6 and 3.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sipar.formats.problems import FormatProblem
from sipar.risk.columns import STEPS
from sipar.risk.magnitudes import Magnitude, lognormal
from sipar.risk.scenario import CALM, MOST_COST, MOST_EVENTS, Shock, check_shock

type Floats = npt.NDArray[np.float64]
# The natural logarithm of a density, by the natural logarithm of the value.
type LogDensity = Callable[[Floats], Floats]

POINTS, SHOWN, SHARES = 2_001, 121, 21
# Closer looks at where the weight lies; each leaves out what is nothing beside the highest point.
LOOKS, NOTHING = 4, 1e-13
# "May be so many times larger or smaller" is read as the 90 % interval.
NINETY = 1.6448536269514722
# Two costs this close are the same to a reporter, who rounds.
ROUNDED = 1.05
MOST_LOSSES = 100_000
# The largest standard deviation over mean of a rate, and the lowest logarithm where such a rate has weight.
WIDEST, LOWEST = 5.0, -200.0


@dataclass(frozen=True)
class Reports:
    """What was reported of a stretch of time that shares its shocks, such as a year: loss events, and among how many
    organisations times years."""

    events: int
    exposure: float


@dataclass(frozen=True)
class Belief:
    """What is believed of a number above zero: mean, standard deviation over mean, median and 90 % interval.

    `density` is that of the natural logarithm at `values`, to be drawn.
    """

    mean: float
    variation: float
    low: float
    median: float
    high: float
    values: tuple[float, ...]
    density: tuple[float, ...]


@dataclass(frozen=True)
class RateUpdate:
    """A rate before and after the reports; `method` is "conjugate" or "grid"."""

    method: str
    prior: Belief
    posterior: Belief


@dataclass(frozen=True)
class LossUpdate:
    """A lognormal cost after the reported losses, and the beliefs about the typical (median) cost.

    `doubt` is how many times larger or smaller the typical cost may still be.
    """

    mu: float
    sigma: float
    doubt: float
    prior: Belief
    posterior: Belief


def update_rate(
    mean: float,
    variation: float,
    reports: Sequence[Reports],
    *,
    reported: tuple[float, float] = (1.0, 1.0),
    shock: Shock = CALM,
) -> RateUpdate:
    """The yearly rate of one organisation, of this mean and standard deviation over mean, after the reports.

    `reported` is between which shares of all events are reported, each as likely. `shock` is the nation's: a stretch
    of many events may be a bad year and not a high rate. With a sure share and no shock the answer is the closed form.
    Raises FormatProblem for what cannot be; `certain_prior` where the prior leaves no doubt that reports could change.
    """
    _check_rate(mean, variation, reports, reported)
    check_shock(shock)
    shape, rate = 1 / variation**2, 1 / (variation**2 * mean)
    prior = _gamma(shape, rate)
    low, high = reported
    if low == high and not shock.probability:
        events, exposure = sum(one.events for one in reports), low * sum(one.exposure for one in reports)
        posterior = _gamma(shape + events, rate + exposure)
        return RateUpdate("conjugate", prior, posterior)
    return RateUpdate(
        "grid", prior, rate_on_grid(_gamma_logarithm(shape, rate), reports, reported=reported, shock=shock)
    )


def rate_on_grid(
    log_prior: LogDensity,
    reports: Sequence[Reports],
    *,
    reported: tuple[float, float] = (1.0, 1.0),
    shock: Shock = CALM,
) -> Belief:
    """The rate after the reports for a prior of any form, such as a pool of experts."""
    shares = np.linspace(*reported, SHARES) if reported[0] < reported[1] else np.array(reported[:1])
    chances, factors = np.array([[shock.probability, 1 - shock.probability], [shock.factor, shock.otherwise]])

    def likelihood(logarithms: Floats) -> Floats:
        total = np.zeros((len(shares), len(logarithms)))
        for one in reports:
            expected = one.exposure * factors[:, None, None] * shares[:, None] * np.exp(logarithms)
            with np.errstate(divide="ignore", invalid="ignore"):
                said = np.where(expected > 0, one.events * np.log(expected), 0.0 if not one.events else -np.inf)
                total += _sum_of(np.log(chances)[:, None, None] + said - expected)
        return _sum_of(total)

    return _on_grid(lambda logarithms: log_prior(logarithms) + likelihood(logarithms), math.log(MOST_EVENTS))


def update_log_loss(mu: float, sigma: float, losses: Sequence[float], *, doubt: float) -> LossUpdate:
    """The lognormal cost (mean and standard deviation of its logarithm) after these reported losses.

    `doubt` is how many times larger or smaller the typical cost may be: the prior weighs as many losses as would leave
    that doubt. Without losses the answer is the prior.
    """
    _check_losses(losses, doubt)
    if not (math.isfinite(mu) and math.isfinite(sigma) and sigma > 0):
        raise FormatProblem("magnitude_range", "mu is a finite number, sigma one above zero.", "loss")
    worth = (NINETY * sigma / math.log(doubt)) ** 2
    many, seen = len(losses), np.log(np.array(losses, np.float64))
    whole = worth + many
    middle = float(seen.mean()) if many else mu
    found = (worth * mu + many * middle) / whole
    squares = worth * sigma**2 + float(((seen - middle) ** 2).sum()) + worth * many / whole * (middle - mu) ** 2
    spread = math.sqrt(squares / whole)
    return LossUpdate(
        mu=found,
        sigma=spread,
        doubt=math.exp(NINETY * spread / math.sqrt(whole)),
        prior=_typical(mu, sigma, worth),
        posterior=_typical(found, spread, whole),
    )


def update_scale(stated: Magnitude, losses: Sequence[float], *, doubt: float) -> tuple[Belief, Belief]:
    """How many times larger than stated the costs are, before and after these losses, for a cost of any form.

    `doubt` is between which factor and its inverse the truth lies.
    """
    _check_losses(losses, doubt)
    share_below = _share_of(stated)
    seen, spread = np.array(losses, np.float64), math.log(doubt) / NINETY
    reach = 8 * spread

    def prior(logarithms: Floats) -> Floats:
        return -((logarithms / spread) ** 2) / 2

    def both(logarithms: Floats) -> Floats:
        made = prior(logarithms)
        for place, factor in enumerate(np.exp(logarithms)):
            share = share_below(seen * ROUNDED / factor) - share_below(seen / ROUNDED / factor)
            # A cost outside the stated form is unlikely, and not impossible: no single report decides.
            made[place] += float(np.log(np.maximum(share, 1e-9)).sum())
        return made

    return _on_grid(prior, reach, -reach), _on_grid(both, reach, -reach)


def _share_of(stated: Magnitude) -> Callable[[Floats], Floats]:
    """The distribution function of a cost with its tail and its limit; recorded costs are smoothed to a lognormal."""
    body = stated.share_below
    if stated.kind == STEPS and math.isfinite(stated.values[-1]) and stated.values[-1] > 0:
        logarithms = np.log([value for value in stated.values if value > 0])
        body = lognormal(float(logarithms.mean()), max(float(logarithms.std()), math.log(ROUNDED))).share_below

    def share(costs: Floats) -> Floats:
        made = body(costs)
        if stated.tail_from < 1:
            beyond = np.maximum(costs - stated.threshold, 0.0) / stated.tail_scale
            if abs(stated.tail_shape) < 1e-9:
                left = np.exp(-beyond)
            else:
                left = np.maximum(1 + stated.tail_shape * beyond, 0.0) ** (-1 / stated.tail_shape)
            tail = 1 - (1 - stated.tail_from) * left
            made = np.where(costs > stated.threshold, tail, np.minimum(made, stated.tail_from))
        return np.where(costs >= stated.limit, 1.0, made)

    return share


def _gamma(shape: float, rate: float) -> Belief:
    belief = _on_grid(_gamma_logarithm(shape, rate), math.log(MOST_EVENTS))
    # Mean and deviation are known in closed form; the grid is for quantiles and for drawing.
    return Belief(
        shape / rate, 1 / math.sqrt(shape), belief.low, belief.median, belief.high, belief.values, belief.density
    )


def _gamma_logarithm(shape: float, rate: float) -> LogDensity:
    return lambda logarithms: shape * logarithms - rate * np.exp(logarithms)


def _typical(mu: float, sigma: float, worth: float) -> Belief:
    """The typical cost: its logarithm has a Student distribution with `worth` degrees of freedom."""

    def density(logarithms: Floats) -> Floats:
        made: Floats = -(worth + 1) / 2 * np.log1p(((logarithms - mu) / sigma) ** 2)
        return made

    # The degrees of freedom and the weight of the mean are the same number here, and cancel.
    reach = 12 * sigma / math.sqrt(worth) + 1
    return _on_grid(density, mu + reach, mu - reach)


def _on_grid(density: LogDensity, highest: float, lowest: float = LOWEST) -> Belief:
    """The belief with this logarithm of a density, not normed, between two logarithms of the value."""
    logarithms = np.linspace(lowest, highest, POINTS)
    weights = np.zeros(POINTS)
    for _ in range(LOOKS):
        logarithm = density(logarithms)
        top = float(logarithm.max())
        if not math.isfinite(top):
            raise FormatProblem("contradictory", "The reports cannot be under these assumptions.", "reports")
        weights = np.exp(logarithm - top)
        used = np.flatnonzero(weights > NOTHING)
        first, last = max(int(used[0]) - 1, 0), min(int(used[-1]) + 1, POINTS - 1)
        if last - first > POINTS // 2:
            break
        logarithms = np.linspace(logarithms[first], logarithms[last], POINTS)
    else:
        logarithm = density(logarithms)
        weights = np.exp(logarithm - logarithm.max())
    weights /= weights.sum()
    return _summed(logarithms, weights)


def _summed(logarithms: Floats, weights: Floats) -> Belief:
    values = np.exp(logarithms)
    mean = float(weights @ values)
    variance = max(float(weights @ values**2) - mean**2, 0.0)
    # The middle of a cell has half of its weight below.
    below = np.cumsum(weights) - weights / 2
    low, median, high = (math.exp(float(np.interp(level, below, logarithms))) for level in (0.05, 0.5, 0.95))
    edges = np.interp((0.0005, 0.9995), below, logarithms)
    shown = np.linspace(edges[0], edges[1], SHOWN)
    density = np.interp(shown, logarithms, weights / (logarithms[1] - logarithms[0]))
    return Belief(
        mean, math.sqrt(variance) / mean, low, median, high, tuple(np.exp(shown).tolist()), tuple(density.tolist())
    )


def _sum_of(logarithms: Floats) -> Floats:
    """The logarithm of the sum over the first axis."""
    top = logarithms.max(axis=0)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        made: Floats = safe + np.log(np.exp(logarithms - safe).sum(axis=0))
    return made


def _check_rate(mean: float, variation: float, reports: Sequence[Reports], reported: tuple[float, float]) -> None:
    for name, number in (("mean", mean), ("variation", variation)):
        if not math.isfinite(number):
            raise FormatProblem("not_finite", f"The {name} is not a finite number.", f"frequency/{name}")
    if not 0 < mean <= MOST_EVENTS:
        raise FormatProblem(
            "frequency_range", f"A rate lies above zero and up to {MOST_EVENTS:,.0f}.", "frequency/mean"
        )
    if variation <= 0:
        raise FormatProblem(
            "certain_prior", "The rate is stated without doubt: no report can change it.", "frequency/variation"
        )
    if variation > WIDEST:
        raise FormatProblem("frequency_range", f"A variation is at most {WIDEST:g}.", "frequency/variation")
    low, high = reported
    if not 0 < low <= high <= 1:
        raise FormatProblem("share_range", "The share that is reported lies above 0 and up to 1.", "reported")
    for place, one in enumerate(reports):
        where = f"reports/{place}"
        if not math.isfinite(one.exposure) or one.exposure <= 0:
            raise FormatProblem("not_positive", "Organisations times years are above zero.", f"{where}/exposure")
        if one.events < 0:
            raise FormatProblem("negative", "A count is not below zero.", f"{where}/events")
        if one.events > MOST_EVENTS * one.exposure:
            raise FormatProblem("unit_mistake", "So many events of one organisation cannot be.", f"{where}/events")


def _check_losses(losses: Sequence[float], doubt: float) -> None:
    if not (math.isfinite(doubt) and 1 < doubt <= 1_000):
        raise FormatProblem("doubt_range", "A doubt is a factor above 1, and at most 1,000.", "doubt")
    if len(losses) > MOST_LOSSES:
        raise FormatProblem("too_many", f"At most {MOST_LOSSES:,} losses.", "losses")
    for place, loss in enumerate(losses):
        if not (math.isfinite(loss) and loss > 0):
            raise FormatProblem("not_positive", "A reported loss is a finite number above zero.", f"losses/{place}")
        if loss > MOST_COST:
            raise FormatProblem("unit_mistake", "Such a loss from one event cannot be.", f"losses/{place}")
