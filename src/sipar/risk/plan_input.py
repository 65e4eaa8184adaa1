"""What a plan is made from: measures, what binds them, and limits. What is not sound is refused by name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl

from sipar.formats.problems import FormatProblem

# `costs` are amounts in the first, second, ... year from the start; `loss_reduced` and `shortfall_reduced` are amounts
# a year once the measure works, which is `lead_years` after its start. `earliest` and `latest` bound the start.
MEASURES: dict[str, pl.DataType] = {
    "measure": pl.String(),
    "currency": pl.String(),
    "costs": pl.List(pl.Float64()),
    "loss_reduced": pl.Float64(),
    "shortfall_reduced": pl.Float64(),
    "lead_years": pl.Int64(),
    "earliest": pl.Int64(),
    "latest": pl.Int64(),
    "province": pl.String(),
    "sector": pl.String(),
    "component": pl.String(),
}
MAY_BE_EMPTY = ("earliest", "latest", "province", "sector", "component")
# What a measure uses of a capacity, once, in the year it starts.
USES: dict[str, pl.DataType] = {"measure": pl.String(), "kind": pl.String(), "amount": pl.Float64()}
# A measure may start in the year of what it needs or later, and never without it.
DEPENDENCIES: dict[str, pl.DataType] = {"measure": pl.String(), "needs": pl.String()}
# Of each group at most one measure is chosen.
EXCLUSIONS: dict[str, pl.DataType] = {"group": pl.String(), "measure": pl.String()}

LONGEST_PROGRAMME = 30
DEEPEST_CHAIN = 200
LARGEST_AMOUNT = 1e18


@dataclass(frozen=True)
class Candidates:
    """Tables as `MEASURES`, `USES`, `DEPENDENCIES` and `EXCLUSIONS` say; the last three may be empty."""

    measures: pl.DataFrame
    uses: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=USES))
    dependencies: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DEPENDENCIES))
    exclusions: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=EXCLUSIONS))


@dataclass(frozen=True)
class Fairness:
    """At least this amount of money, over the whole programme, goes to measures of one province or sector."""

    dimension: Literal["province", "sector"]
    name: str
    least: float


@dataclass(frozen=True)
class Milestone:
    """By the end of the year `by` at least this many measures of a component have started."""

    component: str
    by: int
    least: int


@dataclass(frozen=True)
class Limits:
    """What a plan must keep. `budgets` are one amount a year from `first_year`; with `carry_over` what a year leaves
    may be spent later. `benefit_years` is how many years from the first the benefits count, the programme's own years
    where 0; nothing is discounted. `capacities` are one amount a year by kind, and every kind used must be there.
    `committed` measures are in the plan, each from the year given: what has begun already.
    """

    currency: str
    first_year: int
    budgets: Sequence[float]
    carry_over: bool = False
    benefit_years: int = 0
    capacities: Mapping[str, Sequence[float]] = field(default_factory=dict)
    component_budgets: Mapping[str, float] = field(default_factory=dict)
    fairness: Sequence[Fairness] = ()
    milestones: Sequence[Milestone] = ()
    committed: Mapping[str, int] = field(default_factory=dict)

    @property
    def years(self) -> range:
        return range(self.first_year, self.first_year + len(self.budgets))

    @property
    def counted_years(self) -> int:
        return self.benefit_years or len(self.budgets)


def checked(candidates: Candidates, limits: Limits) -> Candidates:
    """The same candidates with their columns in order and typed; FormatProblem on the first thing that is not sound."""
    measures = _table(candidates.measures, MEASURES, "measures")
    _check_limits(limits)
    _check_measures(measures, limits)
    known = measures["measure"]
    uses = _table(candidates.uses, USES, "uses")
    _known(uses, "measure", known, "uses")
    _amounts(uses, "amount", "uses", "measure")
    unstated = uses.filter(~pl.col("kind").is_in(list(limits.capacities)))
    if unstated.height:
        raise FormatProblem(
            "capacity-not-stated", f"no capacity is given for “{unstated['kind'][0]}”", _at("uses", unstated, "measure")
        )
    dependencies = _table(candidates.dependencies, DEPENDENCIES, "dependencies").unique(maintain_order=True)
    for column in DEPENDENCIES:
        _known(dependencies, column, known, "dependencies")
    _check_cycles(dependencies, known)
    exclusions = _table(candidates.exclusions, EXCLUSIONS, "exclusions").unique(maintain_order=True)
    _known(exclusions, "measure", known, "exclusions")
    _check_promises(measures, limits)
    return Candidates(measures, uses, dependencies, exclusions)


def _table(table: pl.DataFrame, schema: Mapping[str, pl.DataType], name: str) -> pl.DataFrame:
    missing = [column for column in schema if column not in table.columns]
    if missing:
        raise FormatProblem("missing-column", f"the table has no column “{missing[0]}”", name)
    try:
        table = table.select(pl.col(column).cast(kind) for column, kind in schema.items())
    except pl.exceptions.PolarsError as problem:
        raise FormatProblem("wrong-type", f"a value is not what its column holds: {problem}"[:300], name) from problem
    for column in schema:
        if column in MAY_BE_EMPTY:
            continue
        empty = table[column].is_null()
        if schema[column] == pl.String():
            empty = empty | (table[column].str.strip_chars() == "")
        if empty.any():
            raise FormatProblem("empty-value", f"“{column}” is empty", f"{name}, row {empty.arg_max() or 0}")
    return table


def _at(table: str, bad: pl.DataFrame, column: str) -> str:
    return f"{table}/{bad[column][0]}"


def _amounts(table: pl.DataFrame, column: str, name: str, key: str) -> None:
    infinite = table.filter(~pl.col(column).is_finite())
    if infinite.height:
        raise FormatProblem("not-a-number", f"“{column}” is infinite or not a number", _at(name, infinite, key))
    negative = table.filter(pl.col(column) < 0)
    if negative.height:
        raise FormatProblem("negative-amount", f"“{column}” is below zero", _at(name, negative, key))
    large = table.filter(pl.col(column) > LARGEST_AMOUNT)
    if large.height:
        raise FormatProblem("amount-too-large", f"“{column}” is above {LARGEST_AMOUNT:.0e}", _at(name, large, key))


def _known(table: pl.DataFrame, column: str, known: pl.Series, name: str) -> None:
    unknown = table.filter(~pl.col(column).is_in(known.implode()))
    if unknown.height:
        raise FormatProblem("unknown-measure", f"there is no measure “{unknown[column][0]}”", f"{name}/{column}")


def _amount(value: float, where: str) -> None:
    if not math.isfinite(value):
        raise FormatProblem("not-a-number", "the amount is infinite or not a number", where)
    if value < 0:
        raise FormatProblem("negative-amount", "the amount is below zero", where)
    if value > LARGEST_AMOUNT:
        raise FormatProblem("amount-too-large", f"the amount is above {LARGEST_AMOUNT:.0e}", where)


def _check_limits(limits: Limits) -> None:
    if not 0 < len(limits.budgets) <= LONGEST_PROGRAMME:
        raise FormatProblem("budget-years", f"a plan has 1 to {LONGEST_PROGRAMME} years of budget", "limits/budgets")
    if limits.benefit_years and not len(limits.budgets) <= limits.benefit_years <= 100:
        raise FormatProblem(
            "benefit-years", "benefits count for at least the years of the budget, at most 100", "limits/benefit_years"
        )
    for year, amount in zip(limits.years, limits.budgets, strict=True):
        _amount(amount, f"limits/budgets/{year}")
    for kind, amounts in limits.capacities.items():
        if len(amounts) != len(limits.budgets):
            raise FormatProblem("capacity-years", "one amount for each year of the budget", f"limits/capacities/{kind}")
        for year, amount in zip(limits.years, amounts, strict=True):
            _amount(amount, f"limits/capacities/{kind}/{year}")
    for name, amount in limits.component_budgets.items():
        _amount(amount, f"limits/component_budgets/{name}")
    for promise in limits.fairness:
        _amount(promise.least, f"limits/fairness/{promise.dimension}/{promise.name}")
    for milestone in limits.milestones:
        where = f"limits/milestones/{milestone.component}/{milestone.by}"
        _amount(milestone.least, where)
        if milestone.by not in limits.years:
            raise FormatProblem("milestone-year", f"{milestone.by} is not a year of the budget", where)


def _check_measures(measures: pl.DataFrame, limits: Limits) -> None:
    twice = measures.filter(pl.col("measure").is_duplicated())
    if twice.height:
        raise FormatProblem("measure-twice", "two measures have this identifier", _at("measures", twice, "measure"))
    mixed = measures.filter(pl.col("currency") != limits.currency)
    if mixed.height:
        raise FormatProblem(
            "currency-mix",
            f"its amounts are in {mixed['currency'][0]}, the budget is in {limits.currency}",
            _at("measures", mixed, "measure"),
        )
    without = measures.filter(pl.col("costs").list.len() == 0)
    if without.height:
        raise FormatProblem("no-cost", "it has no cost in any year", _at("measures", without, "measure"))
    costs = measures.select("measure", "costs").explode("costs", empty_as_null=True)
    if costs["costs"].null_count():
        raise FormatProblem(
            "empty-value", "a cost is empty", _at("measures", costs.filter(pl.col("costs").is_null()), "measure")
        )
    _amounts(costs, "costs", "measures", "measure")
    for column in ("loss_reduced", "shortfall_reduced"):
        _amounts(measures, column, "measures", "measure")
    late = measures.filter((pl.col("lead_years") < 0) | (pl.col("lead_years") > 100))
    if late.height:
        raise FormatProblem("lead-years", "it works 0 to 100 years after its start", _at("measures", late, "measure"))
    crossed = measures.filter(pl.col("earliest") > pl.col("latest"))
    if crossed.height:
        raise FormatProblem(
            "start-years", "its earliest start is after its latest", _at("measures", crossed, "measure")
        )


def _check_cycles(dependencies: pl.DataFrame, known: pl.Series) -> None:
    places = pl.DataFrame({"name": known, "place": np.arange(len(known))})
    first = dependencies.join(places, left_on="measure", right_on="name", how="left", maintain_order="left")
    second = dependencies.join(places, left_on="needs", right_on="name", how="left", maintain_order="left")
    who, needs = first["place"].to_numpy(), second["place"].to_numpy()
    for _ in range(DEEPEST_CHAIN):
        if not who.size:
            return
        waiting = np.zeros(len(known), dtype=bool)
        waiting[who] = True
        kept = waiting[needs]
        if kept.all():
            break
        who, needs = who[kept], needs[kept]
    else:
        raise FormatProblem("chain-too-deep", f"needs are chained more than {DEEPEST_CHAIN} deep", "dependencies")
    # Each one that is left waits for one that is left: following the first need from any of them comes round.
    following = dict(zip(who[::-1].tolist(), needs[::-1].tolist(), strict=True))
    seen: dict[int, int] = {}
    here = int(who[0])
    while here not in seen:
        seen[here] = len(seen)
        here = following[here]
    circle = [str(known[place]) for place in seen if seen[place] >= seen[here]][:10]
    raise FormatProblem(
        "cyclic-dependency", f"these need each other in a circle: {', '.join(circle)}", f"dependencies/{circle[0]}"
    )


def _check_promises(measures: pl.DataFrame, limits: Limits) -> None:
    total = math.fsum(limits.budgets)
    cost = pl.col("costs").list.sum()
    for dimension in ("province", "sector"):
        wanted = [promise for promise in limits.fairness if promise.dimension == dimension]
        if len({promise.name for promise in wanted}) < len(wanted):
            raise FormatProblem("promise-twice", "a name is promised an amount twice", f"limits/fairness/{dimension}")
        if math.fsum(promise.least for promise in wanted) > total * (1 + 1e-12):
            raise FormatProblem(
                "impossible-fairness", "what is promised is more than the whole budget", f"limits/fairness/{dimension}"
            )
        can_take = dict(measures.group_by(dimension).agg(cost.sum()).iter_rows())
        for promise in wanted:
            if promise.least > can_take.get(promise.name, 0.0) * (1 + 1e-12):
                raise FormatProblem(
                    "impossible-fairness",
                    "more is promised than all of its measures cost together",
                    f"limits/fairness/{dimension}/{promise.name}",
                )
    there_are = dict(measures.group_by("component").len().iter_rows())
    for milestone in limits.milestones:
        if milestone.least > there_are.get(milestone.component, 0):
            raise FormatProblem(
                "impossible-milestone",
                "it asks for more measures than the component has",
                f"limits/milestones/{milestone.component}/{milestone.by}",
            )
    names = set(measures["measure"]) if limits.committed else set()
    for name in limits.committed:
        if name not in names:
            raise FormatProblem("unknown-measure", f"there is no measure “{name}”", "limits/committed")
