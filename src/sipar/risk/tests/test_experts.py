"""Experts' intervals: what they mean, how they are scored, weighed and pooled, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.risk.experts import (
    NEUTRAL,
    Answered,
    Interval,
    Score,
    check_interval,
    pool,
    pooled_density,
    score,
    weigh,
)

PLAIN = Interval(10.0, 100.0, 1_000.0)
SKEWED = Interval(50.0, 100.0, 5_000.0, 0.8)
intervals = st.builds(
    lambda best, down, up, confidence: Interval(best / down, best, best * up, confidence),
    st.floats(1e-3, 1e6),
    st.floats(1.05, 500),
    st.floats(1.05, 500),
    st.floats(0.5, 0.99),
)


def drawn(interval: Interval, many: int, seed: int = 1) -> np.ndarray:
    away = np.random.default_rng(seed).standard_normal(many)
    below, above = interval.spreads
    return np.asarray(interval.best * np.exp(away * np.where(away > 0, above, below)))


def record(calibration: float) -> Score:
    return Score(10, 9, 9.0, calibration, 1.0, "calibrated")


@given(intervals)
def test_the_ends_hold_the_confidence_and_the_best_guess_is_the_middle(interval: Interval) -> None:
    assert interval.place(interval.high) - interval.place(interval.low) == pytest.approx(interval.confidence)
    assert interval.place(interval.best) == 0.5
    assert interval.quantile(interval.place(interval.low)) == pytest.approx(interval.low)


@pytest.mark.parametrize("interval", [PLAIN, SKEWED])
def test_moments_are_those_of_draws(interval: Interval) -> None:
    values = drawn(interval, 400_000)
    assert abs(values.mean() - interval.moment(1)) < 5 * values.std() / math.sqrt(len(values))
    made = pool([interval], [1.0])
    assert made.log_mean == pytest.approx(np.log(values).mean(), abs=0.01)
    assert made.log_deviation == pytest.approx(np.log(values).std(), abs=0.01)


def test_a_symmetric_interval_is_the_lognormal_of_the_closed_form() -> None:
    made = pool([PLAIN], [3.0])
    sigma = math.log(10) / 1.6448536269514722
    assert made.mean == pytest.approx(100 * math.exp(sigma**2 / 2))
    assert made.variation == pytest.approx(math.sqrt(math.expm1(sigma**2)))
    assert (made.log_mean, made.log_deviation) == pytest.approx((math.log(100), sigma))
    assert (made.low, made.best, made.high) == pytest.approx((10, 100, 1_000))


@settings(deadline=None, max_examples=40)
@given(st.lists(intervals, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_a_pool_lies_among_its_experts_and_has_the_mean_of_their_means(said: list[Interval], dice: object) -> None:
    weights = [1.0 + place for place in range(len(said))]
    made = pool(said, weights)
    ninety = [(one.quantile(0.05), one.best, one.quantile(0.95)) for one in said]
    assert min(one[1] for one in ninety) * 0.999 <= made.best <= max(one[1] for one in ninety) * 1.001
    assert made.low <= made.best <= made.high
    assert made.mean == pytest.approx(sum(w * one.moment(1) for w, one in zip(made.weights, said, strict=True)))
    assert sum(made.weights) == pytest.approx(1)


def test_experts_who_disagree_make_a_wider_pool_than_each_of_them() -> None:
    one, other = Interval(9, 10, 11), Interval(90, 100, 110)
    made = pool([one, other], [1, 1])
    assert made.low < 10 < 90 < made.high
    assert made.log_deviation > max(pool([one], [1]).log_deviation, pool([other], [1]).log_deviation)


def test_the_density_of_a_pool_adds_up_to_one() -> None:
    points = np.linspace(-15, 25, 8_001)
    density = pooled_density([PLAIN, SKEWED], [0.25, 0.75], points)
    assert np.trapezoid(density, points) == pytest.approx(1, abs=3e-3)


def test_who_is_calibrated_scores_higher_than_who_is_too_sure_and_weighs_more() -> None:
    truths = [PLAIN.quantile((place + 0.5) / 40) for place in range(40)]
    sure = Interval(80.0, 100.0, 125.0)
    good, bad = (score([Answered(said, truth) for truth in truths]) for said in (PLAIN, sure))
    assert good.calibration > 0.05 > bad.calibration
    assert (good.verdict, bad.verdict) == ("calibrated", "too_sure")
    assert good.penalty < bad.penalty
    first, second = weigh([good, bad])
    assert first > 0.99 > 0.01 > second


@pytest.mark.parametrize(
    ("truths", "verdict"),
    [
        ([50.0] * 4, "too_few"),
        ([700.0, 800.0, 600.0, 900.0, 990.0], "too_low"),
        ([11.0, 12.0, 15.0, 14.0, 20.0], "too_high"),
        ([2.0, 9_000.0, 3.0, 8_000.0, 100.0], "too_sure"),
        ([20.0, 60.0, 100.0, 180.0, 700.0], "calibrated"),
    ],
)
def test_the_verdict_says_how_an_expert_errs(truths: list[float], verdict: str) -> None:
    assert score([Answered(PLAIN, truth) for truth in truths]).verdict == verdict


def test_truths_that_never_leave_wide_intervals_make_them_too_wide() -> None:
    wide = Interval(10.0, 100.0, 1_000.0, 0.5)
    truths = [60.0, 150.0] * 5
    assert score([Answered(wide, truth) for truth in truths]).verdict == "too_wide"


def test_cookes_score_is_the_chi_square_tail_of_the_published_form() -> None:
    # Twenty truths in the classes as expected leave nothing to doubt.
    truths = [5.0] + [50.0] * 9 + [200.0] * 9 + [2_000.0]
    assert score([Answered(PLAIN, truth) for truth in truths]).calibration == pytest.approx(1)
    # All ten in one middle class: 2 n ln(1 / 0.45) = 15.970; the chi-square tail with 3 degrees is 0.001149.
    assert score([Answered(PLAIN, 50.0)] * 10).calibration == pytest.approx(0.001149, rel=2e-3)


def test_an_expert_without_a_record_counts_as_the_average_one() -> None:
    assert score([]).calibration == NEUTRAL
    assert weigh([score([]), record(NEUTRAL)]) == pytest.approx((0.5, 0.5))


def test_where_no_record_is_worth_anything_all_weigh_alike() -> None:
    assert weigh([record(0.0), record(0.0)]) == (0.5, 0.5)
    assert weigh([]) == ()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_weights_are_shares_of_one(calibrations: list[float]) -> None:
    weights = weigh([record(share) for share in calibrations])
    assert sum(weights) == pytest.approx(1)
    assert min(weights) >= 0


@pytest.mark.parametrize(
    ("interval", "code", "where"),
    [
        (Interval(-1, 2, 3), "not_positive", "interval/low"),
        (Interval(0, 2, 3), "not_positive", "interval/low"),
        (Interval(1, math.nan, 3), "not_finite", "interval/best"),
        (Interval(1, 2, math.inf), "not_finite", "interval/high"),
        (Interval(3, 2, 5), "impossible_quantiles", "interval/best"),
        (Interval(1, 5, 3), "impossible_quantiles", "interval/high"),
        (Interval(1, 1, 3), "impossible_quantiles", "interval/best"),
        (Interval(1, 2, 3, 90), "confidence_range", "interval/confidence"),
        (Interval(1, 2, 3, 0.1), "confidence_range", "interval/confidence"),
        (Interval(1, 2, 4_000), "unit_mistake", "interval/high"),
        (Interval(1e-5, 2, 900), "unit_mistake", "interval/low"),
    ],
)
def test_an_interval_that_cannot_be_is_refused_by_its_number(interval: Interval, code: str, where: str) -> None:
    with pytest.raises(FormatProblem) as raised:
        check_interval(interval, most=1_000)
    assert (raised.value.code, raised.value.where) == (code, where)


@pytest.mark.parametrize("weights", [[], [1.0], [0.0, 0.0], [-1.0, 2.0]])
def test_weights_that_cannot_be_are_refused(weights: list[float]) -> None:
    with pytest.raises(FormatProblem) as raised:
        pool([PLAIN, SKEWED], weights or [math.inf, 1.0])
    assert raised.value.code == "weight_range"


def test_a_pool_of_nobody_and_a_truth_of_nothing_are_refused() -> None:
    with pytest.raises(FormatProblem, match="Nobody"):
        pool([], [])
    with pytest.raises(FormatProblem, match="truth"):
        score([Answered(PLAIN, 0.0)])
