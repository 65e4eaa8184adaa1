"""Numbers of a scenario as the assumptions state it, without the model: rates a year, quantiles and means of costs."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sipar.formats.problems import FormatProblem
from sipar.formats.scenario_file import real

type Floats = npt.NDArray[np.float64]

PER_YEAR: Final = {"year": 1.0, "quarter": 4.0, "month": 12.0, "decade": 0.1}
_GRID: Final = np.linspace(0.0, 1.0, 8_193)
_FINE: Final = 20_000


def yearly_rate(frequency: Mapping[str, Any]) -> float:
    """The mean number of events in a year."""
    return float(frequency["mean"]) * PER_YEAR[frequency.get("per") or "year"]


def middle_shares(many: int) -> Floats:
    """The middles of `many` equal steps of probability."""
    shares: Floats = (np.arange(many) + 0.5) / many
    return shares


def cost_quantiles(magnitude: Mapping[str, Any], shares: Floats, *, where: str) -> Floats:
    """What a magnitude costs at these shares (above 0, below 1), its tail and its limit included."""
    body = _body_quantiles(magnitude, shares, where)
    tail = magnitude.get("tail")
    if tail:
        threshold = real(tail["threshold"], where)
        begins = float(np.mean(_body_quantiles(magnitude, middle_shares(_FINE), where) <= threshold))
        beyond = np.clip((shares - begins) / (1 - begins), 0.0, None) if begins < 1 else np.zeros_like(shares)
        body = np.where(shares > begins, _pareto_quantiles(tail, beyond, where), np.minimum(body, threshold))
    limit = magnitude.get("limit")
    return body if limit is None else np.minimum(body, real(limit, where))


def mean_cost(loss: Mapping[str, Any], *, where: str) -> float:
    """The mean cost of one event, secondary loss included; by 20,000 quantiles, so low where a tail is heavy."""
    shares = middle_shares(_FINE)
    mean = float(cost_quantiles(loss["primary"], shares, where=where).mean())
    chance, secondary = loss.get("secondary_probability") or 0.0, loss.get("secondary")
    return mean + chance * float(cost_quantiles(secondary, shares, where=where).mean()) if secondary else mean


def pert_quantiles(low: float, mode: float, high: float, gamma: float, shares: Floats) -> Floats:
    """Quantiles of the BetaPERT distribution whose mode has the weight `gamma`."""
    alpha, beta = 1 + gamma * (mode - low) / (high - low), 1 + gamma * (high - mode) / (high - low)
    # Denser towards both ends, where the density may rise or fall steeply.
    place = (1 - np.cos(np.pi * _GRID)) / 2
    density = place ** (alpha - 1) * (1 - place) ** (beta - 1)
    below = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(place))])
    made: Floats = low + (high - low) * np.interp(shares, below / below[-1], place)
    return made


def normal_quantiles(shares: Floats) -> Floats:
    """Quantiles of the standard normal distribution."""
    standard = NormalDist()
    return np.array([standard.inv_cdf(share) for share in shares.tolist()])


def _body_quantiles(magnitude: Mapping[str, Any], shares: Floats, where: str) -> Floats:
    shape = magnitude["shape"]
    if shape == "lognormal":
        mu, sigma = _log_parameters(magnitude, where)
        made: Floats = np.exp(mu + sigma * normal_quantiles(shares))
        return made
    if shape == "pert":
        low, mode, high = (real(magnitude[name], where) for name in ("low", "mode", "high"))
        return pert_quantiles(low, mode, high, 4.0, shares)
    if shape == "pareto":
        return _pareto_quantiles(magnitude, shares, where)
    if shape == "empirical":
        costs = np.sort(np.array(magnitude["costs"], dtype=np.float64))
        return costs[np.minimum((shares * len(costs)).astype(np.int64), len(costs) - 1)]
    raise FormatProblem("unknown_shape", f"No writer knows the shape {shape}.", where)


def _pareto_quantiles(tail: Mapping[str, Any], shares: Floats, where: str) -> Floats:
    threshold, scale = real(tail["threshold"], where), real(tail["scale"], where)
    shape = real(tail["tail_shape"], where, negative=True)
    survival = np.log1p(-np.minimum(shares, 1 - 1e-12))
    made: Floats = threshold + scale * (-survival if abs(shape) < 1e-9 else np.expm1(-shape * survival) / shape)
    return made


def _log_parameters(magnitude: Mapping[str, Any], where: str) -> tuple[float, float]:
    if magnitude.get("mu") is not None:
        return real(magnitude["mu"], where, negative=True), real(magnitude["sigma"], where)
    low, high = real(magnitude["low"], where), real(magnitude["high"], where)
    wide = 2 * NormalDist().inv_cdf(0.5 + real(magnitude.get("confidence", 0.9), where) / 2)
    return float(np.log(low) + np.log(high)) / 2, float(np.log(high) - np.log(low)) / wide
