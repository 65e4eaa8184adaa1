"""Experts' intervals: what each says, how well they said it before, and all of them as one.

An interval is a lognormal of two pieces: its median is the best guess, each side has the spread that its end asks for.
Opinions are pooled linearly; an expert weighs as much as Cooke's classical model scores the calibration on questions
whose answer became known ("Experts in Uncertainty", Oxford 1991). Its second score, for narrow intervals, is left out:
among few experts it gives nearly all of the weight to whoever is the surest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from sipar.formats.problems import FormatProblem

NORMAL = NormalDist()
# The places that bound Cooke's four classes, and how many truths should fall into each.
PLACES = (0.05, 0.5, 0.95)
EXPECTED = np.array([0.05, 0.45, 0.45, 0.05])
# With fewer known answers than this an expert counts as the average of those who are calibrated: chances are even.
FEWEST_ANSWERS, NEUTRAL = 5, 0.5
MISTAKE = 0.05
# The widest side, as the standard deviation of the logarithm: beyond it the mean is a matter of the last digits.
WIDEST = 5.0


@dataclass(frozen=True)
class Interval:
    """The truth lies between `low` and `high` with this confidence, as often below `best` as above; all above zero."""

    low: float
    best: float
    high: float
    confidence: float = 0.9

    @cached_property
    def spreads(self) -> tuple[float, float]:
        """The standard deviation of the logarithm below and above the best guess."""
        wide = NORMAL.inv_cdf(0.5 + self.confidence / 2)
        return math.log(self.best / self.low) / wide, math.log(self.high / self.best) / wide

    def place(self, value: float) -> float:
        """The probability that the truth is at most `value`."""
        if value <= 0:
            return 0.0
        away = math.log(value / self.best)
        below, above = self.spreads
        return NORMAL.cdf(away / (above if away > 0 else below))

    def quantile(self, place: float) -> float:
        """The value that the truth is at most with this probability."""
        away = NORMAL.inv_cdf(place)
        below, above = self.spreads
        return self.best * math.exp(away * (above if away > 0 else below))

    def moment(self, power: int) -> float:
        """The mean of the value to this power."""
        below, above = (power * spread for spread in self.spreads)
        return self.best**power * (
            math.exp(above**2 / 2) * NORMAL.cdf(above) + math.exp(below**2 / 2) * NORMAL.cdf(-below)
        )


@dataclass(frozen=True)
class Answered:
    """What an expert said, and the truth as it became known later."""

    interval: Interval
    truth: float


@dataclass(frozen=True)
class Score:
    """How well an expert's intervals held.

    `inside` of `questions` truths lay within, `promised` should have. `calibration` is the chance that somebody who is
    calibrated does no better (1 is best). `penalty` is the mean interval score of the natural logarithm (Gneiting and
    Raftery, JASA 102, 2007; 0 is best). `verdict`: "too_few", "too_low", "too_high", "too_sure", "too_wide" or
    "calibrated".
    """

    questions: int
    inside: int
    promised: float
    calibration: float
    penalty: float
    verdict: str


@dataclass(frozen=True)
class Pooled:
    """All experts as one: median and the 90 % interval of the pool, its mean and standard deviation over the mean,
    mean and standard deviation of the logarithm, and what each expert weighed, in their order."""

    low: float
    best: float
    high: float
    mean: float
    variation: float
    log_mean: float
    log_deviation: float
    weights: tuple[float, ...]


def check_interval(interval: Interval, *, most: float, where: str = "interval") -> None:
    """Raise FormatProblem by the number that cannot be; above `most` it is a mistake of the unit."""
    for name in ("low", "best", "high", "confidence"):
        number = getattr(interval, name)
        if not math.isfinite(number):
            raise FormatProblem("not_finite", "This is not a finite number.", f"{where}/{name}")
        if number <= 0:
            raise FormatProblem("not_positive", "The number must be above zero, however small.", f"{where}/{name}")
    if not 0.5 <= interval.confidence <= 0.99:
        raise FormatProblem("confidence_range", "A confidence lies from 50 % to 99 %.", f"{where}/confidence")
    if not interval.low < interval.best:
        raise FormatProblem("impossible_quantiles", "The best guess must lie above the low end.", f"{where}/best")
    if not interval.best < interval.high:
        raise FormatProblem("impossible_quantiles", "The high end must lie above the best guess.", f"{where}/high")
    if interval.high > most:
        raise FormatProblem("unit_mistake", f"More than {most:,.0f} cannot be: check the unit.", f"{where}/high")
    below, above = interval.spreads
    if max(below, above) > WIDEST:
        raise FormatProblem(
            "unit_mistake",
            "So wide an interval says nothing: are all three numbers of the same unit?",
            f"{where}/{'low' if below > above else 'high'}",
        )


def score(answers: Sequence[Answered]) -> Score:
    """The record of one expert. Raises FormatProblem for a truth that is not above zero."""
    for answer in answers:
        if not (math.isfinite(answer.truth) and answer.truth > 0):
            raise FormatProblem("not_positive", "A truth is a finite number above zero.", "truth")
    many = len(answers)
    places = np.array([answer.interval.place(answer.truth) for answer in answers], np.float64)
    inside = sum(answer.interval.low <= answer.truth <= answer.interval.high for answer in answers)
    promised = [answer.interval.confidence for answer in answers]
    penalty = sum(map(_penalty, answers)) / many if many else 0.0
    calibration = _calibration(places) if many >= FEWEST_ANSWERS else NEUTRAL
    return Score(many, inside, sum(promised), calibration, penalty, _verdict(places, inside, promised))


def weigh(records: Sequence[Score]) -> tuple[float, ...]:
    """What each expert weighs, adding up to 1; alike where nobody's record is worth anything."""
    whole = sum(record.calibration for record in records)
    if not whole > 0:
        return tuple(1 / len(records) for _record in records)
    return tuple(record.calibration / whole for record in records)


def pool(intervals: Sequence[Interval], weights: Sequence[float]) -> Pooled:
    """The linear pool of the intervals. Raises FormatProblem `no_values` or, for bad weights, `weight_range`."""
    if not intervals:
        raise FormatProblem("no_values", "Nobody has given an estimate yet.", "estimates")
    if len(weights) != len(intervals) or min(weights) < 0 or not 0 < sum(weights) < math.inf:
        raise FormatProblem("weight_range", "One weight for each expert, none below zero, not all zero.", "weights")
    parts = [weight / sum(weights) for weight in weights]
    pairs = list(zip(parts, intervals, strict=True))
    mean, square = (sum(part * each.moment(power) for part, each in pairs) for power in (1, 2))
    log_mean = sum(part * _log_mean(each) for part, each in pairs)
    log_square = sum(part * ((_log_mean(each) - log_mean) ** 2 + _log_variance(each)) for part, each in pairs)
    low, best, high = (_pooled_quantile(pairs, place) for place in PLACES)
    return Pooled(
        low,
        best,
        high,
        mean=mean,
        variation=math.sqrt(max(square / mean**2 - 1, 0.0)),
        log_mean=log_mean,
        log_deviation=math.sqrt(log_square),
        weights=tuple(parts),
    )


def pooled_density(
    intervals: Sequence[Interval], weights: Sequence[float], logarithms: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The density of the pool's logarithm at these natural logarithms."""
    made = np.zeros(len(logarithms))
    for interval, weight in zip(intervals, weights, strict=True):
        below, above = interval.spreads
        away = logarithms - math.log(interval.best)
        spread = np.where(away > 0, above, below)
        made += weight * np.exp(-((away / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi))
    return made


def _log_mean(interval: Interval) -> float:
    below, above = interval.spreads
    return math.log(interval.best) + (above - below) / math.sqrt(2 * math.pi)


def _log_variance(interval: Interval) -> float:
    below, above = interval.spreads
    return (below**2 + above**2) / 2 - (above - below) ** 2 / (2 * math.pi)


def _pooled_quantile(pairs: Sequence[tuple[float, Interval]], place: float) -> float:
    ends = [math.log(each.quantile(place)) for _, each in pairs]
    low, high = min(ends), max(ends)
    for _ in range(60):
        middle = (low + high) / 2
        if sum(part * each.place(math.exp(middle)) for part, each in pairs) < place:
            low = middle
        else:
            high = middle
    return math.exp(high)


def _calibration(places: npt.NDArray[np.float64]) -> float:
    """Cooke's calibration score: 2 n times the relative entropy is chi-square with three degrees of freedom."""
    counts = np.histogram(places, bins=[-np.inf, *PLACES, np.inf])[0]
    shares = counts[counts > 0] / len(places)
    double = 2 * len(places) * float((shares * np.log(shares / EXPECTED[counts > 0])).sum())
    double = max(double, 0.0)
    return math.erfc(math.sqrt(double / 2)) + math.sqrt(2 * double / math.pi) * math.exp(-double / 2)


def _penalty(answer: Answered) -> float:
    low, high, truth = (math.log(value) for value in (answer.interval.low, answer.interval.high, answer.truth))
    missed = max(low - truth, 0.0) + max(truth - high, 0.0)
    return high - low + 2 / (1 - answer.interval.confidence) * missed


def _verdict(places: npt.NDArray[np.float64], inside: int, promised: Sequence[float]) -> str:
    many = len(places)
    if many < FEWEST_ANSWERS:
        return "too_few"
    # Truths above the guesses make the guesses too low.
    off = (float(places.mean()) - 0.5) * math.sqrt(12 * many)
    if math.erfc(abs(off) / math.sqrt(2)) < MISTAKE:
        return "too_low" if off > 0 else "too_high"
    chances = np.ones(1)
    for chance in promised:
        chances = np.convolve(chances, [1 - chance, chance])
    if chances[: inside + 1].sum() < MISTAKE:
        return "too_sure"
    return "too_wide" if chances[inside:].sum() < MISTAKE else "calibrated"
