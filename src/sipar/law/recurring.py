"""Facts that rest on an organisation's earlier incidents: how many of the same cause, and what they add up to.

Computed once over a whole table, before it is cut into slices, so that no slice decides what an incident recalls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sipar.law.calendars import add_months
from sipar.law.compiling import recurring_column
from sipar.law.grammar import Recurring

_DECIMALS = 4


class _Spans(NamedTuple):
    """The rank of each incident's instant among all, and of the instant its window begins with."""

    end: NDArray[np.int64]
    begin: NDArray[np.int64]


class _Windows(NamedTuple):
    """For each position of a sorted table, the stretch `first` to `last` (exclusive) that it recalls."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]


def recurring_facts(incidents: pl.DataFrame, rules: Sequence[Recurring]) -> pl.DataFrame:
    """The derived columns of all rules, a row per incident.

    `incidents` needs organisation, aware_at, detected_at and the facts the rules name. An incident recalls those of
    its organisation, with its cause, known at most so many months before it and not after it, itself included. Unknown
    organisation or time: unknown. Unknown cause: unknown too, unless the organisation had no other incident to recall.
    """
    numbers: dict[str, NDArray[np.float64]] = {}
    answers: dict[str, NDArray[np.int8]] = {}
    alike: dict[tuple[int, int, str], list[Recurring]] = {}
    for rule in rules:
        alike.setdefault((rule.window_months, rule.minimum, rule.same), []).append(rule)
    for group in alike.values():
        for name, values in _apply(incidents, group).items():
            (answers if values.dtype == np.int8 else numbers)[name] = values
    return pl.DataFrame(numbers | answers).select(
        *([pl.col(*numbers).fill_nan(None)] if numbers else []),
        *(pl.when(pl.col(name) >= 0).then(pl.col(name) == 1).alias(name) for name in answers),
    )


def facts_needed(rules: Sequence[Recurring]) -> tuple[str, ...]:
    """The facts the rules read."""
    names = [name for rule in rules for name in (rule.same, *rule.together, *rule.largest)]
    return tuple(dict.fromkeys(("aware_at", "detected_at", *names) if rules else ()))


def _apply(incidents: pl.DataFrame, rules: Sequence[Recurring]) -> dict[str, NDArray[Any]]:
    """The derived columns of rules that recall the same incidents."""
    rule = rules[0]
    wanted = [("together", name) for each in rules for name in each.together]
    wanted += [("largest", name) for each in rules for name in each.largest]
    # One pass of polars for everything, because a single incident pays for each pass and not for its rows.
    taken = incidents.select(
        pl.coalesce("aware_at", "detected_at").to_physical().fill_null(np.iinfo(np.int64).min).alias("#time"),
        _codes("organisation").alias("#organisation"),
        _codes(rule.same).alias("#cause"),
        *(pl.col(name).cast(pl.Float64).fill_null(float("nan")) for name in dict.fromkeys(name for _, name in wanted)),
    )
    columns: dict[str, NDArray[Any]] = {column.name: column.to_numpy() for column in taken.iter_columns()}
    organisation, cause, time = columns["#organisation"], columns["#cause"], columns["#time"].view("datetime64[us]")
    placed = (organisation >= 0) & ~np.isnat(time)
    # Ranks stand for instants, so that a key of group and time fits 64 bits.
    moments = np.sort(time)
    spans = _Spans(np.searchsorted(moments, time), np.searchsorted(moments, add_months(time, -rule.window_months)))
    by_organisation = np.lexsort((spans.end, organisation))
    several = np.empty(len(time), dtype=np.bool_)
    recent = _windows(_stretches(organisation[by_organisation]), spans, by_organisation)
    several[by_organisation] = recent.last - recent.first >= rule.minimum
    # An incident of unknown cause stands alone: it is nobody's repetition, but may prove to be one.
    kind = np.where(cause >= 0, cause, len(cause) + np.arange(len(cause)))
    order = np.lexsort((spans.end, kind, organisation))
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    windows = _windows(_stretches(organisation[order], kind[order]), spans, order)
    unknown = (~placed | ((cause < 0) & several))[order]
    found: dict[str, NDArray[Any]] = {}
    count = (windows.last - windows.first).astype(np.float64)
    found[recurring_column(rule, "", "count")] = np.where(unknown, np.nan, count)[back]
    for how, name in dict.fromkeys(wanted):
        how_taken = "any" if incidents.schema[name] == pl.Boolean else how
        found[recurring_column(rule, name, how)] = _derive(columns[name][order], windows, unknown, how_taken)[back]
    return found


def _derive(values: NDArray[np.float64], windows: _Windows, unknown: NDArray[np.bool_], how: str) -> NDArray[Any]:
    missing = np.isnan(values)
    some_missing = _sums(missing.astype(np.int64), windows) > 0
    if how == "any":
        held = _sums((values == 1).astype(np.int64), windows) > 0
        return np.where(unknown, -1, np.where(held, 1, np.where(some_missing, -1, 0))).astype(np.int8)
    if how == "largest":
        found = _largest(np.where(missing, -np.inf, values), windows)
    else:
        # Extended precision and rounding, so that a sum of amounts is the sum a person would write down.
        total = _sums(np.where(missing, 0.0, values).astype(np.longdouble), windows)
        found = np.round(total.astype(np.float64), _DECIMALS)
    return np.where(unknown | some_missing, np.nan, found)


def _codes(name: str) -> pl.Expr:
    return pl.col(name).rank("dense").cast(pl.Int64).fill_null(0) - 1


def _stretches(*keys: NDArray[np.int64]) -> NDArray[np.int64]:
    changed = np.zeros(len(keys[0]), dtype=np.bool_)
    for key in keys:
        changed[1:] |= key[1:] != key[:-1]
    return np.cumsum(changed)


def _windows(group: NDArray[np.int64], spans: _Spans, order: NDArray[np.int64]) -> _Windows:
    """Windows in a table sorted by group and time, given the order and the groups in it."""
    base = group * (len(order) + 1)
    keys = base + spans.end[order]
    first = np.searchsorted(keys, base + spans.begin[order], side="left")
    return _Windows(first=first, last=np.searchsorted(keys, keys, side="right"))


def _sums[N: (np.int64, np.longdouble)](values: NDArray[N], windows: _Windows) -> NDArray[N]:
    running = np.concatenate([np.zeros(1, dtype=values.dtype), np.cumsum(values)])
    total: NDArray[N] = running[windows.last] - running[windows.first]
    return total


def _largest(table: NDArray[np.float64], windows: _Windows) -> NDArray[np.float64]:
    """The largest value of each window, by maxima over stretches of 1, 2, 4, ... rows."""
    level = np.frexp((windows.last - windows.first).astype(np.float64))[1] - 1
    result = np.empty(len(table))
    width = 1
    for power in range(int(level.max(initial=0)) + 1):
        rows = np.flatnonzero(level == power)
        result[rows] = np.maximum(table[windows.first[rows]], table[windows.last[rows] - width])
        table[: len(table) - width] = np.maximum(table[: len(table) - width], table[width:])
        width *= 2
    return result
