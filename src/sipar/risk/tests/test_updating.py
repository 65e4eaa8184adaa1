"""Priors and posteriors: closed forms, the grid beside them, limits, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.risk.experts import Interval, pooled_density
from sipar.risk.kernels import quantile
from sipar.risk.magnitudes import (
    Magnitude,
    empirical,
    generalised_pareto,
    lognormal,
    packed,
    pert,
    with_tail,
)
from sipar.risk.scenario import CALM, Shock
from sipar.risk.updating import Reports, rate_on_grid, update_log_loss, update_rate, update_scale

FEW = [Reports(3, 40.0), Reports(1, 60.0)]


def gamma_logarithm(shape: float, rate: float) -> object:
    return lambda logarithms: shape * logarithms - rate * np.exp(logarithms)


def test_a_gamma_prior_with_poisson_counts_has_the_closed_posterior() -> None:
    found = update_rate(0.1, 0.5, FEW)
    # Shape 4 and rate 40 before; four events in a hundred years after.
    assert found.method == "conjugate"
    assert found.posterior.mean == pytest.approx(8 / 140)
    assert found.posterior.variation == pytest.approx(1 / math.sqrt(8))


def test_quantiles_of_an_exponential_belief_are_the_closed_ones() -> None:
    prior = update_rate(0.2, 1.0, FEW).prior
    for level, value in ((0.05, prior.low), (0.5, prior.median), (0.95, prior.high)):
        assert value == pytest.approx(-0.2 * math.log(1 - level), rel=2e-3)


@settings(deadline=None, max_examples=20)
@given(
    mean=st.floats(0.01, 5),
    variation=st.floats(0.1, 2),
    events=st.integers(0, 400),
    exposure=st.floats(1, 10_000),
)
def test_the_grid_gives_what_the_closed_form_gives(mean: float, variation: float, events: int, exposure: float) -> None:
    if events > 1_000 * exposure:
        return
    reports = [Reports(events, exposure)]
    closed = update_rate(mean, variation, reports).posterior
    grid = rate_on_grid(gamma_logarithm(1 / variation**2, 1 / (variation**2 * mean)), reports)  # type: ignore[arg-type]
    assert grid.mean == pytest.approx(closed.mean, rel=1e-3)
    assert grid.variation == pytest.approx(closed.variation, rel=1e-2)
    assert grid.high == pytest.approx(closed.high, rel=2e-3)


def test_reports_one_after_the_other_end_where_all_at_once_end() -> None:
    first = update_rate(0.1, 0.5, FEW[:1]).posterior
    second = update_rate(first.mean, first.variation, FEW[1:]).posterior
    whole = update_rate(0.1, 0.5, FEW).posterior
    assert (second.mean, second.variation) == pytest.approx((whole.mean, whole.variation))


@settings(deadline=None, max_examples=20)
@given(events=st.integers(0, 200), more=st.integers(1, 200))
def test_more_reports_of_the_same_time_never_lower_the_rate(events: int, more: int) -> None:
    few, many = (
        update_rate(0.1, 0.8, [Reports(count, 500.0)], reported=(0.2, 0.9)).posterior
        for count in (events, events + more)
    )
    assert few.mean < many.mean
    assert few.low < few.median < few.high


def test_without_events_the_rate_falls_and_without_reports_it_stays() -> None:
    assert update_rate(0.1, 0.5, [Reports(0, 100.0)]).posterior.mean == pytest.approx(4 / 140)
    assert update_rate(0.1, 0.5, []).posterior == update_rate(0.1, 0.5, []).prior


def test_where_half_is_reported_the_rate_is_twice_as_high() -> None:
    many = [Reports(5_000, 100_000.0)]
    half = update_rate(0.1, 1.0, many, reported=(0.5, 0.5)).posterior
    assert half.mean == pytest.approx(2 * update_rate(0.1, 1.0, many).posterior.mean, rel=1e-3)


def test_doubt_about_what_is_reported_does_not_go_away_with_more_reports() -> None:
    found = update_rate(0.1, 1.0, [Reports(5_000, 100_000.0)], reported=(0.25, 1.0))
    assert found.method == "grid"
    assert found.posterior.low < 0.06
    assert found.posterior.high > 0.15


def test_one_bad_year_moves_the_rate_less_where_bad_years_are_known() -> None:
    bad = [Reports(90, 1_000.0)]
    calm = update_rate(0.03, 0.3, bad).posterior
    shaken = update_rate(0.03, 0.3, bad, shock=Shock(0.1, 3.0)).posterior
    assert 0.03 < shaken.mean < calm.mean


def test_a_pool_of_experts_is_a_prior_too() -> None:
    said = [Interval(0.01, 0.05, 0.2), Interval(0.1, 0.3, 0.9)]

    def log_prior(logarithms: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(pooled_density(said, [0.5, 0.5], logarithms)))

    before, after = rate_on_grid(log_prior, []), rate_on_grid(log_prior, [Reports(12, 40.0)])
    assert before.low < 0.02
    assert after.median == pytest.approx(0.3, rel=0.1)
    assert after.variation < before.variation


def test_a_lognormal_cost_without_losses_stays_as_it_is() -> None:
    found = update_log_loss(11.0, 2.0, [], doubt=3.0)
    assert (found.mu, found.sigma, found.doubt) == pytest.approx((11.0, 2.0, 3.0))
    assert found.posterior == found.prior


def test_a_lognormal_cost_has_the_closed_posterior() -> None:
    losses = [math.exp(one) for one in (9.0, 10.0, 11.0)]
    found = update_log_loss(12.0, 2.0, losses, doubt=math.exp(1.6448536269514722))
    # The prior is worth four losses: mean (4 * 12 + 3 * 10) / 7, squares 4 * 4 + 2 + 12 / 7 * 4.
    assert found.mu == pytest.approx(78 / 7)
    assert found.sigma == pytest.approx(math.sqrt((16 + 2 + 48 / 7) / 7))
    assert found.doubt == pytest.approx(math.exp(1.6448536269514722 * found.sigma / math.sqrt(7)))


def test_many_losses_leave_nothing_of_the_prior() -> None:
    losses = np.random.default_rng(2).lognormal(8, 1.5, 20_000)
    found = update_log_loss(14.0, 3.0, losses.tolist(), doubt=2.0)
    assert (found.mu, found.sigma) == pytest.approx((8, 1.5), abs=0.05)
    assert found.posterior.low < math.exp(found.mu) < found.posterior.high
    assert found.posterior.high / found.posterior.low < 1.06


@pytest.mark.parametrize(
    "stated",
    [
        pert(1_000, 5_000, 20_000),
        with_tail(lognormal(8.5, 0.6), 10_000, 4_000, 0.2),
        generalised_pareto(2_000, 3_000, 0.1),
        empirical([1_000, 2_000, 3_000, 5_000, 9_000]),
    ],
)
def test_costs_three_times_as_high_as_stated_are_found_for_any_form(stated: Magnitude) -> None:
    table: list[float] = []
    shape = np.array([packed(stated, table)])
    losses = [3 * quantile(shape, 0, np.array([*table, 0.0]), share) for share in (np.arange(200) + 0.5) / 200]
    prior, posterior = update_scale(stated, losses, doubt=10.0)
    assert prior.median == pytest.approx(1, rel=1e-3)
    assert (prior.low, prior.high) == pytest.approx((0.1, 10), rel=0.01)
    assert posterior.low < 3 < posterior.high
    assert posterior.high / posterior.low < 1.4


def test_one_cost_outside_the_stated_form_does_not_break_the_answer() -> None:
    found = update_scale(pert(1_000, 5_000, 20_000), [5_000.0] * 10 + [1e9], doubt=3.0)[1]
    assert 0.3 < found.median < 3


@pytest.mark.parametrize(
    ("mean", "variation", "reports", "reported", "code"),
    [
        (math.nan, 0.5, FEW, (1, 1), "not_finite"),
        (0.0, 0.5, FEW, (1, 1), "frequency_range"),
        (-1.0, 0.5, FEW, (1, 1), "frequency_range"),
        (2_000.0, 0.5, FEW, (1, 1), "frequency_range"),
        (0.1, 0.0, FEW, (1, 1), "certain_prior"),
        (0.1, 50.0, FEW, (1, 1), "frequency_range"),
        (0.1, 0.5, [Reports(1, 0.0)], (1, 1), "not_positive"),
        (0.1, 0.5, [Reports(1, math.inf)], (1, 1), "not_positive"),
        (0.1, 0.5, [Reports(-1, 9.0)], (1, 1), "negative"),
        (0.1, 0.5, [Reports(100_000, 1.0)], (1, 1), "unit_mistake"),
        (0.1, 0.5, FEW, (0.9, 0.5), "share_range"),
        (0.1, 0.5, FEW, (0.0, 0.5), "share_range"),
        (0.1, 0.5, FEW, (50.0, 90.0), "share_range"),
    ],
)
def test_a_rate_or_reports_that_cannot_be_are_refused(
    mean: float, variation: float, reports: list[Reports], reported: tuple[float, float], code: str
) -> None:
    with pytest.raises(FormatProblem) as raised:
        update_rate(mean, variation, reports, reported=reported, shock=CALM)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("losses", "doubt", "code"),
    [
        ([1.0, 0.0], 2.0, "not_positive"),
        ([-5.0], 2.0, "not_positive"),
        ([math.inf], 2.0, "not_positive"),
        ([1e15], 2.0, "unit_mistake"),
        ([1.0], 1.0, "doubt_range"),
        ([1.0], math.nan, "doubt_range"),
    ],
)
def test_losses_that_cannot_be_are_refused(losses: list[float], doubt: float, code: str) -> None:
    with pytest.raises(FormatProblem) as raised:
        update_log_loss(8.0, 1.0, losses, doubt=doubt)
    assert raised.value.code == code
