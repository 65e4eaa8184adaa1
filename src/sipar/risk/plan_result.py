"""What is kept of a plan to be shown: sums by place, kind, component and year, what comes next, and the frontier."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from sipar.risk.plan import Plan
from sipar.risk.plan_measures import Built

DIMENSIONS = ("province", "sector", "component", "kind")
# Rows of places with so few organisations that a sum would speak of one of them are shown together under this name.
OTHERS = "_others"
# These limits speak of places, whose small sums are hidden.
PLACES = ("province", "sector")
CHOSEN = [
    "measure", "kind", "key", "organisation", "requirement", "level", "target", "reached", "year", "cost",
    "loss_reduced", "shortfall_reduced", "benefit", "province", "sector", "component", "lead_years",
]  # fmt: skip


def chosen_of(plan: Plan, built: Built) -> pl.DataFrame:
    """What is bought, the most valuable first, with all that is known of it: the columns of `CHOSEN`."""
    more = plan.candidates.measures.select("measure", "loss_reduced", "shortfall_reduced", "lead_years")
    rows = plan.chosen.join(built.details, on="measure", how="left").join(more, on="measure", how="left")
    return rows.select(CHOSEN).sort("benefit", "measure", descending=[True, False])


def document_of(plan: Plan, built: Built, *, frontier: pl.DataFrame) -> dict[str, Any]:
    """The plan as JSON, every cell of it: amounts in its currency; nothing in it is infinite."""
    chosen = chosen_of(plan, built)
    details = built.details.select("measure", "kind", "key", "organisation", "requirement")
    prices = plan.limits_used.filter(pl.col("kind") == "budget")
    following = plan.next_measures.join(details, on="measure", how="left", maintain_order="left")
    return {
        "currency": plan.limits.currency,
        "value": plan.value,
        "bound": plan.bound,
        "gap": plan.gap,
        "cost": math.fsum(chosen["cost"]),
        "measures": chosen.height,
        "organisations": chosen["organisation"].drop_nulls().n_unique(),
        "loss_reduced": math.fsum(chosen["loss_reduced"]),
        "shortfall_reduced": math.fsum(chosen["shortfall_reduced"]),
        "candidates": plan.candidates.measures.height,
        "left_out": built.left_out,
        "counted_years": plan.limits.counted_years,
        "solver_seconds": plan.solver_seconds,
        "by": {dimension: _sums(chosen, dimension) for dimension in DIMENSIONS},
        "by_year": plan.by_year.to_dicts(),
        "by_year_component": _crossed(chosen),
        "prices": prices.select("year", "price").to_dicts(),
        "limits": plan.limits_used.to_dicts(),
        "next": following.to_dicts(),
        "simple": plan.simple.to_dicts(),
        "frontier": frontier.to_dicts(),
    }


def published(document: dict[str, Any], *, k: int) -> dict[str, Any]:
    """What may be read by those who may not see the organisations behind it.

    Places of fewer than `k` organisations stand together without a name; measures and limits that tell of one place
    or organisation are left out.
    """
    sums = {dimension: _merged(rows, k) if dimension in PLACES else rows for dimension, rows in document["by"].items()}
    limits = [row for row in document["limits"] if row["kind"] not in PLACES]
    return document | {"by": sums, "limits": limits, "next": []}


def _sums(chosen: pl.DataFrame, dimension: str) -> list[dict[str, Any]]:
    """Key, measures, organisations, cost and benefit of each, the dearest first; "" is what belongs to no place."""
    return (
        chosen.group_by(pl.col(dimension).fill_null("").alias("key"))
        .agg(
            pl.len().alias("measures"),
            pl.col("organisation").drop_nulls().n_unique().alias("organisations"),
            pl.col("cost").sum(),
            pl.col("benefit").sum(),
        )
        .sort("cost", "key", descending=[True, False])
        .to_dicts()
    )


def _crossed(chosen: pl.DataFrame) -> list[dict[str, Any]]:
    """Year of start, component, measures and cost."""
    return (
        chosen.group_by("year", "component")
        .agg(pl.len().alias("measures"), pl.col("cost").sum())
        .sort("year", "component")
        .to_dicts()
    )


def _merged(rows: list[dict[str, Any]], k: int) -> list[dict[str, Any]]:
    """The rows with the small ones added up into one, with as many others as it needs to be no small one itself."""
    placed = sorted((row for row in rows if row["key"]), key=lambda row: int(row["organisations"]))
    small: list[dict[str, Any]] = []
    while placed and (placed[0]["organisations"] < k or (small and sum(row["organisations"] for row in small) < k)):
        small.append(placed.pop(0))
    if not small:
        return rows
    # An organisation has one place, so that those of several places are added up.
    others = {name: sum(row[name] for row in small) for name in ("measures", "organisations", "cost", "benefit")}
    kept = [row for row in rows if row not in small]
    if others["organisations"] < k:
        return kept
    return [*kept, {"key": OTHERS, **others}]
