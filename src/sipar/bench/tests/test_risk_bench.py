"""The steps of the risk bench on a small nation."""

from __future__ import annotations

from sipar.bench.risk_steps import agreement, alike, bits, nation


def test_the_benchs_nation_has_five_scenarios_for_each_organisation() -> None:
    asked = nation(40)
    assert len(asked.rate) == 200
    assert asked.link_starts[-1] == len(asked.link_rows) == 40


def test_both_engines_agree_on_a_small_nation() -> None:
    assert agreement(100, 5_000)["agree"]


def test_every_split_has_the_same_bits() -> None:
    assert bits(50, 90)["same"]


def test_identical_scenarios_are_independent_and_most_years_are_calm() -> None:
    found = alike(100, 20_000)
    assert 9 < found["ratio"] < 11
    assert 0.85 < found["zero_years"] < 0.87
