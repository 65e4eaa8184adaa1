"""From the library of scenarios and the register to one portfolio: a row for each organisation and scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sipar.formats.problems import FormatProblem
from sipar.risk.assumptions_model import Assumptions, Exposure, Kind
from sipar.risk.columns import Floats, Ints
from sipar.risk.portfolio import Portfolio
from sipar.risk.scenario import CALM, Provider, failing_with

REGISTER: dict[str, pl.DataType] = {
    "organisation": pl.Int64(),
    "sector": pl.String(),
    "province": pl.String(),
    "tier": pl.Int64(),
    "size": pl.String(),
    "ownership": pl.String(),
}
DEPENDENCIES: dict[str, pl.DataType] = {"organisation": pl.Int64(), "provider": pl.String()}
EXPOSURE: dict[str, pl.DataType] = {
    "organisation": pl.Int64(),
    "critical": pl.Int64(),
    "high": pl.Int64(),
    "medium": pl.Int64(),
    "low": pl.Int64(),
}
# The tier of an organisation that has none.
NO_TIER = 0


@dataclass(frozen=True, eq=False)
class Nation:
    """The portfolio of all organisations, and whose each of its rows is.

    - `rows`: organisation, scenario, sector, province, tier, size; one line for each row of the portfolio, by
      organisation and then by scenario in the order of the library.
    - `register`: the organisations, ordered by identifier; `places` is a row's organisation in it, `kinds` its
      scenario in the library.
    - `scenarios`, `sectors` and `providers` name the portfolio's losses, sectors and providers; `dependents` has for
      each provider the places of the organisations that rest on it directly.
    - `left_out` counts the dependencies that name an organisation or a provider that is not there.
    """

    portfolio: Portfolio
    rows: pl.DataFrame
    register: pl.DataFrame
    places: Ints
    kinds: Ints
    scenarios: tuple[str, ...]
    sectors: tuple[str, ...]
    providers: tuple[str, ...]
    dependents: tuple[Ints, ...]
    left_out: int


def expand(
    assumptions: Assumptions,
    register: pl.DataFrame,
    *,
    dependencies: pl.DataFrame,
    exposure: pl.DataFrame | None = None,
) -> Nation:
    """The nation as columns, before controls. Tables as REGISTER, DEPENDENCIES and EXPOSURE (open findings) say.

    An organisation without a sector, province or tier counts as "" or NO_TIER. Raises FormatProblem for tables with
    other columns, an organisation that stands in the register twice and findings below zero.
    """
    organisations = _register(register)
    applies = np.column_stack([_applies(organisations, kind) for kind in assumptions.kinds])
    places, kinds = (found.astype(np.int64) for found in np.nonzero(applies))
    sectors = tuple(sorted(organisations["sector"].unique()))
    sector = _numbers(organisations["sector"], sectors)
    rate = np.array([kind.frequency.mean for kind in assumptions.kinds])[kinds]
    scale = np.column_stack([_scale(organisations, kind) for kind in assumptions.kinds])
    row_of = np.full(applies.shape, -1, np.int64)
    row_of[places, kinds] = np.arange(len(places))
    dependents, left_out = _dependents(assumptions, organisations, _table(dependencies, DEPENDENCIES, "dependencies"))
    starts, link_rows, chances = _links(assumptions, dependents, row_of)
    portfolio = Portfolio(
        rate=rate * exposed(assumptions.exposure, organisations, exposure)[places],
        spread=np.array([kind.frequency.spread for kind in assumptions.kinds])[kinds],
        loss=kinds,
        scale=scale[places, kinds],
        keep=np.ones(len(places)),
        sector=sector[places],
        losses=tuple(kind.loss for kind in assumptions.kinds),
        sector_shocks=tuple(assumptions.sector_shocks.get(name, CALM) for name in sectors),
        nation_shock=assumptions.nation_shock,
        failures=np.array([provider.failures for provider in assumptions.providers], np.float64),
        link_starts=starts,
        link_rows=link_rows,
        link_chance=chances,
    )
    scenarios = tuple(kind.key for kind in assumptions.kinds)
    keys = pl.Series("scenario", scenarios, pl.String())
    rows = organisations[places].with_columns(keys[kinds]).select(*REGISTER, "scenario").drop("ownership")
    providers = tuple(provider.key for provider in assumptions.providers)
    return Nation(portfolio, rows, organisations, places, kinds, scenarios, sectors, providers, dependents, left_out)


def _register(register: pl.DataFrame) -> pl.DataFrame:
    table = _table(register, REGISTER, "register").sort("organisation")
    if not table.height:
        raise FormatProblem("empty", "There is no organisation.", "register")
    twice = table.filter(pl.col("organisation").is_duplicated())
    if twice.height:
        raise FormatProblem("twice", "This organisation stands there twice.", f"register/{twice['organisation'][0]}")
    return table.with_columns(
        pl.col("tier").fill_null(NO_TIER), pl.col("sector", "province", "size", "ownership").fill_null("")
    )


def _table(table: pl.DataFrame, schema: Mapping[str, pl.DataType], name: str) -> pl.DataFrame:
    missing = [column for column in schema if column not in table.columns]
    if missing:
        raise FormatProblem("columns", f"The column “{missing[0]}” is missing.", name)
    try:
        made = table.select(*schema).cast(pl.Schema(schema))
    except pl.exceptions.PolarsError as error:
        raise FormatProblem("columns", f"A column has values of another kind: {error}", name) from error
    if made["organisation"].null_count():
        raise FormatProblem("columns", "A line names no organisation.", name)
    return made


def _applies(organisations: pl.DataFrame, kind: Kind) -> npt.NDArray[np.bool_]:
    found = np.ones(organisations.height, np.bool_)
    for column, allowed in (
        ("sector", kind.applies.sectors),
        ("tier", kind.applies.tiers),
        ("size", kind.applies.sizes),
        ("ownership", kind.applies.ownership),
    ):
        if allowed:
            found &= organisations[column].is_in(list(allowed)).to_numpy()
    return found


def _scale(organisations: pl.DataFrame, kind: Kind) -> Floats:
    made = np.ones(organisations.height)
    if kind.size:
        made *= _looked_up(organisations["size"], kind.size)
    if kind.tier:
        made *= _looked_up(organisations["tier"], kind.tier)
    return made


def _looked_up[Name: (str, int)](column: pl.Series, factors: Mapping[Name, float]) -> Floats:
    return column.replace_strict(dict(factors), default=1.0, return_dtype=pl.Float64).to_numpy()


def _numbers(column: pl.Series, names: tuple[str, ...]) -> Ints:
    """The place of each value in the sorted `names`."""
    return column.replace_strict(dict(zip(names, range(len(names)), strict=True)), return_dtype=pl.Int64).to_numpy()


def exposed(exposure: Exposure, organisations: pl.DataFrame, findings: pl.DataFrame | None) -> Floats:
    """The factor on frequency of each organisation: one for each open finding, up to the most."""
    if findings is None or not findings.height or not exposure.factors:
        return np.ones(organisations.height)
    table = _table(findings, EXPOSURE, "exposure").fill_null(0)
    if (table.drop("organisation").min_horizontal() < 0).any():
        raise FormatProblem("negative", "A number of findings is negative.", "exposure")
    table = table.group_by("organisation").sum()
    found = organisations.select("organisation").join(table, on="organisation", how="left", maintain_order="left")
    logarithm = np.zeros(organisations.height)
    for severity, factor in exposure.factors.items():
        logarithm += found[severity].fill_null(0).to_numpy() * np.log(factor)
    made: Floats = np.exp(np.minimum(logarithm, np.log(exposure.most)))
    return made


def _dependents(
    assumptions: Assumptions, organisations: pl.DataFrame, dependencies: pl.DataFrame
) -> tuple[tuple[Ints, ...], int]:
    numbered = organisations.select("organisation").with_row_index("place")
    known = dependencies.unique().join(numbered, on="organisation", how="inner")
    keys = [provider.key for provider in assumptions.providers]
    found = tuple(known.filter(pl.col("provider") == key)["place"].sort().to_numpy().astype(np.int64) for key in keys)
    return found, dependencies.unique().height - sum(len(places) for places in found)


def _links(
    assumptions: Assumptions, dependents: tuple[Ints, ...], row_of: npt.NDArray[np.int64]
) -> tuple[Ints, Ints, Floats]:
    """For each provider which rows a failure of it sets off, through itself and through all that rest on it."""
    number = {provider.key: place for place, provider in enumerate(assumptions.providers)}
    column = {kind.key: place for place, kind in enumerate(assumptions.kinds)}
    failing = failing_with(
        [Provider(provider.key, provider.failures, {}, provider.rests_on) for provider in assumptions.providers]
    )
    starts = [0]
    rows: list[Ints] = []
    chances: list[Floats] = []
    for provider in assumptions.providers:
        hit = [
            (row_of[dependents[number[other]], column[scenario]], chance)
            for other in failing[provider.key]
            for scenario, chance in assumptions.providers[number[other]].sets_off.items()
        ]
        found, chance = _together(hit)
        rows.append(found)
        chances.append(chance)
        starts.append(starts[-1] + len(found))
    none = np.zeros(0)
    return (
        np.array(starts, np.int64),
        np.concatenate([none.astype(np.int64), *rows]),
        np.concatenate([none, *chances]),
    )


def _together(hit: list[tuple[Ints, float]]) -> tuple[Ints, Floats]:
    """Each row once, with the chance that at least one of the ways sets it off."""
    every = np.concatenate([np.zeros(0, np.int64), *(rows for rows, _ in hit)])
    chance = np.concatenate([np.zeros(0), *(np.full(len(rows), one) for rows, one in hit)])
    there = (every >= 0) & (chance > 0)
    rows, which = np.unique(every[there], return_inverse=True)
    spared = np.ones(len(rows))
    np.multiply.at(spared, which.ravel(), 1 - chance[there])
    return rows.astype(np.int64), 1 - spared
