"""True in number: both engines against closed forms, published examples, limits, and laws that always hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.risk.exact import ExactLoss, exact
from sipar.risk.magnitudes import empirical, generalised_pareto, limited, lognormal
from sipar.risk.portfolio import Portfolio, portfolio
from sipar.risk.results import by_group, expected_shortfall, mean, quantile
from sipar.risk.scenario import CALM, Frequency, Loss, Provider, Scenario, Shock, negative_binomial, poisson
from sipar.risk.simulate import shortfall_by_row, simulate

YEARS = 40_000
COSTS = st.lists(st.integers(1, 40), min_size=1, max_size=4)


def scenario(key: str, frequency: Frequency, loss: Loss, sector: str = "health") -> Scenario:
    return Scenario(key, "Indus Clinic", sector, "Ransomware", "records", frequency, loss, "USD", 2025)


def alone(frequency: Frequency, loss: Loss) -> Portfolio:
    return portfolio([scenario("a", frequency, loss)])


def whole(found: ExactLoss, many: int) -> np.ndarray:
    return found.density[:many]


def on_grid(asked: Portfolio) -> ExactLoss:
    """Costs of whole numbers fall on this grid's points, so that nothing is rounded."""
    return exact(asked, points=4096, reach=4096.0)


def test_the_textbooks_recursion_gives_its_fractions() -> None:
    # Compound Poisson 4 with costs 1, 2, 3 of probability 1/4, 1/2, 1/4: s f(s) = f(s-1) + 4 f(s-2) + 3 f(s-3)
    # (Kaas, Goovaerts, Dhaene, Denuit: "Modern Actuarial Risk Theory", chapter 3).
    found = on_grid(alone(poisson(4.0), Loss(empirical([1.0, 2.0, 2.0, 3.0]))))
    np.testing.assert_allclose(whole(found, 5) / math.exp(-4), [1, 1, 5 / 2, 19 / 6, 97 / 24], rtol=1e-9)


def test_panjers_recursion_of_clumped_events_gives_what_the_transform_gives() -> None:
    # The (a, b, 0) class of Panjer (ASTIN Bulletin 12, 1981): negative binomial with a = p, b = (r - 1) p.
    average, variance = 2.0, 6.0
    r, p = average**2 / (variance - average), 1 - average / variance
    severity = {1: 0.25, 3: 0.5, 4: 0.25}
    panjer = [(1 - p) ** r]
    for loss in range(1, 60):
        panjer.append(
            sum((p + (r - 1) * p * k / loss) * share * panjer[loss - k] for k, share in severity.items() if k <= loss)
        )
    found = on_grid(alone(negative_binomial(average, variance), Loss(empirical([1.0, 3.0, 3.0, 4.0]))))
    np.testing.assert_allclose(whole(found, 60), panjer, atol=1e-10)


def test_what_lies_beyond_the_grid_does_not_come_back_at_its_bottom() -> None:
    # The aliasing that tilting is for (Grübel and Hermesmeier, ASTIN Bulletin 29, 1999), with a tail of finite mean.
    asked = alone(poisson(20.0), Loss(generalised_pareto(0.0, 1.0, 0.9)))
    short, long = exact(asked, points=4096, reach=256.0), exact(asked, points=1 << 18, reach=256.0 * 64)
    assert short.density.sum() < 0.95
    np.testing.assert_allclose(whole(short, 4000), whole(long, 4000), atol=1e-9)


def test_a_geometric_number_of_exponential_costs_has_an_exponential_tail() -> None:
    # P(S > x) = m / (1 + m) exp(-x / (theta (1 + m))), and the shortfall lies theta (1 + m) above the quantile.
    m, theta, level = 0.4, 1_000.0, 0.99
    asked = alone(Frequency(m, 1.0), Loss(generalised_pareto(0.0, theta, 0.0)))
    rate = theta * (1 + m)
    edge = rate * math.log(m / ((1 + m) * (1 - level)))
    found, totals = exact(asked), simulate(asked, years=YEARS, seed=21)
    losses = np.array([0.0, 500.0, 2_000.0, 6_000.0])
    np.testing.assert_allclose(found.exceedance(losses), m / (1 + m) * np.exp(-losses / rate), atol=2e-4)
    assert found.quantile(level).low <= edge <= found.quantile(level).high
    assert found.expected_shortfall(level).value == pytest.approx(edge + rate, rel=2e-3)
    band, tail = quantile(totals, level, confidence=0.9999), expected_shortfall(totals, level, confidence=0.9999)
    assert band.low <= edge <= band.high
    assert tail.low <= edge + rate <= tail.high


def test_a_poisson_number_of_exponential_costs_has_the_series_of_gamma_tails() -> None:
    # P(S > x) = sum of Poisson weights times the tail of an Erlang distribution.
    rate, theta, losses = 1.5, 10.0, np.array([5.0, 20.0, 60.0])
    expected = np.zeros(3)
    for count in range(1, 60):
        erlang = sum((losses / theta) ** j / math.factorial(j) for j in range(count)) * np.exp(-losses / theta)
        expected += math.exp(-rate) * rate**count / math.factorial(count) * erlang
    found = exact(alone(poisson(rate), Loss(generalised_pareto(0.0, theta, 0.0)))).exceedance(losses)
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_a_nations_shock_mixes_calm_and_bad_years() -> None:
    # Half of the years are free of events and half have twice as many: no loss in 1/2 + 1/2 exp(-2 rate).
    asked = portfolio([scenario("a", poisson(0.7), Loss(empirical([1.0])))], nation=Shock(0.5, 2.0))
    found = on_grid(asked)
    expected = [0.5 + 0.5 * math.exp(-1.4), 0.5 * 1.4 * math.exp(-1.4)]
    np.testing.assert_allclose(whole(found, 2), expected, atol=1e-9)
    calm = float((simulate(asked, years=YEARS, seed=22) == 0).mean())
    assert abs(calm - expected[0]) < 5 * math.sqrt(0.25 / YEARS)


def test_in_the_limit_of_one_cause_all_lose_in_the_same_years_and_without_it_in_their_own() -> None:
    many, rate = 4, 0.3
    keys = [str(place) for place in range(many)]
    cost = Loss(empirical([1.0]))
    common = portfolio(
        [scenario(key, poisson(0.0), cost) for key in keys],
        providers=[Provider("cloud", rate, dict.fromkeys(keys, 1.0))],
    )
    apart = portfolio([scenario(key, poisson(rate), cost) for key in keys])
    one, other = on_grid(common), on_grid(apart)
    assert one.density[0] == pytest.approx(math.exp(-rate))
    assert one.density[many] == pytest.approx(rate * math.exp(-rate))
    assert whole(one, many)[1:].sum() == pytest.approx(0, abs=1e-12)
    assert other.density[0] == pytest.approx(math.exp(-many * rate))
    assert set(np.unique(simulate(common, years=2_000, seed=23)) % many) == {0.0}
    assert one.mean == pytest.approx(other.mean)


def test_a_chance_below_one_thins_a_common_cause_link_by_link() -> None:
    # Two links of chance 1/2: a failure costs 0, 1 or 2 with 1/4, 1/2, 1/4.
    asked = portfolio(
        [scenario(key, poisson(0.0), Loss(empirical([1.0]))) for key in "ab"],
        providers=[Provider("cloud", 1.0, {"a": 0.5, "b": 0.5})],
    )
    same = alone(poisson(0.75), Loss(empirical([1.0, 1.0, 2.0])))
    np.testing.assert_allclose(whole(on_grid(asked), 30), whole(on_grid(same), 30), atol=1e-9)


@settings(deadline=None, max_examples=15)
@given(first=COSTS, second=COSTS, one=st.floats(0.01, 3), other=st.floats(0.01, 3), clumps=st.floats(0, 2))
def test_independent_portfolios_add_as_a_convolution(
    first: list[int], second: list[int], one: float, other: float, clumps: float
) -> None:
    rows = [
        scenario("a", poisson(one), Loss(empirical([float(cost) for cost in first]))),
        scenario("b", Frequency(other, clumps), Loss(empirical([float(cost) for cost in second])), "energy"),
    ]
    both, parts = on_grid(portfolio(rows)), [on_grid(portfolio([row])) for row in rows]
    folded = np.convolve(whole(parts[0], 300), whole(parts[1], 300))[:300]
    np.testing.assert_allclose(whole(both, 300), folded, atol=1e-9)
    assert both.mean == pytest.approx(parts[0].mean + parts[1].mean)


@settings(deadline=None, max_examples=15)
@given(rate=st.floats(0.01, 5), keep=st.floats(0.01, 1), costs=COSTS)
def test_a_control_that_stops_a_share_of_the_events_thins_the_rate(rate: float, keep: float, costs: list[int]) -> None:
    loss = Loss(empirical([float(cost) for cost in costs]))
    kept = alone(poisson(rate), loss).with_controls(np.array([keep]), np.ones(1))
    np.testing.assert_allclose(
        whole(on_grid(kept), 400), whole(on_grid(alone(poisson(rate * keep), loss)), 400), atol=1e-9
    )


@settings(deadline=None, max_examples=15)
@given(
    keep=st.lists(st.floats(0, 1), min_size=2, max_size=2), scale=st.lists(st.floats(0.05, 1), min_size=2, max_size=2)
)
def test_a_stronger_control_never_raises_the_exact_tail(keep: list[float], scale: list[float]) -> None:
    asked = alone(Frequency(1.0, 0.5), Loss(limited(lognormal(3.0, 1.0), 400.0)))
    losses = np.linspace(0, 1_000, 30)
    strong, weak = (
        exact(asked.with_controls(np.array([share]), np.array([size])), points=4096, reach=4096.0).exceedance(losses)
        for share, size in zip(sorted(keep), sorted(scale), strict=True)
    )
    assert (strong <= weak + 2e-3).all()


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**63 - 1), factor=st.floats(1e-3, 1e3))
def test_another_currency_multiplies_every_year(seed: int, factor: float) -> None:
    asked = portfolio(
        [scenario("a", poisson(0.5), Loss(lognormal(8, 1))), scenario("b", Frequency(0.3, 2.0), Loss(lognormal(6, 2)))],
        nation=Shock(0.2, 2.0),
    )
    changed = asked.with_controls(np.ones(2), np.full(2, factor))
    here, there = (simulate(one, years=200, seed=seed) for one in (asked, changed))
    np.testing.assert_allclose(there, here * factor, rtol=1e-12)
    assert changed.mean_by_row().sum() == pytest.approx(asked.mean_by_row().sum() * factor)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**40), level=st.sampled_from([0.5, 0.9, 0.99]), sectors=st.integers(1, 5))
def test_contributions_add_up_to_the_shortfall_by_whatever_they_are_grouped(
    seed: int, level: float, sectors: int
) -> None:
    rows = [
        scenario(str(place), Frequency(0.2, place % 3), Loss(lognormal(5, 1)), f"sector {place % sectors}")
        for place in range(10)
    ]
    asked = portfolio(rows, nation=Shock(0.1, 3.0), providers=[Provider("cloud", 0.2, {"1": 0.5, "7": 1.0})])
    totals = simulate(asked, years=1_000, seed=seed)
    parts = shortfall_by_row(asked, totals, level=level, seed=seed)
    grouped = by_group(parts, np.arange(10) % sectors, many=sectors)
    assert (grouped >= 0).all()
    assert grouped.sum() == pytest.approx(expected_shortfall(totals, level).value)
    # What a part adds to the worst years is never less than nothing and never more than the worst years are.
    assert grouped.max() <= expected_shortfall(totals, level).value * (1 + 1e-9)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0, 1e9), min_size=2, max_size=300), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_quantiles_and_shortfalls_rise_with_the_level(years: list[float], one: float, other: float) -> None:
    totals, (low, high) = np.array(years), sorted((one, other))
    assert quantile(totals, low).value <= quantile(totals, high).value
    first, second = expected_shortfall(totals, low), expected_shortfall(totals, high)
    assert first.value <= second.value * (1 + 1e-12) + 1e-9
    assert quantile(totals, high).value <= second.value * (1 + 1e-12)
    assert mean(totals).value <= first.value * (1 + 1e-12) + 1e-9
    assert quantile(totals, low).low <= quantile(totals, low).value <= quantile(totals, low).high


def test_a_scenario_that_never_happens_and_one_that_costs_nothing_leave_no_loss() -> None:
    never, free = alone(poisson(0.0), Loss(empirical([5.0]))), alone(poisson(2.0), Loss(empirical([0.0])))
    for asked in (never, free):
        assert not simulate(asked, years=300, seed=1).any()
        assert exact(asked).exceedance(np.zeros(1))[0] == 0
    assert exact(never).mean == 0


def test_a_shock_of_factor_one_changes_no_bit() -> None:
    rows = [scenario("a", poisson(0.5), Loss(lognormal(5, 1)))]
    plain, calm = portfolio(rows, nation=CALM), portfolio(rows, nation=Shock(0.3, 1.0))
    assert simulate(plain, years=500, seed=9).tobytes() == simulate(calm, years=500, seed=9).tobytes()
