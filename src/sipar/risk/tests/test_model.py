"""Magnitudes, statements of scenarios, and controls: what they mean, and what is refused by name."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.risk.controls import Effect, Function, Target, remaining
from sipar.risk.magnitudes import (
    Magnitude,
    empirical,
    generalised_pareto,
    limited,
    lognormal,
    lognormal_between,
    pert,
    with_tail,
)
from sipar.risk.portfolio import portfolio
from sipar.risk.scenario import (
    Frequency,
    Loss,
    Provider,
    Quality,
    Scenario,
    Shock,
    Source,
    check_expected,
    check_shock,
    failing_with,
    negative_binomial,
    poisson,
    uncertain,
)

OURS = Source("A workshop of the National CERT", Quality.EXPERT)
PLAIN = Scenario("a", "Indus Clinic", "health", "Ransomware", "records", poisson(0.1), Loss(pert(1, 2, 9)), "USD", 2025)


def code_of(raised: pytest.ExceptionInfo[FormatProblem]) -> str:
    return raised.value.code


@pytest.mark.parametrize(
    ("magnitude", "expected"),
    [
        (lognormal(2.0, 0.7), math.exp(2.245)),
        (pert(1.0, 2.0, 9.0), (1 + 8 + 9) / 6),
        (empirical([1.0, 2.0, 6.0]), 3.0),
        (generalised_pareto(10.0, 4.0, 0.2), 15.0),
        (generalised_pareto(10.0, 4.0, -0.5), 10 + 4 / 1.5),
        (generalised_pareto(10.0, 4.0, 0.0), 14.0),
        (limited(generalised_pareto(0.0, 1.0, 0.0), 2.0), 1 - math.exp(-2)),
    ],
)
def test_a_cost_has_the_mean_of_its_closed_form(magnitude: Magnitude, expected: float) -> None:
    assert magnitude.mean == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "magnitude", [lognormal(1, 1), pert(0, 1, 30), empirical([1, 2, 9]), with_tail(lognormal(1, 1), 5, 2, 0.3)]
)
def test_limited_means_rise_ever_less_steeply(magnitude: Magnitude) -> None:
    means = magnitude.mean_up_to(np.linspace(0, 60, 400))
    assert (np.diff(means) >= -1e-12).all()
    assert (np.diff(np.diff(means)) <= 1e-9).all()


def test_the_published_prior_is_the_lognormal_through_its_two_figures() -> None:
    prior = lognormal_between(200_000**2 / 20e6, 20e6, confidence=0.8)
    assert (round(prior.mu, 2), round(prior.sigma, 2)) == (12.21, 3.59)


@given(low=st.floats(1, 1e6), factor=st.floats(1.01, 1e4))
def test_an_interval_holds_the_share_it_claims(low: float, factor: float) -> None:
    made = lognormal_between(low, low * factor)
    share = made.share_below(np.array([low, low * factor]))
    assert share[1] - share[0] == pytest.approx(0.9, abs=1e-6)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: lognormal(math.inf, 1), "not_finite"),
        (lambda: lognormal(1, 0), "magnitude_range"),
        (lambda: lognormal_between(10, 5), "impossible_quantiles"),
        (lambda: lognormal_between(-1, 5), "not_positive"),
        (lambda: lognormal_between(1, 5, confidence=90), "confidence_range"),
        (lambda: pert(5, 1, 9), "impossible_quantiles"),
        (lambda: pert(-5, 1, 9), "negative"),
        (lambda: empirical([]), "no_values"),
        (lambda: empirical([-1.0]), "negative"),
        (lambda: empirical([math.nan]), "not_finite"),
        (lambda: with_tail(pert(1, 2, 3), 4, 1, 0.1), "tail_out_of_reach"),
        (lambda: with_tail(pert(1, 2, 3), 2, 0, 0.1), "not_positive"),
        (lambda: limited(pert(1, 2, 3), 0), "not_positive"),
        (lambda: poisson(-1), "negative"),
        (lambda: poisson(math.nan), "not_finite"),
        (lambda: poisson(1, per="week"), "unknown_unit"),
        (lambda: negative_binomial(2, 1), "contradictory"),
        (lambda: check_shock(Shock(0.5, 3)), "contradictory"),
        (lambda: check_shock(Shock(1.5, 3)), "shock_range"),
    ],
)
def test_what_cannot_be_is_refused_by_name(make: object, code: str) -> None:
    assert callable(make)
    with pytest.raises(FormatProblem) as raised:
        make()
    assert code_of(raised) == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (replace(PLAIN, key="b", currency="PKR"), "mixed_money"),
        (replace(PLAIN, key="b", year=2024), "mixed_money"),
        (replace(PLAIN), "twice"),
        (replace(PLAIN, key="b", frequency=Frequency(5_000)), "unit_mistake"),
        (replace(PLAIN, key="b", loss=Loss(lognormal(31, 1))), "unit_mistake"),
        (replace(PLAIN, key="b", loss=Loss(pert(1, 2, 3), 0.5)), "contradictory"),
        (replace(PLAIN, key="b", loss=Loss(pert(1, 2, 3), 1.5, pert(1, 2, 3))), "probability_range"),
        (replace(PLAIN, key="b", frequency=Frequency(math.inf)), "not_finite"),
    ],
)
def test_a_bad_scenario_is_refused_by_its_key(changed: Scenario, code: str) -> None:
    with pytest.raises(FormatProblem) as raised:
        portfolio([PLAIN, changed])
    assert (code_of(raised), raised.value.where) == (code, changed.key)


def test_rupees_entered_as_dollars_are_noticed() -> None:
    check_expected(PLAIN, low=1, high=10)
    with pytest.raises(FormatProblem) as raised:
        check_expected(replace(PLAIN, loss=Loss(pert(280, 560, 2_520))), low=1, high=10)
    assert code_of(raised) == "unit_mistake"


def test_a_monthly_rate_is_brought_to_a_year() -> None:
    assert poisson(0.5, per="month").mean == 6.0


def test_uncertainty_of_a_rate_and_clumps_come_together() -> None:
    assert uncertain(2.0, 0.5, overdispersion=0.2).spread == pytest.approx(1.25 * 1.2 - 1)


def test_providers_that_rest_on_each_other_in_a_circle_are_refused_by_name() -> None:
    circle = [Provider("cloud", 0.1, {}, ("power",)), Provider("power", 0.1, {}, ("cloud",)), Provider("dns", 0.1, {})]
    with pytest.raises(FormatProblem, match="cloud, power"):
        failing_with(circle)


def test_failure_runs_down_every_path_once() -> None:
    graph = [
        Provider("power", 0.1, {}),
        Provider("telecom", 0.1, {}, ("power",)),
        Provider("cloud", 0.1, {}, ("power", "telecom")),
    ]
    failing = failing_with(graph)
    assert sorted(failing["power"]) == ["cloud", "power", "telecom"]
    assert failing["cloud"] == ("cloud",)


@pytest.mark.parametrize(
    ("provider", "code"),
    [
        (Provider("cloud", -1.0, {}), "negative"),
        (Provider("cloud", 0.1, {"zzz": 0.5}), "unknown_scenario"),
        (Provider("cloud", 0.1, {"a": 1.5}), "probability_range"),
        (Provider("cloud", 0.1, {}, ("zzz",)), "unknown_provider"),
    ],
)
def test_a_bad_provider_is_refused_by_its_key(provider: Provider, code: str) -> None:
    with pytest.raises(FormatProblem) as raised:
        portfolio([PLAIN], providers=[provider])
    assert (code_of(raised), raised.value.where) == (code, "cloud")


def effect(target: Target, reduction: float = 0.5, **changed: object) -> Effect:
    made = Effect("backups", target, reduction, 0.2, 0.8, OURS)
    return replace(made, **changed)  # type: ignore[arg-type]


@given(low=st.floats(0, 1), high=st.floats(0, 1), use=st.sampled_from(["low", "reduction", "high"]))
def test_a_higher_level_never_leaves_more(low: float, high: float, use: str) -> None:
    low, high = sorted((low, high))
    table = [effect(Target.FREQUENCY), effect(Target.MAGNITUDE), effect(Target.MAGNITUDE, requirement="exercises")]
    table.append(effect(Target.FREQUENCY, requirement="reviews", function=Function.VARIANCE_MANAGEMENT))
    events, share = remaining(
        table,
        requirements=["backups", "exercises", "reviews"],
        levels=np.array([[low] * 3, [high] * 3]),
        organisation=np.array([0, 1]),
        events=["Ransomware"] * 2,
        use=use,
    )
    assert events[1] <= events[0] <= 1
    assert 0 < share[1] <= share[0] <= 1


def test_an_unknown_level_takes_nothing_away_and_an_effect_keeps_to_its_event() -> None:
    events, share = remaining(
        [effect(Target.FREQUENCY, event="Ransomware")],
        requirements=["backups"],
        levels=np.array([[np.nan], [1.0]]),
        organisation=np.array([0, 1, 1]),
        events=["Ransomware", "Ransomware", "Theft"],
    )
    assert events.tolist() == [1.0, 0.5, 1.0]
    assert share.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (effect(Target.FREQUENCY, 0.9), "contradictory"),
        (effect(Target.FREQUENCY, high=1.0), "effect_range"),
        (effect(Target.FREQUENCY, math.nan), "not_finite"),
        (effect(Target.FREQUENCY, requirement="zzz"), "unknown_requirement"),
    ],
)
def test_a_bad_effect_is_refused_by_its_requirement(bad: Effect, code: str) -> None:
    with pytest.raises(FormatProblem) as raised:
        remaining(
            [bad], requirements=["backups"], levels=np.ones((1, 1)), organisation=np.zeros(1, np.int64), events=[""]
        )
    assert (code_of(raised), raised.value.where) == (code, bad.requirement)
