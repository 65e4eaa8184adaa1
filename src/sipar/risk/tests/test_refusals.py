"""Bad input to the engines: named, refused, and nothing is changed by it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from sipar.formats.problems import FormatProblem
from sipar.risk.controls import remaining
from sipar.risk.exact import exact
from sipar.risk.magnitudes import empirical, generalised_pareto, lognormal_between, pert, with_tail
from sipar.risk.portfolio import Portfolio, portfolio
from sipar.risk.results import expected_shortfall, mean, quantile
from sipar.risk.scenario import (
    Frequency,
    Loss,
    Provider,
    Scenario,
    Shock,
    check_expected,
    failing_with,
    poisson,
)
from sipar.risk.simulate import simulate, simulate_numbered

PLAIN = Scenario(
    "a", "Indus Clinic", "health", "Ransomware", "records", poisson(0.1), Loss(empirical([5.0])), "USD", 2025
)
SOUND = portfolio([PLAIN])


def refused(make: Callable[[], object]) -> FormatProblem:
    with pytest.raises(FormatProblem) as raised:
        make()
    assert raised.value.sentence.endswith((".", "?"))
    return raised.value


@pytest.mark.parametrize(
    ("changed", "code", "where"),
    [
        ({"rate": np.array([-0.1])}, "column_range", "rate"),
        ({"rate": np.array([math.inf])}, "column_range", "rate"),
        ({"rate": np.array([math.nan])}, "column_range", "rate"),
        ({"spread": np.array([-1.0])}, "column_range", "spread"),
        ({"scale": np.array([math.nan])}, "column_range", "scale"),
        ({"keep": np.array([1.5])}, "column_range", "keep"),
        ({"rate": np.ones(2)}, "columns", "portfolio"),
        ({"loss": np.array([7])}, "columns", "loss"),
        ({"sector": np.array([-1])}, "columns", "sector"),
        ({"nation_shock": Shock(0.9, 5.0)}, "contradictory", "shock"),
        ({"sector_shocks": (Shock(math.nan, 5.0),)}, "not_finite", "shock"),
    ],
)
def test_columns_that_cannot_be_are_refused_by_their_name(changed: dict[str, Any], code: str, where: str) -> None:
    problem = refused(lambda: replace(SOUND, **changed))
    assert (problem.code, problem.where) == (code, where)


def test_a_link_to_a_row_that_is_not_there_and_a_chance_above_one_are_refused() -> None:
    links: dict[str, Any] = {"failures": np.ones(1), "link_starts": np.array([0, 1])}
    assert refused(lambda: replace(SOUND, **links, link_rows=np.array([3]), link_chance=np.ones(1))).where == (
        "link_rows"
    )
    assert refused(lambda: replace(SOUND, **links, link_rows=np.array([0]), link_chance=np.full(1, 2.0))).where == (
        "link_chance"
    )


def test_a_control_that_would_add_events_is_refused_and_the_portfolio_stays() -> None:
    before = SOUND.keep.copy()
    assert refused(lambda: SOUND.with_controls(np.full(1, 1.2), np.ones(1))).code == "column_range"
    assert refused(lambda: SOUND.with_controls(np.ones(1), np.full(1, -1.0))).code == "column_range"
    assert (SOUND.keep == before).all()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: exact(SOUND, points=1_000), "grid_range"),
        (lambda: exact(SOUND, points=1 << 23), "grid_range"),
        (lambda: exact(SOUND, reach=0.0), "not_positive"),
        (lambda: exact(SOUND, reach=math.inf), "not_positive"),
        (lambda: exact(SOUND, reach=math.nan), "not_positive"),
        (lambda: exact(SOUND, points=4096, reach=1e-6).quantile(0.99), "beyond_grid"),
        (lambda: exact(SOUND, points=4096).exceedance(np.array([1e12])), "beyond_grid"),
        (lambda: exact(SOUND, points=4096).quantile(1.0), "level_range"),
        (lambda: exact(SOUND, points=4096).expected_shortfall(0.0), "level_range"),
        (lambda: quantile(np.ones(9), 95), "level_range"),
        (lambda: quantile(np.ones(9), math.nan), "level_range"),
        (lambda: expected_shortfall(np.ones(9), 1.0), "level_range"),
        (lambda: mean(np.ones(9), confidence=95), "confidence_range"),
        (lambda: simulate(SOUND, years=-5, seed=1), "years_range"),
        (lambda: simulate(SOUND, years=5, seed=1, first=-1), "years_range"),
        (lambda: simulate(SOUND, years=5, seed=1 << 63), "seed_range"),
        (lambda: simulate_numbered(SOUND, np.array([-1]), seed=1), "years_range"),
        (lambda: portfolio([PLAIN], shocks={"energy": Shock(0.1, 2.0)}), "unknown_sector"),
        (lambda: portfolio([PLAIN], shocks={"health": Shock(0.1, -2.0)}), "shock_range"),
        (lambda: portfolio([PLAIN], providers=[Provider("cloud", math.nan, {})]), "negative"),
        (lambda: with_tail(pert(1, 2, 9), 3, 1, 7), "tail_shape"),
        (lambda: with_tail(pert(1, 2, 9), math.nan, 1, 0.2), "not_finite"),
        (lambda: generalised_pareto(-5, 1, 0.2), "not_positive"),
        (lambda: lognormal_between(math.nan, 5), "not_finite"),
        (lambda: lognormal_between(5, 5), "impossible_quantiles"),
        (lambda: lognormal_between(1, 5, confidence=0), "confidence_range"),
        (lambda: pert(1, 20, 9), "impossible_quantiles"),
        (lambda: poisson(math.inf), "not_finite"),
    ],
)
def test_what_cannot_be_asked_of_an_engine_is_refused_by_name(make: Callable[[], object], code: str) -> None:
    assert refused(make).code == code


@pytest.mark.parametrize(
    ("levels", "use", "code"),
    [
        (np.array([[1.2]]), "reduction", "level_range"),
        (np.array([[-0.1]]), "reduction", "level_range"),
        (np.array([[0.5]]), "likely", "unknown_use"),
    ],
)
def test_levels_out_of_range_are_refused(levels: np.ndarray, use: str, code: str) -> None:
    whose = np.zeros(1, np.int64)
    problem = refused(
        lambda: remaining([], use=use, requirements=["backups"], levels=levels, organisation=whose, events=["x"])
    )
    assert problem.code == code


def test_a_rate_a_month_entered_as_a_rate_a_year_is_noticed_where_it_cannot_be() -> None:
    monthly = replace(PLAIN, frequency=poisson(100.0, per="month"))
    assert refused(lambda: portfolio([monthly])).code == "unit_mistake"
    assert portfolio([replace(PLAIN, frequency=poisson(100.0))]).rate[0] == 100


@pytest.mark.parametrize("factor", [280.0, 1 / 280])
def test_rupees_and_dollars_taken_for_each_other_are_noticed_both_ways(factor: float) -> None:
    changed = replace(PLAIN, loss=Loss(empirical([5.0 * factor])))
    problem = refused(lambda: check_expected(changed, low=1, high=50))
    assert (problem.code, problem.where) == ("unit_mistake", "a")


def test_a_provider_that_rests_on_itself_or_stands_twice_is_refused() -> None:
    assert refused(lambda: failing_with([Provider("cloud", 0.1, {}, ("cloud",))])).code == "cycle"
    assert refused(lambda: failing_with([Provider("cloud", 0.1, {}), Provider("cloud", 0.2, {})])).code == "twice"


def test_of_a_circle_only_its_members_and_those_above_it_are_named() -> None:
    circle = [
        Provider("dns", 0.1, {}),
        Provider("cloud", 0.1, {}, ("power", "dns")),
        Provider("power", 0.1, {}, ("telecom",)),
        Provider("telecom", 0.1, {}, ("cloud",)),
    ]
    sentence = refused(lambda: failing_with(circle)).sentence
    assert "cloud, power, telecom" in sentence
    assert "dns" not in sentence


def test_a_frequency_that_contradicts_itself_is_refused_by_its_scenario() -> None:
    for frequency in (Frequency(math.nan), Frequency(0.1, math.inf), Frequency(0.1, -0.5), Frequency(-0.1)):
        changed = replace(PLAIN, frequency=frequency)
        problem = refused(partial(portfolio, [changed]))
        assert (problem.code in ("not_finite", "negative"), problem.where) == (True, "a")


def test_a_portfolio_is_the_same_object_after_a_refused_run() -> None:
    before: Portfolio = replace(SOUND)
    refused(lambda: simulate(SOUND, years=0, seed=1))
    assert simulate(SOUND, years=50, seed=1).tobytes() == simulate(before, years=50, seed=1).tobytes()
