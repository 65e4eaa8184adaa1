"""Both engines: against closed forms, against each other, in the limits, over splits."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from sipar.executors.local import LocalExecutor
from sipar.formats.problems import FormatProblem
from sipar.risk.exact import ExactLoss, exact
from sipar.risk.kernels import normal_quantile, philox, philox_row, poisson_law, poisson_number
from sipar.risk.magnitudes import empirical, generalised_pareto, limited, lognormal, pert, with_tail
from sipar.risk.parts import LossOfYears
from sipar.risk.portfolio import Portfolio, portfolio
from sipar.risk.results import exceedance, expected_shortfall, mean, quantile
from sipar.risk.scenario import Frequency, Loss, Provider, Scenario, Shock, negative_binomial, poisson
from sipar.risk.simulate import loss_by_row, shortfall_by_row, simulate

YEARS = 40_000
LOSSES = (
    Loss(limited(lognormal(10, 1.2), 1e8)),
    Loss(pert(1e3, 5e3, 1e5), 0.3, with_tail(lognormal(9, 1), 2e4, 1e4, 0.3)),
    Loss(empirical([100.0, 2_000.0, 50_000.0])),
    Loss(generalised_pareto(1_000.0, 5_000.0, 0.2)),
)


def scenario(key: str, frequency: Frequency, loss: Loss, sector: str = "health") -> Scenario:
    return Scenario(key, "Indus Clinic", sector, "Ransomware", "records", frequency, loss, "USD", 2025)


def mixed() -> Portfolio:
    return portfolio(
        [
            scenario("a", poisson(0.2), LOSSES[0]),
            scenario("b", negative_binomial(0.4, 0.9), LOSSES[1]),
            scenario("c", negative_binomial(2.0, 5.0), LOSSES[2], "energy"),
            scenario("d", poisson(0.7), LOSSES[3], "energy"),
        ],
        shocks={"health": Shock(0.1, 4.0)},
        nation=Shock(0.05, 3.0),
        providers=[Provider("cloud", 0.1, {"a": 0.5, "b": 1.0}, ("power",)), Provider("power", 0.05, {"c": 0.7})],
    )


def spread_of(found: ExactLoss) -> float:
    """The variance of a distribution that lies on its grid as good as whole."""
    losses = np.arange(len(found.density)) * found.step
    return float(found.density @ losses**2 - (found.density @ losses) ** 2)


def within(totals: np.ndarray, variance: float) -> bool:
    """Whether the sample's variance is what it should be, within five standard errors."""
    centred = (totals - totals.mean()) ** 2
    return bool(abs(centred.mean() - variance) < 5 * centred.std() / math.sqrt(len(totals)))


def test_the_counting_generator_gives_the_published_words() -> None:
    assert [int(word) for word in philox(0, 0, 0, 0, 0)] == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


def test_a_row_of_events_has_the_words_of_each_one() -> None:
    words = np.empty((4, 9), np.uint64)
    philox_row(7, 3, 40, 2, 11, words, 9)
    assert words.T.tolist() == [[int(word) for word in philox(7, 3, event, 2, 11)] for event in range(40, 49)]


@pytest.mark.parametrize("rate", [0.0, 0.15, 15.0, 700.0, 60_000.0])
def test_a_number_of_events_is_the_one_that_a_poisson_law_reaches_at_this_chance(rate: float) -> None:
    lowest, chances = poisson_law(rate)
    for chance in (1e-9, 0.03, 0.5, 0.97, 1 - 1e-9):
        number = poisson_number((lowest, chances), chance)
        assert number == 0 or at_most(number - 1, rate) < chance * (1 + 1e-9)
        assert at_most(number, rate) > chance * (1 - 1e-9)


def at_most(number: int, rate: float) -> float:
    """The chance of at most so many events, term by term."""
    if not rate:
        return 1.0
    return math.fsum(math.exp(count * math.log(rate) - rate - math.lgamma(count + 1)) for count in range(number + 1))


def test_normal_quantiles_are_the_tabled_ones() -> None:
    assert normal_quantile(0.975) == pytest.approx(1.959963984540054, abs=1e-8)
    assert normal_quantile(0.01) == pytest.approx(-2.3263478740408408, abs=1e-8)


def test_a_poisson_sum_of_lognormals_has_the_mean_and_variance_of_the_closed_form() -> None:
    asked = portfolio([scenario("a", poisson(0.8), Loss(lognormal(3.0, 0.5)))])
    average, variance = 0.8 * math.exp(3.125), 0.8 * math.exp(6 + 0.5)
    found, totals = exact(asked, reach=2_000.0), simulate(asked, years=YEARS, seed=1)
    assert found.mean == pytest.approx(average)
    assert spread_of(found) == pytest.approx(variance, rel=1e-3)
    assert mean(totals, confidence=0.9999).low < average < mean(totals, confidence=0.9999).high
    assert within(totals, variance)


def test_a_negative_binomial_sum_has_the_mean_and_variance_of_the_closed_form() -> None:
    asked = portfolio([scenario("a", negative_binomial(1.5, 4.0), Loss(empirical([10.0, 30.0])))])
    # Variance of the sum: mean count x variance of a cost + variance of the count x mean cost squared.
    variance = 1.5 * 100.0 + 4.0 * 400.0
    found, totals = exact(asked, reach=2_000.0), simulate(asked, years=YEARS, seed=2)
    assert found.mean == pytest.approx(30.0)
    assert spread_of(found) == pytest.approx(variance, rel=1e-3)
    assert within(totals, variance)


def test_the_exact_engine_gives_what_panjers_recursion_gives() -> None:
    asked = portfolio([scenario("a", poisson(2.0), Loss(empirical([1.0, 2.0, 2.0, 4.0])))])
    found = exact(asked, points=4096, reach=4096.0)
    severity = {1: 0.25, 2: 0.5, 4: 0.25}
    panjer = [math.exp(-2.0)]
    for loss in range(1, 40):
        panjer.append(2.0 / loss * sum(k * p * panjer[loss - k] for k, p in severity.items() if k <= loss))
    np.testing.assert_allclose(found.density[:40], panjer, atol=1e-9)


def test_years_without_loss_are_as_many_as_poisson_says() -> None:
    asked = portfolio([scenario("a", poisson(0.15), LOSSES[0])])
    assert exact(asked).exceedance(np.zeros(1))[0] == pytest.approx(1 - math.exp(-0.15), abs=1e-3)
    calm = (simulate(asked, years=YEARS, seed=3) == 0).mean()
    assert abs(calm - math.exp(-0.15)) < 5 * math.sqrt(0.15 / YEARS)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_both_engines_agree_within_the_stated_error_over_a_million_years(level: float) -> None:
    asked = mixed()
    found, totals = exact(asked), simulate(asked, years=1_000_000, seed=4)
    band, sure = quantile(totals, level, confidence=0.9999), found.quantile(level)
    assert sure.high >= band.low
    assert sure.low <= band.high
    average, tail = mean(totals, confidence=0.9999), expected_shortfall(totals, level, confidence=0.9999)
    assert average.low < found.mean < average.high
    assert tail.low < found.expected_shortfall(level).value < tail.high


def test_both_engines_agree_where_scales_and_chances_are_too_many_to_keep_apart() -> None:
    draw = np.random.default_rng(5)
    rows = 300
    asked = Portfolio(
        rate=np.full(rows, 0.02),
        spread=np.zeros(rows),
        loss=np.zeros(rows, np.int64),
        scale=draw.lognormal(0, 1, rows),
        keep=draw.uniform(0.3, 1, rows),
        sector=draw.integers(0, 3, rows),
        losses=(Loss(limited(lognormal(8, 1), 1e7)),),
        sector_shocks=(Shock(0.1, 3.0),) * 3,
        failures=np.array([0.3]),
        link_starts=np.array([0, rows]),
        link_rows=np.arange(rows),
        link_chance=draw.uniform(0.5, 1, rows),
    )
    found, totals = exact(asked), simulate(asked, years=YEARS, seed=6)
    for level in (0.5, 0.8, 0.99):
        band = quantile(totals, level, confidence=0.9999)
        assert band.low <= found.quantile(level).high
        assert found.quantile(level).low <= band.high


def test_independent_scenarios_add_their_variances_and_common_ones_their_deviations() -> None:
    loss, many = Loss(empirical([100.0])), 5
    alone = portfolio([scenario(str(place), poisson(0.2), loss) for place in range(many)])
    together = portfolio(
        [scenario(str(place), poisson(0.0), loss) for place in range(many)],
        providers=[Provider("cloud", 0.2, {str(place): 1.0 for place in range(many)})],
    )
    single = 0.2 * 100.0**2
    assert spread_of(exact(alone, reach=4_096.0)) == pytest.approx(many * single, rel=1e-3)
    assert spread_of(exact(together, reach=8_192.0)) == pytest.approx(many**2 * single, rel=1e-3)
    assert within(simulate(alone, years=YEARS, seed=7), many * single)
    assert within(simulate(together, years=YEARS, seed=7), many**2 * single)
    assert alone.mean_by_row().sum() == pytest.approx(together.mean_by_row().sum())


def test_a_provider_fails_with_what_it_rests_on() -> None:
    asked = portfolio(
        [scenario("a", poisson(0.0), Loss(empirical([10.0])))],
        providers=[Provider("cloud", 0.0, {"a": 1.0}, ("power",)), Provider("power", 0.5, {})],
    )
    assert asked.mean_by_row().sum() == pytest.approx(5.0)


def test_a_shock_leaves_the_mean_and_fattens_the_tail() -> None:
    rows = [scenario(str(place), poisson(0.2), LOSSES[2]) for place in range(20)]
    calm, shaken = portfolio(rows), portfolio(rows, shocks={"health": Shock(0.1, 5.0)})
    assert calm.mean_by_row().sum() == shaken.mean_by_row().sum()
    assert exact(shaken).quantile(0.99).value > exact(calm).quantile(0.99).value


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**63 - 1), cuts=st.lists(st.integers(1, 1_199), max_size=4), threads=st.integers(1, 4))
def test_a_run_has_the_same_bits_however_it_is_split(seed: int, cuts: list[int], threads: int) -> None:
    asked = mixed()
    whole = simulate(asked, years=1_200, seed=seed)
    edges = sorted({0, 1_200, *cuts})
    parts = [
        simulate(asked, years=end - start, seed=seed, first=start, threads=threads) for start, end in pairwise(edges)
    ]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_an_executor_gives_the_same_bits_over_its_parts(tmp_path: Path) -> None:
    asked = mixed()
    whole = simulate(asked, years=700, seed=11)
    for name, start, end in (("a", 0, 300), ("b", 300, 700)):
        parquet.write_table(pa.table({"year": np.arange(start, end)}), tmp_path / f"{name}.parquet")
    inputs = [str(tmp_path / f"{name}.parquet") for name in "ab"]
    outputs = LocalExecutor(workers=2).map_parts(LossOfYears(asked, 11), inputs, str(tmp_path / "made"))
    found = pa.concat_tables([parquet.read_table(output.path) for output in outputs])
    assert found["loss"].to_numpy().tobytes() == whole.tobytes()


def test_another_seed_gives_other_years() -> None:
    assert (simulate(mixed(), years=500, seed=1) != simulate(mixed(), years=500, seed=2)).any()


def test_contributions_sum_to_the_whole() -> None:
    asked = mixed()
    totals = simulate(asked, years=5_000, seed=8)
    parts = shortfall_by_row(asked, totals, level=0.95, seed=8)
    assert parts.sum() == pytest.approx(expected_shortfall(totals, 0.95).value)
    everything = loss_by_row(asked, years=np.arange(5_000), seed=8)
    assert everything.sum() == pytest.approx(totals.sum())
    assert (parts >= 0).all()
    assert asked.mean_by_row().sum() == pytest.approx(exact(asked).mean)


@settings(max_examples=15, deadline=None)
@given(low=st.floats(0, 1), high=st.floats(0, 1), scale=st.floats(0.01, 1))
def test_a_stronger_control_never_costs_more_in_any_year(low: float, high: float, scale: float) -> None:
    asked, ones = mixed(), np.ones(4)
    low, high = sorted((low, high))
    weak = simulate(asked.with_controls(ones * high, ones), years=300, seed=9)
    strong = simulate(asked.with_controls(ones * low, ones * scale), years=300, seed=9)
    assert (strong <= weak * (1 + 1e-12)).all()


def test_more_of_the_same_loss_exceeds_less_often() -> None:
    totals = simulate(mixed(), years=2_000, seed=10)
    shares = exceedance(totals, [0.0, 1e4, 1e5, 1e9])
    assert (np.diff(shares) <= 0).all()
    assert shares[-1] == 0


def test_a_cancelled_run_ends() -> None:
    class Stop(Exception):
        pass

    def say(done: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        simulate(mixed(), years=2_000, seed=1, say=say)


@pytest.mark.parametrize(("years", "seed"), [(0, 1), (10, -1), (2**33, 1)])
def test_impossible_runs_are_refused(years: int, seed: int) -> None:
    with pytest.raises(FormatProblem):
        simulate(mixed(), years=years, seed=seed)


def test_a_cost_without_a_mean_needs_a_limit_in_the_exact_engine() -> None:
    endless = generalised_pareto(0.0, 1_000.0, 1.2)
    wide = Portfolio(
        rate=np.ones(1),
        spread=np.zeros(1),
        loss=np.zeros(1, np.int64),
        scale=np.ones(1),
        keep=np.ones(1),
        sector=np.zeros(1, np.int64),
        losses=(Loss(endless),),
        sector_shocks=(Shock(0.0, 1.0),),
    )
    with pytest.raises(FormatProblem) as raised:
        exact(wide)
    assert raised.value.code == "no_mean"
