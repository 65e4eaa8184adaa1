"""Incidents as columns ready for conditions and clocks: typed, unknown where missing, refused where impossible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

import polars as pl
from polars.exceptions import PolarsError

from sipar.formats.problems import FormatProblem
from sipar.law.calendars import Groups
from sipar.law.compiling import CompiledRegime
from sipar.law.facts import Fact
from sipar.law.recurring import facts_needed, recurring_facts

INSTANT = pl.Datetime("us", "UTC")
EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def typed(incidents: pl.DataFrame, compiled: Sequence[CompiledRegime], facts: Mapping[str, Fact]) -> pl.DataFrame:
    """The columns the regimes read, a row per incident: facts in their types, null where unknown.

    Raises FormatProblem `fact.type` or `fact.range` naming the column that cannot be taken.
    """
    named = {name for each in compiled for name in each.facts} | {"country", "time_zone"}
    return _take(incidents, [facts[name] for name in facts if name in named])


def recalled(incidents: pl.DataFrame, compiled: Sequence[CompiledRegime], facts: Mapping[str, Fact]) -> pl.DataFrame:
    """The facts that rest on the organisation's other incidents in the table; no columns when no regime looks back."""
    rules = [each.regime.recurring for each in compiled if each.regime.recurring is not None]
    if not rules:
        return pl.DataFrame()
    organisation = incidents["organisation"] if "organisation" in incidents.columns else pl.lit(None)
    taken = _take(incidents, [facts[name] for name in facts_needed(rules)])
    return recurring_facts(taken.with_columns(organisation.alias("organisation")), rules)


def _take(incidents: pl.DataFrame, facts: Sequence[Fact]) -> pl.DataFrame:
    frame = incidents.select([_column(incidents, fact) for fact in facts])
    for name, dtype in frame.schema.items():
        if dtype == INSTANT:
            _check_instants(frame[name])
    return frame


def _column(incidents: pl.DataFrame, fact: Fact) -> pl.Series:
    if fact.name not in incidents.columns:
        return pl.Series(fact.name, [None], dtype=fact.dtype).new_from_index(0, incidents.height)
    given = incidents[fact.name]
    try:
        column = _typed(given, fact)
    except PolarsError as error:
        kind = f"{fact.type} is needed, not {given.dtype}"
        raise FormatProblem("fact.type", f"the column cannot be read: {kind}", fact.name) from error
    if column is None:
        raise FormatProblem("fact.type", f"{fact.type} is needed, not {given.dtype}", fact.name)
    return column


def _typed(given: pl.Series, fact: Fact) -> pl.Series | None:
    """The column in the fact's type, or None when its own type could only be guessed into it."""
    dtype = given.dtype
    if dtype == fact.dtype:
        return given.fill_nan(None) if dtype == pl.Float64 else given
    if dtype == pl.Null:
        return given.cast(fact.dtype)
    if fact.type in {"choice", "text"}:
        return given.cast(pl.String) if isinstance(dtype, (pl.Categorical, pl.Enum)) else None
    if fact.type in {"integer", "number"} and dtype.is_numeric():
        return given.cast(pl.Float64).fill_nan(None).cast(fact.dtype)
    if fact.type == "instant" and isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return given.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    return None


def _check_instants(column: pl.Series) -> None:
    low, high = column.min(), column.max()
    if isinstance(low, datetime) and isinstance(high, datetime) and (low < EARLIEST or high >= LATEST):
        raise FormatProblem("fact.range", "an instant lies before 1990 or after 2099", column.name)


@lru_cache(maxsize=64)
def _levels(compiled: tuple[CompiledRegime, ...]) -> tuple[tuple[pl.Expr, ...], ...]:
    found = [test for each in compiled for test in each.tests]
    depth = max((test.level for test in found), default=-1) + 1
    return tuple(tuple(test.expression for test in found if test.level == level) for level in range(depth))


def answer(frame: pl.DataFrame, compiled: Sequence[CompiledRegime]) -> pl.DataFrame:
    """The frame with a column of yes, no or unknown for every test of the regimes."""
    for expressions in _levels(tuple(compiled)):
        frame = frame.with_columns(expressions)
    return frame


def groups_of(column: pl.Series, known: Callable[[str], bool]) -> Groups:
    """A column of few different words as codes; a word that is not `known` counts as unknown."""
    names = sorted(word for word in column.unique().drop_nulls().to_list() if known(word))
    codes = column.cast(pl.Enum(names), strict=False).to_physical().cast(pl.Int32).fill_null(-1)
    return Groups(codes.to_numpy(), tuple(names))
