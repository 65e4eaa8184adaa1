"""The kernel: conditions answered and clocks read over one prepared table, whether it has a million rows or one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sipar.law.calendars import (
    Groups,
    Instants,
    LocalDays,
    WorkingDays,
    is_country,
    is_time_zone,
    noon_of_next_working_day,
    to_instant,
    to_wall,
)
from sipar.law.clocks import Anchor, Due
from sipar.law.compiling import CompiledDuty, CompiledRegime, submitted_column
from sipar.law.table import INSTANT, answer, groups_of

NO_LOCAL_DAYS: LocalDays = {}


@dataclass(frozen=True, slots=True)
class DutyResult:
    """One duty over a slice: the rows where it applies or may apply, and for each its answer and its limit.

    `planned` is the limit before it moved from a day without work.
    """

    compiled: CompiledRegime
    duty: CompiledDuty
    rows: NDArray[np.int64]
    applies: NDArray[np.int8]
    due: Due
    planned: Instants


@dataclass(frozen=True, slots=True)
class RegimeResult:
    """One regime over a slice: its duties, and for each penalty whether it is aimed at the row (None: at everyone)."""

    compiled: CompiledRegime
    duties: tuple[DutyResult, ...]
    penalties: tuple[NDArray[np.int8] | None, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the organisations of a table are: their time zones and countries."""

    zones: Groups
    countries: Groups

    @staticmethod
    def of(table: pl.DataFrame) -> Places:
        """The places of a prepared table."""
        return Places(groups_of(table["time_zone"], is_time_zone), groups_of(table["country"], is_country))


@dataclass(slots=True)
class _Concerned:
    """The incidents that one regime may concern, as its clocks see them."""

    rows: int
    columns: Mapping[str, NDArray[Any]]
    chosen: NDArray[np.int64] | slice
    zones: Groups
    working: WorkingDays
    regime: str
    numbers: Mapping[Anchor, int]
    assumed: dict[str, Instants]

    def instants(self, anchor: Anchor) -> Instants:
        if anchor.kind == "fact":
            return self.columns[anchor.names[0]][self.chosen]
        latest = anchor.kind == "latest"
        each = [self.submitted(stage, latest=latest) for stage in anchor.names]
        # fmin and fmax pass over what is not there yet.
        found: Instants = np.fmax.reduce(each) if latest else np.fmin.reduce(each)
        return found

    def submitted(self, stage: str, *, latest: bool) -> Instants:
        column = submitted_column(self.regime, stage, latest=latest)
        if column not in self.columns:
            return self.assumed.get(stage, np.full(self.rows, "NaT", dtype="datetime64[us]"))
        found: Instants = self.columns[column][self.chosen]
        return np.where(np.isnat(found), self.assumed[stage], found) if stage in self.assumed else found

    def answers(self, column: str) -> NDArray[np.int8]:
        return self.columns[column][self.chosen]

    def number(self, anchor: Anchor) -> int:
        return self.numbers[anchor]


def refuse_twins(compiled: Sequence[CompiledRegime]) -> None:
    """Raises ValueError when two regimes share an identifier; compare two drafts by evaluating each by itself."""
    names = [each.identifier for each in compiled]
    if len(set(names)) < len(names):
        raise ValueError("two regimes have the same identifier")


@lru_cache(maxsize=256)
def anchor_numbers(each: CompiledRegime) -> Mapping[Anchor, int]:
    """A number for every anchor of a regime, as its results carry it."""
    anchors = dict.fromkeys(anchor for duty in each.duties for anchor in duty.clock.anchors())
    return {anchor: number for number, anchor in enumerate(anchors)}


@lru_cache(maxsize=64)
def _needed(compiled: tuple[CompiledRegime, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of answers and of instants that the clocks of the regimes read."""
    answers: dict[str, None] = {}
    instants: dict[str, None] = {}
    for each in compiled:
        for duty in each.duties:
            answers.update(dict.fromkeys((duty.applies.column, *duty.clock.conditions(), *duty.exempt)))
            for anchor in duty.clock.anchors():
                if anchor.kind == "fact":
                    instants[anchor.names[0]] = None
        for duty in each.duties:
            for latest in (False, True):
                instants[submitted_column(each.identifier, duty.duty.stage, latest=latest)] = None
    return tuple(answers), tuple(instants)


def run(
    compiled: Sequence[CompiledRegime],
    prepared: pl.DataFrame,
    *,
    local_days: LocalDays,
    assume_filed_when_due: bool,
) -> list[RegimeResult]:
    """The results of every regime over a prepared table that may have columns of what was submitted."""
    named = [
        submitted_column(each.identifier, stage, latest=latest)
        for each in compiled
        for stage, latest in submitted_in_conditions(each)
    ]
    prepared = prepared.with_columns(
        pl.lit(None, dtype=INSTANT).alias(name) for name in named if name not in prepared.columns
    )
    answered = answer(prepared, compiled)
    places = Places.of(answered)
    results: list[RegimeResult] = []
    for each in compiled:
        columns = clock_columns([each], answered)
        found, assumed = regime_results(each, columns, places, local_days=local_days, assume=assume_filed_when_due)
        asked = {stage for stage, _ in submitted_in_conditions(each)} if assume_filed_when_due else set()
        # Conditions that look at what was filed see the assumption too, and may move later duties.
        for _ in range(len(asked)):
            before = assumed
            columns = clock_columns([each], answer(_with_assumed(each, answered, assumed), [each]))
            found, assumed = regime_results(each, columns, places, local_days=local_days, assume=True)
            if all(np.array_equal(before[stage], assumed[stage], equal_nan=True) for stage in asked):
                break
        threats = [test.column for test in each.penalties if test is not None]
        penalties = answered.select(pl.col(threats).cast(pl.Int8).fill_null(-1)) if threats else pl.DataFrame()
        results.append(
            RegimeResult(
                compiled=each,
                duties=tuple(found),
                penalties=tuple(penalties[test.column].to_numpy() if test else None for test in each.penalties),
            )
        )
    return results


def clock_columns(
    compiled: Sequence[CompiledRegime], answered: pl.DataFrame, others: Iterable[str] = ()
) -> dict[str, NDArray[Any]]:
    """The columns that clocks read, as numpy: answers as 1, 0 and -1 for unknown (`others` too), instants with NaT."""
    answers, instants = _needed(tuple(compiled))
    instants = tuple(name for name in instants if name in answered.columns)
    codes = answered.select(
        pl.col(*dict.fromkeys((*answers, *others))).cast(pl.Int8).fill_null(-1),
        *([pl.col(*instants).to_physical().fill_null(np.iinfo(np.int64).min)] if instants else []),
    )
    columns: dict[str, NDArray[Any]] = {column.name: column.to_numpy() for column in codes.iter_columns()}
    return columns | {name: columns[name].view("datetime64[us]") for name in instants}


def submitted_in_conditions(each: CompiledRegime) -> list[tuple[str, bool]]:
    """The stages whose submission a condition of the regime names, and whether it is the latest."""
    return [(stage, False) for stage in each.first_submitted] + [(stage, True) for stage in each.latest_submitted]


def _with_assumed(each: CompiledRegime, answered: pl.DataFrame, assumed: Mapping[str, Instants]) -> pl.DataFrame:
    columns = []
    for stage, latest in submitted_in_conditions(each):
        name = submitted_column(each.identifier, stage, latest=latest)
        filed = pl.Series(assumed[stage]).dt.replace_time_zone("UTC")
        columns.append(pl.col(name).fill_null(pl.lit(filed)).alias(name))
    return answered.with_columns(columns)


def regime_results(
    each: CompiledRegime, columns: Mapping[str, NDArray[Any]], places: Places, *, local_days: LocalDays, assume: bool
) -> tuple[list[DutyResult], dict[str, Instants]]:
    """The results of a regime's duties, and with `assume` when each stage counts as submitted."""
    applies = [columns[duty.applies.column] for duty in each.duties]
    height = len(applies[0])
    concerned = np.flatnonzero(np.any([column != 0 for column in applies], axis=0))
    calendar = each.regime.calendar
    here = _Concerned(
        rows=concerned.size,
        columns=columns,
        chosen=slice(None) if concerned.size == height else concerned,
        zones=_fixed_or(calendar.time_zone, places.zones, concerned),
        working=WorkingDays(_fixed_or(calendar.country, places.countries, concerned), local_days),
        regime=each.identifier,
        numbers=anchor_numbers(each),
        assumed={},
    )
    results = []
    for duty, column in zip(each.duties, applies, strict=True):
        planned = duty.clock.read(here)
        due = _rolled(duty, planned, here)
        mine = column[here.chosen]
        if assume:
            here.assumed[duty.duty.stage] = np.where(mine != 0, due.at, np.datetime64("NaT", "us"))
        rows = np.flatnonzero(mine != 0)
        results.append(
            DutyResult(
                compiled=each,
                duty=duty,
                rows=concerned[rows],
                applies=mine[rows],
                due=due.of(rows),
                planned=planned.at[rows],
            )
        )
    return results, {stage: _spread(values, concerned, height) for stage, values in here.assumed.items()}


def _fixed_or(word: str, entity: Groups, rows: NDArray[np.int64]) -> Groups:
    return Groups(entity.codes[rows], entity.names) if word == "entity" else Groups.constant(word, rows.size)


def _spread(values: Instants, rows: NDArray[np.int64], height: int) -> Instants:
    whole = np.full(height, "NaT", dtype="datetime64[us]")
    whole[rows] = values
    return whole


def _rolled(duty: CompiledDuty, due: Due, here: _Concerned) -> Due:
    """The limits moved to noon of the next working day, unless an exemption holds or is unknown."""
    if not duty.rolls_forward:
        return due
    stays = np.isnat(due.at)
    for column in duty.exempt:
        stays |= here.answers(column) != 0
    moved = to_instant(noon_of_next_working_day(to_wall(due.at, here.zones), here.working), here.zones)
    return due._replace(at=np.where(stays, due.at, moved))
