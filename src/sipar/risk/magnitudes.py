"""What one event costs: lognormal, PERT or recorded values, with a generalised Pareto tail and a limit where wanted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import NormalDist

import numpy as np

from sipar.formats.problems import FormatProblem
from sipar.risk.columns import LOGNORMAL, STEPS, TABLE, Floats

TABLE_POINTS = 4097
# Up to so many values are worked out without the compiled kernel, so that a page can read a magnitude without it.
FEW = 64


@dataclass(frozen=True)
class Magnitude:
    """The cost of one event in one currency: a body, above `tail_from` of it a generalised Pareto tail, up to `limit`.

    `values` are quantiles at equal steps of probability (PERT), or the sorted recorded values. Made by the functions
    below, which refuse what cannot be.
    """

    kind: int
    mu: float = 0.0
    sigma: float = 0.0
    values: tuple[float, ...] = ()
    tail_from: float = 2.0
    threshold: float = 0.0
    tail_scale: float = 1.0
    tail_shape: float = 0.0
    limit: float = math.inf

    @cached_property
    def _points(self) -> Floats:
        return np.array(self.values)

    @cached_property
    def _means_at_points(self) -> Floats:
        """The limited expected value at each quantile of a table."""
        values, many = self._points, len(self.values)
        above = 1 - (np.arange(many - 1) + 0.5) / (many - 1)
        made: Floats = np.concatenate([values[:1], values[0] + np.cumsum(np.diff(values) * above)])
        return made

    def share_below(self, costs: Floats) -> Floats:
        """The probability that an event costs at most each of `costs`, from 0 to 1, the limit left aside."""
        if self.kind == LOGNORMAL:
            with np.errstate(divide="ignore"):
                return _normal_share((np.log(costs) - self.mu) / self.sigma)
        values = self._points
        if self.kind == STEPS:
            return np.searchsorted(values, costs, side="right") / len(values)
        return np.interp(costs, values, np.linspace(0, 1, len(values)))

    def mean_up_to(self, costs: Floats) -> Floats:
        """The mean of the smaller of an event's cost and each of `costs` (the limited expected value)."""
        costs = np.minimum(costs, self.limit)
        if self.tail_from >= 1:
            return self._body_up_to(costs)
        beyond = np.maximum(costs - self.threshold, 0)
        rest = 1 - self.tail_from
        if abs(self.tail_shape) < 1e-9:
            tail = self.tail_scale * -np.expm1(-beyond / self.tail_scale)
            return self._body_up_to(np.minimum(costs, self.threshold)) + rest * tail
        grown = 1 + self.tail_shape * beyond / self.tail_scale
        if abs(self.tail_shape - 1) < 1e-9:
            tail = self.tail_scale * np.log(grown)
        else:
            with np.errstate(divide="ignore"):
                power = np.maximum(grown, 0) ** (1 - 1 / self.tail_shape)
            tail = self.tail_scale / (1 - self.tail_shape) * (1 - power)
        return self._body_up_to(np.minimum(costs, self.threshold)) + rest * tail

    @property
    def mean(self) -> float:
        return float(self.mean_up_to(np.array([math.inf]))[0])

    def _body_up_to(self, costs: Floats) -> Floats:
        if self.kind == LOGNORMAL:
            with np.errstate(divide="ignore"):
                place = (np.log(costs) - self.mu) / self.sigma
            above = _normal_share(-place)
            whole = math.exp(self.mu + self.sigma**2 / 2) * _normal_share(place - self.sigma)
            return whole + np.where(above > 0, np.minimum(costs, 1e300) * above, 0.0)
        values = self._points
        costs = np.minimum(costs, values[-1])
        if self.kind == STEPS:
            sums = np.concatenate([[0.0], np.cumsum(values)])
            below = np.searchsorted(values, costs, side="right")
            return (sums[below] + (len(values) - below) * costs) / len(values)
        # Between two points the share below is a straight line, so that its integral is found exactly.
        many = len(values)
        place = np.clip(np.searchsorted(values, costs, side="right") - 1, 0, many - 2)
        into, width = np.maximum(costs - values[place], 0), values[place + 1] - values[place]
        slope = np.divide(1 / (many - 1), width, out=np.zeros_like(into), where=width > 0)
        inside = self._means_at_points[place] + into * (1 - place / (many - 1)) - slope * into**2 / 2
        return np.where(costs < values[0], costs, inside)


def lognormal(mu: float, sigma: float, *, where: str = "magnitude") -> Magnitude:
    """A lognormal cost by the mean and the standard deviation of its logarithm."""
    _finite(where, mu=mu, sigma=sigma)
    if not 0 < sigma <= 10 or not -50 <= mu <= 50:
        raise FormatProblem("magnitude_range", "sigma is above 0 and at most 10, and mu between -50 and 50.", where)
    return Magnitude(LOGNORMAL, mu, sigma)


def lognormal_between(low: float, high: float, *, confidence: float = 0.9, where: str = "magnitude") -> Magnitude:
    """The lognormal cost that lies between `low` and `high` with this confidence, as much below as above."""
    _finite(where, low=low, high=high, confidence=confidence)
    if not 0 < confidence < 1:
        raise FormatProblem("confidence_range", "A confidence lies between 0 and 1.", where)
    if low <= 0:
        raise FormatProblem("not_positive", "The low value must be above zero.", where)
    if low >= high:
        raise FormatProblem("impossible_quantiles", "The low value must be below the high value.", where)
    wide = 2 * NormalDist().inv_cdf(0.5 + confidence / 2)
    return lognormal((math.log(low) + math.log(high)) / 2, (math.log(high) - math.log(low)) / wide, where=where)


def pert(low: float, mode: float, high: float, *, where: str = "magnitude") -> Magnitude:
    """The PERT cost (a beta distribution with weight 4 on the mode), as 4,097 quantiles with straight lines between."""
    _finite(where, low=low, mode=mode, high=high)
    if low < 0:
        raise FormatProblem("negative", "A cost cannot be negative.", where)
    if not low <= mode <= high or low == high:
        raise FormatProblem("impossible_quantiles", "Low, mode and high must rise in this order.", where)
    alpha, beta = 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)
    # Denser towards both ends, where the density may rise or fall steeply.
    place = (1 - np.cos(np.linspace(0, math.pi, 1 << 15))) / 2
    density = place ** (alpha - 1) * (1 - place) ** (beta - 1)
    share = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(place))])
    quantiles = np.interp(np.linspace(0, 1, TABLE_POINTS), share / share[-1], place)
    return Magnitude(TABLE, values=tuple((low + (high - low) * quantiles).tolist()))


def empirical(costs: Sequence[float], *, where: str = "magnitude") -> Magnitude:
    """Recorded costs, each as likely as any other."""
    if not costs:
        raise FormatProblem("no_values", "There is no recorded cost.", where)
    values = np.sort(np.array(costs, dtype=np.float64))
    if not np.isfinite(values).all():
        raise FormatProblem("not_finite", "A recorded cost is not a finite number.", where)
    if values[0] < 0:
        raise FormatProblem("negative", "A cost cannot be negative.", where)
    return Magnitude(STEPS, values=tuple(values.tolist()))


def with_tail(body: Magnitude, threshold: float, scale: float, shape: float, *, where: str = "tail") -> Magnitude:
    """`body` with a generalised Pareto tail (scale, shape xi) above the threshold, as likely as the body was there."""
    _finite(where, threshold=threshold, scale=scale, shape=shape)
    if scale <= 0 or threshold < 0:
        raise FormatProblem("not_positive", "The tail's scale is above zero, and its threshold not below.", where)
    if not -1 < shape < 5:
        raise FormatProblem("tail_shape", "The tail's shape lies between -1 and 5.", where)
    share = float(body.share_below(np.array([threshold]))[0])
    if share >= 1:
        raise FormatProblem("tail_out_of_reach", "The body never costs as much as the tail's threshold.", where)
    return replace(body, tail_from=share, threshold=threshold, tail_scale=scale, tail_shape=shape)


def generalised_pareto(threshold: float, scale: float, shape: float, *, where: str = "magnitude") -> Magnitude:
    """A generalised Pareto cost that begins at the threshold."""
    return replace(with_tail(Magnitude(STEPS, values=(math.inf,)), threshold, scale, shape, where=where))


def limited(magnitude: Magnitude, limit: float, *, where: str = "limit") -> Magnitude:
    """The cost that never passes `limit`: the most that one event can cost."""
    _finite(where, limit=limit)
    if limit <= 0:
        raise FormatProblem("not_positive", "The limit must be above zero.", where)
    return replace(magnitude, limit=limit)


def packed(magnitude: Magnitude | None, table: list[float]) -> list[float]:
    """The row that `kernels.quantile` reads; values are put at the end of `table`."""
    if magnitude is None:
        return [TABLE, 0, 2, 2, 0, 1, 0, 0]
    a, b = magnitude.mu, magnitude.sigma
    if magnitude.kind != LOGNORMAL:
        a, b = float(len(table)), float(len(magnitude.values))
        table.extend(magnitude.values)
    tail = [magnitude.tail_from, magnitude.threshold, magnitude.tail_scale, magnitude.tail_shape, magnitude.limit]
    return [float(magnitude.kind), a, b, *tail]


def _normal_share(values: Floats) -> Floats:
    """The standard normal distribution function of each value."""
    if len(values) <= FEW:
        return np.array([0.5 * math.erfc(-value / math.sqrt(2.0)) for value in values.tolist()])
    from sipar.risk.kernels import normal_share

    return normal_share(values)


def _finite(where: str, **numbers: float) -> None:
    for name, number in numbers.items():
        if not math.isfinite(number):
            raise FormatProblem("not_finite", f"{name.capitalize()} is not a finite number.", where)
