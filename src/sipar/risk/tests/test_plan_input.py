from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from sipar.formats.problems import FormatProblem
from sipar.risk.plan import EXPECTED_LOSS, solve
from sipar.risk.plan_input import (
    DEPENDENCIES,
    EXCLUSIONS,
    MEASURES,
    USES,
    Candidates,
    Fairness,
    Limits,
    Milestone,
    checked,
)
from sipar.risk.plan_rows import Objective

LIMITS = Limits("PKR", 2026, [100.0, 100.0])


def measure(name: str, cost: float = 10.0, benefit: float = 5.0, **other: Any) -> dict[str, Any]:
    return {
        "measure": name, "currency": "PKR", "costs": [cost], "loss_reduced": benefit, "shortfall_reduced": 2 * benefit,
        "lead_years": 0, "earliest": None, "latest": None, "province": "North", "sector": "Power", "component": "One",
    } | other  # fmt: skip


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=MEASURES)


def needs(*pairs: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(list(pairs), schema=DEPENDENCIES, orient="row")


def refused(candidates: Candidates, limits: Limits = LIMITS) -> FormatProblem:
    with pytest.raises(FormatProblem) as raised:
        solve(candidates, limits)
    return raised.value


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (measure("B", -1.0), "negative-amount"),
        (measure("B", float("inf")), "not-a-number"),
        (measure("B", float("nan")), "not-a-number"),
        (measure("B", 1e30), "amount-too-large"),
        (measure("B", benefit=-1.0), "negative-amount"),
        (measure("B", benefit=float("inf")), "not-a-number"),
        (measure("B", currency="USD"), "currency-mix"),
        (measure("A"), "measure-twice"),
        (measure("B", costs=[]), "no-cost"),
        (measure("B", costs=[1.0, None]), "empty-value"),
        (measure("B", lead_years=-1), "lead-years"),
        (measure("B", earliest=2027, latest=2026), "start-years"),
    ],
)
def test_a_measure_that_is_not_sound_is_refused_by_name(row: dict[str, Any], code: str) -> None:
    problem = refused(Candidates(table(measure("A"), row)))
    assert (problem.code, problem.where) == (code, f"measures/{row['measure']}")


def test_an_empty_benefit_is_refused_with_its_row() -> None:
    problem = refused(Candidates(table(measure("A"), measure("B", loss_reduced=None))))
    assert (problem.code, problem.where) == ("empty-value", "measures, row 1")


def test_a_missing_column_and_a_wrong_type_are_named() -> None:
    assert refused(Candidates(table(measure("A")).drop("costs"))).code == "missing-column"
    wrong = table(measure("A")).with_columns(loss_reduced=pl.lit("much"))
    assert refused(Candidates(wrong)).code == "wrong-type"


def test_needs_in_a_circle_are_refused_with_the_circle() -> None:
    measures = table(*(measure(name) for name in "ABCD"))
    problem = refused(Candidates(measures, dependencies=needs(("A", "B"), ("B", "C"), ("C", "B"), ("D", "A"))))
    assert problem.code == "cyclic-dependency"
    assert "B, C" in problem.sentence or "C, B" in problem.sentence
    assert "D" not in problem.sentence.split(": ")[1]


def test_a_measure_that_needs_itself_is_a_circle() -> None:
    problem = refused(Candidates(table(measure("A")), dependencies=needs(("A", "A"))))
    assert (problem.code, problem.where) == ("cyclic-dependency", "dependencies/A")


def test_a_chain_without_a_circle_is_taken_and_a_very_deep_one_is_refused() -> None:
    names = [f"M{place}" for place in range(300)]
    measures = table(*(measure(name) for name in names))
    shallow = needs(*zip(names[1:100], names[:99], strict=True))
    assert checked(Candidates(measures, dependencies=shallow), LIMITS).dependencies.height == 99
    assert refused(Candidates(measures, dependencies=needs(*zip(names[1:], names[:-1], strict=True)))).code == (
        "chain-too-deep"
    )


def test_links_to_measures_that_are_not_there_are_refused() -> None:
    measures = table(measure("A"))
    assert refused(Candidates(measures, dependencies=needs(("A", "X")))).code == "unknown-measure"
    groups = pl.DataFrame([("g", "X")], schema=EXCLUSIONS, orient="row")
    assert refused(Candidates(measures, exclusions=groups)).code == "unknown-measure"
    assert refused(Candidates(measures), replace(LIMITS, committed={"X": 2026})).code == "unknown-measure"


def test_a_use_without_a_stated_capacity_is_refused() -> None:
    uses = pl.DataFrame([("A", "auditor", 1.0)], schema=USES, orient="row")
    assert refused(Candidates(table(measure("A")), uses)).code == "capacity-not-stated"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"budgets": []}, "budget-years"),
        ({"budgets": [-1.0]}, "negative-amount"),
        ({"budgets": [float("inf")]}, "not-a-number"),
        ({"benefit_years": 1}, "benefit-years"),
        ({"capacities": {"auditor": [1.0]}}, "capacity-years"),
        ({"capacities": {"auditor": [1.0, float("nan")]}}, "not-a-number"),
        ({"component_budgets": {"One": -1.0}}, "negative-amount"),
        ({"fairness": [Fairness("province", "South", 1.0)]}, "impossible-fairness"),
        ({"fairness": [Fairness("sector", "Power", 11.0)]}, "impossible-fairness"),
        ({"fairness": [Fairness("sector", "Power", 1.0)] * 2}, "promise-twice"),
        ({"budgets": [5.0, 0.0], "fairness": [Fairness("sector", "Power", 6.0)]}, "impossible-fairness"),
        ({"milestones": [Milestone("One", 2030, 1)]}, "milestone-year"),
        ({"milestones": [Milestone("One", 2026, 2)]}, "impossible-milestone"),
        ({"committed": {"A": 2040}}, "impossible-commitment"),
        ({"budgets": [5.0, 5.0], "milestones": [Milestone("One", 2027, 1)]}, "impossible-limits"),
    ],
)
def test_limits_that_are_not_sound_are_refused_by_name(change: dict[str, Any], code: str) -> None:
    problem = refused(Candidates(table(measure("A"))), replace(LIMITS, **change))
    assert problem.code == code
    assert problem.where.startswith("limits")


def test_an_objective_without_weight_and_an_effort_without_time_are_refused() -> None:
    candidates = Candidates(table(measure("A")))
    for objective in (Objective(0.0, 0.0), Objective(-1.0, 2.0), Objective(float("nan"), 1.0)):
        with pytest.raises(FormatProblem, match="weights"):
            solve(candidates, LIMITS, objective=objective)
    with pytest.raises(FormatProblem, match="seconds"):
        solve(candidates, LIMITS, objective=EXPECTED_LOSS, seconds=0)
