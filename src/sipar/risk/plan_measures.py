"""The measures that may be bought: from what the gaps cost a year and what closing them costs, to a plan's candidates.

Benefits of a plan are added up, but what two measures take away from one organisation's loss overlaps. Each
measure's benefit at an organisation is therefore made smaller by one factor, so that all of them together take away
what they would one after the other (1 minus the product of what remains), never more than the loss. A plan that buys
few of an organisation's measures is worth somewhat more than it says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from sipar.formats.problems import FormatProblem
from sipar.risk.plan_costs import CLOSE_GAP, REPLACE_PROVIDER, Cost, GapRule, Measures, Offer, Terms
from sipar.risk.plan_input import DEPENDENCIES, EXCLUSIONS, USES, Candidates

MOST = 300_000
# What is known of each measure besides what the plan needs.
DETAILS: dict[str, pl.DataType] = {
    "measure": pl.String(),
    "kind": pl.String(),
    "key": pl.String(),
    "organisation": pl.Int64(),
    "requirement": pl.String(),
    "level": pl.Float64(),
    "target": pl.Float64(),
    "reached": pl.Int64(),
}
REGISTER: dict[str, pl.DataType] = {
    "organisation": pl.Int64(),
    "sector": pl.String(),
    "province": pl.String(),
    "tier": pl.Int64(),
    "size": pl.String(),
}
PRICES: dict[str, pl.DataType] = {
    "organisation": pl.Int64(),
    "requirement": pl.String(),
    "level": pl.Float64(),
    "target": pl.Float64(),
    "mean_reduced": pl.Float64(),
    "shortfall_reduced": pl.Float64(),
}
LOSSES: dict[str, pl.DataType] = {"organisation": pl.Int64(), "mean": pl.Float64(), "shortfall": pl.Float64()}
PROVIDERS: dict[str, pl.DataType] = {
    "provider": pl.String(),
    "mean": pl.Float64(),
    "shortfall": pl.Float64(),
    "organisations": pl.Int64(),
}


@dataclass(frozen=True)
class Built:
    """The candidates, what is known of each (`DETAILS`), and how many were left out because there are too many."""

    candidates: Candidates
    details: pl.DataFrame
    left_out: int


def build_candidates(
    measures: Measures,
    *,
    currency: str,
    register: pl.DataFrame,
    prices: pl.DataFrame,
    losses: pl.DataFrame,
    providers: pl.DataFrame,
    most: int = MOST,
) -> Built:
    """The candidates of a plan, the `most` with the best yield where there are more; all tables are columnar.

    `register`, `prices`, `losses` and `providers` are as REGISTER, PRICES, LOSSES and PROVIDERS say; `prices` is what
    closing a gap (from the lowest level where none is known) takes off the mean year and off the mean of the worst
    years, `losses` what an organisation loses,
    `providers` what the failures of a shared provider cost. FormatProblem where nothing can be bought.
    """
    register = _typed(register, REGISTER, "register").unique("organisation", keep="first", maintain_order=True)
    prices, losses = _typed(prices, PRICES, "prices"), _typed(losses, LOSSES, "losses")
    providers = _typed(providers, PROVIDERS, "providers")
    reached = [_reached(offer, register) for offer in measures.offers if offer.kind != REPLACE_PROVIDER]
    gaps = _gaps(measures.close_gap, prices, register) if measures.close_gap else None
    touched = [*([gaps] if gaps is not None else []), *reached]
    benefits = _benefits(touched, losses) if touched else pl.DataFrame()
    tables = [_sold(table, benefits) for table in touched]
    tables += [_replaced(offer, providers) for offer in measures.offers if offer.kind == REPLACE_PROVIDER]
    tables = [table for table in tables if table.height]
    if not tables:
        raise FormatProblem("no-measures", "nothing can be bought: there are no gaps with a price, or no costs", "")
    every = pl.concat(tables).filter((pl.col("loss_reduced") > 0) | (pl.col("shortfall_reduced") > 0))
    if not every.height:
        raise FormatProblem("no-measures", "nothing that can be bought makes the loss smaller", "measures")
    kept = _best(every, most)
    return Built(
        candidates=Candidates(
            measures=kept.with_columns(
                pl.lit(currency).alias("currency"),
                pl.lit(None, dtype=pl.Int64).alias("earliest"),
                pl.lit(None, dtype=pl.Int64).alias("latest"),
            ).drop(*(column for column in DETAILS if column != "measure")),
            uses=_uses(measures, kept),
            dependencies=_needs(measures, kept),
            exclusions=_exclusions(measures, kept),
        ),
        details=kept.select(pl.col(column).cast(kind) for column, kind in DETAILS.items()),
        left_out=every.height - kept.height,
    )


def _typed(table: pl.DataFrame, schema: dict[str, pl.DataType], name: str) -> pl.DataFrame:
    missing = [column for column in schema if column not in table.columns]
    if missing:
        raise FormatProblem("missing-column", f"the table has no column “{missing[0]}”", name)
    return table.select(pl.col(column).cast(kind) for column, kind in schema.items())


def _factor(cost: Cost) -> pl.Expr:
    size = pl.col("size").replace_strict(dict(cost.size), default=1.0, return_dtype=pl.Float64) if cost.size else 1.0
    tier = pl.col("tier").replace_strict(dict(cost.tier), default=1.0, return_dtype=pl.Float64) if cost.tier else 1.0
    return pl.lit(1.0) * size * tier


def _gaps(rule: GapRule, prices: pl.DataFrame, register: pl.DataFrame) -> pl.DataFrame:
    """A row for each gap with a price, as `_sold` wants it."""
    cost = rule.terms.cost
    levels = [point[0] for point in cost.curve] or [0.0]
    amounts = [point[1] for point in cost.curve] or [0.0]
    known = pl.col("level").fill_nan(None).fill_null(0.0)
    rows = prices.with_columns(known.alias("from")).filter(pl.col("target") > pl.col("from"))
    rows = rows.join(register, on="organisation", how="inner", maintain_order="left")
    step = np.interp(rows["target"].to_numpy(), levels, amounts) - np.interp(rows["from"].to_numpy(), levels, amounts)
    factor, component = pl.lit(1.0), pl.lit(rule.terms.component)
    for special in sorted(rule.special, key=lambda special: len(special.begins)):
        mine = pl.col("requirement").str.starts_with(special.begins)
        factor = pl.when(mine).then(pl.lit(special.factor)).otherwise(factor)
        component = pl.when(mine).then(pl.lit(special.component)).otherwise(component)
    return rows.with_columns(pl.Series("step", step, dtype=pl.Float64)).select(
        pl.format("gap/{}/{}", "organisation", "requirement").alias("measure"),
        pl.lit(CLOSE_GAP).alias("kind"),
        pl.lit("").alias("key"),
        "organisation",
        "requirement",
        "level",
        "target",
        pl.col("mean_reduced").alias("loss"),
        pl.col("shortfall_reduced").alias("bad"),
        pl.lit(None, dtype=pl.Float64).alias("share"),
        ((pl.lit(cost.fixed) + pl.col("step") * _factor(cost)) * factor).alias("cost"),
        "province",
        "sector",
        component.alias("component"),
        *_terms_of(rule.terms),
    )


def _reached(offer: Offer, register: pl.DataFrame) -> pl.DataFrame:
    """A row for each organisation that each measure of an offer reaches; `cost` is that organisation's part."""
    rows = register
    for column, wanted in (("sector", offer.sectors), ("tier", offer.tiers), ("size", offer.sizes)):
        if wanted:
            rows = rows.filter(pl.col(column).is_in(list(wanted)))
    empty = pl.lit("")
    place = {
        "organisation": pl.col("organisation").cast(pl.String),
        "sector": pl.col("sector"),
        "province": pl.col("province"),
        "nation": empty,
    }[offer.reach]
    one = offer.reach == "organisation"
    cost = offer.terms.cost
    name = pl.concat_str(pl.lit(f"{offer.kind}/{offer.key}/"), place).alias("measure")
    return rows.select(
        name,
        pl.lit(offer.kind).alias("kind"),
        pl.lit(offer.key).alias("key"),
        "organisation",
        empty.alias("requirement"),
        pl.lit(None, dtype=pl.Float64).alias("level"),
        pl.lit(None, dtype=pl.Float64).alias("target"),
        pl.lit(None, dtype=pl.Float64).alias("loss"),
        pl.lit(None, dtype=pl.Float64).alias("bad"),
        pl.lit(offer.reduces).alias("share"),
        (pl.lit(cost.each) * _factor(cost) + pl.lit(cost.fixed) / pl.len().over(name)).alias("cost"),
        (pl.col("province") if one or offer.reach == "province" else empty).alias("province"),
        (pl.col("sector") if one or offer.reach == "sector" else empty).alias("sector"),
        pl.lit(offer.terms.component).alias("component"),
        *_terms_of(offer.terms),
    )


def _terms_of(terms: Terms) -> tuple[pl.Expr, pl.Expr]:
    paid = pl.lit(list(terms.paid), dtype=pl.List(pl.Float64))
    return paid.alias("paid"), pl.lit(terms.lead_years, dtype=pl.Int64).alias("lead_years")


def _benefits(touched: list[pl.DataFrame], losses: pl.DataFrame) -> pl.DataFrame:
    """What each measure takes away at each organisation: measure, organisation, loss_reduced, shortfall_reduced."""
    columns = ("measure", "organisation", "loss", "bad", "share")
    rows = pl.concat([table.select(columns) for table in touched]).join(losses, on="organisation", how="left")
    for amount, whole, made in (("loss", "mean", "loss_reduced"), ("bad", "shortfall", "shortfall_reduced")):
        total = pl.col(whole).fill_null(0.0).fill_nan(0.0)
        taken = pl.coalesce(pl.col(amount), pl.col("share") * total).fill_nan(0.0).clip(lower_bound=0.0)
        share = pl.when(total > 0).then((taken / total).clip(upper_bound=1.0)).otherwise(0.0)
        rows = rows.with_columns(taken.alias(made), share.alias("part"))
        # All at once leave the product of what each leaves; an organisation without a loss leaves nothing to scale.
        together = 1 - (1 - pl.col("part")).product().over("organisation")
        apart = pl.col("part").sum().over("organisation")
        kept = pl.when(apart > 0).then(together / apart * pl.col("part") * total).otherwise(0.0)
        rows = rows.with_columns(kept.alias(made))
    return rows.select("measure", "organisation", "loss_reduced", "shortfall_reduced")


def _sold(touched: pl.DataFrame, benefits: pl.DataFrame) -> pl.DataFrame:
    """One row a measure: what it costs and takes away, summed over those it reaches."""
    one = pl.col("organisation").len() == 1
    rows = touched.join(benefits, on=["measure", "organisation"], how="left", maintain_order="left")
    return (
        rows.group_by("measure", maintain_order=True)
        .agg(
            pl.col("kind").first(),
            pl.col("key").first(),
            pl.when(one & (pl.col("province").first() != "") & (pl.col("sector").first() != ""))
            .then(pl.col("organisation").first())
            .alias("organisation"),
            pl.col("requirement").first(),
            pl.col("level").first(),
            pl.col("target").first(),
            pl.len().cast(pl.Int64).alias("reached"),
            pl.col("cost").sum(),
            pl.col("loss_reduced").sum(),
            pl.col("shortfall_reduced").sum(),
            pl.col("province").first(),
            pl.col("sector").first(),
            pl.col("component").first(),
            pl.col("paid").first(),
            pl.col("lead_years").first(),
        )
        .with_columns(_costs())
        .drop("paid", "cost")
    )


def _replaced(offer: Offer, providers: pl.DataFrame) -> pl.DataFrame:
    """One row, or none where the provider costs nothing."""
    cost, columns = offer.terms.cost, _sold_columns()
    rows = providers.filter(pl.col("provider") == offer.key)
    return (
        rows.select(
            pl.lit(f"provider/{offer.key}").alias("measure"),
            pl.lit(offer.kind).alias("kind"),
            pl.lit(offer.key).alias("key"),
            pl.lit(None, dtype=pl.Int64).alias("organisation"),
            pl.lit("").alias("requirement"),
            pl.lit(None, dtype=pl.Float64).alias("level"),
            pl.lit(None, dtype=pl.Float64).alias("target"),
            pl.col("organisations").fill_null(0).alias("reached"),
            (pl.lit(cost.fixed) + pl.lit(cost.each) * pl.col("organisations").fill_null(0)).alias("cost"),
            (pl.col("mean") * offer.reduces).fill_null(0.0).fill_nan(0.0).alias("loss_reduced"),
            (pl.col("shortfall") * offer.reduces).fill_null(0.0).fill_nan(0.0).alias("shortfall_reduced"),
            pl.lit("").alias("province"),
            pl.lit("").alias("sector"),
            pl.lit(offer.terms.component).alias("component"),
            *_terms_of(offer.terms),
        )
        .with_columns(_costs())
        .select(columns)
    )


def _sold_columns() -> list[str]:
    return [
        "measure", "kind", "key", "organisation", "requirement", "level", "target", "reached", "loss_reduced",
        "shortfall_reduced", "province", "sector", "component", "lead_years", "costs",
    ]  # fmt: skip


def _costs() -> pl.Expr:
    """What is paid in the first, second, ... year."""
    return (pl.col("paid") * pl.col("cost")).alias("costs")


def _best(every: pl.DataFrame, most: int) -> pl.DataFrame:
    """The measures with the best yield: what they take away for their cost."""
    if every.height <= most:
        return every
    gain = (pl.col("loss_reduced") + pl.col("shortfall_reduced")) / pl.col("costs").list.sum().clip(lower_bound=1e-9)
    best = every.with_columns(gain.alias("gain")).with_row_index("place").top_k(most, by="gain").sort("place")
    return best.drop("gain", "place")


def _uses(measures: Measures, kept: pl.DataFrame) -> pl.DataFrame:
    rules = [(CLOSE_GAP, "", measures.close_gap.terms)] if measures.close_gap else []
    rules += [(offer.kind, offer.key, offer.terms) for offer in measures.offers]
    tables = [
        kept.filter((pl.col("kind") == kind) & (pl.col("key") == key)).select(
            "measure", pl.lit(capacity).alias("kind"), pl.lit(amount).alias("amount")
        )
        for kind, key, terms in rules
        for capacity, amount in terms.uses.items()
        if amount > 0
    ]
    return pl.concat(tables) if tables else pl.DataFrame(schema=USES)


def _needs(measures: Measures, kept: pl.DataFrame) -> pl.DataFrame:
    """What needs what, where both are for sale: a gap the other gap at the same organisation, an offer the other offer
    for the same place.
    """
    tables = []
    gaps = kept.filter(pl.col("kind") == CLOSE_GAP).select("measure", "organisation", "requirement")
    if measures.close_gap and measures.close_gap.needs:
        pairs = pl.DataFrame(list(measures.close_gap.needs), schema=["requirement", "needed"], orient="row")
        others = gaps.rename({"measure": "needs", "requirement": "needed"})
        tables.append(gaps.join(pairs, on="requirement").join(others, on=["organisation", "needed"]))
    for offer in measures.offers:
        mine = _placed(kept, offer.key)
        tables += [
            mine.join(_placed(kept, other).rename({"measure": "needs"}), on="place", how="inner")
            for other in offer.needs
        ]
    found = [table.select("measure", "needs") for table in tables if table.height]
    return pl.concat(found) if found else pl.DataFrame(schema=DEPENDENCIES)


def _exclusions(measures: Measures, kept: pl.DataFrame) -> pl.DataFrame:
    tables = []
    for pair in sorted({tuple(sorted((offer.key, other))) for offer in measures.offers for other in offer.excludes}):
        first, second = (_placed(kept, key) for key in pair)
        both = pl.concat([first.join(second, on="place", how="semi"), second.join(first, on="place", how="semi")])
        group = pl.concat_str(pl.lit(f"{pair[0]} or {pair[1]}/"), "place").alias("group")
        tables.append(both.select(group, "measure"))
    return pl.concat(tables) if tables else pl.DataFrame(schema=EXCLUSIONS)


def _placed(kept: pl.DataFrame, key: str) -> pl.DataFrame:
    """The measures of a support or training, with the place that each is for."""
    mine = kept.filter((pl.col("key") == key) & ~pl.col("kind").is_in([CLOSE_GAP, REPLACE_PROVIDER]))
    return mine.select("measure", pl.col("measure").str.splitn("/", 3).struct.field("field_2").alias("place"))
