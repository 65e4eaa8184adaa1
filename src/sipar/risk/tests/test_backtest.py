"""Lived years against drawn ones: places, the band, the verdict, and what is refused."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.risk.backtest import back_test

EVEN = np.arange(1.0, 1_001.0)


def years(*losses: float) -> list[dict[str, Any]]:
    return [{"year": 2010 + place, "loss": loss} for place, loss in enumerate(losses)]


def test_a_recorded_year_stands_at_its_place_among_the_simulated_ones() -> None:
    found = back_test(EVEN, years(250.5, 2_000.0, 0.0))
    assert [year["place"] for year in found["years"]] == [0.25, 1.0, 0.0]
    assert [year["inside"] for year in found["years"]] == [True, False, False]
    assert found["coverage"] == pytest.approx(1 / 3)


def test_a_year_without_loss_stands_in_the_middle_of_the_simulated_years_without_loss() -> None:
    found = back_test(np.array([0.0] * 8 + [5.0, 9.0]), years(0.0))
    assert found["years"][0]["place"] == pytest.approx(0.4)
    assert found["years"][0]["inside"]


def test_the_band_holds_nine_tenths_of_the_simulated_years() -> None:
    band = back_test(EVEN, [])["band"]
    assert ((band["low"] <= EVEN) & (band["high"] >= EVEN)).mean() == pytest.approx(0.9, abs=0.002)


@pytest.mark.parametrize(
    ("losses", "verdict"),
    [
        ((), "no_records"),
        ((500.0,) * 4, "too_few"),
        ((100.0, 300.0, 500.0, 700.0, 900.0), "fits"),
        ((900.0, 950.0, 940.0, 800.0, 990.0), "model_too_low"),
        ((9.0, 50.0, 140.0, 80.0, 99.0), "model_too_high"),
        ((1.0, 999.0, 5.0, 990.0, 500.0, 510.0), "band_too_narrow"),
    ],
)
def test_the_verdict_says_how_lived_years_differ(losses: tuple[float, ...], verdict: str) -> None:
    assert back_test(EVEN, years(*losses))["verdict"] == verdict


def test_years_of_the_model_itself_are_seldom_refused() -> None:
    draw = np.random.default_rng(3)
    totals = draw.lognormal(3, 1, 20_000)
    verdicts = [back_test(totals, years(*draw.lognormal(3, 1, 12)))["verdict"] for _ in range(200)]
    assert verdicts.count("fits") > 170


def test_the_answer_is_plain_json_in_the_order_of_years() -> None:
    found = back_test(EVEN, [{"year": 2021, "loss": 5, "source": "ours"}, {"year": 2020, "loss": 7.5}])
    assert [year["year"] for year in json.loads(json.dumps(found))["years"]] == [2020, 2021]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=30), st.lists(st.floats(0, 1e9), max_size=8))
def test_places_lie_from_zero_to_one_and_rise_with_the_loss(drawn: list[float], lived: list[float]) -> None:
    found = back_test(np.array(drawn), years(*sorted(lived)))
    places = [year["place"] for year in found["years"]]
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)


@pytest.mark.parametrize(
    ("entry", "code", "where"),
    [
        ({"year": 2020, "loss": -1.0}, "negative", "recorded_years/1/loss"),
        ({"year": 2020, "loss": math.inf}, "not_finite", "recorded_years/1/loss"),
        ({"year": 2020, "loss": math.nan}, "not_finite", "recorded_years/1/loss"),
        ({"year": 2020, "loss": "much"}, "wrong_type", "recorded_years/1/loss"),
        ({"year": 2020, "loss": True}, "wrong_type", "recorded_years/1/loss"),
        ({"year": 20, "loss": 1.0}, "year_range", "recorded_years/1/year"),
        ({"year": "2020", "loss": 1.0}, "year_range", "recorded_years/1/year"),
        ({"year": 2019, "loss": 1.0}, "twice", "recorded_years/1"),
        ({"year": 2020, "loss": 1e18}, "unit_mistake", "recorded_years/1"),
        ({"year": 2020, "loss": 10**400}, "unit_mistake", "recorded_years/1"),
        ("2020", "wrong_type", "recorded_years/1"),
    ],
)
def test_a_record_that_cannot_be_is_refused_by_its_place(entry: Any, code: str, where: str) -> None:
    with pytest.raises(FormatProblem) as raised:
        back_test(EVEN, [{"year": 2019, "loss": 1.0}, entry])
    assert (raised.value.code, raised.value.where) == (code, where)


def test_without_simulated_years_there_is_nothing_to_compare_with() -> None:
    with pytest.raises(FormatProblem) as raised:
        back_test(np.zeros(0), [])
    assert raised.value.code == "no_years"
