from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.risk import plan_search
from sipar.risk.plan import SHORTFALL, Change, Plan, explain, frontier, replan, solve
from sipar.risk.plan_input import EXCLUSIONS, USES, Candidates, Fairness, Limits, Milestone
from sipar.risk.tests.test_plan_input import measure, needs, table


def groups(*pairs: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(list(pairs), schema=EXCLUSIONS, orient="row")


def started(plan: Plan) -> dict[str, int]:
    return dict(plan.chosen.select("measure", "year").iter_rows())


def keeps(starts: dict[str, int], candidates: Candidates, limits: Limits) -> bool:
    """Whether the starts keep every limit, told in the plainest way."""
    rows = {row["measure"]: row for row in candidates.measures.iter_rows(named=True)}
    spent = dict.fromkeys(limits.years, 0.0)
    for name, year in starts.items():
        row = rows[name]
        if not (row["earliest"] or year) <= year <= (row["latest"] or year):
            return False
        for after, cost in enumerate(row["costs"]):
            if year + after not in spent:
                return False
            spent[year + after] += cost
    saved = 0.0
    for year, budget in zip(limits.years, limits.budgets, strict=True):
        saved = (saved if limits.carry_over else 0.0) + budget - spent[year]
        if saved < -1e-6:
            return False
    used: dict[tuple[str, int], float] = {}
    for name, kind, amount in candidates.uses.iter_rows():
        if name in starts:
            used[kind, starts[name]] = used.get((kind, starts[name]), 0.0) + amount
    for (kind, year), amount in used.items():
        if amount > limits.capacities[kind][year - limits.first_year] + 1e-6:
            return False
    for name, amount in limits.component_budgets.items():
        if sum(sum(rows[one]["costs"]) for one in starts if rows[one]["component"] == name) > amount + 1e-6:
            return False
    for promise in limits.fairness:
        mine = [sum(rows[one]["costs"]) for one in starts if rows[one][promise.dimension] == promise.name]
        if sum(mine) < promise.least - 1e-6:
            return False
    for stone in limits.milestones:
        reached = [
            one for one, year in starts.items() if rows[one]["component"] == stone.component and year <= stone.by
        ]
        if len(reached) < stone.least:
            return False
    if any(starts.get(name) != year for name, year in limits.committed.items()):
        return False
    for name, other in candidates.dependencies.iter_rows():
        if name in starts and starts.get(other, 9999) > starts[name]:
            return False
    taken = [group for group, name in candidates.exclusions.iter_rows() if name in starts]
    return len(taken) == len(set(taken))


def worth(starts: dict[str, int], candidates: Candidates, limits: Limits) -> float:
    rows = {row["measure"]: row for row in candidates.measures.iter_rows(named=True)}
    end = limits.first_year + limits.counted_years
    return float(
        sum(rows[one]["loss_reduced"] * max(0, end - year - rows[one]["lead_years"]) for one, year in starts.items())
    )


def best(candidates: Candidates, limits: Limits) -> float | None:
    """The most any plan is worth, by trying all; None where none keeps the limits."""
    names = candidates.measures["measure"].to_list()
    values = [
        worth(starts, candidates, limits)
        for years in itertools.product([None, *limits.years], repeat=len(names))
        if keeps(starts := {n: y for n, y in zip(names, years, strict=True) if y is not None}, candidates, limits)
    ]
    return max(values, default=None)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Candidates, Limits]:
    amount = st.integers(0, 12)
    size = draw(st.integers(1, 5))
    names = "ABCDE"[:size]
    rows = [
        measure(
            name,
            costs=[float(cost) for cost in draw(st.lists(amount, min_size=1, max_size=2))],
            benefit=float(draw(amount)),
            lead_years=draw(st.integers(0, 1)),
            earliest=draw(st.sampled_from([None, 2026, 2027])),
            province=draw(st.sampled_from(["North", "South", None])),
            component=draw(st.sampled_from(["One", "Two"])),
        )
        for name in names
    ]
    pairs = [(a, b) for b, a in itertools.combinations(names, 2) if draw(st.integers(0, 4)) == 0]
    grouped = [("g", name) for name in names if draw(st.integers(0, 3)) == 0]
    uses = pl.DataFrame([(name, "auditor", float(draw(amount))) for name in names], schema=USES, orient="row")
    limits = Limits(
        "PKR", 2026, [float(draw(st.integers(0, 25))) for _ in range(2)],
        carry_over=draw(st.booleans()), benefit_years=draw(st.sampled_from([0, 4])),
        capacities={"auditor": [float(draw(st.integers(0, 25))) for _ in range(2)]},
        component_budgets={"One": float(draw(st.integers(0, 25)))} if draw(st.booleans()) else {},
        fairness=[Fairness("province", "South", float(draw(st.integers(0, 4))))] if draw(st.booleans()) else (),
        milestones=[Milestone("Two", 2027, draw(st.integers(0, 2)))] if draw(st.booleans()) else (),
    )  # fmt: skip
    return Candidates(table(*rows), uses, needs(*pairs), groups(*grouped)), limits


@settings(max_examples=60, deadline=None)
@given(situations())
def test_a_small_plan_is_the_best_there_is_and_keeps_every_limit(situation: tuple[Candidates, Limits]) -> None:
    candidates, limits = situation
    most = best(candidates, limits)
    try:
        plan = solve(candidates, limits, gap=0.0)
    except FormatProblem as refused:
        plan, code = None, refused.code
    if plan is None:
        assert most is None
        assert code in ("impossible-limits", "impossible-fairness", "impossible-milestone")
        return
    assert most is not None
    assert plan.value == pytest.approx(most)
    assert plan.bound >= plan.value >= plan.bound * (1 - 1e-6) - 1e-6
    assert keeps(started(plan), candidates, limits)
    assert worth(started(plan), candidates, limits) == pytest.approx(plan.value)
    for strategy in plan.simple.iter_rows(named=True):
        assert not strategy["keeps_limits"] or strategy["value"] <= plan.value + 1e-9


@settings(max_examples=25, deadline=None)
@given(situations(), st.integers(0, 10))
def test_a_larger_budget_is_never_worse(situation: tuple[Candidates, Limits], more: int) -> None:
    candidates, limits = situation
    try:
        plan = solve(candidates, limits, gap=0.0)
    except FormatProblem:
        return
    larger = replace(limits, budgets=[amount + more for amount in limits.budgets])
    assert solve(candidates, larger, gap=0.0).value >= plan.value - 1e-6
    assert replan(plan, Change(limits=larger)).value >= plan.value - 1e-6


def many(size: int, *, seed: int = 3) -> tuple[Candidates, Limits]:
    """Fictional measures of four provinces, free to start in any of three years, some with needs and exclusions."""
    numbers = np.random.default_rng(seed)
    cost = numbers.lognormal(3, 1, size).round(2)
    rows: list[dict[str, Any]] = [
        measure(
            f"M{place}", float(cost[place]), float(cost[place] * numbers.lognormal(0, 0.6)),
            province=f"P{place % 4}", sector=f"S{place % 3}", component="One",
        )
        for place in range(size)
    ]  # fmt: skip
    links = needs(*((f"M{place + 1}", f"M{place}") for place in range(0, size // 4, 10)))
    exclusive = groups(*((f"g{place // 2}", f"M{place}") for place in range(size // 2, size // 2 + 40)))
    uses = pl.DataFrame(
        {"measure": [row["measure"] for row in rows], "kind": ["auditor"] * size, "amount": numbers.uniform(1, 9, size)}
    )
    total = float(cost.sum())
    limits = Limits(
        "PKR", 2026, [total * 0.08] * 3, benefit_years=6, capacities={"auditor": [size * 0.8] * 3},
        fairness=[Fairness("province", "P0", total * 0.05), Fairness("sector", "S1", total * 0.07)],
        milestones=[Milestone("One", 2026, size // 50)],
    )  # fmt: skip
    return Candidates(table(*rows), uses, links, exclusive), limits


def test_a_large_plan_is_proven_from_a_core_and_keeps_every_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_search, "CORE", 300)
    candidates, limits = many(3_000)
    plan = solve(candidates, limits)
    assert plan.gap <= 0.005
    assert keeps(started(plan), candidates, limits)
    whole = solve(candidates, limits, gap=0.002)
    assert plan.value <= whole.bound * (1 + 1e-9)
    assert whole.value <= plan.bound * (1 + 1e-9)


def test_the_core_and_the_whole_prove_the_same_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    candidates, limits = many(900)
    whole = solve(candidates, limits)
    monkeypatch.setattr(plan_search, "CORE", 150)
    core = solve(candidates, limits)
    assert core.bound == pytest.approx(whole.bound, rel=0.005)
    assert core.value <= whole.bound
    assert whole.value <= core.bound


def test_a_plan_is_the_same_each_time() -> None:
    candidates, limits = many(400)
    assert started(solve(candidates, limits)) == started(solve(candidates, limits))


def test_a_replan_keeps_what_has_begun_and_what_was_withdrawn_stays_out() -> None:
    candidates, limits = many(400)
    plan = solve(candidates, limits)
    begun = {name: year for name, year in started(plan).items() if year == 2026}
    gone = next(name for name, year in started(plan).items() if year == 2028)
    changed = replace(limits, committed=begun, budgets=[limits.budgets[0], limits.budgets[1] * 0.9, limits.budgets[2]])
    again = replan(plan, Change(limits=changed, withdrawn=[gone]))
    assert begun.items() <= started(again).items()
    assert gone not in started(again)
    assert keeps(started(again), again.candidates, changed)
    assert again.gap <= 0.005


def test_a_replan_takes_a_measure_that_became_cheap_and_what_needs_a_withdrawn_one_goes_with_it() -> None:
    candidates = Candidates(
        table(measure("A", 50.0), measure("B", 100.0, 40.0), measure("C", 10.0)), dependencies=needs(("C", "A"))
    )
    plan = solve(candidates, Limits("PKR", 2026, [60.0]), gap=0.0)
    assert set(started(plan)) == {"A", "C"}
    cheaper = replan(plan, Change(measures=table(measure("B", 60.0, 40.0))))
    assert set(started(cheaper)) == {"B"}
    assert started(replan(plan, Change(withdrawn=["A"]))) == {}
    with pytest.raises(FormatProblem, match="no measure"):
        replan(plan, Change(withdrawn=["X"]))


def test_the_price_of_the_budget_is_what_the_last_rupee_bought() -> None:
    candidates = Candidates(table(measure("A", 10.0, 30.0), measure("B", 10.0, 20.0), measure("C", 10.0, 10.0)))
    plan = solve(candidates, Limits("PKR", 2026, [15.0]), gap=0.0)
    assert set(started(plan)) == {"A"}
    price = plan.limits_used.filter(pl.col("kind") == "budget")["price"][0]
    assert price == pytest.approx(2.0)
    assert plan.next_measures["measure"][0] == "B"
    assert "about 2 PKR" in explain(plan)[0]
    enough = solve(candidates, Limits("PKR", 2026, [100.0]), gap=0.0)
    assert "would buy nothing" in explain(enough)[0]


def test_a_later_start_counts_fewer_years_and_a_lead_counts_none() -> None:
    candidates = Candidates(table(measure("A", 10.0, 5.0), measure("B", 10.0, 5.0, lead_years=1)))
    plan = solve(candidates, Limits("PKR", 2026, [10.0, 10.0], benefit_years=4), gap=0.0)
    assert plan.value == 5.0 * 4 + 5.0 * 2
    assert plan.by_year["cost"].to_list() == [10.0, 10.0]
    assert plan.by_year["benefit"].sum() == plan.value


def test_costs_must_fall_within_the_years_of_the_budget() -> None:
    candidates = Candidates(table(measure("A", costs=[1.0, 1.0, 1.0])))
    assert started(solve(candidates, Limits("PKR", 2026, [10.0, 10.0]))) == {}
    assert started(solve(candidates, Limits("PKR", 2026, [10.0, 10.0, 10.0]))) == {"A": 2026}


def test_the_objective_decides_what_is_bought() -> None:
    rows = table(measure("A", 10.0, 5.0), measure("B", 10.0, 4.0, shortfall_reduced=90.0))
    limits = Limits("PKR", 2026, [10.0])
    assert set(started(solve(Candidates(rows), limits))) == {"A"}
    assert set(started(solve(Candidates(rows), limits, objective=SHORTFALL))) == {"B"}


def test_without_measures_there_is_an_empty_plan() -> None:
    plan = solve(Candidates(table()), Limits("PKR", 2026, [10.0]))
    assert (plan.value, plan.bound, plan.gap, plan.chosen.height) == (0.0, 0.0, 0.0, 0)
    assert explain(plan) == ["One more PKR in 2026 would buy nothing: other limits bind first."]


def test_the_frontier_rises_and_says_where_a_milestone_cannot_be_kept() -> None:
    candidates, limits = many(300)
    bought = solve(candidates, limits).chosen["component"].value_counts().sort("count").row(-1, named=True)
    stone = Milestone(bought["component"], limits.years[-1], bought["count"])
    limits = replace(limits, milestones=[stone])
    points = frontier(candidates, limits, shares=[1.0, 0.1, 0.6, 1.4])
    assert points["share"].to_list() == [0.1, 0.6, 1.0, 1.4]
    assert points["value"][0] is None
    values = points["value"].drop_nulls()
    assert len(values) == 3
    assert values.is_sorted()
    assert (points["bound"].drop_nulls() >= values).all()
    with pytest.raises(FormatProblem, match="share"):
        frontier(candidates, limits, shares=[-1.0])


def test_limits_that_cannot_be_kept_together_are_named() -> None:
    limits = Limits("PKR", 2026, [100.0], fairness=[Fairness("sector", "Power", 10.0)], component_budgets={"One": 5.0})
    with pytest.raises(FormatProblem) as raised:
        solve(Candidates(table(measure("A"))), limits)
    assert raised.value.code == "impossible-limits"
    assert "Power" in raised.value.sentence or "One" in raised.value.sentence
