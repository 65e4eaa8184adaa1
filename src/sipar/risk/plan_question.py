"""What a plan is asked: budgets, components, milestones, capacities, fairness, what is left out, and what counts.

A question is kept as a JSON document, so that the same plan can be solved again from it and from its candidates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import polars as pl

from sipar.formats.problems import FormatProblem
from sipar.risk.plan_input import LARGEST_AMOUNT, LONGEST_PROGRAMME, Candidates, Fairness, Limits, Milestone
from sipar.risk.plan_measures import Built
from sipar.risk.plan_rows import Objective

MOST_NAMES = 5_000
LONGEST_SECONDS = 600.0
# What a capacity is where the question states none: measures are not bound by it.
UNBOUND = 1e12


@dataclass(frozen=True)
class Question:
    """Amounts are in `currency`. `components` are shares of all budgets, at most; `fair_provinces` and `fair_sectors`
    what share of its fair part each province and sector gets at least, the fair part being its part of the
    organisations; `promises` are amounts at least. `without` names sectors, provinces, kinds and measures that are
    left out. What the plan before this one starts up to the year `keep_until` is in it again. `gap` is the proof asked
    for.
    """

    currency: str
    first_year: int
    budgets: tuple[float, ...]
    carry_over: bool = False
    benefit_years: int = 0
    components: Mapping[str, float] = field(default_factory=dict)
    milestones: tuple[Milestone, ...] = ()
    capacities: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    fair_provinces: float = 0.0
    fair_sectors: float = 0.0
    promises: tuple[Fairness, ...] = ()
    expected_loss: float = 1.0
    shortfall: float = 0.0
    gap: float = 0.005
    seconds: float = 60.0
    without: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keep_until: int = 0

    @property
    def total(self) -> float:
        return math.fsum(self.budgets)

    @property
    def objective(self) -> Objective:
        return Objective(self.expected_loss, self.shortfall)


LEFT_OUT = ("sectors", "provinces", "kinds", "measures")


def document_of(question: Question) -> dict[str, Any]:
    """The question as JSON; `question_of` reads it."""
    return asdict(question)


def question_of(document: object) -> Question:
    """The question of a JSON document; FormatProblem says what is not sound, and where."""
    row = _mapping(document, "question")
    unknown = set(row) - set(Question.__dataclass_fields__)
    if unknown:
        raise FormatProblem("unknown-name", f"a plan is not asked “{min(unknown)}”", "question")
    currency = row.get("currency")
    if not isinstance(currency, str) or len(currency) != 3 or not currency.isupper():
        raise FormatProblem("currency", "a currency has three capital letters", "currency")
    budgets = tuple(_number(amount, "budgets") for amount in _sequence(row.get("budgets", []), "budgets"))
    if not 0 < len(budgets) <= LONGEST_PROGRAMME:
        raise FormatProblem("budget-years", f"a plan has 1 to {LONGEST_PROGRAMME} years of budget", "budgets")
    if not math.fsum(budgets):
        raise FormatProblem("no-budget", "there is no money in any year", "budgets")
    years = len(budgets)
    without = _mapping(row.get("without", {}), "without")
    if set(without) - set(LEFT_OUT):
        raise FormatProblem("unknown-name", f"what is left out is one of {', '.join(LEFT_OUT)}", "without")
    question = Question(
        currency=currency,
        first_year=_whole(row.get("first_year"), "first_year", 2000, 2200),
        budgets=budgets,
        carry_over=row.get("carry_over", False) is True,
        benefit_years=_whole(row.get("benefit_years", 0), "benefit_years", 0, 100),
        components={
            name: _share(share, f"components/{name}")
            for name, share in _mapping(row.get("components", {}), "components").items()
        },
        milestones=tuple(_milestone(each, "milestones") for each in _sequence(row.get("milestones", []), "milestones")),
        capacities={
            kind: _amounts(amounts, f"capacities/{kind}", years)
            for kind, amounts in _mapping(row.get("capacities", {}), "capacities").items()
        },
        fair_provinces=_share(row.get("fair_provinces", 0.0), "fair_provinces"),
        fair_sectors=_share(row.get("fair_sectors", 0.0), "fair_sectors"),
        promises=tuple(_promise(each, "promises") for each in _sequence(row.get("promises", []), "promises")),
        expected_loss=_number(row.get("expected_loss", 1.0), "expected_loss"),
        shortfall=_number(row.get("shortfall", 0.0), "shortfall"),
        gap=_number(row.get("gap", 0.005), "gap"),
        seconds=_number(row.get("seconds", 60.0), "seconds"),
        without={name: _words(names, f"without/{name}") for name, names in without.items()},
        keep_until=_whole(row.get("keep_until", 0), "keep_until", 0, 2200),
    )
    if question.benefit_years and question.benefit_years < years:
        raise FormatProblem("benefit-years", "benefits count for at least the years of the budget", "benefit_years")
    if not question.expected_loss + question.shortfall:
        raise FormatProblem("objective", "something must count: the mean year, the worst years or both", "shortfall")
    if not question.gap <= 0.2:
        raise FormatProblem("gap", "the proof that is asked for is a gap from 0 to 20 percent", "gap")
    if not 1 <= question.seconds <= LONGEST_SECONDS:
        raise FormatProblem("seconds", f"a plan is searched for 1 to {LONGEST_SECONDS:.0f} seconds", "seconds")
    return question


def chosen_from(built: Built, question: Question) -> Candidates:
    """The candidates without what the question leaves out; what needs something that is left out goes too."""
    kinds = built.details.select("measure", "kind")
    table = built.candidates.measures.join(kinds, on="measure", how="left", maintain_order="left")
    out = pl.lit(False)
    for column, name in (("sector", "sectors"), ("province", "provinces"), ("kind", "kinds"), ("measure", "measures")):
        names = list(question.without.get(name, ()))
        if names:
            out = out | pl.col(column).is_in(names)
    gone = set(table.filter(out)["measure"])
    if not gone:
        return built.candidates
    every = built.candidates
    needs = every.dependencies
    newest = gone
    while newest:
        newest = set(needs.filter(pl.col("needs").is_in(list(newest)))["measure"]) - gone
        gone |= newest
    kept = table.filter(~pl.col("measure").is_in(list(gone))).drop("kind")
    if not kept.height:
        raise FormatProblem("no-measures", "everything that could be bought is left out", "without")
    left = pl.col("measure").is_in(kept["measure"].implode())
    return Candidates(kept, every.uses.filter(left), needs.filter(left), every.exclusions.filter(left))


def limits_of(
    question: Question, built: Built, candidates: Candidates, *, before: pl.DataFrame | None = None
) -> Limits:
    """The limits that these candidates must keep. `before` is what the plan before this one chose: measure, year."""
    years = len(question.budgets)
    capacities = {kind: [UNBOUND] * years for kind in candidates.uses["kind"].unique().sort()}
    capacities |= {kind: list(amounts) for kind, amounts in question.capacities.items()}
    fairness = list(question.promises)
    stated = {(promise.dimension, promise.name) for promise in fairness}
    shares: tuple[tuple[Literal["province", "sector"], float], ...] = (
        ("province", question.fair_provinces),
        ("sector", question.fair_sectors),
    )
    for dimension, share in shares:
        fair = _fair(dimension, share, question.total, built, candidates) if share else []
        fairness += [promise for promise in fair if (dimension, promise.name) not in stated]
    committed: dict[str, int] = {}
    if before is not None and question.keep_until:
        begun = before.filter(pl.col("year").is_between(question.first_year, question.keep_until))
        committed = dict(
            begun.join(candidates.measures, on="measure", how="semi").select("measure", "year").iter_rows()
        )
    return Limits(
        currency=question.currency,
        first_year=question.first_year,
        budgets=list(question.budgets),
        carry_over=question.carry_over,
        benefit_years=question.benefit_years,
        capacities=capacities,
        component_budgets={name: share * question.total for name, share in question.components.items() if share < 1},
        fairness=fairness,
        milestones=question.milestones,
        committed=committed,
    )


def _fair(
    dimension: Literal["province", "sector"], share: float, total: float, built: Built, candidates: Candidates
) -> list[Fairness]:
    """What each place is promised: its part of the organisations, and never more than all of its measures cost."""
    table = candidates.measures.select("measure", dimension, cost=pl.col("costs").list.sum()).filter(
        pl.col(dimension).fill_null("") != ""
    )
    table = table.join(built.details.select("measure", "organisation"), on="measure", how="left")
    places = (
        table.group_by(dimension)
        .agg(pl.col("organisation").drop_nulls().n_unique().alias("organisations"), pl.col("cost").sum())
        .sort(dimension)
    )
    everybody = places["organisations"].sum()
    if not everybody:
        return []
    least = pl.min_horizontal(pl.col("organisations") / everybody * (total * share), pl.col("cost"))
    rows = places.select(dimension, least.alias("least")).filter(pl.col("least") > 0).iter_rows()
    return [Fairness(dimension, name, float(amount)) for name, amount in rows]


def _milestone(value: object, where: str) -> Milestone:
    row = _mapping(value, where)
    if set(row) != {"component", "by", "least"}:
        raise FormatProblem("wrong-type", "a milestone has a component, a year and a number", where)
    component = str(row["component"])[:200]
    return Milestone(component, _whole(row["by"], where, 2000, 2200), _whole(row["least"], where, 0, 10_000_000))


def _promise(value: object, where: str) -> Fairness:
    row = _mapping(value, where)
    dimension = row.get("dimension")
    if dimension not in ("province", "sector") or set(row) != {"dimension", "name", "least"}:
        raise FormatProblem("wrong-type", "a promise has a dimension (province or sector), a name and an amount", where)
    named: Literal["province", "sector"] = "province" if dimension == "province" else "sector"
    return Fairness(named, str(row["name"])[:200], _number(row["least"], where))


def _amounts(value: object, where: str, years: int) -> tuple[float, ...]:
    amounts = tuple(_number(amount, where) for amount in _sequence(value, where))
    if len(amounts) != years:
        raise FormatProblem("capacity-years", "one amount for each year of the budget", where)
    return amounts


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or len(value) > MOST_NAMES:
        raise FormatProblem("wrong-type", f"here stands an object of at most {MOST_NAMES} entries", where)
    return value


def _sequence(value: object, where: str) -> Sequence[object]:
    if not isinstance(value, (list, tuple)) or len(value) > MOST_NAMES:
        raise FormatProblem("wrong-type", f"here stands a list of at most {MOST_NAMES} entries", where)
    return value


def _words(value: object, where: str) -> tuple[str, ...]:
    words = _sequence(value, where)
    if not all(isinstance(word, str) and len(word) <= 400 for word in words):
        raise FormatProblem("wrong-type", "here stand names", where)
    return tuple(str(word) for word in words)


def _share(value: object, where: str) -> float:
    share = _number(value, where)
    if share > 1:
        raise FormatProblem("share", "a share is from 0 to 1", where)
    return share


def _whole(value: object, where: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise FormatProblem("number-range", f"here stands a whole number from {least} to {most}", where)
    return value


def _number(value: object, where: str) -> float:
    # What is no number at all is in no range either.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LARGEST_AMOUNT:
        raise FormatProblem("number-range", f"here stands a number from 0 to {LARGEST_AMOUNT:.0e}", where)
    return float(value)
