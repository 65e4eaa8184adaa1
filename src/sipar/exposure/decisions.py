"""SSVC decisions and directive deadlines from published decision tables (`decision_tables.yaml`), as data.

A table is complete: every combination of values has one outcome. A value that is not known leaves a range, from the
least to the most urgent outcome that it still allows, and names what would settle it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import yaml


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table: `points` with their values from least to most urgent, `outcomes` as an array over them."""

    name: str
    title: str
    version: str
    source: str
    points: Mapping[str, tuple[str, ...]]
    order: tuple[str, ...]
    days: Mapping[str, int]
    outcomes: np.ndarray


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a table says: `least` and `most` differ where `unsettled` points are not known and matter."""

    least: str
    most: str
    unsettled: tuple[str, ...]

    @property
    def settled(self) -> str | None:
        return self.least if self.least == self.most else None


@cache
def tables() -> Mapping[str, Table]:
    """The shipped tables by name."""
    read = yaml.safe_load(files("sipar.exposure").joinpath("decision_tables.yaml").read_text("utf-8"))
    return {name: _table(name, content) for name, content in read.items()}


def decide(table: Table, values: Mapping[str, str]) -> Outcome:
    """The outcome for one vulnerability; a missing or empty value is unknown. Raises ValueError for a foreign value."""
    known: list[tuple[int, ...]] = []
    unknown: list[str] = []
    for point, allowed in table.points.items():
        value = values.get(point, "")
        if not value:
            unknown.append(point)
            known.append(tuple(range(len(allowed))))
        elif value in allowed:
            known.append((allowed.index(value),))
        else:
            raise ValueError(f"{point} of {table.name} has no value {value!r}")
    possible = [int(table.outcomes[place]) for place in product(*known)]
    least, most = min(possible), max(possible)
    unsettled = tuple(unknown) if least != most else ()
    return Outcome(table.order[least], table.order[most], unsettled)


def outcomes_of(table: Table, frame: pl.DataFrame) -> pl.Series:
    """The most urgent outcome that the known values still allow, one for each row; columns are named by the points.

    A column that is absent, null, empty or holds a foreign value counts as unknown: caution asks for the worst.
    """
    places = []
    for point, allowed in table.points.items():
        if point not in frame.columns:
            places.append(np.full(frame.height, len(allowed)))
            continue
        codes = frame[point].replace_strict(
            {value: place for place, value in enumerate(allowed)}, default=len(allowed), return_dtype=pl.Int64
        )
        places.append(codes.fill_null(len(allowed)).to_numpy())
    worst = table.outcomes
    for axis in range(worst.ndim):
        # One more place on every axis: the worst of all values, for what is not known.
        worst = np.concatenate([worst, worst.max(axis=axis, keepdims=True)], axis=axis)
    return pl.Series(table.name, np.array(table.order, dtype=object)[worst[tuple(places)]], dtype=pl.String)


def deadline(table: Table, outcome: str, *, since: date) -> date | None:
    """The last day by which the directive wants it fixed, counted in calendar days; None where it sets no day."""
    days = table.days.get(outcome)
    return since + timedelta(days=days) if days is not None else None


def _table(name: str, content: dict[str, Any]) -> Table:
    points = {point: tuple(values) for point, values in content["points"].items()}
    order = tuple(content["order"])
    named = str(content["outcomes"]).split()
    shape = tuple(len(values) for values in points.values())
    return Table(
        name=name,
        title=str(content["title"]),
        version=str(content["version"]),
        source=str(content["source"]),
        points=points,
        order=order,
        days=content.get("days", {}),
        outcomes=np.array([order.index(each) for each in named]).reshape(shape),
    )
