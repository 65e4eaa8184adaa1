from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.risk.plan import solve
from sipar.risk.plan_costs import measures_of
from sipar.risk.plan_input import checked
from sipar.risk.plan_measures import LOSSES, PRICES, PROVIDERS, REGISTER, Built, build_candidates
from sipar.risk.plan_question import Question, chosen_from, document_of, limits_of, question_of
from sipar.risk.plan_result import OTHERS, published
from sipar.risk.plan_result import document_of as result_of
from sipar.risk.tests.test_plan_costs import MEASURES


def frame(schema: dict[str, pl.DataType], *rows: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema, orient="row")


NATION = frame(
    REGISTER,
    (1, "banks", "north", 1, "small"),
    (2, "banks", "south", 2, "large"),
    (3, "power", "south", 2, "small"),
)
GAPS = frame(
    PRICES,
    (1, "GV.1", 0.0, 0.5, 300.0, 900.0),
    (1, "PR.1", 0.25, 0.5, 100.0, 200.0),
    (1, "PR.2", 0.0, 1.0, 100.0, 200.0),
    (2, "PR.2", 0.5, 0.5, 50.0, 60.0),
    (3, "PR.1", 0.0, 1.0, 0.0, 0.0),
)
LOST = frame(LOSSES, (1, 1000.0, 4000.0), (2, 500.0, 2000.0), (3, 0.0, 0.0))
CLOUDS = frame(PROVIDERS, ("cloud", 800.0, 2400.0, 3), ("power-line", 10.0, 20.0, 1))


def built(document: object = None, **changes: Any) -> Built:
    inputs: dict[str, Any] = {"register": NATION, "prices": GAPS, "losses": LOST, "providers": CLOUDS} | changes
    return build_candidates(measures_of(MEASURES if document is None else document), currency="USD", **inputs)


def rows(made: Built) -> dict[str, dict[str, Any]]:
    table = made.candidates.measures.join(made.details, on="measure", how="left")
    return {row["measure"]: row for row in table.iter_rows(named=True)}


def test_a_gap_costs_its_step_on_the_curve_times_size_and_tier_and_what_its_requirement_asks() -> None:
    made = rows(built())
    # 1000 + (0.5 - 0.25) x 10000 x 0.5 (small) x 2 (tier 1), paid in two years.
    assert made["gap/1/PR.1"]["costs"] == pytest.approx([0.75 * 3500, 0.25 * 3500])
    assert sum(made["gap/1/GV.1"]["costs"]) == pytest.approx(0.5 * (1000 + 5000))
    assert made["gap/1/GV.1"]["component"] == "governance"
    assert (made["gap/1/PR.1"]["province"], made["gap/1/PR.1"]["sector"]) == ("north", "banks")
    assert made["gap/1/PR.1"]["lead_years"] == 1


def test_a_gap_whose_level_is_not_known_is_closed_from_the_lowest_level() -> None:
    made = rows(built(prices=frame(PRICES, (2, "PR.1", None, 0.5, 10.0, 20.0))))
    assert sum(made["gap/2/PR.1"]["costs"]) == pytest.approx(1000 + 5000)
    assert made["gap/2/PR.1"]["level"] is None


def test_what_is_no_gap_or_takes_nothing_away_is_not_for_sale() -> None:
    assert not {"gap/2/PR.2", "gap/3/PR.1", "support/watch/power", "provider/power-line"} & rows(built()).keys()


def test_support_for_a_sector_costs_its_fixed_part_once_and_the_rest_for_each_it_reaches() -> None:
    watch = rows(built())["support/watch/banks"]
    assert sum(watch["costs"]) == pytest.approx(2000 + 100 * 0.5 + 100)
    assert (watch["reached"], watch["sector"], watch["province"], watch["organisation"]) == (2, "banks", "", None)


def test_a_replaced_provider_takes_its_share_of_what_its_failures_cost() -> None:
    cloud = rows(built())["provider/cloud"]
    assert (cloud["loss_reduced"], cloud["shortfall_reduced"]) == (400.0, 1200.0)
    assert sum(cloud["costs"]) == 5030.0


def test_all_measures_of_an_organisation_together_take_what_they_would_one_after_the_other() -> None:
    only_gaps = {"close_gap": MEASURES["close_gap"]}
    made = rows(built(only_gaps))
    together = 1000.0 * (1 - (1 - 0.3) * (1 - 0.1) * (1 - 0.1))
    assert math.fsum(row["loss_reduced"] for row in made.values()) == pytest.approx(together)
    # The parts keep their proportions.
    assert made["gap/1/GV.1"]["loss_reduced"] == pytest.approx(3 * made["gap/1/PR.1"]["loss_reduced"])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 5_000), min_size=1, max_size=8), st.floats(1, 10_000))
def test_measures_never_take_away_more_than_the_loss(taken: list[float], lost: float) -> None:
    prices = frame(PRICES, *[(1, f"R.{place}", 0.0, 1.0, amount, 1.0) for place, amount in enumerate(taken)])
    made = built({"close_gap": {"cost": {"per_level": 1}}}, prices=prices, losses=frame(LOSSES, (1, lost, lost)))
    assert made.candidates.measures["loss_reduced"].sum() <= lost * (1 + 1e-9)


def test_needs_and_exclusions_bind_measures_of_the_same_place() -> None:
    made = built().candidates
    assert made.dependencies.rows() == [("gap/1/PR.2", "gap/1/PR.1")]
    assert set(made.exclusions["measure"]) == {"support/watch/banks", "training/drills/banks"}
    assert made.exclusions["group"].n_unique() == 1
    assert set(made.uses["measure"]) == {"gap/1/GV.1", "gap/1/PR.1", "gap/1/PR.2"}


def test_of_too_many_measures_those_with_the_best_yield_are_kept() -> None:
    made = built(most=2)
    assert made.candidates.measures.height == 2
    assert made.left_out == built().candidates.measures.height - 2
    assert "provider/cloud" in set(made.candidates.measures["measure"])


def test_what_is_built_is_sound_for_the_search() -> None:
    made = built()
    question = Question("USD", 2027, (6000.0, 6000.0))
    assert checked(made.candidates, limits_of(question, made, made.candidates)).measures.height == len(rows(made))


def test_nothing_for_sale_is_refused() -> None:
    with pytest.raises(FormatProblem, match="nothing"):
        built({})
    with pytest.raises(FormatProblem, match="no column"):
        built(prices=GAPS.drop("target"))


# Questions


def asked(**changes: object) -> Question:
    return question_of({"currency": "USD", "first_year": 2027, "budgets": [6000, 6000]} | changes)


def test_a_question_is_kept_and_read_back() -> None:
    question = asked(
        components={"governance": 0.5},
        milestones=[{"component": "services", "by": 2028, "least": 1}],
        promises=[{"dimension": "province", "name": "north", "least": 100}],
        capacities={"engineers": [1, 2]},
        without={"kinds": ["training"]},
    )
    assert question_of(document_of(question)) == question


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"budgets": []}, "budget-years"),
        ({"budgets": [0, 0]}, "no-budget"),
        ({"budgets": [-1, 5]}, "number-range"),
        ({"budgets": [float("inf")]}, "number-range"),
        ({"budgets": "12"}, "wrong-type"),
        ({"currency": "rupees"}, "currency"),
        ({"first_year": True}, "number-range"),
        ({"benefit_years": 1}, "benefit-years"),
        ({"components": {"a": 1.5}}, "share"),
        ({"capacities": {"engineers": [1]}}, "capacity-years"),
        ({"expected_loss": 0, "shortfall": 0}, "objective"),
        ({"gap": 0.5}, "gap"),
        ({"seconds": 10_000}, "seconds"),
        ({"without": {"planets": []}}, "unknown-name"),
        ({"surprise": 1}, "unknown-name"),
        ({"milestones": [{"component": "a"}]}, "wrong-type"),
        ({"promises": [{"dimension": "planet", "name": "x", "least": 1}]}, "wrong-type"),
    ],
)
def test_a_question_that_is_not_sound_is_refused_by_name(changes: dict[str, object], code: str) -> None:
    with pytest.raises(FormatProblem) as refused:
        asked(**changes)
    assert refused.value.code == code


def test_what_is_left_out_takes_what_needs_it_along() -> None:
    left = chosen_from(built(), asked(without={"measures": ["gap/1/PR.1"], "kinds": ["training", "replace_provider"]}))
    assert set(left.measures["measure"]) == {"gap/1/GV.1", "support/watch/banks"}
    assert left.dependencies.height == 0
    with pytest.raises(FormatProblem, match="left out"):
        chosen_from(built(), asked(without={"kinds": ["close_gap", "training", "replace_provider", "support"]}))


def test_a_fair_part_is_that_of_the_organisations_and_never_more_than_measures_cost() -> None:
    made = built()
    limits = limits_of(asked(fair_provinces=1.0, budgets=[3000, 3000]), made, made.candidates)
    assert {promise.name: promise.least for promise in limits.fairness} == {"north": 6000.0}
    rich = limits_of(asked(fair_provinces=1.0, budgets=[90000]), made, made.candidates)
    north = sum(sum(row["costs"]) for row in rows(made).values() if row["province"] == "north")
    assert [promise.least for promise in rich.fairness] == pytest.approx([north])


def test_what_the_plan_before_began_stays_in_the_plan() -> None:
    made = built()
    before = pl.DataFrame({"measure": ["gap/1/PR.1", "gap/1/GV.1", "gone"], "year": [2027, 2028, 2027]})
    limits = limits_of(asked(keep_until=2027), made, made.candidates, before=before)
    assert limits.committed == {"gap/1/PR.1": 2027}


def test_capacities_that_are_not_stated_do_not_bind() -> None:
    made = built()
    assert min(limits_of(asked(), made, made.candidates).capacities["engineers"]) > 1e9
    stated = limits_of(asked(capacities={"engineers": [1, 2]}), made, made.candidates)
    assert list(stated.capacities["engineers"]) == [1.0, 2.0]


# Results


def solved() -> tuple[dict[str, Any], Built]:
    made, question = built(), asked()
    found = solve(made.candidates, limits_of(question, made, made.candidates), objective=question.objective)
    points = pl.DataFrame({"share": [1.0], "budget": [12000.0], "value": [found.value]})
    return result_of(found, made, frontier=points), made


def test_the_sums_of_a_result_are_those_of_its_measures() -> None:
    result, _ = solved()
    for rows_of in result["by"].values():
        assert math.fsum(row["cost"] for row in rows_of) == pytest.approx(result["cost"])
        assert sum(row["measures"] for row in rows_of) == result["measures"]
    assert result["cost"] <= 12000 + 1e-6
    assert result["value"] <= result["bound"] * (1 + 1e-9)


def test_what_is_published_names_no_small_place() -> None:
    result, _ = solved()
    shown = published(result, k=5)
    assert [row["key"] for row in shown["by"]["province"] if row["key"] not in ("", OTHERS)] == []
    assert shown["next"] == []
    assert {row["kind"] for row in shown["limits"]} & {"province", "sector"} == set()


def test_a_small_place_is_joined_with_others_until_they_are_many() -> None:
    result, _ = solved()
    many = [
        {"key": key, "measures": 1, "organisations": count, "cost": 1.0, "benefit": 1.0}
        for key, count in (("a", 2), ("b", 4), ("c", 9), ("d", 30))
    ]
    shown = published(result | {"by": {"province": many}}, k=5)["by"]["province"]
    assert {row["key"]: row["organisations"] for row in shown} == {"c": 9, "d": 30, OTHERS: 6}
    alone = [many[0], many[3]]
    shown = published(result | {"by": {"province": alone}}, k=5)["by"]["province"]
    assert {row["key"]: row["organisations"] for row in shown} == {OTHERS: 32}
