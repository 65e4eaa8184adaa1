"""A plan as numbers: a column for each measure and year it may start in, a row (at most) for each limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sipar.formats.problems import FormatProblem
from sipar.risk.plan_input import Candidates, Limits

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]
type Bools = npt.NDArray[np.bool_]

# How far a sum may stand above its limit: rounding of doubles, never money.
ROUNDING = 1e-9
LINKS = ("need", "exclusion")


@dataclass(frozen=True)
class Objective:
    """What is to be reduced: expected loss and expected shortfall, each with its weight in the sum."""

    expected_loss: float = 1.0
    shortfall: float = 0.0


@dataclass(frozen=True)
class Problem:
    """Choose columns, of each measure at most one, with the most value, so that every row's sum is at most its bound.

    The columns of a measure stand together: those of measure m are first[m] to first[m + 1]. The matrix is stored by
    column: entries start[c] to start[c + 1] are those of column c. Rows are scaled so that their largest entry is 1;
    `scale` brings them back. `rows` describes each (kind, name, year); `links` says which bind a few
    measures to each other.
    """

    measure: Ints
    year: Ints
    value: Floats
    first: Ints
    places: Ints
    start: Ints
    row: Ints
    entry: Floats
    bound: Floats
    scale: Floats
    rows: pl.DataFrame
    links: Bools

    @property
    def columns(self) -> int:
        return len(self.value)

    def sums(self, columns: Ints) -> Floats:
        """What the columns add up to, by row."""
        entries = entries_of(self.start, columns)
        return np.bincount(self.row[entries], weights=self.entry[entries], minlength=len(self.bound))

    def keeps(self, columns: Ints) -> bool:
        return bool(np.all(self.sums(columns) <= self.bound + ROUNDING * (1 + np.abs(self.bound))))

    def reduced(self, prices: Floats) -> Floats:
        """The value of each column after paying for what it uses of every limit."""
        owner = np.repeat(np.arange(self.columns), np.diff(self.start))
        paid = np.bincount(owner, weights=self.entry * prices[self.row], minlength=self.columns)
        return self.value - paid


def entries_of(start: Ints, columns: Ints) -> Ints:
    """The places of all entries of the columns, one column after the other."""
    counts = start[columns + 1] - start[columns]
    ends = np.cumsum(counts)
    return np.repeat(start[columns] - ends + counts, counts) + np.arange(ends[-1] if len(ends) else 0)


def build(candidates: Candidates, limits: Limits, objective: Objective) -> Problem:
    """The problem of checked candidates. A start is possible only where the budget's years hold all of its costs."""
    starts = _starts(candidates.measures, limits, objective)
    parts = [*_money(starts, limits), *_counted(starts, limits), *_capacity(starts, candidates.uses, limits)]
    parts += _committed(starts, limits)
    parts += _links(starts, candidates)
    entries, rows = _numbered(parts)
    size = starts.height
    entries = entries.filter(pl.col("entry") != 0).sort("column", "row")
    row, entry = entries["row"].to_numpy(), entries["entry"].to_numpy()
    bound = rows["bound"].to_numpy().astype(np.float64)
    scale = np.zeros(len(bound))
    np.maximum.at(scale, row, np.abs(entry))
    scale[scale == 0] = 1.0
    start = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(np.bincount(entries["column"].to_numpy(), minlength=size), out=start[1:])
    places, first = np.unique(starts["place"].to_numpy(), return_index=True)
    return Problem(
        measure=np.searchsorted(places, starts["place"].to_numpy()),
        year=starts["year"].to_numpy(),
        value=starts["value"].to_numpy(),
        first=np.append(first, size).astype(np.int64),
        places=places,
        start=start,
        row=row.astype(np.int64),
        entry=entry / scale[row],
        bound=bound / scale,
        scale=scale,
        rows=rows,
        links=rows["kind"].is_in(LINKS).to_numpy(),
    )


def _starts(measures: pl.DataFrame, limits: Limits, objective: Objective) -> pl.DataFrame:
    """A row for each measure and possible year of start, with `column` and `value`."""
    end = limits.first_year + limits.counted_years
    annual = pl.lit(0.0)
    for column, weight in (("loss_reduced", objective.expected_loss), ("shortfall_reduced", objective.shortfall)):
        annual = annual + pl.col(column) * weight
    last = limits.years[-1] + 1 - pl.col("costs").list.len().cast(pl.Int64)
    table = measures.with_row_index("place").with_columns(
        pl.col("place").cast(pl.Int64),
        pl.max_horizontal("earliest", pl.lit(limits.first_year)).alias("from"),
        pl.min_horizontal("latest", last).alias("until"),
    )
    if limits.committed:
        begun = pl.DataFrame(
            {"measure": list(limits.committed), "begun": list(limits.committed.values())},
            schema={"measure": pl.String, "begun": pl.Int64},
        )
        table = table.join(begun, on="measure", how="left", maintain_order="left")
        impossible = table.filter((pl.col("begun") < pl.col("from")) | (pl.col("begun") > pl.col("until")))
        if impossible.height:
            raise FormatProblem(
                "impossible-commitment",
                "it cannot start in that year within the budget",
                f"limits/committed/{impossible['measure'][0]}",
            )
        table = table.with_columns(
            pl.coalesce("begun", "from").alias("from"), pl.coalesce("begun", "until").alias("until")
        )
    return (
        table.filter(pl.col("from") <= pl.col("until"))
        .with_columns(pl.int_ranges(pl.col("from"), pl.col("until") + 1).alias("year"))
        .explode("year", empty_as_null=True)
        .with_columns((annual * (end - pl.col("year") - pl.col("lead_years")).clip(lower_bound=0)).alias("value"))
        .with_row_index("column")
        .with_columns(pl.col("column").cast(pl.Int64), cost=pl.col("costs").list.sum())
    )


type Part = tuple[pl.DataFrame, list[tuple[str, str, int | None, float]]]


def _money(starts: pl.DataFrame, limits: Limits) -> list[Part]:
    spent = (
        starts.select("column", "year", "costs")
        .with_columns(pl.int_ranges(0, pl.col("costs").list.len()).alias("after"))
        .explode("costs", "after", empty_as_null=True)
        .select("column", (pl.col("year") + pl.col("after")).alias("paid"), pl.col("costs").alias("entry"))
    )
    parts: list[Part] = []
    for place, year in enumerate(limits.years):
        paid = spent.filter(pl.col("paid") <= year if limits.carry_over else pl.col("paid") == year)
        amount = float(sum(limits.budgets[: place + 1])) if limits.carry_over else float(limits.budgets[place])
        parts.append((paid.group_by("column").agg(pl.col("entry").sum()), [("budget", "", year, amount)]))
    for name, amount in limits.component_budgets.items():
        mine = starts.filter(pl.col("component") == name).select("column", entry="cost")
        parts.append((mine, [("component", name, None, float(amount))]))
    for promise in limits.fairness:
        mine = starts.filter(pl.col(promise.dimension) == promise.name).select("column", entry=-pl.col("cost"))
        parts.append((mine, [(promise.dimension, promise.name, None, -float(promise.least))]))
    return parts


def _counted(starts: pl.DataFrame, limits: Limits) -> list[Part]:
    parts: list[Part] = []
    for milestone in limits.milestones:
        mine = starts.filter((pl.col("component") == milestone.component) & (pl.col("year") <= milestone.by))
        row = ("milestone", milestone.component, milestone.by, -float(milestone.least))
        parts.append((mine.select("column", entry=pl.lit(-1.0)), [row]))
    return parts


def _capacity(starts: pl.DataFrame, uses: pl.DataFrame, limits: Limits) -> list[Part]:
    used = uses.join(starts.select("measure", "column", "year"), on="measure")
    parts: list[Part] = []
    for kind, amounts in limits.capacities.items():
        for year, amount in zip(limits.years, amounts, strict=True):
            mine = used.filter((pl.col("kind") == kind) & (pl.col("year") == year))
            entries = mine.group_by("column").agg(pl.col("amount").sum().alias("entry"))
            parts.append((entries, [("capacity", kind, year, float(amount))]))
    return parts


def _committed(starts: pl.DataFrame, limits: Limits) -> list[Part]:
    if not limits.committed:
        return []
    mine = starts.filter(pl.col("begun").is_not_null()).select("column", entry=pl.lit(-1.0))
    return [(mine, [("committed", "", None, -float(len(limits.committed)))])]


def _links(starts: pl.DataFrame, candidates: Candidates) -> list[Part]:
    """Needs, one row for each year the needing measure may start in, and groups of which one may be chosen."""
    columns = starts.select("measure", "column", "year")
    parts: list[Part] = []
    pairs = candidates.dependencies.join(columns, on="measure").select("measure", "needs", "year").with_row_index("row")
    if pairs.height:
        ours = pairs.join(columns.rename({"year": "at"}), on="measure").filter(pl.col("at") <= pl.col("year"))
        theirs = pairs.join(columns.rename({"year": "at"}), left_on="needs", right_on="measure")
        theirs = theirs.filter(pl.col("at") <= pl.col("year"))
        entries = pl.concat(
            [ours.select("row", "column", entry=pl.lit(1.0)), theirs.select("row", "column", entry=pl.lit(-1.0))]
        )
        names = [("need", f"{measure} needs {needs}", year, 0.0) for _, measure, needs, year in pairs.iter_rows()]
        parts.append((entries, names))
    groups = candidates.exclusions.select(pl.col("group").unique(maintain_order=True)).with_row_index("row")
    if groups.height:
        entries = candidates.exclusions.join(groups, on="group").join(columns, on="measure")
        names = [("exclusion", name, None, 1.0) for name in groups["group"]]
        parts.append((entries.select("row", "column", entry=pl.lit(1.0)), names))
    return parts


def _numbered(parts: list[Part]) -> tuple[pl.DataFrame, pl.DataFrame]:
    tables: list[pl.DataFrame] = []
    names: list[tuple[str, str, int | None, float]] = []
    for table, rows in parts:
        row = pl.col("row").cast(pl.Int64) if "row" in table.columns else pl.lit(0, dtype=pl.Int64)
        numbered = (row + len(names)).alias("row")
        tables.append(table.select(pl.col("column").cast(pl.Int64), numbered, pl.col("entry").cast(pl.Float64)))
        names += rows
    schema = {"kind": pl.String, "name": pl.String, "year": pl.Int64, "bound": pl.Float64}
    return pl.concat(tables), pl.DataFrame(names, schema=schema, orient="row")
