"""A run taken apart: parts sum to the whole, gaps have the price that closing them has, and nothing small is told."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.risk.analysis import LEVEL, Analysis, analyse
from sipar.risk.assumptions import parse
from sipar.risk.columns import Floats
from sipar.risk.contributions import cost_points, parts_of
from sipar.risk.controls import Levels, remaining
from sipar.risk.document import Contribution
from sipar.risk.exact import exact
from sipar.risk.expanding import Nation, expand
from sipar.risk.organisations import years_of_organisations
from sipar.risk.portfolio import Portfolio
from sipar.risk.pricing import Controls, by_requirement, controls_of, gap_prices
from sipar.risk.publishing import published
from sipar.risk.results import expected_shortfall
from sipar.risk.simulate import loss_by_row, simulate
from sipar.risk.tests.nation import dependencies, document, findings, levels, register

MANY, YEARS, SEED = 60, 6_000, 20261122


def nothing(done: int, total: int) -> None:
    """Nobody listens."""


def run(made: dict[str, Any] | None = None, *, threads: int = 1, many: int = MANY) -> Analysis:
    people = register(many)
    return analyse(
        parse(made or document()),
        people,
        levels(people["organisation"]),
        dependencies=dependencies(people["organisation"]),
        exposure=findings(people["organisation"]),
        seed=SEED,
        years=YEARS,
        threads=threads,
        say=nothing,
    )


@cache
def found() -> Analysis:
    return run()


@cache
def standing(many: int = MANY) -> tuple[Nation, Controls, Portfolio]:
    people = register(many)
    nation = expand(parse(document()), people, dependencies=dependencies(people["organisation"]))
    controls = controls_at(nation, levels(people["organisation"]))
    return nation, controls, nation.portfolio.with_controls(*controls.left())


def controls_at(nation: Nation, given_levels: Levels) -> Controls:
    assumptions = parse(document())
    return controls_of(
        assumptions.effects,
        given_levels.of(nation.register["organisation"].to_numpy()),
        places=nation.places,
        kinds=nation.kinds,
        events=tuple(kind.event for kind in assumptions.kinds),
    )


def sums(parts: list[Contribution]) -> tuple[float, float]:
    return math.fsum(part["mean"] or 0.0 for part in parts), math.fsum(part["shortfall"] or 0.0 for part in parts)


def test_the_parts_of_every_dimension_sum_to_the_nation() -> None:
    made = found()
    assert set(made.document["contributions"]) == {"sector", "province", "tier", "scenario", "provider", "requirement"}
    for parts in made.document["contributions"].values():
        mean, shortfall = sums(parts)
        assert mean == pytest.approx(made.document["mean"]["exact"])
        assert shortfall == pytest.approx(made.document["shortfall"]["value"])
    assert made.organisation["mean"].sum() == pytest.approx(made.document["mean"]["exact"])
    assert made.organisation["nation_shortfall"].sum() == pytest.approx(made.document["shortfall"]["value"])


def test_the_engines_agree_and_say_so() -> None:
    made = found().document
    assert made["engines_agree"]
    for one in made["quantiles"]:
        assert one["exact"] is not None
        assert one["value"] == pytest.approx(one["exact"], rel=0.25)
    chances = {line[0]: line[1] for line in made["exact_curve"]}
    for loss, chance in made["curve"]:
        assert chances.get(loss, chance) == pytest.approx(chance, abs=0.03)


def test_a_run_has_the_same_bits_on_two_threads() -> None:
    again = run(threads=2)
    assert again.totals.tobytes() == found().totals.tobytes()
    assert again.document == found().document
    assert again.prices.equals(found().prices)


@pytest.mark.parametrize("after", [0, 20, 45, 60, 95])
def test_a_run_ends_where_its_listener_raises(after: int) -> None:
    class Cancelled(Exception):
        pass

    def say(done: int, total: int) -> None:
        if done >= after:
            raise Cancelled

    people = register(6)
    with pytest.raises(Cancelled):
        analyse(
            parse(document()),
            people,
            levels(people["organisation"]),
            dependencies=dependencies(people["organisation"]),
            exposure=None,
            seed=1,
            years=1_000,
            say=say,
        )


def test_controls_by_logarithms_are_controls() -> None:
    nation, controls, _ = standing()
    keep, scale = remaining(
        controls.effects,
        requirements=controls.levels.requirements,
        levels=controls.levels.levels,
        organisation=nation.places,
        events=[controls.events[kind] for kind in nation.kinds],
    )
    assert controls.left()[0] == pytest.approx(keep)
    assert controls.left()[1] == pytest.approx(scale)


def test_a_gaps_price_is_what_closing_it_alone_takes_off() -> None:
    nation, controls, asked = standing()
    mean = asked.mean_by_row()
    prices = gap_prices(controls, mean=mean, shortfall=2 * mean, rarer=2 * mean)
    assert set(prices["requirement"]) == set(controls.levels.requirements)
    assert prices["shortfall_reduced"].to_numpy() == pytest.approx(2 * prices["mean_reduced"].to_numpy())
    assert prices.height == int(controls.levels.gaps.sum())
    names = nation.register["organisation"].to_list()
    for line in prices.sample(12, seed=3).iter_rows(named=True):
        place, column = names.index(line["organisation"]), controls.column(line["requirement"])
        closed = controls.levels.levels.copy()
        closed[place, column] = line["target"]
        after = controls_at(nation, replace(controls.levels, levels=closed))
        reduced = mean.sum() - nation.portfolio.with_controls(*after.left()).mean_by_row().sum()
        assert line["mean_reduced"] == pytest.approx(reduced, abs=1e-6)


def test_prices_of_the_shortfall_are_what_the_same_years_lose_less() -> None:
    nation, controls, asked = standing()
    totals = simulate(asked, years=160_000, seed=3)
    parts = parts_of(asked, totals, level=LEVEL, seed=3)
    mean, worst = parts.by_row()
    prices = gap_prices(controls, mean=mean, shortfall=worst, rarer=parts.rarer)
    before = expected_shortfall(totals, LEVEL).value
    for requirement in ("PR.1", "RC.1"):
        column = controls.column(requirement)
        closed = controls.levels.levels.copy()
        gaps = controls.levels.gaps[:, column]
        closed[gaps, column] = controls.levels.targets[gaps, column]
        after = controls_at(nation, replace(controls.levels, levels=closed))
        left = [now / then for now, then in zip(after.left(), controls.left(), strict=True)]
        less = before - expected_shortfall(simulate(asked.with_controls(*left), years=160_000, seed=3), LEVEL).value
        priced = math.fsum(prices.filter(pl.col("requirement") == requirement)["shortfall_reduced"])
        assert priced == pytest.approx(less, rel=0.1)


def test_the_loss_divides_among_gaps_and_what_stays_when_all_are_closed() -> None:
    nation, controls, asked = standing()
    mean = asked.mean_by_row()
    parts = by_requirement(controls, mean)
    assert math.fsum(sums[0] for _, _, sums in parts) == pytest.approx(mean.sum())
    assert all(sums[0] >= 0 for _, _, sums in parts)
    closed = np.where(controls.levels.gaps, controls.levels.targets, controls.levels.levels)
    after = controls_at(nation, replace(controls.levels, levels=closed))
    stays = nation.portfolio.with_controls(*after.left()).mean_by_row().sum()
    assert parts[-1][0] == ""
    assert parts[-1][2][0] == pytest.approx(stays)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_higher_level_never_costs_more(data: st.DataObject) -> None:
    nation, controls, _ = standing(12)
    place = data.draw(st.integers(0, 11))
    column = data.draw(st.integers(0, 3))
    low, high = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))

    def mean_at(level: float) -> Floats:
        changed = controls.levels.levels.copy()
        changed[place, column] = level
        at = controls_at(nation, replace(controls.levels, levels=changed))
        return nation.portfolio.with_controls(*at.left()).mean_by_row()

    assert (mean_at(high) <= mean_at(low) * (1 + 1e-12)).all()


def test_points_of_a_cost_have_its_mean() -> None:
    for kind in parse(document()).kinds:
        costs, chances = cost_points(kind.loss)
        assert chances.sum() == pytest.approx(1.0)
        assert costs @ chances == pytest.approx(kind.loss.mean, rel=1e-3)


def test_smooth_parts_of_the_shortfall_are_those_of_very_many_years() -> None:
    nation, _, asked = standing(12)
    totals = simulate(asked, years=20_000, seed=1)
    parts = parts_of(asked, totals, level=LEVEL, seed=1)
    assert sum(part.sum() for part in (parts.own_shortfall, parts.link_shortfall)) == pytest.approx(
        expected_shortfall(totals, LEVEL).value
    )
    many = simulate(asked, years=400_000, seed=2)
    worst = np.argsort(-many, kind="stable")[: round(len(many) * (1 - LEVEL))]
    sure = loss_by_row(asked, years=worst, seed=2) / len(worst)
    smooth = parts.by_row()[1]
    for rows in (nation.kinds == kind for kind in range(3)):
        assert smooth[rows].sum() == pytest.approx(sure[rows].sum(), rel=0.15, abs=0.01 * sure.sum())
    for place in range(12):
        mine = nation.places == place
        assert smooth[mine].sum() == pytest.approx(sure[mine].sum(), rel=0.25, abs=0.02 * sure.sum())


def test_an_organisations_year_is_that_of_the_exact_engine() -> None:
    nation, _, asked = standing()
    own = years_of_organisations(asked, nation.places, many=MANY, level=LEVEL, say=nothing)
    assert own["mean"].sum() == pytest.approx(asked.mean_by_row().sum())
    for place in (0, 7, 23, 59):
        alone = exact(asked.of_rows(np.flatnonzero(nation.places == place)))
        line = own.row(place, named=True)
        assert line["shortfall"] == pytest.approx(alone.expected_shortfall(LEVEL).value, rel=0.02)
        assert line["bad_year"] == pytest.approx(alone.quantile(0.95).value, rel=0.02, abs=line["mean"] / 50)
        assert line["curve"][0][0] == 0
        losses, chances = np.array(line["curve"][1:]).T
        assert (np.diff(losses) > 0).all()
        # At the first points a recorded cost, which is one number, is spread over neighbouring classes of scale.
        assert chances[:8] == pytest.approx(alone.exceedance(losses)[:8], abs=0.03)
        assert chances[8:] == pytest.approx(alone.exceedance(losses)[8:], rel=0.03)


def test_an_organisation_that_nothing_can_hit_loses_nothing() -> None:
    made = document()
    made["scenarios"] = [{**made["scenarios"][1], "applies": {"sectors": ["health"]}}]
    made["providers"], made["effects"] = [], []
    people = register(20)
    safe = people.filter(pl.col("sector") != "health")["organisation"]
    lines = run(made, many=20).organisation.filter(pl.col("organisation").is_in(safe.to_list()))
    assert lines["mean"].to_list() == [0.0] * len(safe)
    assert lines["shortfall"].to_list() == [0.0] * len(safe)
    assert lines["scenarios"].to_list() == [[]] * len(safe)


def test_each_swing_of_the_mean_is_that_of_a_run_with_the_changed_assumption() -> None:
    swings = {swing["path"]: swing for swing in found().document["tornado"]}
    made = document()
    often = swings["scenarios/fraud/frequency"]
    made["scenarios"][1]["frequency"]["mean"] = often["assumed_high"] / 12
    assert often["high"] == pytest.approx(run(made).document["mean"]["exact"])
    made = document()
    made["providers"][1]["failures"] = swings["providers/cloud/failures"]["assumed_low"]
    assert swings["providers/cloud/failures"]["low"] == pytest.approx(run(made).document["mean"]["exact"])
    made = document()
    made["effects"][0]["reduction"] = made["effects"][0]["high"]
    assert swings["effects/PR.1/frequency"]["high"] == pytest.approx(run(made).document["mean"]["exact"])
    widths = [abs(swing["high"] - swing["low"]) for swing in found().document["tornado"]]
    assert widths == sorted(widths, reverse=True)


def test_a_stronger_shock_leaves_the_mean_and_makes_bad_years_worse() -> None:
    swing = next(swing for swing in found().document["tornado"] if swing["path"] == "shocks/nation")
    assert swing["low"] == swing["high"]
    assert swing["shortfall_low"] is not None
    assert swing["shortfall_high"] is not None
    assert swing["shortfall_low"] < found().document["shortfall"]["value"] < swing["shortfall_high"]


def test_a_failing_provider_costs_what_all_that_fail_with_it_cost() -> None:
    power, cloud = found().document["providers"]
    assert (power["key"], power["dependents"], cloud["dependents"]) == ("power", 20, 30)
    assert power["loss_when_failing"] is not None
    assert cloud["loss_when_failing"] is not None
    assert power["loss_when_failing"] > cloud["loss_when_failing"]
    parts = {part["key"]: part for part in found().document["contributions"]["provider"]}
    assert power["mean"] == pytest.approx(parts["power"]["mean"])


def test_gaps_and_scenarios_of_an_organisation_stand_dearest_first() -> None:
    made = found()
    for line in made.organisation.iter_rows(named=True):
        means = [scenario["mean"] for scenario in line["scenarios"]]
        assert means == sorted(means, reverse=True)
        assert sum(means) == pytest.approx(line["mean"])
        prices = [gap["mean_reduced"] for gap in line["gaps"]]
        assert prices == sorted(prices, reverse=True)
    assert sum(len(gaps) for gaps in made.organisation["gaps"].to_list()) == made.prices.height


def test_requirements_without_levels_are_left_out_and_named() -> None:
    made = document()
    made["effects"].append({**made["effects"][0], "requirement": "XX.9"})
    assert run(made, many=8).document["left_out"] == {"dependencies": 0, "requirements": ["XX.9"]}


def test_what_is_published_hides_small_parts_and_what_would_tell_them() -> None:
    made = found().document
    small = [
        {"key": key, "mean": 10.0 * many, "shortfall": 20.0 * many, "organisations": many, "bad_year": 30.0}
        for key, many in (("finance", 3), ("health", 6), ("energy", 51))
    ]
    shown = published(
        {**made, "contributions": {**made["contributions"], "sector": small}},  # type: ignore[dict-item]
        k=5,
    )
    sectors = {part["key"]: part["mean"] for part in shown["contributions"]["sector"]}
    assert sectors == {"finance": None, "health": None, "energy": 510.0}
    assert {part["bad_year"] for part in shown["contributions"]["sector"]} == {None, 30.0}
    finance = next(shock for shock in shown["shocks"] if shock["sector"] == "finance")
    assert (finance["mean_with"], finance["mean_without"]) == (None, None)
    assert "shocks/finance" not in {swing["path"] for swing in shown["tornado"]}
    assert "shocks/nation" in {swing["path"] for swing in shown["tornado"]}
    assert shown["organisations"] == 60


@given(counts=st.lists(st.integers(0, 12), min_size=1, max_size=6), k=st.integers(2, 6))
def test_hidden_parts_together_stand_on_enough_organisations(counts: list[int], k: int) -> None:
    parts: list[Contribution] = [
        {"key": str(place), "mean": 1.0, "shortfall": 1.0, "organisations": many} for place, many in enumerate(counts)
    ]
    shown = published({**found().document, "contributions": {"sector": parts}}, k=k)["contributions"]["sector"]
    hidden = [many for many, part in zip(counts, shown, strict=True) if part["mean"] is None]
    assert all(many in hidden for many in counts if 0 < many < k)
    there = [many for many in counts if many]
    assert not hidden or sorted(hidden) == sorted(there) or (len(hidden) > 1 and sum(hidden) >= k)


def test_a_nation_that_loses_nothing_is_a_result() -> None:
    made = document()
    for scenario in made["scenarios"]:
        scenario["frequency"]["mean"] = 0
    for provider in made["providers"]:
        provider["failures"] = 0
    quiet = run(made, many=6)
    assert quiet.document["mean"]["value"] == 0
    assert quiet.document["zero_years"] == 1
    assert quiet.document["engines_agree"]
    assert quiet.organisation["mean"].sum() == 0
