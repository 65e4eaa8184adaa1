"""What regimes would have asked of a table of incidents: reports, load, lateness and penalties, all as counts.

Stages count as filed when they were due unless the table says when they were filed, so that later clocks run. A table
says it in columns `submitted_<stage>` or `submitted_<kind>` (UTC; empty: not filed). Without such a column nothing is
said about lateness at that stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sipar.law.calendars import Groups, Instants, LocalDays, to_wall
from sipar.law.clocks import RUNNING
from sipar.law.compiling import CompiledRegime, submitted_column
from sipar.law.evaluate import results_by_slice, whole_table
from sipar.law.facts import shipped_facts
from sipar.law.grammar import Duty, Penalty
from sipar.law.running import NO_LOCAL_DAYS, DutyResult, RegimeResult
from sipar.law.table import INSTANT

HOURS_OF_WEEK = 168
UNKNOWN = ""
_THURSDAY = 3 * 24
_COUNTS = ("reports", "undetermined", "timed", "in_time", "late", "missing")


@dataclass(frozen=True, slots=True)
class Replay:
    """Counts of one replay, `incidents` and `organisations` in it.

    `stages`: regime, stage, kind and the counts: reports (the duty applies), undetermined (it may apply), timed (a
    clock ran), in_time, late, missing (of those whose filing was observed). `groups`: the same by sector and size.
    `load`: team, hour_of_week (0 is Monday 00:00; all 168 for every team), reports. `organisations_late`: regime,
    organisation, late, missing. `penalties`: regime, currency, organisations, low, high, without_figure; each
    known organisation with a breach counts once per regime, display only. An empty text stands for unknown.
    """

    incidents: int
    organisations: int
    stages: pl.DataFrame
    groups: pl.DataFrame
    load: pl.DataFrame
    organisations_late: pl.DataFrame
    penalties: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Difference:
    """Two replays beside each other, whatever the drafts call themselves: every count before, after, and the change."""

    stages: pl.DataFrame
    groups: pl.DataFrame
    load: pl.DataFrame
    penalties: pl.DataFrame


@dataclass(slots=True)
class _Tally:
    """Counts that grow slice by slice, by the codes of sector and size, of team, and of organisation."""

    cells: int
    teams: int
    organisations: int
    duties: dict[tuple[str, str, str], NDArray[np.int64]] = field(default_factory=dict)
    hours: NDArray[np.int64] = field(init=False)
    breaches: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    threats: dict[tuple[str, str], NDArray[np.float64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hours = np.zeros(self.teams * HOURS_OF_WEEK, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Codes:
    """The codes of a slice's rows, and which rows count."""

    cell: NDArray[np.int64]
    team: NDArray[np.int64]
    organisation: NDArray[np.int64]
    counts: NDArray[np.bool_]


def replay(
    compiled: Sequence[CompiledRegime],
    incidents: pl.DataFrame,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    time_zone: str = "UTC",
    local_days: LocalDays = NO_LOCAL_DAYS,
) -> Replay:
    """What the regimes ask of the incidents known from `since` until before `until`.

    `incidents` is the table of `evaluate`; `sector`, `size`, `team` and `organisation` group the counts where they
    stand in it. Incidents outside the period are still recalled by those inside. Hours of the week are those of
    `time_zone`. Raises FormatProblem as `evaluate` does.
    """
    names = {name: _words(incidents, name) for name in ("sector", "size", "team", "organisation")}
    whole = pl.DataFrame([*whole_table(compiled, incidents, None), *_observed(compiled, incidents)])
    tally = _Tally(
        cells=len(names["sector"][1]) * len(names["size"][1]),
        teams=len(names["team"][1]),
        organisations=len(names["organisation"][1]),
    )
    counted = _within(incidents, since, until)
    start = 0
    for part, results in results_by_slice(
        compiled, incidents, whole, local_days=local_days, assume_filed_when_due=True
    ):
        rows = slice(start, start + part.height)
        codes = _Codes(
            cell=names["sector"][0][rows] * len(names["size"][1]) + names["size"][0][rows],
            team=names["team"][0][rows],
            organisation=names["organisation"][0][rows],
            counts=counted[rows],
        )
        for result in results:
            _count_regime(tally, result, part, whole[rows], codes, time_zone)
        start += part.height
    words = {name: values for name, (_, values) in names.items()}
    seen = names["organisation"][0][counted]
    return Replay(
        incidents=int(counted.sum()),
        organisations=int(np.count_nonzero(np.bincount(seen[seen > 0]))),
        stages=_stages(tally),
        groups=_groups(tally, words),
        load=_load(tally, words["team"]),
        organisations_late=_organisations_late(tally, words["organisation"]),
        penalties=_penalties(tally),
    )


def difference(before: Replay, after: Replay) -> Difference:
    """What a second draft changes: counts by stage, by sector and size, by team and hour, and sums by currency."""
    return Difference(
        stages=_beside(before.stages, after.stages, ["stage", "kind"], _COUNTS),
        groups=_beside(before.groups, after.groups, ["kind", "sector", "size"], _COUNTS),
        load=_beside(before.load, after.load, ["team", "hour_of_week"], ("reports",)),
        penalties=_beside(before.penalties, after.penalties, ["currency"], ("organisations", "low", "high")),
    )


def _words(incidents: pl.DataFrame, name: str) -> tuple[NDArray[np.int64], list[str]]:
    """Codes of a column and the word of each; 0 is the unknown word."""
    if name not in incidents.columns:
        return np.zeros(incidents.height, dtype=np.int64), [UNKNOWN]
    column = incidents[name]
    if isinstance(column.dtype, pl.Enum) and UNKNOWN not in column.dtype.categories:
        known = column.to_physical().cast(pl.Int64).fill_null(-1)
        return known.to_numpy() + 1, [UNKNOWN, *column.dtype.categories]
    if column.dtype.is_integer() and not column.has_nulls():
        values = column.unique().sort()
        places = np.searchsorted(values.to_numpy(), column.to_numpy())
        return places + 1, [UNKNOWN, *values.cast(pl.String).to_list()]
    column = column.cast(pl.String)
    words = [word for word in column.unique().drop_nulls().sort().to_list() if word != UNKNOWN]
    codes = column.cast(pl.Enum(words), strict=False).to_physical().cast(pl.Int64).fill_null(-1)
    return codes.to_numpy() + 1, [UNKNOWN, *words]


def _within(incidents: pl.DataFrame, since: datetime | None, until: datetime | None) -> NDArray[np.bool_]:
    known = [pl.col(name) for name in ("aware_at", "detected_at") if name in incidents.columns]
    at = pl.coalesce(known) if known else pl.lit(None, dtype=INSTANT)
    inside = pl.lit(value=True)
    if since is not None:
        inside &= (at >= since).fill_null(value=False)
    if until is not None:
        inside &= (at < until).fill_null(value=False)
    return incidents.with_columns(inside.alias("inside"))["inside"].to_numpy()


def _filed_column(duty: Duty, incidents: pl.DataFrame) -> str | None:
    names = (f"submitted_{duty.stage}", f"submitted_{duty.sort}")
    return next((name for name in names if name in incidents.columns), None)


def _observed(compiled: Sequence[CompiledRegime], incidents: pl.DataFrame) -> list[pl.Series]:
    columns: dict[str, pl.Series] = {}
    for each in compiled:
        for duty in each.duties:
            name = _filed_column(duty.duty, incidents)
            if name is not None:
                filed = incidents[name].cast(INSTANT)
                for latest in (False, True):
                    column = submitted_column(each.identifier, duty.duty.stage, latest=latest)
                    columns[column] = filed.alias(column)
    return list(columns.values())


def _count_regime(
    tally: _Tally, result: RegimeResult, part: pl.DataFrame, whole: pl.DataFrame, codes: _Codes, time_zone: str
) -> None:
    identifier = result.compiled.identifier
    breached = np.zeros(part.height, dtype=np.bool_)
    for duty in result.duties:
        column = submitted_column(identifier, duty.duty.duty.stage, latest=False)
        observed = whole[column] if column in whole.columns else None
        filed = None if observed is None else _instants(observed)[duty.rows]
        for each in _count_duty(tally, duty, filed, codes, time_zone):
            breached[each] = True
    if breached.any():
        _count_penalties(tally, result, part, np.flatnonzero(breached), codes)


def _instants(column: pl.Series) -> Instants:
    return column.to_physical().fill_null(np.iinfo(np.int64).min).to_numpy().view("datetime64[us]")


def _count_duty(
    tally: _Tally, result: DutyResult, filed: Instants | None, codes: _Codes, time_zone: str
) -> tuple[NDArray[np.int64], ...]:
    """Counts one duty; the rows in which it was filed late, and those in which it was not filed."""
    inside = codes.counts[result.rows]
    applies = (result.applies == 1) & inside
    timed = applies & (result.due.status == RUNNING)
    nobody = np.zeros_like(timed)
    not_filed = nobody if filed is None else timed & np.isnat(filed)
    late = nobody if filed is None else timed & (filed > result.due.at)
    in_time = nobody if filed is None else timed & ~late & ~not_filed
    cells = codes.cell[result.rows]
    flags = (applies, (result.applies == -1) & inside, timed, in_time, late, not_filed)
    counts = np.stack([np.bincount(cells[flag], minlength=tally.cells) for flag in flags])
    duty = result.duty.duty
    key = (result.compiled.identifier, duty.stage, duty.sort)
    tally.duties[key] = tally.duties.get(key, np.zeros_like(counts)) + counts
    arrives = result.due.at if filed is None else np.where(np.isnat(filed), result.due.at, filed)
    known = applies & ~np.isnat(arrives)
    wall = to_wall(arrives[known], Groups.constant(time_zone, int(known.sum())))
    hour = (wall.astype("datetime64[h]").astype(np.int64) + _THURSDAY) % HOURS_OF_WEEK
    places = codes.team[result.rows[known]] * HOURS_OF_WEEK + hour
    tally.hours += np.bincount(places, minlength=tally.hours.size)
    late_rows, missing_rows = result.rows[late], result.rows[not_filed]
    both = np.stack(
        [np.bincount(codes.organisation[rows], minlength=tally.organisations) for rows in (late_rows, missing_rows)]
    )
    identifier = result.compiled.identifier
    tally.breaches[identifier] = tally.breaches.get(identifier, np.zeros_like(both)) + both
    return late_rows, missing_rows


def _count_penalties(
    tally: _Tally, result: RegimeResult, part: pl.DataFrame, rows: NDArray[np.int64], codes: _Codes
) -> None:
    """Keeps, for each organisation with a breach, the highest threat of each currency: low, high, and if any figure."""
    regime = result.compiled.regime
    for penalty, aimed in zip(regime.penalties, result.penalties, strict=True):
        threatened = np.ones(rows.size, dtype=np.bool_) if aimed is None else aimed[rows] != 0
        currency = _currency(penalty)
        low = np.full(rows.size, penalty.amount_low or 0.0)
        high = np.full(rows.size, penalty.amount_high or 0.0)
        if penalty.percent is not None and penalty.turnover is not None:
            turnover = part[rows][penalty.turnover] if penalty.turnover in part.columns else None
            if turnover is not None:
                share = turnover.cast(pl.Float64).fill_nan(None).fill_null(0.0).to_numpy() * penalty.percent / 100
                high = np.maximum(high, share)
        key = (regime.regime, currency)
        kept = tally.threats.setdefault(key, np.full((2, tally.organisations), np.nan))
        mine = codes.organisation[rows][threatened]
        np.fmax.at(kept[0], mine, low[threatened])
        np.fmax.at(kept[1], mine, high[threatened])


def _currency(penalty: Penalty) -> str:
    if penalty.currency is not None:
        return penalty.currency
    fact = shipped_facts().get(penalty.turnover or "")
    return (fact.unit or UNKNOWN) if fact is not None else UNKNOWN


def _stages(tally: _Tally) -> pl.DataFrame:
    rows = [(*key, *counts.sum(axis=1).tolist()) for key, counts in tally.duties.items()]
    schema: dict[str, pl.DataType] = {"regime": pl.String(), "stage": pl.String(), "kind": pl.String()}
    return pl.DataFrame(rows, schema=schema | {name: pl.Int64() for name in _COUNTS}, orient="row")


def _groups(tally: _Tally, words: Mapping[str, list[str]]) -> pl.DataFrame:
    sizes = len(words["size"])
    parts = []
    for (regime, stage, kind), counts in tally.duties.items():
        cells = np.flatnonzero(counts.any(axis=0))
        parts.append(
            pl.DataFrame(
                {
                    "regime": [regime] * cells.size,
                    "stage": [stage] * cells.size,
                    "kind": [kind] * cells.size,
                    "sector": [words["sector"][cell // sizes] for cell in cells.tolist()],
                    "size": [words["size"][cell % sizes] for cell in cells.tolist()],
                    **{name: counts[index][cells] for index, name in enumerate(_COUNTS)},
                },
                schema_overrides=dict.fromkeys(("regime", "stage", "kind", "sector", "size"), pl.String),
            )
        )
    return pl.concat(parts)


def _load(tally: _Tally, teams: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "team": [team for team in teams for _ in range(HOURS_OF_WEEK)],
            "hour_of_week": list(range(HOURS_OF_WEEK)) * len(teams),
            "reports": tally.hours,
        }
    ).filter((pl.col("team") != UNKNOWN) | (pl.col("reports").sum().over("team") > 0))


def _organisations_late(tally: _Tally, organisations: Sequence[str]) -> pl.DataFrame:
    parts = [
        pl.DataFrame(
            {
                "regime": [regime] * len(organisations),
                "organisation": organisations,
                "late": counts[0],
                "missing": counts[1],
            }
        ).filter(pl.col("late") + pl.col("missing") > 0)
        for regime, counts in tally.breaches.items()
    ]
    return pl.concat(parts).sort("regime", pl.col("late") + pl.col("missing"), descending=[False, True])


def _penalties(tally: _Tally) -> pl.DataFrame:
    rows = []
    for (regime, currency), (low, high) in tally.threats.items():
        threatened = ~np.isnan(high)
        threatened[0] = False
        figured = threatened & (high > 0)
        rows.append(
            (
                regime,
                currency,
                int(figured.sum()),
                float(low[figured].sum()),
                float(high[figured].sum()),
                int((threatened & ~figured).sum()),
            )
        )
    schema: dict[str, pl.DataType] = {"regime": pl.String(), "currency": pl.String(), "organisations": pl.Int64()}
    schema |= {"low": pl.Float64(), "high": pl.Float64(), "without_figure": pl.Int64()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _beside(before: pl.DataFrame, after: pl.DataFrame, keys: list[str], counts: Sequence[str]) -> pl.DataFrame:
    def summed(table: pl.DataFrame, suffix: str) -> pl.DataFrame:
        return table.group_by(keys).agg(pl.col(name).sum().alias(f"{name}_{suffix}") for name in counts)

    both = summed(before, "before").join(summed(after, "after"), on=keys, how="full", coalesce=True)
    filled = both.with_columns(pl.exclude(keys).fill_null(0))
    changes = [(pl.col(f"{name}_after") - pl.col(f"{name}_before")).alias(f"{name}_change") for name in counts]
    return filled.with_columns(changes).sort(keys)
